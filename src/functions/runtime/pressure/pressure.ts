// Back-pressure of an application: how much waits for its functions, and what waits for that in turn.
//
// Counts what stands in mailboxes and what is on its way between tasks, for all tasks together: they share a thread.
//
//   P1  While all that waits is below the bound nothing is held.
//   P2  At the bound each message that comes holds its ingress partition, so the bound is passed by what one record of
//       each partition causes, and by P4.
//   P3  An address with a whole batch waiting behind its call is blocked, and holds in its own name: other addresses of
//       its type go on, but for those whose records stand in the same partition.
//   P4  At the bound a type still has its share, for which blocked addresses do not count: so one that does not answer
//       does not hold up the others. The shares of a thousand types come to less than half of the bound.
//   P5  Delayed messages that fall due at the bound stay where they are, on disk, and hold their ingress partition.
import type { Envelope, Feed } from '../envelope.ts'
import { sizeOf } from '../envelope.ts'
import type { Mailbox, Mailboxes } from '../mailboxes.ts'
import type { Resumable, Valves } from './valves.ts'

/** What is held goes on when what waits has fallen below this share of its limit. */
const RELEASE_SHARE = 0.75
/** The share of a type at the bound is the bound through this, through the number of types that have messages. */
const SHARE_DIVISOR = 16

/** What waits for one function type, in all tasks. */
export interface TypeLoad {
  /** Messages and their bytes. */
  messages: number
  bytes: number
  /** Of them those of blocked addresses. */
  blockedBytes: number
}

/** What {@link Pressure} is made from. */
export interface PressureOptions {
  /** The bound. */
  readonly bytesMax: number
  readonly valves: Valves
}

/** Everything that waits in an application. */
export class Pressure {
  /** Bytes in mailboxes and between tasks. */
  bytes = 0
  readonly #options: PressureOptions
  readonly #loads = new Map<string, TypeLoad>()
  /** Types that have messages. */
  #types = 0
  /** By task. */
  readonly #mailboxes: Mailboxes[] = []

  constructor(options: PressureOptions) {
    this.#options = options
  }

  /** The load of a type; the same object for all tasks. */
  loadOf(typename: string): TypeLoad {
    let load = this.#loads.get(typename)
    if (load === undefined) {
      this.#loads.set(typename, (load = { messages: 0, bytes: 0, blockedBytes: 0 }))
    }
    return load
  }

  /** Makes the mailboxes of a task known. */
  add(task: number, mailboxes: Mailboxes): void {
    this.#mailboxes[task] = mailboxes
  }

  /** The mailbox of a busy address in the task that owns it. */
  boxOf(task: number, key: string): Mailbox | undefined {
    return this.#mailboxes[task]!.busy.get(key)
  }

  /** A message has come into a mailbox, and stands in its queue if it waits for its turn there. */
  entered(box: Mailbox, envelope: Envelope): void {
    const { load, batchMax } = box.entry
    const bytes = sizeOf(envelope)
    this.#add(load, bytes)
    box.bytes += bytes
    if (box.isBlocked) {
      load.blockedBytes += bytes
    } else if (box.queue.length >= batchMax) {
      box.isBlocked = true
      load.blockedBytes += box.bytes
      // From now on it holds in its own name, and what it had of its type's share is there for others (P4).
      if (this.#isLow(load)) this.#options.valves.release(load)
    }
    this.#holdIfFull(load, box, envelope.feed)
  }

  /** A message has left its mailbox. */
  left(box: Mailbox, envelope: Envelope): void {
    const { load, batchMax } = box.entry
    const bytes = sizeOf(envelope)
    box.bytes -= bytes
    if (box.isBlocked) {
      load.blockedBytes -= bytes
      if (box.queue.length < batchMax) {
        box.isBlocked = false
        load.blockedBytes -= box.bytes
        this.#options.valves.release(box)
      }
    }
    this.#remove(load, bytes)
  }

  /** A message is on its way to the task that owns its address; `box` is that address' mailbox if it is busy. */
  sent(load: TypeLoad, box: Mailbox | undefined, envelope: Envelope): void {
    this.#add(load, sizeOf(envelope))
    this.#holdIfFull(load, box, envelope.feed)
  }

  /** A message that was {@link sent} has arrived. */
  received(load: TypeLoad, envelope: Envelope): void {
    this.#remove(load, sizeOf(envelope))
  }

  /** In whose name a message for that address would have to wait outside; null: it may come (P1, P3, P4). */
  blocker(load: TypeLoad, box: Mailbox | undefined): object | null {
    if (this.bytes < this.#options.bytesMax) return null
    if (box !== undefined && box.isBlocked) return box
    return load.bytes - load.blockedBytes >= this.#share ? load : null
  }

  /** A delayed message waits for `holder`, and what brings others like it does too (P5). */
  park(holder: object, feed: Feed | null, who: Resumable): void {
    const { valves } = this.#options
    valves.park(holder, who)
    if (feed !== null) valves.hold(feed, holder)
  }

  get #share(): number {
    return this.#options.bytesMax / (SHARE_DIVISOR * this.#types)
  }

  #add(load: TypeLoad, bytes: number): void {
    if (load.messages++ === 0) this.#types++
    load.bytes += bytes
    this.bytes += bytes
  }

  #remove(load: TypeLoad, bytes: number): void {
    if (--load.messages === 0) this.#types--
    load.bytes -= bytes
    this.bytes -= bytes
    const { valves, bytesMax } = this.#options
    if (!valves.isHoldingAny) return
    if (this.bytes < bytesMax * RELEASE_SHARE) valves.releaseAll()
    else if (load.messages === 0 || this.#isLow(load)) valves.release(load)
  }

  #isLow(load: TypeLoad): boolean {
    return load.bytes - load.blockedBytes < this.#share * RELEASE_SHARE
  }

  #holdIfFull(load: TypeLoad, box: Mailbox | undefined, feed: Feed | null): void {
    if (feed === null || this.bytes < this.#options.bytesMax) return
    const holder = this.blocker(load, box)
    if (holder !== null) this.#options.valves.hold(feed, holder)
  }
}
