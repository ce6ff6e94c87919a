// Transactions: what a producer writes to several partitions, and the positions it commits, take effect together.
//
// Owns: the state of every transactional id, open transactions, which transactions were aborted where.
//   X1  A transaction ends by one commit of the log: markers in all its partitions, positions, its own new state.
//   X2  The last stable offset of a partition is at or before the first record of every open transaction in it.
//   X3  Whoever initialises a transactional id ends what was open under it; the earlier producer is fenced (its epoch
//       is lower than the new one).
//   X4  A transaction that is open for longer than its timeout is aborted and its producer fenced. A restart keeps
//       transactions open until then.
// Source: KIP-98, KIP-360, KIP-447. States are those of the protocol; X1 leaves none between two of them.
import { isMillraceError, type Clock, type Timer } from '../../../base/index.ts'
import type { CommitOffset, Log } from '../../../log/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import { AbortedTransactions, type AbortedRange } from './aborted-transactions.ts'
import { distinct } from '../distinct.ts'
import { markerBatch } from './marker-batch.ts'
import { OpenPlaces, type TransactionPartition } from './open-places.ts'
import type { BrokerStore } from '../store.ts'

export type { AbortedRange, TransactionPartition }

const PREFIX = 'transaction:'
const EPOCH_LAST = 2 ** 15 - 2
const NO_EPOCH = -1
/** Ids that were not used for so long are forgotten, as Apache Kafka's transactional.id.expiration.ms. */
const EXPIRATION_MS = 7 * 24 * 3_600_000
/** After so long an abort that the log refused (a topic went meanwhile) is tried again. */
const TIMEOUT_AGAIN_MS = 1_000
/** Longest timeout that a producer may ask for, as Apache Kafka's transaction.max.timeout.ms. */
export const TRANSACTION_TIMEOUT_MAX_MS = 900_000

/** How a transactional id stands. */
export type TransactionStatus = 'Empty' | 'Ongoing' | 'CompleteCommit' | 'CompleteAbort'

/** Everything about a transactional id. As it is stored. */
export interface TransactionState {
  readonly producerId: number
  readonly epoch: number
  /** The epoch before, when its own producer asked for the present one (KIP-360); else −1. */
  readonly epochBefore: number
  readonly timeoutMs: number
  readonly status: TransactionStatus
  readonly partitions: readonly TransactionPartition[]
  /** Groups whose positions may be part of the transaction. */
  readonly groups: readonly string[]
  readonly offsets: readonly CommitOffset[]
  /** When it was opened, ms since 1970; 0 when it is not open. */
  readonly startedAtMs: number
  readonly changedAtMs: number
}

/** What a producer says of itself. */
export interface ProducerIdentity {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
}

/** Gives producer ids. */
export interface ProducerIds {
  newId(): { readonly producerId: number; readonly changes: ReadonlyMap<string, unknown> }
}

/** All transactions of a broker. Methods give a code of the protocol, 0 when all is well. */
export class Transactions {
  readonly #log: Log
  readonly #clock: Clock
  readonly #store: BrokerStore
  readonly #states = new Map<string, TransactionState>()
  readonly #timers = new Map<string, Timer>()
  readonly #places = new OpenPlaces()
  /** Ends that are on their way to the log: whoever comes meanwhile is told to come again. */
  readonly #ending = new Set<string>()
  readonly #aborted: AbortedTransactions
  readonly #waiting = new Set<() => void>()
  #endedCount = 0
  #isClosed = false

  constructor(log: Log, clock: Clock, store: BrokerStore, aborted: AbortedTransactions) {
    this.#log = log
    this.#clock = clock
    this.#store = store
    this.#aborted = aborted
    for (const [id, value] of store.entries(PREFIX)) {
      const state = value as TransactionState
      this.#put(id, state)
      if (state.status === 'Ongoing') this.#schedule(id, state)
    }
  }

  /** Every transactional id with its state. */
  list(): ReadonlyMap<string, TransactionState> {
    return this.#states
  }

  /** First offset that a reader of committed records must not have; Infinity when no transaction is open there. */
  lastStableOffset(topic: string, partition: number): number {
    return this.#places.first(topic, partition)
  }

  /** How often a transaction has ended, or holds back less, in this process. */
  get endedCount(): number {
    return this.#endedCount
  }

  /** Calls `action` once when a transaction has ended, or holds back less. The function given takes the wish back. */
  onEnd(action: () => void): () => void {
    this.#waiting.add(action)
    return () => this.#waiting.delete(action)
  }

  /** Where the open transaction of a producer begins in a partition; −1 when it has none there. */
  startOf(producerId: number, topic: string, partition: number): number {
    for (const state of this.#open()) {
      if (state.producerId !== producerId) continue
      const member = state.partitions.find(
        each => each.topic === topic && each.partition === partition
      )
      if (member !== undefined) return member.from
    }
    return -1
  }

