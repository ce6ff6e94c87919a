// Delays of 20,000 real flights by the airport that they left from: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, keyed, state, t, topic } from 'millrace/dataflow'

const flight = t.object('flight', {
  date: t.string,
  delay: t.s16, // minutes; negative when early
  distance: t.u16,
  origin: t.string,
  destination: t.string
})
const airport = t.object('airport', {
  origin: t.string,
  flights: t.u32,
  late: t.u32, // by more than 15 minutes
  'mean-delay': t.f64,
  worst: t.s16
})
const row = t.row({ flights: t.u32, late: t.u32, minutes: t.s64, worst: t.s16 })

const delays = from(topic('flights', flight))
  .states({ byOrigin: state(t.string, row) })
  .keyBy(function byOrigin(flight) {
    return flight.origin
  })
  .typed(t.keyValue(t.string, airport))
  .updateState(function addDelay(flight, ctx) {
    const row = ctx.state.byOrigin.update(row => {
      row.worst = row.flights === 0 ? flight.delay : Math.max(row.worst, flight.delay)
      row.flights += 1
      row.minutes += flight.delay
      if (flight.delay > 15) row.late += 1
    })
    const mean = Math.round((10 * row.minutes) / row.flights) / 10
    return keyed(flight.origin, {
      origin: flight.origin,
      flights: row.flights,
      late: row.late,
      'mean-delay': mean,
      worst: row.worst
    })
  })
  .to(topic('delays', { key: t.string, value: airport }))

export const flow: Dataflow = dataflow('flights', {
  namespace: 'examples',
  version: '0.1.0'
}).service('delays', delays)
