// Delayed messages: in order, never early, over restarts, cancelled ones never.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdvancingClock, SeededRandom, SimulatedClock } from '../../../base/index.ts'
import {
  addressOf,
  egressTo,
  intType,
  messageTo,
  statefulFunction,
  stringType
} from '../../sdk/index.ts'
import { type AppOptions, FunctionsBench, egressToTopic } from '../kit.cases.ts'

const DAY_MS = 86_400_000

/** Obeys texts: `after MS TEXT [TOKEN]`, `cancel TOKEN`; says what comes back. */
const alarm = statefulFunction({
  typename: 'test/alarm',
  handler(context, message) {
    const [verb, ...words] = Buffer.from(message.rawValue).toString().split(' ')
    if (message.is(stringType)) {
      context.egress(egressTo('test/out', message.asString(), stringType))
    } else if (verb === 'cancel') {
      context.cancelDelayedMessage(words[0]!)
    } else {
      const [delayMs, text, cancellationToken] = words
      const reply = messageTo(context.self, text!, stringType)
      const options = cancellationToken === undefined ? {} : { cancellationToken }
      context.sendAfter(Number(delayMs), reply, options)
    }
  }
})

const app: AppOptions = {
  functions: [alarm],
  ingresses: [
    { kind: 'targets', topic: 'in', valueType: 'test/order', targets: ['test/alarm'] } as const
  ],
  egresses: [egressToTopic('test/out', 'out')]
}

async function opened(): Promise<FunctionsBench> {
  const bench = new FunctionsBench()
  await bench.createTopics(bench.options(app))
  await bench.bench.log.createTopic('out')
  return bench
}

async function said(bench: FunctionsBench): Promise<string[]> {
  return (await bench.read('out')).map(line => line.value!.slice(2))
}

function orders(...values: string[]): { key: string; value: string }[] {
  return values.map(value => ({ key: 'a', value }))
}

test('delivers by time, equal times in the order of sending, and never early', async () => {
  const bench = await opened()
  const running = await bench.start(app)
  await bench.bench.feed('in', orders('after 50 c', 'after 20 a', 'after 50 d', 'after 20 b'))
  await bench.clock.advance(0)
  await bench.clock.advance(19)
  assert.deepEqual(await said(bench), [])
  await bench.clock.advance(1)
  await bench.clock.advance(0)
  assert.deepEqual(await said(bench), ['a', 'b'])
  assert.deepEqual(
    running.timers().map(timer => timer.typename),
    ['io.statefun.types/string', 'io.statefun.types/string']
  )
  await bench.clock.advance(30)
  await bench.clock.advance(0)
  assert.deepEqual(await said(bench), ['a', 'b', 'c', 'd'])
  await running.stop()
})

test('keeps delayed messages over restarts and delivers overdue ones at the start', async () => {
  const bench = await opened()
  await bench.bench.feed('in', orders('after 1000 late', 'after 9000 later'))
  const first = await bench.drain(app)
  assert.equal((await first.metrics()).timers, 2)
  await bench.clock.advance(5_000)
  await bench.drain(app)
  assert.deepEqual(await said(bench), ['late'])
  const second = await bench.start(app)
  await bench.clock.advance(3_999)
  assert.deepEqual(await said(bench), ['late'])
  await bench.clock.advance(1)
  await second.drain()
  assert.deepEqual(await said(bench), ['late', 'later'])
})

test('waits longer than a timer of the platform can', async () => {
  const bench = await opened()
  const running = await bench.start(app)
  await bench.bench.feed('in', orders(`after ${60 * DAY_MS} done`))
  await bench.clock.advance(0)
  await bench.clock.advance(60 * DAY_MS - 1)
  assert.deepEqual(await said(bench), [])
  await bench.clock.advance(1)
  await running.drain()
  assert.deepEqual(await said(bench), ['done'])
})

test('never delivers what was cancelled, also after a restart; a token is free again then', async () => {
  const bench = await opened()
  await bench.bench.feed(
    'in',
    orders('after 10 no t', 'after 10 no u', 'cancel t', 'after 20 yes t')
  )
  await bench.drain(app)
  await bench.bench.feed('in', orders('cancel u', 'cancel unknown'))
  await bench.drain(app)
  await bench.clock.advance(100)
  await bench.drain(app)
  assert.deepEqual(await said(bench), ['yes'])
  assert.deepEqual(await bench.read('app.dead-letter'), [])
})

test('a token belongs to its sender: another address cannot cancel it', async () => {
  const bench = await opened()
  await bench.bench.feed('in', [
    { key: 'a', value: 'after 10 yes t' },
    { key: 'b', value: 'cancel t' },
    { key: 'b', value: 'after 10 too t' }
  ])
  await bench.drain(app)
  const running = await bench.start(app)
  const sender = addressOf('test/alarm', 'a')
  assert.deepEqual(
    running.timers({ sender }).map(timer => [timer.sender.id, timer.cancellationToken]),
    [['a', 't']]
  )
  await bench.clock.advance(100)
  await running.drain()
  assert.deepEqual((await said(bench)).toSorted(), ['too', 'yes'])
})

