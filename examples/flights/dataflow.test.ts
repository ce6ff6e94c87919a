// Tests of the delays with the test kit: rows per airport, in one task and in several.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

const flight = (origin: string, delay: number) => ({
  date: '2001-01-01',
  delay,
  distance: 300,
  origin,
  destination: 'SFO'
})

for (const partitions of [1, 3]) {
  test(`an airport has one row, with ${partitions} partitions`, async () => {
    await using kit = await TestDataflow.open(flow, { partitions })
    const flights = [flight('OAK', 20), flight('BOS', -3), flight('OAK', 0), flight('OAK', 40)]
    await kit.feedRecords(
      'flights',
      flights.map((value, index) => ({ key: String(index), value }))
    )
    const rows = [...(await kit.state('by-origin'))].toSorted()
    deepStrictEqual(rows, [
      ['BOS', { flights: 1, late: 0, minutes: -3, worst: -3 }],
      ['OAK', { flights: 3, late: 2, minutes: 60, worst: 40 }]
    ])
  })
}
