// Tests of the word count with the test kit: node --test dataflow.test.ts
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

for (const source of [flow, new URL('dataflow.yaml', import.meta.url)]) {
  const form = source === flow ? 'code' : 'YAML'

  test(`counts words in any spelling, as ${form}`, async () => {
    await using kit = await TestDataflow.open(source)
    await kit.feed('sentences', ['A mill, a race', '...'])
    deepStrictEqual(await kit.take('counts'), [
      { word: 'a', count: 1 },
      { word: 'mill', count: 1 },
      { word: 'a', count: 2 },
      { word: 'race', count: 1 }
    ])
    strictEqual((await kit.state('count.count-per-word')).get('a'), 2)
  })

  test(`counts on behind a crash, as ${form}`, async () => {
    await using kit = await TestDataflow.open(source)
    await kit.feed('sentences', ['one two'])
    kit.inject({ at: 'count/count-up', action: 'crash', after: 1 })
    await kit.feed('sentences', ['one two'])
    await kit.recover()
    deepStrictEqual(await kit.take('counts'), [
      { word: 'one', count: 1 },
      { word: 'two', count: 1 },
      { word: 'one', count: 2 },
      { word: 'two', count: 2 }
    ])
  })
}