  *#open(): Iterable<TransactionState> {
    for (const id of this.#timers.keys()) {
      const state = this.#states.get(id)
      if (state !== undefined) yield state
    }
  }

  /** Transactions that were aborted with records between two offsets of a partition, both included. */
  aborted(topic: string, partition: number, from: number, to: number): readonly AbortedRange[] {
    return this.#aborted.between(topic, partition, from, to)
  }

  /** Whether a transactional batch may be written (the state of its transaction, its partition, its epoch). */
  allows(
    transactionalId: string | null,
    producerId: number,
    epoch: number,
    topic: string,
    partition: number
  ): number {
    const state = transactionalId === null ? undefined : this.#states.get(transactionalId)
    if (transactionalId === null || state === undefined || state.producerId !== producerId) {
      return ERROR_CODES.INVALID_PRODUCER_ID_MAPPING
    }
    if (epoch < state.epoch) return ERROR_CODES.INVALID_PRODUCER_EPOCH
    if (epoch > state.epoch || this.#ending.has(transactionalId))
      return ERROR_CODES.INVALID_TXN_STATE
    const isMember = state.partitions.some(
      each => each.topic === topic && each.partition === partition
    )
    return state.status === 'Ongoing' && isMember ? ERROR_CODES.NONE : ERROR_CODES.INVALID_TXN_STATE
  }

  /** Begins the work of a producer under a transactional id (X3). Gives its id and epoch. */
  async initialise(
    identity: ProducerIdentity,
    timeoutMs: number,
    ids: ProducerIds
  ): Promise<{ readonly errorCode: number; readonly producerId: number; readonly epoch: number }> {
    const { transactionalId } = identity
    if (timeoutMs <= 0 || timeoutMs > TRANSACTION_TIMEOUT_MAX_MS) {
      return failed(ERROR_CODES.INVALID_TRANSACTION_TIMEOUT)
    }
    if (this.#ending.has(transactionalId)) return failed(ERROR_CODES.CONCURRENT_TRANSACTIONS)
    const state = this.#states.get(transactionalId)
    const isNamed = identity.producerId !== -1
    if (isNamed) {
      if (state?.producerId !== identity.producerId) return failed(ERROR_CODES.PRODUCER_FENCED)
      // The answer to the same request was lost on its way.
      const isRepeated = state.status === 'Empty' && state.epochBefore === identity.epoch
      if (isRepeated) return { errorCode: 0, producerId: state.producerId, epoch: state.epoch }
      if (state.epoch !== identity.epoch) return failed(ERROR_CODES.PRODUCER_FENCED)
    }
    const next = {
      timeoutMs,
      status: 'Empty',
      ...NOTHING_OPEN,
      epochBefore: isNamed ? identity.epoch : NO_EPOCH,
      changedAtMs: this.#clock.now()
    } as const
    if (state === undefined || state.epoch >= EPOCH_LAST) {
      const given = ids.newId()
      const made: TransactionState = {
        ...next,
        epochBefore: NO_EPOCH,
        producerId: given.producerId,
        epoch: 0
      }
      await this.#end(transactionalId, state ?? made, 'abort', made, given.changes)
      return { errorCode: 0, producerId: made.producerId, epoch: made.epoch }
    }
    const bumped: TransactionState = {
      ...next,
      producerId: state.producerId,
      epoch: state.epoch + 1
    }
    await this.#end(transactionalId, state, 'abort', bumped)
    return { errorCode: 0, producerId: bumped.producerId, epoch: bumped.epoch }
  }

  /** Adds partitions (with their present ends) and groups to a transaction, which begins if it is not open. */
  async add(
    identity: ProducerIdentity,
    partitions: readonly TransactionPartition[],
    groups: readonly string[]
  ): Promise<number> {
    const state = this.#stateOf(identity)
    if (typeof state === 'number') return state
    const isOpen = state.status === 'Ongoing'
    const members = distinct([...state.partitions, ...partitions], placeOf)
    const joined = groups.filter(group => !state.groups.includes(group))
    const isSame = members.length === state.partitions.length && joined.length === 0
    if (isOpen && isSame) return ERROR_CODES.NONE
    const now = this.#clock.now()
    await this.#set(identity.transactionalId, {
      ...state,
      status: 'Ongoing',
      partitions: members,
      groups: [...state.groups, ...joined],
      startedAtMs: isOpen ? state.startedAtMs : now,
      changedAtMs: now
    })
    return ERROR_CODES.NONE
  }

  /** Keeps positions of a group that take effect when the transaction commits. */
  async addOffsets(identity: ProducerIdentity, offsets: readonly CommitOffset[]): Promise<number> {
    const state = this.#stateOf(identity)
    if (typeof state === 'number') return state
    const isMember = offsets.every(offset => state.groups.includes(offset.group))
    if (state.status !== 'Ongoing' || !isMember) return ERROR_CODES.INVALID_TXN_STATE
    // The last position of a partition counts.
    const all = new Map([...state.offsets, ...offsets].map(each => [positionOf(each), each]))
    const changed = { ...state, offsets: [...all.values()], changedAtMs: this.#clock.now() }
    await this.#set(identity.transactionalId, changed)
    return ERROR_CODES.NONE
  }

  /** Partitions, as `partition:topic`, of which transactions that are not decided hold a group's position (KIP-447). */
  pendingOffsets(group: string): ReadonlySet<string> {
    const pending = new Set<string>()
    for (const { offsets } of this.#open()) {
      for (const each of offsets) if (each.group === group) pending.add(placeOf(each))
    }
    return pending
  }

  /** Commits or aborts a transaction (X1). A repeated request gets the answer of the first. */
  async end(identity: ProducerIdentity, isCommit: boolean): Promise<number> {
    const state = this.#stateOf(identity)
    if (typeof state === 'number') return state
    const ended = isCommit ? 'CompleteCommit' : 'CompleteAbort'
    if (state.status === ended) return ERROR_CODES.NONE
    if (state.status !== 'Ongoing') return ERROR_CODES.INVALID_TXN_STATE
    const next = {
      ...state,
      status: ended,
      ...NOTHING_OPEN,
      changedAtMs: this.#clock.now()
    } as const
    await this.#end(identity.transactionalId, state, isCommit ? 'commit' : 'abort', next)
    return ERROR_CODES.NONE
  }

  /** The state of a producer's transactional id, or the code of why it may not work on it. */
  #stateOf({ transactionalId, producerId, epoch }: ProducerIdentity): TransactionState | number {
    const state = this.#states.get(transactionalId)
    if (state === undefined || state.producerId !== producerId) {
      return ERROR_CODES.INVALID_PRODUCER_ID_MAPPING
    }
    if (epoch !== state.epoch) return ERROR_CODES.PRODUCER_FENCED
    return this.#ending.has(transactionalId) ? ERROR_CODES.CONCURRENT_TRANSACTIONS : state
  }

  #put(id: string, state: TransactionState): void {
    this.#places.change(id, this.#states.get(id)?.partitions ?? [], state.partitions)
    this.#states.set(id, state)
  }

  /** A state that the log refuses is taken back, unless it was changed again. */
  async #set(id: string, state: TransactionState): Promise<void> {
    const before = this.#states.get(id)!
    this.#put(id, state)
    if (!this.#timers.has(id)) this.#schedule(id, state)
    try {
      await this.#store.change(new Map([[PREFIX + id, state]]))
    } catch (error) {
      if (this.#states.get(id) === state) this.#put(id, before)
      if (this.#states.get(id)?.status !== 'Ongoing') this.#unschedule(id)
      this.#wake()
      throw error
    }
  }

  /** Forgets ids unused for a week, and aborts before the partitions' starts; gives what the store must change. */
  async expired(): Promise<ReadonlyMap<string, null>> {
    const changes = new Map<string, null>()
    const before = this.#clock.now() - EXPIRATION_MS
    for (const [id, state] of this.#states) {
      if (state.status === 'Ongoing' || this.#ending.has(id) || state.changedAtMs >= before)
        continue
      this.#states.delete(id)
      changes.set(PREFIX + id, null)
    }
    const topics = await this.#log.listTopics({ internal: true })
    const byName = new Map(topics.map(topic => [topic.name, topic]))
    for (const { topic, partition } of this.#aborted.places()) {
      const start = byName.get(topic)?.status.partitions[partition]?.startOffset ?? Infinity
      for (const [key] of this.#aborted.forget(topic, partition, start)) changes.set(key, null)
    }
    return changes
  }

  /** As {@link forgetTopic}; resolves when that is durable. @throws as Log.commit */
  async topicDeleted(topic: string): Promise<void> {
    const changes = this.forgetTopic(topic)
    if (changes.size > 0) await this.#store.change(changes)
  }

  /**
   * Forgets what was aborted, and what is open, in a topic that is deleted: a later one of its name has other records.
   * Gives what the store must change.
   */
  forgetTopic(topic: string): ReadonlyMap<string, unknown> {
    const changes = new Map<string, unknown>()
    for (const place of this.#aborted.places()) {
      if (place.topic !== topic) continue
      const gone = this.#aborted.forget(topic, place.partition, Infinity)
      for (const [key, value] of gone) changes.set(key, value)
    }
    for (const [id, state] of this.#states) {
      const isIn = state.partitions.some(each => each.topic === topic)
      // One that is ending now looks at the topic itself.
      if (!isIn || this.#ending.has(id)) continue
      const left = <T extends Place>(places: readonly T[]): readonly T[] =>
        places.filter(each => each.topic !== topic)
      this.#put(id, {
        ...state,
        partitions: left(state.partitions),
        offsets: left(state.offsets)
      })
      changes.set(PREFIX + id, this.#states.get(id))
    }
    this.#wake()
    return changes
  }

  /** Ends what is open in `state` and makes `next` the state, in one commit of the log (X1). */
  async #end(
    id: string,
    state: TransactionState,
    decision: 'commit' | 'abort',
    next: TransactionState,
    more: ReadonlyMap<string, unknown> = new Map()
  ): Promise<void> {
    const isOpen = state.status === 'Ongoing'
    this.#ending.add(id)
    try {
      const partitions = isOpen ? await this.#existing(state.partitions) : []
      const isCommit = decision === 'commit'
      const kept = isCommit && isOpen ? await this.#existing(state.offsets) : []
      const aborts = isCommit
        ? []
        : partitions.map(each => ({ producerId: state.producerId, ...each }))
      const changes = new Map([
        ...more,
        ...this.#aborted.changes(aborts),
        [PREFIX + id, next] as const
      ])
      const batches = partitions.map(({ topic, partition }) => {
        const batch = markerBatch({ ...state, isCommit, timestampMs: this.#clock.now() })
        return { topic, partition, batch }
      })
      const { baseOffsets } = await this.#store.change(changes, { batches, offsets: kept })
      this.#aborted.settle(aborts.map((each, at) => ({ ...each, to: baseOffsets[at]! })))
      this.#unschedule(id)
      this.#put(id, next)
    } finally {
      this.#ending.delete(id)
    }
    this.#wake()
  }

  /** Who waits at a last stable offset looks again. */
  #wake(): void {
    this.#endedCount++
    for (const action of this.#waiting) action()
    this.#waiting.clear()
  }

  /** What belongs to partitions that are still there: a deleted one needs no marker and no position. */
  async #existing<T extends Place>(places: readonly T[]): Promise<readonly T[]> {
    const counts = new Map<string, number>()
    for (const name of new Set(places.map(place => place.topic))) {
      try {
        counts.set(name, (await this.#log.describeTopic(name)).spec.partitions)
      } catch (error) {
        if (!isMillraceError(error, 'TOPIC_UNKNOWN')) throw error
      }
    }
    return places.filter(({ topic, partition }) => partition < (counts.get(topic) ?? 0))
  }

  #schedule(id: string, state: TransactionState): void {
    const leftMs = state.startedAtMs + state.timeoutMs - this.#clock.now()
    this.#timers.set(id, this.#timer(id, Math.max(0, leftMs)))
  }

  #timer(id: string, delayMs: number): Timer {
    return this.#clock.timer(delayMs, () => void this.#timeOut(id), { unref: true })
  }

  #unschedule(id: string): void {
    this.#timers.get(id)?.cancel()
    this.#timers.delete(id)
  }

  /** X4. */
  async #timeOut(id: string): Promise<void> {
    const state = this.#states.get(id)
    if (state?.status !== 'Ongoing' || this.#isClosed) return
    if (this.#ending.has(id)) {
      // If that end fails, this one is due.
      this.#timers.set(id, this.#timer(id, TIMEOUT_AGAIN_MS))
      return
    }
    const next = {
      ...state,
      epoch: state.epoch + 1,
      epochBefore: NO_EPOCH,
      status: 'CompleteAbort',
      ...NOTHING_OPEN,
      changedAtMs: this.#clock.now()
    } as const
    try {
      await this.#end(id, state, 'abort', next)
    } catch (error) {
      if (!isMillraceError(error)) throw error
      // Of a log that is fenced or closed the next process finds the transaction open and times it out.
      if (error.code === 'LOG_FENCED' || error.code === 'LOG_CLOSED') return
      this.#timers.set(id, this.#timer(id, TIMEOUT_AGAIN_MS))
    }
  }

  /** Stops the timers. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) timer.cancel()
  }
}

const failed = (errorCode: number) => ({ errorCode, producerId: -1, epoch: NO_EPOCH })

const NOTHING_OPEN = { partitions: [], groups: [], offsets: [], startedAtMs: 0 } as const

interface Place {
  readonly topic: string
  readonly partition: number
}

const placeOf = ({ topic, partition }: Place): string => `${partition}:${topic}`
const positionOf = (offset: CommitOffset): string => `${placeOf(offset)}:${offset.group}`
