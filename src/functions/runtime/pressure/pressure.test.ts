// Back-pressure: what waits for functions stays within the bound, and holds up only what feeds it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FUNCTION_CALLS_MAX } from '../../../base/index.ts'
import { partitionForKey } from '../../../record/index.ts'
import type { SourceReader } from '../../../runtime/task/index.ts'
import {
  addressOf,
  intType,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec
} from '../../sdk/index.ts'
import type { FunctionEndpoint, FunctionMetrics } from '../contract.ts'
import { Gate, countingEndpoint, records, settle, toCounter } from '../gate.cases.ts'
import { Envelope, type Feed } from '../envelope.ts'
import { FunctionEntry } from '../function-table.ts'
import { FunctionsBench, intOf } from '../kit.cases.ts'
import { Mailbox } from '../mailboxes.ts'
import { Pressure } from './pressure.ts'
import { Valves } from './valves.ts'

const BOUND = 10_000
/** No message of these tests is larger. */
const MESSAGE_BYTES = 360

/** A record for each of so many ids. */
function ids(count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, id) => ({ key: String(id), value: 'x' }))
}

test('a function that does not answer holds up the ingress that feeds it, and nothing else', async () => {
  const bench = new FunctionsBench()
  const gate = new Gate()
  const stuck = countingEndpoint(gate, 'test/stuck')
  const open = new Gate()
  open.open()
  const well = countingEndpoint(open, 'test/well')
  const relay = statefulFunction({
    typename: 'test/relay',
    handler(context) {
      context.send(messageTo(addressOf('test/stuck', context.self.id), 'x', stringType))
    }
  })
  const app = {
    functions: [relay],
    endpoints: [stuck, well],
    ingresses: [
      { ...toCounter, topic: 'to-stuck', targets: ['test/relay'] },
      { ...toCounter, topic: 'to-well', targets: ['test/well'] }
    ],
    mailboxBytesMax: 10_000
  }
  const running = await bench.start(app)
  await bench.bench.feed('to-stuck', records('a', 500))
  await settle(bench)
  await bench.bench.feed('to-well', records('b', 500))
  for (let call = 0; call < 20; call++) await settle(bench)
  const held = await running.metrics()
  assert.equal(intOf(running, addressOf('test/well', 'b'), 'count'), 500)
  assert.ok(held.lag > 400, `lag ${held.lag}: most records wait in the topic`)
  assert.ok(held.mailboxBytes < 20_000, `${held.mailboxBytes} bytes wait`)
  gate.open()
  await running.drain()
  assert.equal(intOf(running, addressOf('test/stuck', 'a'), 'count'), 500)
})

test('more addresses than calls may be under way at a function that hangs leave room for others', async () => {
  const bench = new FunctionsBench()
  const stuck = new Gate()
  const open = new Gate()
  open.open()
  const app = {
    functions: [],
    endpoints: [countingEndpoint(stuck, 'test/stuck'), countingEndpoint(open, 'test/well')],
    ingresses: [
      { ...toCounter, topic: 'to-stuck', targets: ['test/stuck'] },
      { ...toCounter, topic: 'to-well', targets: ['test/well'] }
    ]
  }
  const running = await bench.start(app)
  const addresses = FUNCTION_CALLS_MAX + 500
  await bench.bench.feed('to-stuck', ids(addresses))
  await settle(bench)
  stuck.openOne()
  for (let turn = 0; turn < 20; turn++) await settle(bench)
  const [{ inflightAsyncOps, numBacklog }] = (await running.metrics()).functions as [
    FunctionMetrics
  ]
  assert.equal(inflightAsyncOps, FUNCTION_CALLS_MAX)
  assert.equal(numBacklog, addresses - 1)
  await bench.bench.feed('to-well', ids(100))
  for (let turn = 0; turn < 5; turn++) await settle(bench)
  for (const { key } of ids(100)) {
    assert.equal(intOf(running, addressOf('test/well', key), 'count'), 1)
  }
  stuck.open()
  await running.drain()
  assert.equal(await running.countAddresses('test/stuck', addresses + 1), addresses)
})

