// What a task of an application runs: messages in the order of their arrival, results and times between them.
//
//   F1  Everything that a record causes in the task is done before the next record, as far as the budget goes; what
//       is left goes first when the task comes back, and is durable meanwhile (Q2).
//   F2  After a start the messages of the mailbox are delivered before any other.
//   F3  Records that this process hands over itself come behind all work, like those that are read (entrance.ts).
import type { Clock } from '../../base/index.ts'
import type { CommitBatch } from '../../log/log.ts'
import type { LogLine } from '../../runtime/contract.ts'
import {
  type Budget,
  type EpochEnd,
  EpochOutputs,
  Expiring,
  type RecordFacts,
  type TaskProgram,
  type TaskWork
} from '../../runtime/task/index.ts'
import type { StateSpec, TaskState, ValueCodec } from '../../state/contract.ts'
import { ADDRESS_STATES, type AddressState, NO_STATE, ageOf } from './address-state.ts'
import { NUMBERS, SEQUENCE_KEYS, StoredReader, TEXTS, TEXT_KEYS } from './bytes.ts'
import { Calls } from './calls/calls.ts'
import type { EgressSpec, RetryPolicy } from './contract.ts'
import { DeadLetters } from './egress/dead-letters.ts'
import { Deliveries } from './timers/deliveries.ts'
import { Dispatcher } from './dispatcher.ts'
import { EffectApplier } from './effects.ts'
import type { EgressTopics } from './egress/egress-topics.ts'
import { Egresses, type HeardTopics } from './egress/egress.ts'
import { Entrance, type EntrancePlace } from './ingress/entrance.ts'
import { ENVELOPES, type Envelope, readEnvelope } from './envelope.ts'
import type { FunctionTable } from './function-table.ts'
import { Mailboxes } from './mailboxes.ts'
import { functionsDeadLetterName, functionsMarker, messagesTopicName } from './names.ts'
import { Placements } from './egress/placements.ts'
import type { Pressure } from './pressure/pressure.ts'
import type { Requests } from './ingress/requests.ts'
import { TIMERS } from './timers/stored-timer.ts'
import { Timers } from './timers/timers.ts'

/** The states of every task of an application. */
export const FUNCTION_STATES: readonly StateSpec[] = [
  {
    name: 'functions.state',
    key: TEXT_KEYS,
    value: ADDRESS_STATES as unknown as ValueCodec,
    fingerprint: 'address→values/1'
  },
  {
    name: 'functions.mailbox',
    key: SEQUENCE_KEYS,
    value: ENVELOPES as unknown as ValueCodec,
    fingerprint: 'sequence→message/1',
    isCold: true
  },
  {
    name: 'functions.timers',
    key: TEXT_KEYS,
    value: TIMERS as unknown as ValueCodec,
    fingerprint: 'due·sequence→delayed/2',
    isCold: true
  },
  {
    name: 'functions.tokens',
    key: TEXT_KEYS,
    value: TEXTS as unknown as ValueCodec,
    fingerprint: 'sender·token→due·sequence/1',
    isCold: true
  },
  {
    name: 'functions.numbers',
    key: TEXT_KEYS,
    value: NUMBERS as unknown as ValueCodec,
    fingerprint: 'name→number/1'
  }
]

/** What a {@link FunctionsProgram} is made from. */
export interface ProgramOptions {
  readonly app: string
  readonly task: number
  readonly tasks: number
  readonly table: FunctionTable
  readonly egresses: readonly EgressSpec[]
  readonly retries: RetryPolicy
  readonly state: TaskState
  /** Shared by the tasks. */
  readonly topics: EgressTopics
  /** Shared by the tasks. */
  readonly heard: HeardTopics
  /** Shared by the tasks. */
  readonly pressure: Pressure
  /** Shared by the tasks. */
  readonly requests: Requests
  /** Messages of other tasks from here on were sent since the start. */
  readonly messagesFrom: number
  readonly clock: Clock
  /** Wall time of the current slice. */
  readonly time: { readonly now: number }
  readonly budget: Budget
  readonly signal: AbortSignal
  onLog(line: LogLine): void
  wake(): void
  /** The state cannot be read: the task ends. */
  failed(error: unknown): void
}

/** The program of one task. */
export class FunctionsProgram implements TaskProgram, TaskWork {
  readonly outputs: EpochOutputs = new EpochOutputs({ staged: false })
  readonly undo: null = null
  readonly marker: number
  readonly expiring: readonly Expiring[]
  readonly table: FunctionTable
  readonly mailboxes: Mailboxes
  readonly timers: Timers
  readonly calls: Calls
  readonly dispatcher: Dispatcher
  readonly deadLetters: DeadLetters
  readonly placements: Placements = new Placements()
  /** Ways into the partitions that the task reads, besides the topics themselves. */
  readonly entrances: Entrance[] = []
  units = 0
  readonly #options: ProgramOptions
  readonly #deliveries: Deliveries
  /** Messages of the mailbox that are still to be delivered after the start (F2). */
  #restored: Float64Array
  #restoredAt = 0

