// Invocations: synchronous ones at once, asynchronous ones one at a time for each address.
//
//   C1  At most one call of an address is under way; what arrives meanwhile waits in its mailbox.
//   C2  A result is applied between two records, in one step, together with forgetting the messages it is of.
//   C3  A batch that fails is tried again message by message, so that only those become dead letters that fail alone.
import { type Clock, MillraceError } from '../../../base/index.ts'
import { endsTask } from '../../../runtime/task/index.ts'
import type { KeyedState } from '../../../state/contract.ts'
import { type Effects, type StateView, type StatefulFunction, invoke } from '../../sdk/index.ts'
import { type AddressState, NO_STATE, slotOf } from '../address-state.ts'
import type { RetryPolicy } from '../contract.ts'
import type { DeadLetters } from '../egress/dead-letters.ts'
import type { EffectApplier } from '../effects.ts'
import type { EgressTopics } from '../egress/egress-topics.ts'
import type { Envelope } from '../envelope.ts'
import { Fifo } from '../fifo.ts'
import { type FunctionEntry, type FunctionTable, checkTypes } from '../function-table.ts'
import type { Mailbox, Mailboxes } from '../mailboxes.ts'
import type { Pressure } from '../pressure/pressure.ts'
import { callRemote } from './remote-call.ts'
import type { Requests } from '../ingress/requests.ts'
import { Turns } from './turns.ts'

/** What {@link Calls} is made from. */
export interface CallsOptions {
  readonly table: FunctionTable
  readonly states: KeyedState<AddressState>
  readonly mailboxes: Mailboxes
  readonly effects: EffectApplier
  readonly topics: EgressTopics
  readonly deadLetters: DeadLetters
  readonly pressure: Pressure
  readonly requests: Requests
  readonly retries: RetryPolicy
  readonly clock: Clock
  readonly time: { readonly now: number }
  /** Aborted when the task stops: results that come later are not applied. */
  readonly signal: AbortSignal
  /** A result has come. */
  wake(): void
}

type Outcome =
  | { readonly box: Mailbox; readonly effects: Effects }
  | { readonly box: Mailbox; readonly error: unknown }