test('a turn that needs no call is handed on', async () => {
  const bench = new FunctionsBench()
  const gate = new Gate()
  const mixed = statefulFunction({
    typename: 'test/mixed',
    specs: [valueSpec({ name: 'count', type: intType })],
    handler({ self, storage }): void | Promise<void> {
      if (Number(self.id) < FUNCTION_CALLS_MAX) return gate.enter(self.id, 1)
      storage.count.set(1)
    }
  })
  const ingresses = [{ ...toCounter, targets: ['test/mixed'] }]
  const running = await bench.start({ functions: [mixed], ingresses })
  await bench.bench.feed('in', ids(FUNCTION_CALLS_MAX + 4))
  for (let turn = 0; turn < 20; turn++) await settle(bench)
  assert.equal(await running.countAddresses('test/mixed', 10), 0)
  gate.openOne()
  await settle(bench)
  assert.equal(await running.countAddresses('test/mixed', 10), 4)
  gate.open()
  await running.drain()
})

test('delayed messages that fall due for a function that hangs wait within the bound, others do not', async () => {
  const bench = new FunctionsBench()
  const gate = new Gate()
  const later = statefulFunction({
    typename: 'test/later',
    handler(context) {
      const { id } = context.self
      for (const type of ['test/stuck', 'test/well']) {
        context.sendAfter(1_000, messageTo(addressOf(type, id), 'x', stringType))
      }
    }
  })
  const open = new Gate()
  open.open()
  const app = {
    functions: [later],
    endpoints: [countingEndpoint(gate, 'test/stuck'), countingEndpoint(open, 'test/well')],
    ingresses: [{ ...toCounter, targets: ['test/later'] }],
    mailboxBytesMax: BOUND
  }
  const first = await bench.start(app)
  await bench.bench.feed('in', ids(200))
  await settle(bench)
  await bench.clock.advance(1_000)
  for (let turn = 0; turn < 10; turn++) await settle(bench)
  const { mailboxBytes, timers, functions } = await first.metrics()
  const { numBacklog } = functions.find(({ typename }) => typename === 'test/stuck')!
  assert.ok(mailboxBytes >= BOUND && mailboxBytes < BOUND + MESSAGE_BYTES, `${mailboxBytes} bytes`)
  assert.equal(timers, 200 - numBacklog, 'the others are where they were')
  assert.equal(await first.countAddresses('test/well', 201), 200)
  assert.equal(first.timers({ limit: 500 }).length, timers)
  await bench.bench.feed('in', ids(50))
  await settle(bench)
  assert.equal((await first.metrics()).lag, 50, 'what makes more of them waits, too')
  await first.stop()
  const second = await bench.start(app)
  for (let turn = 0; turn < 10; turn++) await settle(bench)
  assert.ok((await second.metrics()).mailboxBytes < BOUND + MESSAGE_BYTES)
  gate.open()
  await settle(bench)
  await bench.clock.advance(1_000)
  await second.drain()
  for (const { key } of ids(200)) {
    const count = intOf(second, addressOf('test/stuck', key), 'count')
    assert.equal(count, Number(key) < 50 ? 2 : 1, key)
  }
})

for (const tasks of [1, 4]) {
  test(`the bound holds over ${tasks} tasks, whichever way messages go`, async () => {
    const bench = new FunctionsBench()
    const gate = new Gate()
    const relay = statefulFunction({
      typename: 'test/relay',
      handler(context) {
        const target = addressOf('test/stuck', `to-${context.self.id}`)
        context.send(messageTo(target, 'x', stringType))
      }
    })
    const app = {
      functions: [relay],
      endpoints: [countingEndpoint(gate, 'test/stuck')],
      ingresses: [{ ...toCounter, targets: ['test/relay'] }],
      mailboxBytesMax: 2 * BOUND,
      tasks
    }
    await bench.createTopics(bench.options(app), 4)
    const running = await bench.start(app)
    await bench.bench.feed('in', ids(1_000))
    for (let turn = 0; turn < 20; turn++) await settle(bench)
    const { mailboxBytes } = await running.metrics()
    // Each of the four partitions has one more record that was under way.
    const most = 2 * BOUND + 4 * MESSAGE_BYTES
    assert.ok(mailboxBytes >= 2 * BOUND && mailboxBytes <= most, `${mailboxBytes} bytes`)
    gate.open()
    await running.drain()
    assert.equal(await running.countAddresses('test/stuck', 1_001), 1_000)
  })
}

