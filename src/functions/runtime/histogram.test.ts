// Histograms: buckets count everything, quantiles are of the last durations, several add up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram, LATENCY_BUCKETS_MS } from './histogram.ts'

test('an empty histogram is all zeros', () => {
  const { count, sum, buckets, ...rest } = Histogram.summaryOf([new Histogram()])
  assert.deepEqual([count, sum], [0, 0])
  assert.deepEqual(
    buckets,
    LATENCY_BUCKETS_MS.map(() => 0)
  )
  assert.deepEqual([...new Set(Object.values(rest))], [0])
})

test('buckets are cumulative and include their bound', () => {
  const histogram = new Histogram()
  for (const ms of [0.5, 1, 1.5, 20, 90_000]) histogram.add(ms)
  const { buckets, count, max } = Histogram.summaryOf([histogram])
  const below = (bound: number): number => buckets[LATENCY_BUCKETS_MS.indexOf(bound)]!
  assert.deepEqual([below(1), below(2), below(10), below(20), below(60_000)], [2, 3, 3, 4, 4])
  assert.deepEqual([count, max], [5, 90_000])
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
