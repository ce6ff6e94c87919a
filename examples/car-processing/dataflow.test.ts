// Tests of the cars with the test kit: the table as it is by now, and a crash between two windows.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

const EIGHT = Date.UTC(2024, 4, 17, 8)

function seen(seconds: number, plate: string, speed: number): object {
  return { plate, kind: 'car', camera: 'bridge', speed, at: EIGHT + seconds * 1_000 }
}

test('a limit counts from the moment at which it came', async () => {
  await using kit = await TestDataflow.open(flow, { now: EIGHT })
  await kit.feed('cars', [seen(1, 'A', 150)])
  await kit.feed('limits', [{ kind: 'car', speed: 110 }])
  await kit.feed('cars', [seen(2, 'B', 120)])
  await kit.feed('limits', [{ kind: 'car', speed: 130 }])
  await kit.feed('cars', [seen(3, 'C', 120), seen(4, 'D', 131)])
  deepStrictEqual(await kit.take('anomalies'), [
    { plate: 'B', camera: 'bridge', speed: 120, limit: 110 },
    { plate: 'D', camera: 'bridge', speed: 131, limit: 130 }
  ])
})

test('a crash while a window is open counts each car once', async () => {
  await using kit = await TestDataflow.open(flow, { now: EIGHT })
  await kit.feed('cars', [seen(1, 'A', 100)])
  kit.inject({ at: 'commit', action: 'crash' })
  await kit.feed('cars', [seen(2, 'B', 90)])
  await kit.recover()
  await kit.feed('cars', [seen(12, 'C', 90)])
  deepStrictEqual(await kit.take('reports'), [
    { camera: 'bridge', from: EIGHT, cars: 2, slowest: 90, fastest: ['A', 'B'] }
  ])
})
