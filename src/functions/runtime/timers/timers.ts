// Delayed messages of one task: durable in the state by when they fall due, the next of them in memory.
//
// A message's key begins with its time, so the state has them in order. Memory holds the keys before the horizon, in a
// heap of 16 bytes each; what lies behind it is read when the heap runs low. Nothing is read through at a start, and a
// million messages that wait cost disk only. Cancelled ones leave the state at once, and the heap when they come up,
// or when they are more than half of it.
//   D1  Messages fall due in the order of their times; of one time in the order in which they were sent.
//   D2  A token belongs to its sender's address and is free again after delivery or cancellation.
//   D3  The heap has exactly the pending keys before the horizon, and some cancelled ones, of which none is the first.
//   D4  When the heap is empty and messages behind the horizon are pending, a reading is under way.
//   D5  A message that is due and has to wait (pressure.ts P5) stays in the state, and can be cancelled; its key stands
//       in a heap of whom it waits for, and comes before what falls due later.
import { assert } from '../../../base/index.ts'
import type { KeyedState } from '../../../state/contract.ts'
import { DueHeap } from './due-heap.ts'
import { type Envelope, keyOf } from '../envelope.ts'
import { type Timer, dueKey, dueKeyParts, packTimer, unpackTimer } from './stored-timer.ts'

/** Fewer cancelled messages are not worth a pass over the heap. */
const CANCELLED_MIN = 1_024
/** What a list that reads all messages has in memory beyond twice its limit. */
const LIST_SLACK = 1_000
/** Numbers that are reserved by one write to the state. */
const NUMBERS_RESERVED = 65_536
const NUMBERS_KEY = 'timers'
/** Behind all keys. */
const END = '~'

/** How much of the messages is in memory. */
export interface TimersBounds {
  /** Keys that are read at a time. */
  readonly read: number
  /** The heap is filled again when it has fewer. */
  readonly low: number
  /** The heap is cut when it has more. */
  readonly high: number
  /** Of these, so many stay. */
  readonly kept: number
}

/** A reading takes some 20 ms of LevelDB's thread; the heap 2 MB. */
const BOUNDS: TimersBounds = { read: 16_384, low: 4_096, high: 131_072, kept: 65_536 }

/** A message that is due. It stays where it is until {@link Timers.done}. */
export interface DueMessage {
  readonly dueAt: number
  readonly sequence: number
  readonly envelope: Envelope
  readonly token: string | null
}

/** Messages that were due and wait for somebody. */
interface Deferred {
  readonly holder: object
  readonly heap: DueHeap
}

/** What {@link Timers} is made from. */
export interface TimersOptions {
  /** Messages by {@link dueKey}. */
  readonly timers: KeyedState<string>
  /** The keys of the messages that can be cancelled, by sender and token. */
  readonly tokens: KeyedState<string>
  readonly numbers: KeyedState<number>
  /** More messages have come into memory: the next one may be due earlier than was known. */
  filled(): void
  /** The store cannot be read. */
  failed(error: unknown): void
  readonly bounds?: TimersBounds
}

/** All delayed messages of a task. */
export class Timers {
  readonly #options: TimersOptions
  readonly #bounds: TimersBounds
  readonly #heap = new DueHeap()
  /** Numbers of cancelled messages in the heap. */
  readonly #cancelled = new Set<number>()
  /** Keys from here on are not in the heap. */
  #horizon = END
  #isReading = false
  /** D5, by whom they wait for. */
  readonly #deferred = new Map<object, Deferred>()
  /** Those that need not wait any more, in the order in which they were let go. */
  readonly #resumed: Deferred[] = []
  /** Pairs of times and numbers behind the horizon that were added or cancelled during a reading. */
  #added: [number, number][] = []
  readonly #removed = new Set<number>()
  #next: number
  /** Numbers below are free to be used. */
  #reserved: number

  constructor(options: TimersOptions) {
    this.#options = options
    this.#bounds = options.bounds ?? BOUNDS
    this.#next = options.numbers.get(NUMBERS_KEY) ?? 0
    this.#reserved = this.#next
    if (this.size === 0) return
    this.#horizon = ''
    this.#fill()
  }

