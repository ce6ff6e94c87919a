// Records that are handed over in this process: one commit with their effects, skipped after a start, refused whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delegateLog } from '../../../log/index.ts'
import type { StatefulFunction } from '../../sdk/index.ts'
import {
  addressOf,
  egressTo,
  intType,
  statefulFunction,
  stringType,
  typedValue,
  valueSpec
} from '../../sdk/index.ts'
import type { RunningFunctions } from '../contract.ts'
import type { HandedRecord } from './entrance.ts'
import { functionsDeadLetterName } from '../names.ts'
import { type AppOptions, FunctionsBench, egressToTopic, intOf } from '../kit.cases.ts'

const ADDRESS = addressOf('test/counter', 'a')

const counter = statefulFunction({
  typename: 'test/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context, message) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
    context.egress(egressTo('test/out', `${count.get()}:${message.as(stringType)}`, stringType))
  }
})

/** A function that answers when the gate opens. */
const slow = (gate: Promise<void>): StatefulFunction =>
  statefulFunction({
    typename: 'test/counter',
    specs: [valueSpec({ name: 'count', type: intType })],
    async handler(context) {
      await gate
      const { count } = context.storage
      count.set((count.get() ?? 0) + 1)
    }
  })

/** A function that throws; `later` waits for the gate, if there is one. */
const failing = (gate: Promise<void> | null): StatefulFunction =>
  statefulFunction({
    typename: 'test/counter',
    handler(_context, message) {
      if (message.as(stringType) === 'later' && gate !== null) return gate
      throw new Error('it fails')
    }
  })

const appOf = (fn: StatefulFunction): AppOptions => ({
  functions: [fn],
  ingresses: [
    {
      kind: 'targets',
      topic: 'in',
      internal: true,
      valueType: stringType.typename,
      targets: ['test/counter']
    }
  ],
  egresses: [egressToTopic('test/out', 'out')],
  heardTopics: ['out']
})

function encoded(text: string): string {
  return Buffer.from(typedValue(text, stringType).bytes).toString()
}

async function opened(): Promise<FunctionsBench> {
  const bench = new FunctionsBench()
  await bench.bench.log.createTopic('in', { internal: true })
  await bench.bench.log.createTopic('out')
  return bench
}

/** Hands texts over; gives the offsets of those that became durable, null for refused ones. Null: none was taken. */
function hand(
  running: RunningFunctions,
  texts: readonly string[],
  after = 0
): Promise<(number | null)[]> | null {
  const settled: Promise<number | null>[] = []
  const records = texts.map(text => {
    const { promise, resolve } = Promise.withResolvers<number | null>()
    settled.push(promise)
    return {
      timestampMs: 1,
      key: Buffer.from('a'),
      value: typedValue(text, stringType).bytes,
      headers: [{ key: 'x', value: Buffer.from(text) }],
      durable: resolve,
      refused: () => resolve(null)
    } satisfies HandedRecord
  })
  return running.hand('in', 0, records, after) ? Promise.all(settled) : null
}

async function endOf(bench: FunctionsBench, topic: string): Promise<number> {
  return (await bench.bench.log.describeTopic(topic)).status.partitions[0]!.endOffset
}

async function said(bench: FunctionsBench): Promise<string[]> {
  return (await bench.read('out')).map(({ value }) => /\d+:\w+/.exec(value!)![0])
}

test('what is handed over is durable with its effects, and is not done again after a restart', async () => {
  const bench = await opened()
  const running = await bench.start(appOf(counter))
  const heard: number[] = []
  running.hear('out', (_, partition, offset) => void heard.push(partition, offset))
  assert.deepEqual(await hand(running, ['x', 'y']), [0, 1])
  // No further commit was needed for what came of them.
  assert.deepEqual(await said(bench), ['1:x', '2:y'])
  assert.deepEqual(heard, [0, 0, 0, 1])
  assert.equal(intOf(running, ADDRESS, 'count'), 2)
  const { commits, recordsIn, lag } = await running.metrics()
  assert.deepEqual([commits, recordsIn, lag], [1, 2, 0])
  assert.deepEqual(await hand(running, ['z']), [2])
  await running.stop()
  assert.equal(await endOf(bench, 'in'), 3)

  const again = await bench.drain(appOf(counter))
  assert.equal((await again.metrics()).recordsIn, 0)
  assert.equal(intOf(again, ADDRESS, 'count'), 3)
  assert.deepEqual(await said(bench), ['1:x', '2:y', '3:z'])
})

test('what is handed over comes behind what is in the topic, however late that is read', async () => {
  const bench = await opened()
  const texts = Array.from({ length: 500 }, (_, at) => `t${at}`)
  await bench.bench.feed(
    'in',
    texts.map(text => ({ key: 'a', value: encoded(text) }))
  )
  const running = await bench.start(appOf(counter))
  const offsets = hand(running, ['last'], 500)
  assert.deepEqual(await offsets, [500])
  assert.equal((await said(bench)).at(-1), '501:last')
  await running.stop()
})

test('a commit that fails leaves nothing of what was handed over, and says so', async () => {
  const bench = await opened()
  let fails = true
  const whole = bench.bench.log
  const log = delegateLog(whole, {
    commit: commit => (fails ? Promise.reject(new Error('the disk is gone')) : whole.commit(commit))
  })
  fails = false
  const running = await bench.start({ ...appOf(counter), log })
  fails = true
  assert.deepEqual(await hand(running, ['x', 'y']), [null, null])
  await assert.rejects(running.finished, /the disk is gone/)
  assert.equal(hand(running, ['z']), null)
  assert.equal(await endOf(bench, 'in'), 0)
  assert.deepEqual(await said(bench), [])
})

test('functions that have too much to do take nothing more; what they have is kept', async () => {
  const bench = await opened()
  const gate = Promise.withResolvers<void>()
  const app = { ...appOf(slow(gate.promise)), mailboxBytesMax: 2_000 }
  const running = await bench.start(app)
  let taken = 0
  for (;;) {
    const offsets = await hand(running, ['x'])
    if (offsets === null || offsets[0] === null) break
    taken++
    assert.ok(taken < 100, 'the bound of mailboxes holds')
  }
  assert.ok(taken > 1)
  assert.equal(await endOf(bench, 'in'), taken)
  gate.resolve()
  await running.drain()
  assert.equal(intOf(running, ADDRESS, 'count'), taken)
})

test('a dead letter of what was handed over tells its partition, and no offset that is not its own', async () => {
  const bench = await opened()
  const first = await bench.start(appOf(failing(new Promise(() => {}))))
  assert.deepEqual(await hand(first, ['x', 'y', 'later']), [0, 1, 2])
  await first.stop()
  // What waited has its origin from the state.
  await bench.drain(appOf(failing(null)))
  const letters = await bench.read(functionsDeadLetterName('app'))
  const places = letters.map(({ headers }) =>
    ['topic', 'partition', 'offset'].map(part => headers[`millrace-${part}`])
  )
  assert.deepEqual(
    places,
    Array.from({ length: 3 }, () => ['in', '0', undefined])
  )
})
