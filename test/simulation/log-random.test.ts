// Random workloads with crashes, faults and crashes while recovering, each from one seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { simulate } from './seeds.ts'

test('keeps its promises under random work, crashes and faults', async context => {
  const counts = await simulate({
    test: 'log-random',
    module: 'log-random.ts',
    name: 'randomWork',
    seeds: 200
  })
  context.diagnostic(JSON.stringify(counts))
  const { workloads = 0, crashes = 0, faults = 0 } = counts
  // One workload alone, when a failure is repeated, may meet neither.
  if (workloads > 1) assert.ok(crashes > 0 && faults > 0)
})
