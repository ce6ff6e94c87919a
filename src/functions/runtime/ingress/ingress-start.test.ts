// Where ingresses begin, and several of them on one topic.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, egressTo, messageTo, statefulFunction, stringType } from '../../sdk/index.ts'
import type { FunctionEndpoint, IngressSpec, IngressStart } from '../contract.ts'
import { type AppOptions, FunctionsBench, egressToTopic } from '../kit.cases.ts'

/** Says what it gets. */
const echo = (typename: string) =>
  statefulFunction({
    typename,
    handler(context, message) {
      const text = `${typename}:${message.valueTypeName}:${String(Buffer.from(message.rawValue))}`
      context.egress(egressTo('test/out', text, stringType))
    }
  })

const reads = (target: string, options: Partial<IngressSpec> = {}): IngressSpec =>
  ({
    kind: 'targets',
    topic: 'in',
    valueType: 'test/record',
    targets: [target],
    ...options
  }) as IngressSpec

async function opened(partitions: number): Promise<FunctionsBench> {
  const bench = new FunctionsBench()
  await bench.bench.log.createTopic('in', { partitions })
  await bench.bench.log.createTopic('out')
  return bench
}

/** Records of the times 1, 2, … in each of the partitions. */
async function fill(bench: FunctionsBench, values: readonly string[]): Promise<void> {
  const { spec } = await bench.bench.log.describeTopic('in')
  for (let partition = 0; partition < spec.partitions; partition++) {
    const lines = values.map((value, at) => ({ value: `${value}${partition}`, timestamp: at + 1 }))
    await bench.bench.feed('in', lines, partition)
  }
}

async function said(bench: FunctionsBench): Promise<string[]> {
  return (await bench.read('out')).map(line => line.value!.slice(2))
}

/** Without keys, so that partitions are as they were fed: the ingress is a router. */
function router(name: string, start: IngressStart): IngressSpec {
  return {
    kind: 'router',
    topic: 'in',
    name,
    start,
    route: ({ value }) => [
      {
        target: addressOf('test/a', 'x'),
        argument: { typename: name === '' ? 'none' : name, bytes: Uint8Array.from(value!) }
      }
    ]
  }
}

test('begins at a date or at given offsets, only at the very first start', async () => {
  const cases: [IngressStart, string[]][] = [
    [{ position: 'time', timestampMs: 3 }, ['c0', 'd0', 'c1', 'd1']],
    [{ position: 'time', timestampMs: 0 }, ['a0', 'b0', 'c0', 'd0', 'a1', 'b1', 'c1', 'd1']],
    [{ position: 'time', timestampMs: 5 }, []],
    [{ position: 'offsets', offsets: new Map([[0, 3]]), others: 'end' }, ['d0']],
    [
      { position: 'offsets', offsets: new Map([[1, 2]]), others: 'beginning' },
      ['a0', 'b0', 'c0', 'd0', 'c1', 'd1']
    ],
    [{ position: 'offsets', offsets: new Map([[1, 99]]), others: 'end' }, []]
  ]
  for (const [start, expected] of cases) {
    const bench = await opened(2)
    const app: AppOptions = {
      functions: [echo('test/a')],
      ingresses: [router('', start)],
      egresses: [egressToTopic('test/out', 'out')]
    }
    await fill(bench, ['a', 'b', 'c', 'd'])
    await bench.drain(app)
    const texts = expected.map(value => `test/a:none:${value}`)
    assert.deepEqual((await said(bench)).toSorted(), texts.toSorted(), JSON.stringify(start))
    await fill(bench, ['later'])
    await bench.drain(app)
    assert.equal((await said(bench)).length, expected.length + 2, 'the next start goes on')
  }
})

