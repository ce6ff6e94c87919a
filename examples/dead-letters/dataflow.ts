// Readings of sensors, some of them broken: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, t, topic } from 'millrace/dataflow'

const reading = t.object('reading', { sensor: t.u8, degrees: t.f32 })

const convert = from(topic('readings', reading))
  .typed(reading)
  .map(function toFahrenheit(reading) {
    if (reading.degrees < -273.15) throw new Error(`${reading.degrees} is below absolute zero`)
    return { ...reading, degrees: (reading.degrees * 9) / 5 + 32 }
  })
  .to(topic('fahrenheit', reading))

export const flow: Dataflow = dataflow('readings', {
  namespace: 'examples',
  version: '0.1.0',
  errors: { policy: 'dead-letter', retries: 0 }
}).service('convert', convert)
