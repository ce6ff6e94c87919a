// Messages that wait: durable in the state, ordered in memory by their numbers.
//
//   M1  A message that outlives the epoch it came in stands in the state under a number; lower numbers came first.
//   M2  A busy address has a mailbox; at most one call for it is under way. Other addresses have none: an idle
//       function costs nothing.
//   M3  A message leaves the state in the same epoch in which its effects are applied or it becomes a dead letter.
import { assert } from '../../base/index.ts'
import type { KeyedState } from '../../state/contract.ts'
import type { AddressState } from './address-state.ts'
import { type Envelope, sizeOf } from './envelope.ts'
import { Fifo } from './fifo.ts'
import type { FunctionEntry } from './function-table.ts'

/** What waits for one busy address. */
export class Mailbox {
  readonly key: string
  readonly entry: FunctionEntry
  /** Messages of the call under way; empty while there is none. */
  inFlight: readonly Envelope[] = []
  /** The address' values as of that call. */
  state: AddressState = []
  /** When it began, ms since the epoch. */
  beganAt = 0
  /** Failed tries of the message at the front. */
  attempts = 0
  /** So many messages at the front go alone, because a batch with them failed. */
  alone = 0
  /** Numbers of the messages to be called next, before those of {@link queue}. */
  again: readonly number[] = []
  readonly queue: Fifo<number> = new Fifo<number>()
  /** Bytes of all its messages. */
  bytes = 0
  /** Whether a whole batch waits behind the call (pressure.ts P3). */
  isBlocked = false

  constructor(key: string, entry: FunctionEntry) {
    this.key = key
    this.entry = entry
  }

  /** Messages that wait or are under way. */
  get depth(): number {
    return this.inFlight.length + this.again.length + this.queue.length
  }

  /** Takes the numbers of the next batch. */
  takeBatch(): number[] {
    const countMax = this.alone > 0 ? 1 : this.entry.batchMax
    if (this.alone > 0) this.alone--
    const taken = this.again.slice(0, countMax)
    this.again = this.again.slice(taken.length)
    while (taken.length < countMax && this.queue.length > 0) taken.push(this.queue.shift())
    return taken
  }
}

/** All messages of a task that wait. */
export class Mailboxes {
  /** Busy addresses (M2). */
  readonly busy: Map<string, Mailbox> = new Map()
  /** Bytes of the messages in mailboxes. */
  bytes = 0
  readonly #state: KeyedState<Envelope>
  #next = 0

  constructor(state: KeyedState<Envelope>) {
    this.#state = state
  }

  /** Numbers of all messages in the state, lowest first: to be delivered again after a start. `meet` gets each. */
  restore(meet: (envelope: Envelope) => void): Float64Array {
    const sequences = new Float64Array(this.#state.size)
    let count = 0
    for (const [key, envelope] of this.#state.entries()) {
      sequences[count++] = key as number
      meet(envelope)
    }
    sequences.sort()
    if (count > 0) this.#next = sequences[count - 1]! + 1
    return sequences
  }

  /** Puts a message into the state, unless it is there (M1); gives the one that is kept. */
  keep(envelope: Envelope): Envelope {
    if (envelope.sequence >= 0) return envelope
    const kept = envelope.owned()
    kept.sequence = this.#next++
    this.#state.insert(kept.sequence, kept)
    return kept
  }

  /** The message with that number. */
  load(sequence: number): Envelope {
    const envelope = this.#state.get(sequence)
    assert(envelope !== undefined, 'a message that waits is in the state')
    envelope.sequence = sequence
    return envelope
  }

  /** Forgets a message that is done (M3). */
  forget({ sequence }: Envelope): void {
    if (sequence >= 0) this.#state.delete(sequence)
  }

  /** Makes an address busy. */
  open(key: string, entry: FunctionEntry): Mailbox {
    assert(!this.busy.has(key), 'an address has one mailbox')
    const box = new Mailbox(key, entry)
    this.busy.set(key, box)
    return box
  }

  /** The address has nothing left to do. */
  close(box: Mailbox): void {
    assert(box.depth === 0, 'a mailbox that closes is empty')
    this.busy.delete(box.key)
  }

  /** Counts a message that has come into a mailbox. */
  entered(entry: FunctionEntry, envelope: Envelope): void {
    entry.backlog++
    this.bytes += sizeOf(envelope)
  }

  /** Counts a message that has left its mailbox. */
  left(entry: FunctionEntry, envelope: Envelope): void {
    entry.backlog--
    this.bytes -= sizeOf(envelope)
  }
}
