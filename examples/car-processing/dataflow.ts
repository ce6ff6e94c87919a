// Cars that pass the cameras of a road: the dataflow of dataflow.yaml as code.
import {
  type Dataflow,
  dataflow,
  events,
  from,
  join,
  t,
  table,
  topic,
  tumbling
} from 'millrace/dataflow'

const car = t.object('car', {
  plate: t.string,
  kind: t.string, // car, truck or bus
  camera: t.string,
  speed: t.u16, // km/h
  at: t.timestamp
})
const limit = t.object('limit', { kind: t.string, speed: t.u16 })
const report = t.object('report', {
  camera: t.string,
  from: t.timestamp,
  cars: t.u32,
  slowest: t.u16,
  fastest: t.list(t.string)
})
const anomaly = t.object('anomaly', {
  plate: t.string,
  camera: t.string,
  speed: t.u16,
  limit: t.u16
})

const cars = topic('cars', car)

const traffic = from(cars)
  .window(tumbling('10s'), { watermark: { outOfOrderness: '2s' }, timestamp: 'at' })
  .keyBy('camera')
  .aggregate(of => ({
    camera: of.key(),
    from: of.windowStart(),
    cars: of.count(),
    slowest: of.min('speed'),
    fastest: of.top(2, { by: 'speed', of: 'plate' })
  }))
  .to(topic('reports', { key: t.string, value: report }))

const split = from(cars).to(topic('trucks', car), stream =>
  stream.filter(function isTruck(car) {
    return car.kind === 'truck'
  })
)

const check = join(
  events('car', from(cars), { key: 'kind' }),
  table('limit', from(topic('limits', limit)), { key: 'kind' })
)
  .filter(function isTooFast({ car, limit }) {
    return car.speed > limit.speed
  })
  .typed(anomaly)
  .map(function anomalyOf({ car, limit }) {
    return { plate: car.plate, camera: car.camera, speed: car.speed, limit: limit.speed }
  })
  .to(topic('anomalies', { key: t.string, value: anomaly }))

export const flow: Dataflow = dataflow('car-processing', {
  namespace: 'examples',
  version: '0.1.0'
})
  .service('traffic', traffic)
  .service('split', split)
  .service('check', check)