/** Invokes the functions of one task. */
export class Calls {
  /** Batches that were processed. */
  invocations = 0
  readonly #options: CallsOptions
  readonly #outcomes = new Fifo<Outcome>()
  readonly #turns = new Turns()
  /** A type's states have become known in a handshake, while its call goes on. */
  readonly #onLearnt = (entry: FunctionEntry): void => {
    if (!entry.isLearning) return
    this.#turns.learnt(entry)
    this.#options.wake()
  }

  constructor(options: CallsOptions) {
    this.#options = options
  }

  /** Whether {@link step} has something to do. */
  get isReady(): boolean {
    return this.#outcomes.length > 0 || this.#turns.next.length > 0
  }

  /** Whether no address is busy. */
  get isIdle(): boolean {
    return this.#options.mailboxes.busy.size === 0
  }

  /** Applies one result, or begins one call of those that wait; there must be one. */
  step(): void {
    if (this.#outcomes.length > 0) this.#complete(this.#outcomes.shift())
    else this.#start(this.#turns.next.shift())
  }

  /** Gives a message to its function, or to the mailbox of its address. */
  deliver(envelope: Envelope): void {
    // Hot: per message.
    const { table, mailboxes } = this.#options
    const { target, key } = envelope
    const entry = table.find(target.namespace, target.type)
    if (entry === null) {
      this.#bury(envelope, unknownFunction(envelope), 1)
      this.#forget(envelope)
      return
    }
    entry.received++
    const box = mailboxes.busy.size === 0 ? undefined : mailboxes.busy.get(key)
    if (box !== undefined) {
      this.#enqueue(box, envelope)
    } else if (entry.isAsync && !this.#turns.mayCall(entry)) {
      const opened = mailboxes.open(key, entry)
      this.#enqueue(opened, envelope)
      this.#turns.wait(opened)
    } else {
      this.#begin(entry, [envelope], null)
    }
  }

  #enqueue(box: Mailbox, envelope: Envelope): void {
    const kept = this.#options.mailboxes.keep(envelope)
    box.queue.push(kept.sequence)
    this.#entered(box, kept)
  }

  /** Counts a message that waits from now on. */
  #entered(box: Mailbox, envelope: Envelope): void {
    const { mailboxes, pressure } = this.#options
    mailboxes.entered(box.entry, envelope)
    pressure.entered(box, envelope)
  }

  #left(box: Mailbox, envelope: Envelope): void {
    const { mailboxes, pressure } = this.#options
    mailboxes.left(box.entry, envelope)
    pressure.left(box, envelope)
  }

  /** Begins the next call of a mailbox, or lets it wait for its turn. */
  #start(box: Mailbox): void {
    const { entry } = box
    if (entry.isAsync && !this.#turns.mayCall(entry)) return this.#turns.wait(box)
    const { calls } = entry
    const envelopes = box.takeBatch().map(sequence => this.#options.mailboxes.load(sequence))
    box.inFlight = envelopes
    this.#begin(entry, envelopes, box)
    // It failed at once, or gave no promise this time: nobody else would hand the turn on.
    if (entry.calls === calls) this.#turns.passed(entry)
  }

  #begin(entry: FunctionEntry, envelopes: readonly Envelope[], box: Mailbox | null): void {
    const { states, time, signal } = this.#options
    const { target, key } = envelopes[0]!
    const state = states.get(key) ?? NO_STATE
    const beganAt = time.now
    let result: Effects | Promise<Effects>
    try {
      if (state.length > 0) checkTypes(entry, key, state, beganAt)
      const { code } = entry
      if (code.kind === 'local') {
        const view = new ValueView(code.fn, state, beganAt)
        result = invoke(code.fn, { target, state: view, invocations: envelopes })
      } else {
        result = callRemote(entry, code.endpoint, {
          envelopes,
          state,
          beganAt,
          signal,
          onLearnt: this.#onLearnt
        })
      }
    } catch (error) {
      return this.#failed(entry, envelopes, box, error)
    }
    if (!(result instanceof Promise)) {
      return this.#finish(entry, envelopes, box, state, beganAt, result)
    }
    entry.isAsync = true
    this.#later(this.#busy(entry, envelopes, box), state, beganAt, result)
  }

  /** The mailbox of an address that is busy from now on, with its messages kept. */
  #busy(entry: FunctionEntry, envelopes: readonly Envelope[], box: Mailbox | null): Mailbox {
    if (box !== null) return box
    const { mailboxes } = this.#options
    const opened = mailboxes.open(envelopes[0]!.key, entry)
    opened.inFlight = envelopes.map(envelope => mailboxes.keep(envelope))
    for (const envelope of opened.inFlight) this.#entered(opened, envelope)
    return opened
  }

  #later(box: Mailbox, state: AddressState, beganAt: number, result: Promise<Effects>): void {
    const { signal, wake } = this.#options
    const { entry } = box
    box.state = state
    box.beganAt = beganAt
    this.#turns.began(entry)
    const end = (outcome: Outcome) => {
      if (signal.aborted) return
      this.#outcomes.push(outcome)
      wake()
    }
    result.then(
      effects => end({ box, effects }),
      (error: unknown) => end({ box, error })
    )
  }

  /** C2. */
  #complete(outcome: Outcome): void {
    const { box } = outcome
    const { entry, inFlight, state, beganAt } = box
    // Before this address has its next call: one that always has messages does not keep its turn.
    this.#turns.ended(entry)
    if (entry.isLearning && 'effects' in outcome) this.#turns.learnt(entry)
    if ('effects' in outcome) {
      this.#finish(entry, inFlight, box, state, beganAt, outcome.effects)
    } else {
      this.#failed(entry, inFlight, box, outcome.error)
    }
  }

  #finish(
    entry: FunctionEntry,
    envelopes: readonly Envelope[],
    box: Mailbox | null,
    state: AddressState,
    beganAt: number,
    effects: Effects
  ): void {
    const { target, key, feed } = envelopes[0]!
    const request = requestOf(envelopes, effects)
    const cause = { entry, target, key, state, beganAt, feed, request }
    let topics: readonly string[]
    try {
      topics = this.#options.effects.apply(cause, effects)
    } catch (error) {
      return this.#failed(entry, envelopes, box, error)
    }
    if (topics.length > 0) {
      const opened = this.#options.topics.learn(topics).then(() => effects)
      return this.#later(this.#busy(entry, envelopes, box), state, beganAt, opened)
    }
    this.invocations++
    this.#done(entry, envelopes, box)
  }

  /** The messages are dealt with, one way or the other. */
  #done(entry: FunctionEntry, envelopes: readonly Envelope[], box: Mailbox | null): void {
    const { mailboxes } = this.#options
    for (let index = 0; index < envelopes.length; index++) this.#forget(envelopes[index]!)
    if (box === null) return
    for (let index = 0; index < envelopes.length; index++) this.#left(box, envelopes[index]!)
    box.inFlight = []
    box.attempts = 0
    if (box.depth === 0) mailboxes.close(box)
    else this.#turns.next.push(box)
  }

  #failed(
    entry: FunctionEntry,
    envelopes: readonly Envelope[],
    box: Mailbox | null,
    error: unknown
  ): void {
    if (endsTask(error)) throw error
    if (envelopes.length > 1) return this.#separate(box!)
    const { retries } = this.#options
    const attempts = (box === null ? 0 : box.attempts) + 1
    if (attempts <= retries.retries && isRetried(entry, error)) {
      return this.#retryLater(this.#busy(entry, envelopes, box), attempts)
    }
    entry.failed++
    this.#bury(envelopes[0]!, error, attempts)
    this.#done(entry, envelopes, box)
  }

  #bury(envelope: Envelope, error: unknown, attempts: number): void {
    const { deadLetters, requests, time } = this.#options
    const { request } = envelope
    const isLast = request !== null && requests.isLast(request)
    deadLetters.message(envelope, { error, attempts, isLast }, time.now)
  }

  #forget(envelope: Envelope): void {
    const { mailboxes, requests } = this.#options
    mailboxes.forget(envelope)
    if (envelope.request !== null) requests.done(envelope.request)
  }

  /** C3. */
  #separate(box: Mailbox): void {
    const { inFlight } = box
    box.again = [...inFlight.map(envelope => envelope.sequence), ...box.again]
    box.alone = Math.max(box.alone, inFlight.length)
    box.inFlight = []
    this.#turns.next.push(box)
  }

  #retryLater(box: Mailbox, attempts: number): void {
    const { clock, retries, signal, wake } = this.#options
    box.again = [...box.inFlight.map(envelope => envelope.sequence), ...box.again]
    box.alone = Math.max(box.alone, 1)
    box.inFlight = []
    box.attempts = attempts
    const waitMs = Math.min(retries.backoffMs * 2 ** (attempts - 1), retries.backoffMaxMs)
    if (waitMs <= 0) {
      this.#turns.next.push(box)
      return
    }
    clock.sleep(waitMs, signal).then(
      () => {
        this.#turns.next.push(box)
        wake()
      },
      // The task stops; the next start tries again.
      () => {}
    )
  }
}

