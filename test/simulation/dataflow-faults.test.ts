// Every disk operation of a running dataflow fails once, and every write to its stores: nothing is lost or doubled.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SHARES } from './dataflow-shares.ts'
import { simulate } from './seeds.ts'

const plan = { test: 'dataflow-faults', module: 'dataflow-faults.ts' }

for (const name of ['full', 'inputOutputError', 'failingSync']) {
  test(`fails, and comes to the same end later, when any operation fails: ${name}`, async context => {
    const counts = await simulate({ ...plan, name, seeds: SHARES / 2 })
    context.diagnostic(JSON.stringify(counts))
    assert.ok((counts['fenced'] ?? 0) > (counts['faults'] ?? 0) / 3)
  })
}

test('fails, and comes to the same end later, when any write of a store fails', async context => {
  const counts = await simulate({ ...plan, name: 'failingStore', seeds: 2 })
  context.diagnostic(JSON.stringify(counts))
  assert.ok((counts['failed'] ?? 0) > 4)
})
