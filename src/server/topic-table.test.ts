// Creating the topics of a run: numbers of partitions, what exists already, what does not fit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../base/index.ts'
import { compile } from '../dataflow/index.ts'
import type { Plan } from '../dataflow/plan.ts'
import { openMemoryLog } from '../log/index.ts'
import type { Log } from '../log/index.ts'
import { TopicTable } from './topic-table.ts'

/** A dataflow that counts `from` into `to`; the options stand in the topic `from`. */
function plan(name: string, from: string, to: string, options = ''): Plan {
  const text = `apiVersion: 1.0.0
meta: { name: ${name}, namespace: test, version: 0.1.0 }
topics:
  ${from}: { ${options} schema: { value: { type: string, converter: raw } } }
  ${to}: { schema: { value: { type: u32, converter: raw } } }
services:
  count:
    sources: [{ type: topic, id: ${from} }]
    states:
      n: { type: keyed-state, properties: { key: { type: string }, value: { type: u32 } } }
    partition:
      assign-key:
        run: |
          function itself(text: string): string { return text }
      update-state:
        run: |
          function count(text: string, ctx: Context): u32 { return ctx.state.n.update(n => n + 1) }
    sinks: [{ type: topic, id: ${to} }]
`
  const result = compile(text, { file: 'dataflow.yaml' })
  assert.ok(result.plan, JSON.stringify(result.diagnostics))
  return result.plan
}

function newLog(): Log {
  return openMemoryLog({ clock: new SimulatedClock() })
}

async function partitions(log: Log): Promise<Record<string, number>> {
  const topics = await log.listTopics({ internal: true })
  return Object.fromEntries(topics.map(topic => [topic.name, topic.spec.partitions]))
}

test('missing topics are created with the run’s number of partitions, and declared ones with theirs', async () => {
  const log = newLog()
  await new TopicTable([
    plan('one', 'in', 'out'),
    plan('two', 'other', 'out', 'partitions: 2,')
  ]).createMissing(log, 3)
  assert.deepEqual(await partitions(log), {
    in: 3,
    out: 3,
    'one.dead-letter': 1,
    '_millrace.test.one.changelog': 3,
    '_millrace.test.one.count.repartition': 3,
    other: 2,
    'two.dead-letter': 1,
    '_millrace.test.two.changelog': 2,
    '_millrace.test.two.count.repartition': 2
  })
})

test('a topic that exists keeps its partitions, and the tasks follow it', async () => {
  const log = newLog()
  await log.createTopic('in', { partitions: 4 })
  const table = new TopicTable([plan('one', 'in', 'out')])
  await table.createMissing(log, 2)
  const { in: source, out, '_millrace.test.one.changelog': changelog } = await partitions(log)
  assert.deepEqual([source, out, changelog], [4, 2, 4])
  await table.createMissing(log, 1)
  assert.equal((await partitions(log))['out'], 2)
})

test('a declared number that does not fit is refused, and nothing is created', async () => {
  const log = newLog()
  await log.createTopic('in', { partitions: 4 })
  const table = new TopicTable([plan('one', 'in', 'out', 'partitions: 2,')])
  await assert.rejects(table.createMissing(log, 1), {
    code: 'TOPIC_INVALID',
    message:
      /^topic in has 4 partitions and the dataflow declares 2; declare 4, or delete the topic/
  })
  assert.deepEqual(await partitions(log), { in: 4 })
})

test('two dataflows that declare one topic differently are refused', async () => {
  const table = new TopicTable([
    plan('one', 'in', 'a', 'partitions: 2,'),
    plan('two', 'in', 'b', 'partitions: 3,')
  ])
  await assert.rejects(table.createMissing(newLog(), 1), {
    code: 'TOPIC_INVALID',
    message: /2 partitions in one dataflow and with 3/
  })
})

test('a state that was spread over other tasks is refused', async () => {
  const log = newLog()
  await new TopicTable([plan('one', 'in', 'out')]).createMissing(log, 2)
  await log.deleteTopic('in')
  await assert.rejects(new TopicTable([plan('one', 'in', 'out')]).createMissing(log, 3), {
    code: 'TOPIC_INVALID',
    message: /was made for 2 tasks and the dataflow now has 3/
  })
})

test('internal topics are no names for input and output, and a topic that nobody declares holds text', () => {
  const table = new TopicTable([plan('one', 'in', 'out')])
  assert.deepEqual(table.names(), ['in', 'out', 'one.dead-letter'])
  assert.equal(table.forms('out').value.printText(Buffer.from([0, 0, 1, 0])), '256')
  assert.equal(table.forms('one.dead-letter').value.printText(Buffer.from('text')), 'text')
})
