// The machine stops at every disk operation of a reference workload, and again at every one of each recovery.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { simulate } from './seeds.ts'

const plan = { test: 'log-crash', module: 'log-crash.ts' }

test('has what was acknowledged after a stop before every operation', async context => {
  const counts = await simulate({ ...plan, name: 'stops', seeds: 1 })
  context.diagnostic(JSON.stringify(counts))
  assert.ok((counts['recoveries'] ?? 0) > 300)
})

test('has it after a second stop before every operation of a recovery', async context => {
  const counts = await simulate({ ...plan, name: 'secondStops', seeds: 2 })
  context.diagnostic(JSON.stringify(counts))
  assert.ok((counts['recoveries'] ?? 0) > 300)
})

test('acknowledges nothing when the machine stops in the middle of any operation', async context => {
  const counts = await simulate({ ...plan, name: 'halves', seeds: 1 })
  context.diagnostic(JSON.stringify(counts))
  assert.ok((counts['recoveries'] ?? 0) > 100)
})
