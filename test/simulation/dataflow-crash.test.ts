// The machine stops at every disk operation of a running dataflow, and again at every one of a recovery.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SHARES } from './dataflow-shares.ts'
import { simulate } from './seeds.ts'

const plan = { test: 'dataflow-crash', module: 'dataflow-crash.ts' }

test('processes each record exactly once after a stop before every operation', async context => {
  const counts = await simulate({ ...plan, name: 'stops', seeds: SHARES })
  context.diagnostic(JSON.stringify(counts))
  assert.ok((counts['recoveries'] ?? 0) > 100)
})

test('does so after a second stop before every operation behind a first', async context => {
  const counts = await simulate({ ...plan, name: 'secondStops', seeds: 2 })
  context.diagnostic(JSON.stringify(counts))
  assert.ok((counts['recoveries'] ?? 0) > 0)
})
