// A merge of streams that were merged before took the first topic of each part: records of the others were never read,
// and nothing said so.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { dataflow, from, merge, t, topic } from '../../src/builder/index.ts'
import { TestDataflow } from '../../src/testing/index.ts'

test('a merge of merges reads all its topics', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map(id => from(topic(id, t.string)))
  const all = merge(
    merge(a!, b!).map(word => word.toUpperCase()),
    c!
  )
  const flow = dataflow('merged').service('all', all.to(topic('out', t.string)))
  await using kit = await TestDataflow.open(flow)
  for (const id of ['a', 'b', 'c']) await kit.feed(id, [id])
  deepStrictEqual(await kit.take('out'), ['A', 'B', 'c'])
})