  /** How many are pending. */
  get size(): number {
    return this.#options.timers.size
  }

  /** Whether messages are on their way into memory, which may be due. */
  get isReading(): boolean {
    return this.#isReading
  }

  /** Whether messages that are due wait for somebody. */
  get isDeferring(): boolean {
    return this.#deferred.size > 0
  }

  /** Whether messages that are due wait for `holder`. */
  isDeferringFor(holder: object): boolean {
    return this.#deferred.has(holder)
  }

  /** When the next one falls due, besides those that wait; Infinity for none, and while it is being read. */
  get nextDueAt(): number {
    return this.#heap.firstDue
  }

  /** Whether the sender has a message pending under `token`. */
  isLive(senderKey: string, token: string): boolean {
    return this.#options.tokens.has(tokenKey(senderKey, token))
  }

  /** Keeps a message; the token is free. */
  add(timer: Timer): void {
    const { timers, tokens } = this.#options
    const sequence = this.#number()
    const key = dueKey(timer.dueAt, sequence)
    timers.insert(key, packTimer(timer))
    if (key < this.#horizon) {
      this.#heap.push(timer.dueAt, sequence)
      if (this.#heap.size > this.#bounds.high) this.#cut()
    } else if (this.#isReading) {
      this.#added.push([timer.dueAt, sequence])
    }
    if (timer.token === null) return
    const named = tokenKey(keyOf(timer.envelope.caller!), timer.token)
    assert(!tokens.has(named), 'a token names one pending message')
    tokens.set(named, key)
  }

  /** Forgets the message that has the sender's token; false when there is none. */
  cancel(senderKey: string, token: string): boolean {
    const { timers, tokens } = this.#options
    const named = tokenKey(senderKey, token)
    const key = tokens.get(named)
    if (key === undefined) return false
    tokens.delete(named)
    timers.delete(key)
    const [, sequence] = dueKeyParts(key)
    if (key < this.#horizon) this.#cancelled.add(sequence)
    else if (this.#isReading) this.#removed.add(sequence)
    if (this.#cancelled.size > CANCELLED_MIN && this.#cancelled.size * 2 > this.#heap.size) {
      this.#heap.remove(this.#cancelled)
      this.#cancelled.clear()
    }
    this.#dropCancelled()
    this.#fill()
    return true
  }

  /** The next message that is due at `now` (D1), or null; `done` or `defer` it before the next call. */
  next(now: number): DueMessage | null {
    while (this.#resumed.length > 0) {
      const { heap } = this.#resumed[0]!
      if (heap.size === 0) {
        this.#resumed.shift()
        continue
      }
      const due = this.#load(heap.firstDue, heap.pop())
      // It may have been cancelled while it waited.
      if (due !== null) return due
    }
    while (this.nextDueAt <= now) {
      const due = this.#load(this.#heap.firstDue, this.#heap.pop())
      this.#dropCancelled()
      this.#fill()
      // A clock that was set back can move the horizon before one that waited and has been delivered since.
      if (due !== null) return due
    }
    return null
  }

  /** Forgets a message that was delivered. */
  done({ dueAt, sequence, envelope, token }: DueMessage): void {
    const { timers, tokens } = this.#options
    timers.delete(dueKey(dueAt, sequence))
    if (token !== null) tokens.delete(tokenKey(keyOf(envelope.caller!), token))
  }

  /** Lets a message wait until {@link resume} of `holder` (D5). */
  defer({ dueAt, sequence }: DueMessage, holder: object): void {
    let deferred = this.#deferred.get(holder)
    const first = this.#resumed[0]
    if (deferred === undefined && first?.holder === holder) {
      // It has to wait again, and so have those behind it: they go back at once.
      this.#resumed.shift()
      deferred = first
    }
    deferred ??= { holder, heap: new DueHeap() }
    this.#deferred.set(holder, deferred)
    deferred.heap.push(dueAt, sequence)
  }

  /** What waits for `holder` comes next. */
  resume(holder: object): void {
    const deferred = this.#deferred.get(holder)
    if (deferred === undefined) return
    this.#deferred.delete(holder)
    this.#resumed.push(deferred)
  }

  #load(dueAt: number, sequence: number): DueMessage | null {
    const packed = this.#options.timers.get(dueKey(dueAt, sequence))
    if (packed === undefined) return null
    const { envelope, token } = unpackTimer(packed)
    return { dueAt, sequence, envelope, token }
  }

  /** The next `limit` messages by time, of all senders or one. For people: may read all of them. */
  list(limit: number, senderKey: string | null): Timer[] {
    const { timers } = this.#options
    const isWanted = ({ envelope }: Timer): boolean =>
      senderKey === null || keyOf(envelope.caller!) === senderKey
    if (this.#deferred.size + this.#resumed.length > 0) return this.#listAll(limit, isWanted)
    const found: Timer[] = []
    for (const [dueAt, sequence] of this.#heap.inOrder()) {
      if (found.length >= limit) return found
      if (this.#cancelled.has(sequence)) continue
      const timer = unpackTimer(timers.get(dueKey(dueAt, sequence))!)
      if (isWanted(timer)) found.push(timer)
    }
    if (this.#horizon === END || found.length >= limit) return found
    return this.#listAll(limit, isWanted)
  }

  #listAll(limit: number, isWanted: (timer: Timer) => boolean): Timer[] {
    const first: [string, Timer][] = []
    const cut = (): void => {
      first.sort(([a], [b]) => (a < b ? -1 : 1))
      first.length = Math.min(first.length, limit)
    }
    for (const [key, packed] of this.#options.timers.entries()) {
      const timer = unpackTimer(packed)
      if (!isWanted(timer)) continue
      first.push([key as string, timer])
      if (first.length > limit * 2 + LIST_SLACK) cut()
    }
    cut()
    return first.map(([, timer]) => timer)
  }

  /** Fewer in memory. Cancelled ones that go are forgotten, or they would stay in the set for ever. */
  #cut(): void {
    if (this.#cancelled.size > 0) {
      this.#heap.remove(this.#cancelled)
      this.#cancelled.clear()
    }
    const { high, kept } = this.#bounds
    if (this.#heap.size <= high) return
    this.#horizon = dueKey(...this.#heap.cut(kept))
  }

  /** Numbers grow over restarts too: those that a life has reserved and not used are left out. */
  #number(): number {
    if (this.#next === this.#reserved) {
      this.#reserved += NUMBERS_RESERVED
      this.#options.numbers.set(NUMBERS_KEY, this.#reserved)
    }
    return this.#next++
  }

  /** D3. */
  #dropCancelled(): void {
    while (this.#cancelled.size > 0 && this.#heap.size > 0) {
      if (!this.#cancelled.delete(this.#heap.first)) return
      this.#heap.pop()
    }
  }

  /** D4. */
  #fill(): void {
    if (this.#horizon === END || this.#isReading || this.#heap.size >= this.#bounds.low) return
    this.#isReading = true
    const { timers, failed } = this.#options
    timers
      .keysFrom(this.#horizon, this.#bounds.read)
      .then(keys => this.#filled(keys as string[]), failed)
  }

  #filled(keys: readonly string[]): void {
    this.#isReading = false
    // The shortest text behind the last key.
    const horizon = keys.length < this.#bounds.read ? END : `${keys.at(-1)!}-`
    const known = new Set<number>(this.#removed)
    const take = (dueAt: number, sequence: number): void => {
      if (known.has(sequence)) return
      known.add(sequence)
      this.#heap.push(dueAt, sequence)
    }
    for (const [dueAt, sequence] of this.#added) {
      if (dueKey(dueAt, sequence) < horizon) take(dueAt, sequence)
    }
    for (const key of keys) take(...dueKeyParts(key))
    this.#added = []
    this.#removed.clear()
    this.#horizon = horizon
    this.#fill()
    this.#options.filled()
  }
}

/** Unambiguous: ids and tokens are any text. */
function tokenKey(senderKey: string, token: string): string {
  return `${senderKey.length} ${senderKey}${token}`
}