/** An address' values as a function in this process reads them. */
class ValueView implements StateView {
  readonly #fn: StatefulFunction
  readonly #state: AddressState
  readonly #now: number

  constructor(fn: StatefulFunction, state: AddressState, now: number) {
    this.#fn = fn
    this.#state = state
    this.#now = now
  }

  get(name: string): unknown {
    const slot = slotOf(this.#state, name, this.#now)
    if (slot === null) return null
    for (const spec of this.#fn.specs) if (spec.name === name) return slot.read(spec.type)
    return null
  }
}

/** What messages of these effects come of (requests.ts). */
function requestOf(envelopes: readonly Envelope[], { delayed }: Effects): string | null {
  const { request } = envelopes[0]!
  if (request === null) return null
  for (let index = 1; index < envelopes.length; index++) {
    if (envelopes[index]!.request !== request) return null
  }
  return delayed.length === 0 ? request : null
}

/** Only what a handler in this process has thrown: a transport has its own retries, a bad effect stays bad. */
function isRetried(entry: FunctionEntry, error: unknown): boolean {
  if (entry.code.kind === 'remote') return false
  return error instanceof MillraceError && error.code === 'FUNCTION_FAILED'
}

function unknownFunction({ target }: Envelope): MillraceError {
  const typename = `${target.namespace}/${target.type}`
  return new MillraceError(
    'FUNCTION_UNKNOWN',
    `a message to the function type ${typename}; expected one that a module defines; define it, or correct the target`,
    { details: { typename } }
  )
}
