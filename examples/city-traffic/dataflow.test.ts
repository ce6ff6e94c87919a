// Tests of the windows with the test kit: when they close, and what is late.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

const NOON = Date.UTC(2026, 4, 4, 12)

function seen(seconds: number, road: string, speed: number): object {
  return { road, car: 'c', speed, at: new Date(NOON + seconds * 1000).toISOString() }
}

test('a window closes two seconds of event time behind its end', async () => {
  await using kit = await TestDataflow.open(flow, { now: NOON })
  await kit.feed('sightings', [seen(0, 'a', 50), seen(4, 'b', 30), seen(6.9, 'a', 90)])
  deepStrictEqual(await kit.take('slowest-roads'), [])
  await kit.feed('sightings', [seen(3, 'b', 40), seen(7, 'a', 90)])
  deepStrictEqual(await kit.take('slowest-roads'), [
    {
      from: '12:00:00',
      cars: 3,
      slowest: [
        { road: 'b', cars: 2, 'mean-speed': 35 },
        { road: 'a', cars: 1, 'mean-speed': 50 }
      ]
    }
  ])
})

test('what comes behind that is late', async () => {
  await using kit = await TestDataflow.open(flow, { now: NOON })
  await kit.feed('sightings', [seen(0, 'a', 50), seen(8, 'a', 50), seen(1, 'b', 10)])
  deepStrictEqual(await kit.take('late-sightings'), [seen(1, 'b', 10)])
})

test('silence of half a minute closes what is open', async () => {
  await using kit = await TestDataflow.open(flow, { now: NOON })
  await kit.feed('sightings', [seen(0, 'a', 50)])
  await kit.advance(29_000)
  deepStrictEqual(await kit.take('slowest-roads'), [])
  await kit.advance(2_000)
  deepStrictEqual(await kit.take('slowest-roads'), [
    { from: '12:00:00', cars: 1, slowest: [{ road: 'a', cars: 1, 'mean-speed': 50 }] }
  ])
})

test('a clock that is an hour ahead closes no window', async () => {
  await using kit = await TestDataflow.open(flow, { now: NOON })
  await kit.feed('sightings', [seen(0, 'a', 50), seen(3_601, 'b', 10), seen(1, 'a', 50)])
  deepStrictEqual((await kit.deadLetters()).length, 1)
  await kit.endEventTime()
  deepStrictEqual(await kit.take('slowest-roads'), [
    { from: '12:00:00', cars: 2, slowest: [{ road: 'a', cars: 2, 'mean-speed': 50 }] }
  ])
})