test('an address with too much waiting holds its partition at the bound, others of its type go on', async () => {
  const bench = new FunctionsBench()
  const gate = new Gate()
  const open = new Gate()
  open.open()
  const hot = countingEndpoint(gate, 'test/counter')
  const others = countingEndpoint(open, 'test/counter')
  const endpoint: FunctionEndpoint = {
    ...others,
    call: (batch, signal) => (batch.target.id === 'hot' ? hot : others).call(batch, signal)
  }
  const app = {
    functions: [],
    endpoints: [endpoint],
    ingresses: [toCounter],
    mailboxBytesMax: BOUND
  }
  await bench.createTopics(bench.options(app), 2)
  const running = await bench.start(app)
  const [near, far] = neighbours('hot', 2)
  // Far more than a batch, and below the bound: nobody but the address itself waits.
  await bench.bench.feed('in', [...records('hot', 20), ...records(near, 5)])
  for (let turn = 0; turn < 5; turn++) await settle(bench)
  assert.equal(intOf(running, addressOf('test/counter', near), 'count'), 5)
  await bench.bench.feed('in', records('hot', 200))
  for (let turn = 0; turn < 5; turn++) await settle(bench)
  const { mailboxBytes, lag, functions } = await running.metrics()
  assert.ok(mailboxBytes >= BOUND && mailboxBytes < BOUND + MESSAGE_BYTES, `${mailboxBytes} bytes`)
  assert.equal(functions[0]!.numBlockedAddress, 1)
  await bench.bench.feed('in', [...records(far, 300), ...records(near, 1)])
  for (let turn = 0; turn < 20; turn++) await settle(bench)
  assert.equal(intOf(running, addressOf('test/counter', far), 'count'), 300)
  assert.equal(intOf(running, addressOf('test/counter', near), 'count'), 5, 'it stands behind')
  assert.equal((await running.metrics()).lag, lag + 1)
  gate.open()
  await running.drain()
  assert.equal(intOf(running, addressOf('test/counter', 'hot'), 'count'), 220)
  assert.equal(intOf(running, addressOf('test/counter', near), 'count'), 6)
})

function messageOf({ key, entry }: Mailbox, bytes: number, from: Feed | null): Envelope {
  const argument = { typename: 'test/record', bytes: Buffer.alloc(bytes) }
  return new Envelope(key, addressOf(entry.typename, 'x'), null, argument, from, null)
}

test('what waits for the share of a type goes on when an address that had it is blocked', () => {
  const valves = new Valves()
  const feed = { topic: 'in', partition: 0, ingress: '' }
  const reader = { isPaused: false }
  valves.add(feed, reader as SourceReader, () => {})
  const pressure = new Pressure({ bytesMax: BOUND, valves })
  const endpoint = { ...countingEndpoint(new Gate()), maxNumBatchRequests: 2 }
  const boxOf = (typename: string, id: string): Mailbox => {
    const load = pressure.loadOf(typename)
    const entry = new FunctionEntry(typename, { kind: 'remote', endpoint }, load)
    return new Mailbox(`${typename}/${id}`, entry)
  }
  /** The first message of a mailbox is under way, the others wait behind it. */
  const enter = (box: Mailbox, bytes: number, from: Feed | null = null): void => {
    if (box.bytes > 0) box.queue.push(0)
    pressure.entered(box, messageOf(box, bytes, from))
  }
  const hot = boxOf('test/counter', 'hot')
  enter(hot, 400)
  enter(hot, 400)
  enter(boxOf('test/other', 'large'), BOUND)
  const cold = boxOf('test/counter', 'cold')
  enter(cold, 400, feed)
  assert.equal(reader.isPaused, true)
  pressure.left(cold, messageOf(cold, 400, feed))
  assert.equal(reader.isPaused, true, 'the hot address has more than the share')
  enter(hot, 400)
  assert.equal(hot.isBlocked, true)
  assert.equal(reader.isPaused, false)
})

/** Two ids, of which the first stands in the partition of `id`, the other does not. */
function neighbours(id: string, partitions: number): [string, string] {
  const of = (key: string): number => {
    const bytes = Buffer.from(key)
    return partitionForKey(bytes, 0, bytes.length, partitions)
  }
  const all = ids(100).map(({ key }) => key)
  return [all.find(key => of(key) === of(id))!, all.find(key => of(key) !== of(id))!]
}