test('begins where a consumer group has got to, and elsewhere as it says', async () => {
  for (const [others, expected] of [
    ['beginning', ['c0', 'a1', 'b1', 'c1']],
    ['end', ['c0']]
  ] as const) {
    const bench = await opened(2)
    const { log } = bench.bench
    await log.createTopic('other')
    await fill(bench, ['a', 'b', 'c'])
    const position = { group: 'greeter', partition: 0, offset: 2, metadata: '' }
    const offsets = [
      { ...position, topic: 'in' },
      { ...position, topic: 'other', offset: 0 }
    ]
    await log.commit({ batches: [], offsets })
    const app: AppOptions = {
      functions: [echo('test/a')],
      ingresses: [router('', { position: 'group', group: 'greeter', others })],
      egresses: [egressToTopic('test/out', 'out')]
    }
    await bench.drain(app)
    // What the group does later says nothing of where the ingress goes on.
    await log.commit({ batches: [], offsets: [{ ...position, topic: 'in', offset: 0 }] })
    await bench.drain(app)
    const texts = expected.map(value => `test/a:none:${value}`)
    assert.deepEqual((await said(bench)).toSorted(), texts.toSorted(), others)
  }
})

test('several ingresses on one topic have positions, targets and types of their own', async () => {
  const bench = await opened(1)
  const first = router('first', { position: 'beginning', value: 0 })
  const second = router('second', { position: 'end', value: 1 })
  const third = router('third', { position: 'time', timestampMs: 2 })
  const app: AppOptions = {
    functions: [echo('test/a')],
    ingresses: [first, second],
    egresses: [egressToTopic('test/out', 'out')]
  }
  await fill(bench, ['a', 'b', 'c'])
  await bench.drain(app)
  const before = ['first:a0', 'first:b0', 'first:c0', 'second:c0']
  const texts = async () => (await said(bench)).map(text => text.slice('test/a:'.length)).toSorted()
  assert.deepEqual(await texts(), before)
  // One that comes later begins where it says, also beside others that have gone on.
  await bench.drain({ ...app, ingresses: [third, second, first] })
  assert.deepEqual(await texts(), [...before, 'third:b0', 'third:c0'].toSorted())
})

test('one topic feeds two functions: the one that does not answer holds up its own ingress only', async () => {
  const bench = await opened(1)
  const gate = Promise.withResolvers<void>()
  const stuck: FunctionEndpoint = {
    functions: 'test/stuck',
    call: async () => {
      await gate.promise
      const effects = { mutations: [], messages: [], delayed: [], egress: [] }
      return { kind: 'effects', effects }
    }
  }
  const relay = statefulFunction({
    typename: 'test/relay',
    handler: context =>
      context.send(messageTo(addressOf('test/stuck', context.self.id), 'x', stringType))
  })
  const app: AppOptions = {
    functions: [echo('test/well'), relay],
    endpoints: [stuck],
    ingresses: [reads('test/relay', { name: 'one' }), reads('test/well', { name: 'two' })],
    egresses: [egressToTopic('test/out', 'out')],
    mailboxBytesMax: 10_000
  }
  const lines = Array.from({ length: 500 }, (_, at) => ({ key: 'a', value: String(at) }))
  await bench.bench.feed('in', lines)
  const first = await bench.start(app)
  for (let turn = 0; turn < 200; turn++) await bench.clock.advance(0)
  assert.equal((await said(bench)).length, 500)
  const held = await first.metrics()
  assert.ok(held.lag > 400 && held.lag < 500, `lag ${held.lag}: of the first ingress only`)
  await first.stop()
  // Messages that a start finds in the mailbox still know their ingress.
  const second = await bench.start(app)
  await bench.bench.feed('in', lines)
  for (let turn = 0; turn < 200; turn++) await bench.clock.advance(0)
  assert.equal((await said(bench)).length, 1_000)
  gate.resolve()
  await second.drain()
  const { functions, lag } = await second.metrics()
  assert.equal(lag, 0)
  assert.equal(functions.find(({ typename }) => typename === 'test/well')!.in, 500)
})
