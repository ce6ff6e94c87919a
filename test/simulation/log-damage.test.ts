// A journal that was cut at any byte, or of which any bit flipped: found, named, and never other data.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { simulate } from './seeds.ts'

const plan = { test: 'log-damage', module: 'log-damage.ts' }

test('keeps exactly the whole commits of a journal that is cut at any byte', async context => {
  const counts = await simulate({ ...plan, name: 'cuts', seeds: 1 })
  context.diagnostic(JSON.stringify(counts))
})

for (const name of ['flipsAfterClosing', 'flipsAfterCrash', 'flipsBesideTornTail']) {
  test(`finds every flipped bit: ${name}`, async context => {
    const counts = await simulate({ ...plan, name, seeds: 7 })
    context.diagnostic(JSON.stringify(counts))
    assert.ok((counts['refused'] ?? 0) > 0 && (counts['partition refused'] ?? 0) > 0)
    // Only after a crash the last commit can be taken for one that was never acknowledged.
    if (name === 'flipsAfterClosing') assert.equal(counts['cut, reported'], undefined)
  })
}
