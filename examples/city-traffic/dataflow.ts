// The slowest roads of a city in windows of 5 seconds: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, state, t, topic, tumbling } from 'millrace/dataflow'

const sighting = t.object('sighting', {
  road: t.string,
  car: t.string,
  speed: t.f64, // km/h
  at: t.string // ISO 8601
})
const roadSpeed = t.object('road-speed', { road: t.string, cars: t.u32, 'mean-speed': t.f64 })
const report = t.object('report', { from: t.string, cars: t.u32, slowest: t.list(roadSpeed) })

const slowestRoads = from(topic('sightings', sighting))
  .states({ speeds: state(t.string, t.row({ cars: t.u32, total: t.f64 })) })
  .window(tumbling('5s'), {
    watermark: { outOfOrderness: '2s', idleness: '30s', futureBound: '1h' },
    timestamp: function whenSeen(sighting) {
      return Date.parse(sighting.at)
    },
    late: topic('late-sightings', sighting)
  })
  .keyBy(function byRoad(sighting) {
    return sighting.road
  })
  .updateState(function addSpeed(sighting, ctx) {
    ctx.state.speeds.update(row => {
      row.cars += 1
      row.total += sighting.speed
    })
  })
  .typed(report)
  .flush(function slowestThree(ctx) {
    const roads = [...ctx.state.speeds.entries()]
    const speeds = roads.map(([road, { cars, total }]) => {
      return { road, cars, 'mean-speed': Math.round((10 * total) / cars) / 10 }
    })
    speeds.sort((a, b) => a['mean-speed'] - b['mean-speed'])
    return {
      from: new Date(ctx.window.start).toISOString().slice(11, 19),
      cars: roads.reduce((sum, [, { cars }]) => sum + cars, 0),
      slowest: speeds.slice(0, 3)
    }
  })
  .to(topic('slowest-roads', report))

export const flow: Dataflow = dataflow('city-traffic', {
  namespace: 'examples',
  version: '0.1.0'
}).service('slowest-roads', slowestRoads)