test('a token that is still live makes the message a dead letter; the address goes on', async () => {
  const bench = await opened()
  await bench.bench.feed('in', orders('after 10 first t', 'after 10 second t', 'after 10 third u'))
  await bench.drain(app)
  await bench.clock.advance(100)
  await bench.drain(app)
  assert.deepEqual(await said(bench), ['first', 'third'])
  const [letter, ...rest] = await bench.read('app.dead-letter')
  assert.deepEqual(rest, [])
  assert.equal(letter!.value, 'after 10 second t')
  assert.equal(letter!.headers['millrace-error-code'], 'TIMER_TOKEN_LIVE')
  assert.equal(letter!.headers['millrace-offset'], '1')
})

test('many delayed messages, half of them cancelled, come as a sorted list says', async () => {
  const random = new SeededRandom(1)
  const bench = await opened()
  const sent: { dueAt: number; text: string }[] = []
  const lines: string[] = []
  for (let index = 0; index < 4_000; index++) {
    const delayMs = 1 + random.below(500)
    lines.push(`after ${delayMs} ${index} token-${index}`)
    if (random.below(5) < 3) lines.push(`cancel token-${index}`)
    else sent.push({ dueAt: delayMs, text: String(index) })
  }
  await bench.bench.feed('in', orders(...lines))
  const first = await bench.drain(app)
  assert.equal((await first.metrics()).timers, sent.length)
  const running = await bench.start(app)
  await bench.clock.advance(500)
  await running.drain()
  const expected = sent.toSorted((a, b) => a.dueAt - b.dueAt).map(({ text }) => text)
  assert.deepEqual(await said(bench), expected)
})

test('a drain that moves time on delivers what falls due until then, each with what comes of it', async () => {
  const clock = new AdvancingClock(new SimulatedClock())
  const bench = new FunctionsBench()
  const seen: string[] = []
  const startedAt = clock.now()
  const countdown = statefulFunction({
    typename: 'test/countdown',
    handler(context, message) {
      const days = message.isInt() ? message.asInt() : 3
      seen.push(`${days} after ${(clock.now() - startedAt) / DAY_MS}`)
      context.sendAfter(DAY_MS, messageTo(context.self, days - 1, intType))
    }
  })
  const options: AppOptions = {
    ...app,
    clock,
    functions: [countdown],
    ingresses: [
      { kind: 'targets', topic: 'in', valueType: 'test/order', targets: ['test/countdown'] }
    ]
  }
  await bench.createTopics(bench.options(options))
  await bench.bench.feed('in', orders('begin'))
  const running = await bench.start(options)
  await running.drain({
    until: () => startedAt + 2.5 * DAY_MS,
    advanceTo: time => clock.advanceTo(time)
  })
  assert.deepEqual(seen, ['3 after 0', '2 after 1', '1 after 2'])
  assert.equal((await running.metrics()).timers, 1)
  assert.equal(clock.now(), startedAt + 2.5 * DAY_MS)
})

/** On which a slice of work is over whenever it looks. */
class HurriedClock extends SimulatedClock {
  #looks = 0

  override monotonic(): number {
    return super.monotonic() + 1_000 * this.#looks++
  }
}

test('what a delayed message causes comes behind messages that waited since before a stop', async () => {
  const bench = new FunctionsBench(new HurriedClock())
  const seen: number[] = []
  let isStopped = false
  const sender = statefulFunction({
    typename: 'test/sender',
    handler(context, message) {
      const next = addressOf('test/receiver', 'b')
      if (message.isInt()) return void context.send(messageTo(next, 3, intType))
      // More than a slice of work brings back, so that the delayed message is read meanwhile.
      const other = addressOf('test/receiver', 'c')
      for (let index = 0; index < 2_000; index++) context.send(messageTo(other, -1, intType))
      context.send(messageTo(next, 1, intType))
      context.send(messageTo(next, 2, intType))
      context.sendAfter(100, messageTo(context.self, 0, intType))
    }
  })
  const receiver = statefulFunction({
    typename: 'test/receiver',
    handler(_context, message) {
      if (!isStopped) return new Promise<void>(() => {})
      if (message.asInt() > 0) seen.push(message.asInt())
    }
  })
  const options: AppOptions = {
    functions: [sender, receiver],
    ingresses: [{ kind: 'targets', topic: 'in', valueType: 'test/order', targets: ['test/sender'] }]
  }
  await bench.createTopics(bench.options(options))
  await bench.bench.feed('in', orders('begin'))
  const first = await bench.start(options)
  while ((await first.metrics()).timers === 0) await bench.clock.advance(1)
  await first.stop()
  isStopped = true
  await bench.clock.advance(200)
  await bench.drain(options)
  assert.deepEqual(seen, [1, 2, 3])
})
