// One request on its way: accepted, durable, answered; and the memory of those with a key.
import type { Reply } from './reply.ts'
import type { Place } from './appender.ts'

/** Where the answer of a call stands in the log. */
export interface AnswerPlace {
  /** A function's reply, or the dead letter that the message became. */
  readonly kind: 'reply' | 'dead-letter'
  readonly partition: number
  readonly offset: number
}

/** What a {@link Call} is made from. */
export interface CallOptions {
  readonly requestId: string
  /** What the caller named it; null without. */
  readonly key: string | null
  /** Tells requests with one key apart; null without a key. */
  readonly fingerprint: string | null
  /** Milliseconds since the epoch: the record's timestamp. */
  readonly acceptedAt: number
  /** Whether its dead letter is its answer: with several targets another function may still reply. */
  readonly failsAlone: boolean
}

/** One request. */
export class Call {
  readonly requestId: string
  readonly key: string | null
  readonly fingerprint: string | null
  readonly acceptedAt: number
  readonly failsAlone: boolean
  /** Until it is durable; null from then on. */
  accepting: Promise<void> | null = null
  place: Place | null = null
  answer: AnswerPlace | null = null
  /** The last dead letter that came of it, which is no answer: a reply may still come. */
  failure: AnswerPlace | null = null
  /** Whether no message of it was left on its way. */
  hasEnded = false
  /** Whether its key is out of the window. */
  isForgotten: boolean
  /** Those who wait for the answer; made for the first one: most remembered calls have none. */
  #waiters: Waiter[] | null = null

  constructor(options: CallOptions) {
    this.requestId = options.requestId
    this.key = options.key
    this.fingerprint = options.fingerprint
    this.acceptedAt = options.acceptedAt
    this.failsAlone = options.failsAlone
    this.isForgotten = options.key === null
  }

  /** Whether nobody will ask for its answer any more. */
  get isOver(): boolean {
    return this.isForgotten && this.#waiters === null
  }

  get isAwaited(): boolean {
    return this.#waiters !== null
  }

  wait(waiter: Waiter): void {
    if (this.#waiters === null) this.#waiters = [waiter]
    else this.#waiters.push(waiter)
  }

  /** Somebody waits no more. */
  leave(waiter: Waiter): void {
    const left = this.#waiters?.filter(other => other !== waiter) ?? []
    this.#waiters = left.length === 0 ? null : left
  }

  /** Gives those who wait, who wait no more from then on. */
  release(): readonly Waiter[] {
    const waiters = this.#waiters ?? []
    this.#waiters = null
    return waiters
  }
}

/** Somebody who waits for an answer. */
export interface Waiter {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** What a {@link Ledger} remembers. */
export interface LedgerOptions {
  readonly windowMs: number
  readonly keysMax: number
}

/** The calls with a key of one ingress: the newest `keysMax` of the last `windowMs`. */
export class Ledger {
  /** Told of calls that fall out of the window. */
  onForgotten: (call: Call) => void = () => {}
  readonly #options: LedgerOptions
  /** Oldest first. */
  readonly #calls = new Map<string, Call>()

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#calls.size
  }

  /** The call with that key, if it is within the window at `now`. */
  find(key: string, now: number): Call | null {
    this.#forgetUntil(now - this.#options.windowMs)
    return this.#calls.get(key) ?? null
  }

  /** Remembers a call with a key that is not there. */
  add(call: Call): void {
    this.#calls.set(call.key!, call)
    if (this.#calls.size > this.#options.keysMax) this.#forget(this.#oldest()!)
  }

  /** Takes a call back that did not become durable. */
  remove(call: Call): void {
    if (this.#calls.get(call.key!) === call) this.#forget(call)
  }

  /** The first offset of a partition that is still needed to remember all; Infinity when none is. */
  keepFrom(partition: number): number {
    for (const { place } of this.#calls.values()) {
      // What is not durable yet comes behind everything that is.
      if (place?.partition === partition) return place.offset
    }
    return Infinity
  }

  #forgetUntil(time: number): void {
    for (;;) {
      const oldest = this.#oldest()
      if (oldest === null || oldest.acceptedAt > time) return
      this.#forget(oldest)
    }
  }

  #oldest(): Call | null {
    for (const call of this.#calls.values()) return call
    return null
  }

  #forget(call: Call): void {
    this.#calls.delete(call.key!)
    call.isForgotten = true
    this.onForgotten(call)
  }
}
