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
  assert.ok((counts['crashes'] ?? 0) > 0 && (counts['faults'] ?? 0) > 0)
})
