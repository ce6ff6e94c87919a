// The power goes during an upgrade of a data directory, at every operation on the disk.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { simulate } from './seeds.ts'

test('an upgrade that is cut off is done wholly or not at all', async () => {
  const plan = { test: 'upgrade-crash', module: 'upgrade-crash.ts', name: 'upgradeStops', seeds: 2 }
  const { recoveries } = await simulate(plan)
  assert.ok(recoveries! > 100, `${recoveries} recoveries`)
})
