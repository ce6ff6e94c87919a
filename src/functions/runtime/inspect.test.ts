// What people are shown: addresses in pages over all tasks, mail without values, delayed messages by sender.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressOf,
  intType,
  messageTo,
  statefulFunction,
  typedValue,
  valueSpec
} from '../sdk/index.ts'
import type { AddressEntry, RunningFunctions } from './contract.ts'
import { FunctionsBench } from './kit.cases.ts'

const MINUTE_MS = 60_000
/** In the order of their bytes; JavaScript would put the last one before the one above it. */
const IDS = ['', 'a', 'a/b', 'ab', 'b', 'é', '\u{ffff}', '\u{10000}']

const keeper = statefulFunction({
  typename: 'test/keeper',
  specs: [
    valueSpec({ name: 'value', type: intType }),
    valueSpec({ name: 'brief', type: intType, expireAfterWriteMs: MINUTE_MS })
  ],
  handler(context, message) {
    context.storage.value.set(message.asInt())
    context.storage.brief.set(1)
    const later = messageTo(addressOf('test/other', 'x'), message.asInt(), intType)
    context.sendAfter(message.asInt() * 1_000, later, {
      cancellationToken: `token-${message.asInt()}`
    })
  }
})
const neighbour = statefulFunction({
  typename: 'test/keepers',
  specs: [valueSpec({ name: 'value', type: intType })],
  handler: context => {
    context.storage.value.set(7)
    context.sendAfter(500, messageTo(addressOf('test/other', 'y'), 1, intType))
  }
})
const other = statefulFunction({ typename: 'test/other', handler: () => {} })

const idsOf = (entries: readonly AddressEntry[]) => entries.map(({ address }) => address.id)

const ingresses = ['keeper', 'keepers'].map(name => ({
  kind: 'targets' as const,
  topic: name,
  valueType: intType.typename,
  targets: [`test/${name}`]
}))

for (const tasks of [1, 3]) {
  test(`addresses of one type are listed in pages, by their bytes, with ${tasks} tasks`, async () => {
    const { running, bench } = await filled(tasks)
    assert.deepEqual(idsOf(await running.addresses({ typename: 'test/keeper' })), IDS)
    const found: string[] = []
    for (let after: string | undefined; ;) {
      const options = {
        typename: 'test/keeper',
        limit: 3,
        ...(after === undefined ? {} : { after })
      }
      const page = idsOf(await running.addresses(options))
      found.push(...page)
      if (page.length < 3) break
      after = page.at(-1)!
    }
    assert.deepEqual(found, IDS)
    assert.deepEqual(idsOf(await running.addresses({ typename: 'test/keepers' })), ['a'])
    assert.deepEqual(await running.addresses({ typename: 'test/kee' }), [])
    assert.equal(await running.countAddresses('test/keeper', 100), IDS.length)
    assert.equal(await running.countAddresses('test/keeper', 4), 4)
    const [first] = await running.addresses({ typename: 'test/keeper', limit: 1 })
    assert.deepEqual(
      first!.values.map(({ name }) => name),
      ['value', 'brief']
    )
    await bench.clock.advance(MINUTE_MS)
    const [later] = await running.addresses({ typename: 'test/keeper', limit: 1 })
    assert.deepEqual(
      later!.values.map(({ name }) => name),
      ['value']
    )
    await running.stop()
  })

  test(`delayed messages are found by type and address of their senders, with ${tasks} tasks`, async () => {
    const { running } = await filled(tasks)
    const all = await running.findTimers()
    assert.equal(all.timers.length, IDS.length + 1)
    assert.equal(all.isComplete, true)
    assert.equal(all.timers[0]!.sender.type, 'keepers')
    const some = await running.findTimers({ typename: 'test/keeper', limit: 2 })
    assert.deepEqual(
      some.timers.map(({ cancellationToken }) => cancellationToken),
      ['token-1', 'token-2']
    )
    assert.equal(some.isComplete, false)
    const sender = addressOf('test/keeper', 'é')
    const one = await running.findTimers({ sender })
    assert.deepEqual(
      one.timers.map(timer => timer.sender),
      [sender]
    )
    assert.equal(one.isComplete, true)
    await running.stop()
  })
}

test('an address without values is listed while it has mail', async () => {
  const bench = new FunctionsBench()
  const slow = statefulFunction({
    typename: 'test/keeper',
    handler: () => bench.clock.sleep(MINUTE_MS)
  })
  const app = { functions: [slow, neighbour, other], ingresses }
  await bench.createTopics(bench.options(app))
  await bench.feedInts('keeper', [
    ['a', 1],
    ['a', 2],
    ['b', 3]
  ])
  const running = await bench.start(app)
  const isBusy = async () => (await running.metrics()).functions.some(one => one.numBacklog === 3)
  while (!(await isBusy())) await bench.clock.yield()
  const entries = await running.addresses({ typename: 'test/keeper' })
  assert.deepEqual(
    entries.map(({ address, values, mailboxDepth }) => [address.id, values.length, mailboxDepth]),
    [
      ['a', 0, 2],
      ['b', 0, 1]
    ]
  )
  await running.stop()
})

/** An application whose addresses have values and pending messages, still running. */
async function filled(
  tasks: number
): Promise<{ running: RunningFunctions; bench: FunctionsBench }> {
  const bench = new FunctionsBench()
  const app = { functions: [keeper, neighbour, other], ingresses, tasks }
  await bench.createTopics(bench.options(app))
  // Ids that are no ASCII cannot be fed as text of single bytes.
  await bench.bench.feed(
    'keeper',
    IDS.map((key, index) => ({
      key,
      value: Buffer.from(typedValue(index + 1, intType).bytes).toString('latin1')
    }))
  )
  await bench.feedInts('keepers', [['a', 1]])
  await bench.drain(app)
  return { running: await bench.start(app), bench }
}
