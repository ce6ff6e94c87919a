// Transactions on a log in memory: what readers of committed records may have, held against the plain way to find it.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { MillraceError, SeededRandom, SimulatedClock } from '../../../base/index.ts'
import { openMemoryLog, type Log } from '../../../log/index.ts'
import { closeBrokerState, openBrokerState, type BrokerState } from '../broker-state.ts'
import { Producers } from './producers.ts'
import type { ProducerIdentity, Transactions } from './transactions.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const STEPS = 3_000
const TOPICS = ['a', 'b', 'c']
const PARTITIONS = 3
const IDS = ['w', 'x', 'y', 'z']
const TIMEOUT_MS = 1_000

/** The clear version: the first offset of all open transactions in a partition. */
function firstOpen(transactions: Transactions, topic: string, partition: number): number {
  const open = [...transactions.list().values()].filter(state => state.status === 'Ongoing')
  const froms = open
    .flatMap(state => state.partitions)
    .filter(each => each.topic === topic && each.partition === partition)
    .map(each => each.from)
  return Math.min(Infinity, ...froms)
}

/** A log whose next commits are refused as often as `refused` says. */
function refusingLog(log: Log): { readonly log: Log; refused: number } {
  const world = {
    refused: 0,
    log: new Proxy(log, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'commit') return value.bind(target) as unknown
        return async (commit: Parameters<Log['commit']>[0]) => {
          if (world.refused > 0) {
            world.refused--
            throw new MillraceError('COMMIT_TOO_LARGE', 'refused by the test')
          }
          return await target.commit(commit)
        }
      }
    })
  }
  return world
}

test(`the last stable offset is that of the first open transaction, whatever happens (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED)
  const clock = new SimulatedClock()
  const world = refusingLog(openMemoryLog({ clock }))
  const { log } = world
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  for (const name of TOPICS) await log.createTopic(name, { partitions: PARTITIONS })
  let state: BrokerState = await openBrokerState(log, clock)
  const known = new Map<string, ProducerIdentity>()
  let held = 0
  /** Several of these are under way at once. */
  const step = async (): Promise<void> => {
    const { transactions, store } = state
    const transactionalId = pick(IDS)
    const identity = known.get(transactionalId)
    const kind = random.below(20)
    if (identity === undefined || kind === 0) {
      const ids = new Producers(log, clock, store, [], () => 0)
      const asked = { transactionalId, producerId: -1, epoch: -1 }
      const given = await transactions.initialise(asked, TIMEOUT_MS, ids)
      if (given.errorCode !== 0) return
      const { producerId, epoch } = given
      known.set(transactionalId, { transactionalId, producerId, epoch })
    } else if (kind < 10) {
      const topic = pick(TOPICS)
      const partition = random.below(PARTITIONS)
      const from = random.below(100)
      await transactions.add(identity, [{ topic, partition, from }], [])
    } else if (kind < 16) await transactions.end(identity, kind % 2 === 0)
    else if (kind === 16) await clock.advance(random.below(TIMEOUT_MS))
    else if (kind === 17) {
      const topic = pick(TOPICS)
      await log.deleteTopic(topic)
      const changes = transactions.forgetTopic(topic)
      const changed = changes.size === 0 ? null : store.change(changes)
      await log.createTopic(topic, { partitions: 1 + random.below(PARTITIONS) })
      await changed
    } else if (kind === 18) world.refused = 1
    else if (random.below(10) === 0) {
      closeBrokerState(state)
      world.refused = 0
      state = await openBrokerState(log, clock)
    }
  }
  for (let count = 0; count < STEPS; count++) {
    const under = Array.from({ length: 1 + random.below(3) }, () => step().catch(ignoreRefusal))
    check()
    await Promise.all(under)
    check()
  }
  closeBrokerState(state)
  strictEqual(held > STEPS, true, `${held} times something was held back`)

  function check(): void {
    for (const topic of TOPICS) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const expected = firstOpen(state.transactions, topic, partition)
        if (expected !== Infinity) held++
        strictEqual(state.transactions.lastStableOffset(topic, partition), expected)
      }
    }
  }
})

test('a topic that is made anew is not held back by a transaction of the one before', async () => {
  const clock = new SimulatedClock()
  const log = openMemoryLog({ clock })
  await log.createTopic('a')
  const state = await openBrokerState(log, clock)
  const { transactions, store } = state
  const ids = new Producers(log, clock, store, [], () => 0)
  const asked = { transactionalId: 'x', producerId: -1, epoch: -1 }
  const { producerId, epoch } = await transactions.initialise(asked, TIMEOUT_MS, ids)
  const partitions = [{ topic: 'a', partition: 0, from: 7 }]
  await transactions.add({ transactionalId: 'x', producerId, epoch }, partitions, [])
  strictEqual(transactions.lastStableOffset('a', 0), 7)
  await log.deleteTopic('a')
  await store.change(transactions.forgetTopic('a'))
  strictEqual(transactions.lastStableOffset('a', 0), Infinity)
  closeBrokerState(state)
  const restarted = await openBrokerState(log, clock)
  strictEqual(restarted.transactions.lastStableOffset('a', 0), Infinity)
  closeBrokerState(restarted)
})

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof MillraceError)) throw error
}
