// A record without a value on the stream side of a join (the topic's value is an option) ended the dataflow with a
// TypeError, and so did every start after it: the record stayed the next one. It is no event and leads to nothing.
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../src/dataflow/index.ts'
import { Bench } from '../../src/runtime/test-kit.ts'

const JOINS = {
  streams: `left: { source: l }
      right: { source: r }
      within: { before: 10s }`,
  table: `left: { source: l }
      right: { source: r, type: table }`,
  versions: `left: { source: l }
      right: { source: r, type: versions }`
}

for (const [name, join] of Object.entries(JOINS)) {
  test(`events without a value lead to nothing in a join of ${name}`, async () => {
    const { plan, diagnostics } = compile(
      `apiVersion: 1.0.0
meta: { name: test }
types: { row: { type: object, properties: { id: u32 } } }
topics:
  l: { schema: { key: string, value: { type: option, value: row, converter: json } } }
  r: { schema: { key: string, value: { type: option, value: row, converter: json } } }
  out: { schema: { value: { type: string } } }
services:
  join:
    sources: [{ type: topic, id: l }, { type: topic, id: r }]
    join:
      kind: left
      ${join}
    sinks:
      - type: topic
        id: out
        transforms:
          - operator: map
            run: |
              function show(one: any): string { return one.left.id + ' ' + (one.right?.id ?? '-') }
`,
      { file: 'dataflow.yaml' }
    )
    ok(plan !== null, JSON.stringify(diagnostics))
    const bench = new Bench()
    await bench.createTopics(plan)
    await bench.feed('r', [{ key: 'a', value: '{"id":7}', timestamp: 1_000 }])
    if (name === 'streams') await bench.feed('r', [{ key: 'a', value: null, timestamp: 1_001 }])
    await bench.feed('l', [
      { key: 'a', value: null, timestamp: 1_002 },
      { key: 'a', value: '{"id":1}', timestamp: 1_003 },
      { key: 'b', value: '{"id":2}', timestamp: 1_004 }
    ])
    await bench.drain(plan)
    deepEqual((await bench.values('out')).toSorted(), ['1 7', '2 -'])
    deepEqual(await bench.values('test.dead-letter'), [])
  })
}
