// Random dataflows on a disk that stops and fails at random, each from one seed, against the naive oracle.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { simulate } from './seeds.ts'

test('random dataflows come to what the oracle says through stops and faults', async context => {
  const counts = await simulate({
    test: 'dataflow-random',
    module: 'dataflow-random.ts',
    name: 'randomDataflow',
    seeds: 100
  })
  context.diagnostic(JSON.stringify(counts))
  const { dataflows = 0, stops = 0, faults = 0 } = counts
  if (dataflows > 1) assert.ok(stops + faults > dataflows / 2)
})
