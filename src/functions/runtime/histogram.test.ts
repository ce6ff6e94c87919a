// Histograms: counts of everything, quantiles of the last durations, several add up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram } from './histogram.ts'

test('an empty histogram is all zeros', () => {
  assert.deepEqual([...new Set(Object.values(Histogram.summaryOf([new Histogram()])))], [0])
})

test('quantiles are of the last durations, counts of all, over several histograms', () => {
  const [old, fresh] = [new Histogram(), new Histogram()]
  for (let round = 0; round < 600; round++) old.add(1_000)
  for (let round = 0; round < 512; round++) old.add(2)
  for (let round = 0; round < 512; round++) fresh.add(4)
  const summary = Histogram.summaryOf([old, fresh])
  assert.equal(summary.count, 1_624)
  assert.equal(summary.sum, 600_000 + 1_024 + 2_048)
  assert.deepEqual([summary.min, summary.p50, summary.p99, summary.max], [2, 4, 4, 4])
  assert.equal(summary.mean, 3)
})