  constructor(options: ProgramOptions) {
    this.#options = options
    const { app, task, tasks, table, state, time, clock, pressure, requests } = options
    this.table = table
    this.marker = functionsMarker(app, tasks)
    const states = state.state<AddressState>('functions.state')
    this.mailboxes = new Mailboxes(state.state<Envelope>('functions.mailbox'))
    this.timers = new Timers({
      timers: state.state<string>('functions.timers'),
      tokens: state.state<string>('functions.tokens'),
      numbers: state.state<number>('functions.numbers'),
      filled: () => {
        this.#deliveries.changed()
        options.wake()
      },
      failed: options.failed
    })
    const { mailboxes, timers } = this
    pressure.add(task, mailboxes)
    this.deadLetters = new DeadLetters({
      app,
      output: this.#open(functionsDeadLetterName(app), 1),
      onLog: options.onLog
    })
    const output = tasks === 1 ? null : this.#open(messagesTopicName(app), tasks)
    this.dispatcher = new Dispatcher({
      task,
      tasks,
      mailboxes,
      table,
      pressure,
      requests,
      output,
      time
    })
    const { dispatcher, deadLetters } = this
    const egresses = new Egresses(options, this.outputs, this.placements)
    const expiring = new Expiring(ageOf(states))
    const effects = new EffectApplier({
      dispatcher,
      timers,
      egresses,
      states,
      expiring,
      clock,
      time
    })
    this.calls = new Calls({ ...options, states, mailboxes, effects, deadLetters })
    this.expiring = [expiring]
    this.#restored = mailboxes.restore(envelope => this.#meet(envelope))
    this.#deliveries = new Deliveries({
      ...options,
      timers,
      dispatcher,
      drain: () => this.drain(),
      count: () => this.#count(options.budget)
    })
  }

  get work(): TaskWork {
    return this
  }

  get isReady(): boolean {
    return (
      this.dispatcher.length > 0 ||
      this.#deliveries.isReady ||
      this.calls.isReady ||
      this.#restoredAt < this.#restored.length ||
      this.#isEntered
    )
  }

  get isSettled(): boolean {
    const { timers } = this
    const isIdle = !this.isReady && this.calls.isIdle && !timers.isReading && !timers.isDeferring
    return isIdle && this.entrances.every(entrance => entrance.length === 0)
  }

  process(budget: Budget): void {
    const { calls } = this
    for (; calls.isReady && budget.left > 0; this.#count(budget)) calls.step()
    for (; this.#restoredAt < this.#restored.length && budget.left > 0; this.#count(budget)) {
      calls.deliver(this.mailboxes.load(this.#restored[this.#restoredAt++]!))
    }
    if (this.#restoredAt < this.#restored.length) return
    if (this.#restoredAt > 0) {
      this.#restored = new Float64Array(0)
      this.#restoredAt = 0
    }
    // Behind what waited at the start: what a delayed message causes may follow it to the same address (Q1).
    if (this.#deliveries.isReady) this.#deliveries.fire()
    this.drain()
    if (this.dispatcher.length > 0) return
    for (const entrance of this.entrances) {
      if (!entrance.isReady) continue
      const before = entrance.records
      entrance.take(budget)
      this.units += entrance.records - before
    }
  }

  /** Delivers what is in the run queue, as far as the budget goes (F1). */
  drain(): void {
    // Hot: per message.
    const { dispatcher, calls } = this
    const { budget } = this.#options
    while (dispatcher.length > 0 && budget.left > 0) {
      this.#count(budget)
      calls.deliver(dispatcher.take())
    }
    this.#deliveries.changed()
  }

  /** Takes a message that another task has sent. */
  acceptMessage(facts: RecordFacts): void {
    const { messagesFrom, pressure, requests, table } = this.#options
    const reader = new StoredReader(facts.data, facts.valueStart, facts.valueEnd)
    const envelope = readEnvelope(reader)
    const { namespace, type } = envelope.target
    const load = table.find(namespace, type)?.load
    if (facts.offset < messagesFrom) {
      this.#meet(envelope)
      if (facts.offset === messagesFrom - 1) requests.met()
    } else if (load !== undefined) pressure.received(load, envelope)
    this.dispatcher.route(envelope)
    this.drain()
  }

  /** A record of `feed` was taken: no more of them in this slice if its ingress has to wait. */
  checkFeed(isPaused: boolean): void {
    if (isPaused) this.#options.budget.left = 0
  }

  /** Makes a way into a partition that the task reads. */
  enter(place: EntrancePlace): void {
    const { marker, outputs, placements } = this
    this.entrances.push(new Entrance({ ...place, marker, outputs, placements }))
  }

  beforeSeal(): void {
    this.dispatcher.keepAll()
  }

  sealed(batches: readonly CommitBatch[]): EpochEnd | null {
    return this.placements.sealed(batches)
  }

  ended(): void {
    this.placements.ended()
    for (const entrance of this.entrances) entrance.end()
  }

  /** An address' values, for people. */
  stateOf(key: string): AddressState {
    const { state } = this.#options
    return state.state<AddressState>('functions.state').get(key) ?? NO_STATE
  }

  /** The next `limit` keys of addresses that have values, from `from` on. */
  addressesFrom(from: string, limit: number): Promise<string[]> {
    const { state } = this.#options
    return state.state('functions.state').keysFrom(from, limit) as Promise<string[]>
  }

  /** The next `limit` keys of delayed messages, by time, from `from` on. */
  timersFrom(from: string, limit: number): Promise<string[]> {
    const { state } = this.#options
    return state.state('functions.timers').keysFrom(from, limit) as Promise<string[]>
  }

  /** A delayed message as it is stored. */
  timerAt(key: string): string | undefined {
    return this.#options.state.state<string>('functions.timers').get(key)
  }

  get #isEntered(): boolean {
    const { entrances } = this
    for (let index = 0; index < entrances.length; index++) {
      if (entrances[index]!.isReady) return true
    }
    return false
  }

  /** A message was on its way before the start. */
  #meet({ request }: Envelope): void {
    if (request !== null) this.#options.requests.sent(request)
  }

  #count(budget: Budget): void {
    budget.left--
    this.units++
  }

  #open(topic: string, partitions: number): ReturnType<EpochOutputs['open']> {
    return this.outputs.open({
      topic,
      partitions,
      compression: 'none',
      producerId: () => -1
    })
  }
}
