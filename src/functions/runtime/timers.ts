// Delayed messages of one task: durable in the state, ordered in memory by when they fall due.
//
// The heap has two numbers for each message (16 bytes) and is filled from the state at the start; the messages
// themselves are state like any other, evicted to the store when they are not used. Cancelled ones leave the
// state at once and the heap when they come up, or when they are more than half of it.
//   D1  Messages fall due in the order of their times; of one time in the order in which they were sent.
//   D2  A token belongs to its sender's address and is free again after delivery or cancellation.
import { type ByteWriter, assert } from '../../base/index.ts'
import type { KeyedState, ValueCodec } from '../../state/contract.ts'
import { StoredReader, ownBytes, putText } from './bytes.ts'
import { Envelope, keyOf, putEnvelope, readEnvelope, sizeOf } from './envelope.ts'

const VERSION = 1
const HAS_TOKEN = 1
/** Fewer cancelled messages are not worth a pass over the heap. */
const CANCELLED_MIN = 1_024

/** A message for later. */
export interface Timer {
  /** Milliseconds since the epoch. */
  readonly dueAt: number
  /** With the sender as caller. */
  readonly envelope: Envelope
  readonly token: string | null
}

/** How delayed messages are stored. They do not change. */
export const TIMERS: ValueCodec<Timer> = {
  encode({ dueAt, envelope, token }: Timer, sink: ByteWriter): void {
    sink.u8(VERSION)
    sink.u8(token === null ? 0 : HAS_TOKEN)
    sink.varuint(dueAt)
    if (token !== null) putText(sink, token)
    putEnvelope(sink, envelope)
  },
  decode: (bytes, start, end) => new StoredTimer(bytes, start, end),
  zero: () => assert(false, 'a delayed message has no zero') as never,
  copy: timer => timer,
  check: value => value as Timer,
  size: timer =>
    timer instanceof StoredTimer
      ? timer.size
      : 48 + sizeOf(timer.envelope) + (timer.token === null ? 0 : timer.token.length * 2)
}

/** A message that was read from the state: what orders it is decoded, the rest stays bytes until it is needed. */
class StoredTimer implements Timer {
  readonly dueAt: number
  readonly token: string | null
  readonly #envelope: Uint8Array

  constructor(bytes: Uint8Array, start: number, end: number) {
    const reader = new StoredReader(bytes, start, end)
    const version = reader.u8()
    assert(version === VERSION, 'a delayed message has a version that this program knows')
    const flags = reader.u8()
    this.dueAt = reader.varuint()
    this.token = flags & HAS_TOKEN ? reader.text() : null
    this.#envelope = ownBytes(reader.bytes.subarray(reader.at, end))
  }

