// Every disk operation of a reference workload fails once: the log fences itself and loses nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { simulate } from './seeds.ts'

for (const name of ['full', 'inputOutputError']) {
  test(`keeps what was acknowledged when any operation fails: ${name}`, async context => {
    const counts = await simulate({
      test: 'log-faults',
      module: 'log-faults.ts',
      name,
      seeds: 2
    })
    context.diagnostic(JSON.stringify(counts))
    assert.ok((counts['fenced'] ?? 0) > (counts['faults'] ?? 0) / 5)
  })
}