  get envelope(): Envelope {
    return readEnvelope(new StoredReader(this.#envelope, 0, this.#envelope.length))
  }

  get size(): number {
    return 200 + this.#envelope.length
  }
}

/** All delayed messages of a task. */
export class Timers {
  readonly #state: KeyedState<Timer>
  readonly #heap = new DueHeap()
  readonly #tokens = new Map<string, number>()
  readonly #cancelled = new Set<number>()
  #next = 0

  constructor(state: KeyedState<Timer>) {
    this.#state = state
    for (const [key, timer] of state.entries()) {
      const sequence = key as number
      this.#heap.push(timer.dueAt, sequence)
      if (timer.token !== null) {
        this.#tokens.set(tokenKey(timer.envelope, timer.token), sequence)
      }
      if (sequence >= this.#next) this.#next = sequence + 1
    }
  }

  /** How many are pending. */
  get size(): number {
    return this.#heap.size - this.#cancelled.size
  }

  /** When the next one falls due; Infinity for none. */
  get nextDueAt(): number {
    this.#dropCancelled()
    return this.#heap.firstDue
  }

  /** Whether the sender of `envelope` has a message pending under `token`. */
  isLive(senderKey: string, token: string): boolean {
    return this.#tokens.has(`${senderKey}\n${token}`)
  }

  /** Keeps a message; the token is free. */
  add(timer: Timer): void {
    const sequence = this.#next++
    this.#state.set(sequence, timer)
    this.#heap.push(timer.dueAt, sequence)
    if (timer.token === null) return
    const key = tokenKey(timer.envelope, timer.token)
    assert(!this.#tokens.has(key), 'a token names one pending message')
    this.#tokens.set(key, sequence)
  }

  /** Forgets the message that has the sender's token; false when there is none. */
  cancel(senderKey: string, token: string): boolean {
    const key = `${senderKey}\n${token}`
    const sequence = this.#tokens.get(key)
    if (sequence === undefined) return false
    this.#tokens.delete(key)
    this.#state.delete(sequence)
    this.#cancelled.add(sequence)
    if (this.#cancelled.size > CANCELLED_MIN && this.#cancelled.size * 2 > this.#heap.size) {
      this.#heap.remove(this.#cancelled)
      this.#cancelled.clear()
    }
    return true
  }

  /** Takes the next message that is due at `now` (D1), or null. */
  take(now: number): Envelope | null {
    if (this.nextDueAt > now) return null
    const sequence = this.#heap.pop()
    const timer = this.#state.get(sequence)
    assert(timer !== undefined, 'a message in the heap is in the state')
    this.#state.delete(sequence)
    if (timer.token !== null) this.#tokens.delete(tokenKey(timer.envelope, timer.token))
    return timer.envelope
  }

  /** The next `limit` messages by time, of all senders or one. For people: takes time. */
  list(limit: number, senderKey: string | null): Timer[] {
    const found: Timer[] = []
    for (const sequence of this.#heap.inOrder()) {
      if (found.length >= limit) break
      if (this.#cancelled.has(sequence)) continue
      const timer = this.#state.get(sequence)!
      if (senderKey === null || keyOf(timer.envelope.caller!) === senderKey) found.push(timer)
    }
    return found
  }

  #dropCancelled(): void {
    while (this.#cancelled.size > 0 && this.#heap.size > 0) {
      if (!this.#cancelled.delete(this.#heap.first)) return
      this.#heap.pop()
    }
  }
}

function tokenKey({ caller }: Envelope, token: string): string {
  return `${keyOf(caller!)}\n${token}`
}

/** A binary heap of (time, number), in two arrays that grow by doubling. */
class DueHeap {
  size = 0
  #due = new Float64Array(16)
  #sequences = new Float64Array(16)

  /** Number of the first. */
  get first(): number {
    return this.#sequences[0]!
  }

  /** Time of the first; Infinity for none. */
  get firstDue(): number {
    return this.size === 0 ? Infinity : this.#due[0]!
  }

  push(dueAt: number, sequence: number): void {
    if (this.size === this.#due.length) {
      this.#due = grown(this.#due)
      this.#sequences = grown(this.#sequences)
    }
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(dueAt, sequence, parent)) break
      this.#move(parent, at)
      at = parent
    }
    this.#due[at] = dueAt
    this.#sequences[at] = sequence
  }

  /** Removes the first; gives its number. */
  pop(): number {
    const first = this.first
    const last = --this.size
    if (last > 0) this.#sink(0, this.#due[last]!, this.#sequences[last]!)
    return first
  }

  /** Removes all numbers in `gone`. */
  remove(gone: ReadonlySet<number>): void {
    let kept = 0
    for (let index = 0; index < this.size; index++) {
      if (gone.has(this.#sequences[index]!)) continue
      this.#move(index, kept++)
    }
    this.size = kept
    for (let index = (kept >> 1) - 1; index >= 0; index--) {
      this.#sink(index, this.#due[index]!, this.#sequences[index]!)
    }
  }

  /** All numbers by time. */
  inOrder(): number[] {
    const indexes = Array.from({ length: this.size }, (_, index) => index)
    indexes.sort(
      (a, b) => this.#due[a]! - this.#due[b]! || this.#sequences[a]! - this.#sequences[b]!
    )
    return indexes.map(index => this.#sequences[index]!)
  }

  /** Puts an element where it belongs at or below `at`. */
  #sink(from: number, dueAt: number, sequence: number): void {
    let at = from
    for (;;) {
      let child = at * 2 + 1
      if (child >= this.size) break
      const other = child + 1
      if (other < this.size && this.#isBefore(this.#due[other]!, this.#sequences[other]!, child)) {
        child = other
      }
      if (this.#isBefore(dueAt, sequence, child)) break
      this.#move(child, at)
      at = child
    }
    this.#due[at] = dueAt
    this.#sequences[at] = sequence
  }

  /** D1. */
  #isBefore(dueAt: number, sequence: number, index: number): boolean {
    const other = this.#due[index]!
    return dueAt < other || (dueAt === other && sequence < this.#sequences[index]!)
  }

  #move(from: number, to: number): void {
    this.#due[to] = this.#due[from]!
    this.#sequences[to] = this.#sequences[from]!
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2)
  larger.set(array)
  return larger
}
