// Applies what an invocation causes: everything is checked first, then done in one step.
//
//   E1  `apply` throws before it has changed anything, or applies everything.
//   E2  The order is messages, delayed messages and cancellations as listed, egress, state.
//   E3  A delay counts from when the effects are applied, not from the begin of the slice: a handler may take long.
import {
  BATCH_BYTES_MAX,
  type Clock,
  FUNCTION_ID_LENGTH_MAX,
  FUNCTION_MESSAGE_BYTES_MAX,
  FUNCTION_STATE_BYTES_MAX,
  MillraceError
} from '../../base/index.ts'
import type { Expiring } from '../../runtime/task/index.ts'
import type { KeyedState } from '../../state/contract.ts'
import type { Address, DelayedEffect, Effects, OutgoingMessage, TypedValue } from '../sdk/index.ts'
import { type AddressState, Slot, expiryOf, isOver, stateSize } from './address-state.ts'
import { ownBytes } from './bytes.ts'
import type { EgressRecord } from './contract.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Egresses } from './egress/egress.ts'
import { Envelope, type Feed, keyOf } from './envelope.ts'
import type { FunctionEntry } from './function-table.ts'
import type { Timers } from './timers/timers.ts'

/** Room beside a largest record's key and value. */
const RECORD_OVERHEAD_BYTES = 1_024

/** What effects are of. */
export interface Cause {
  readonly entry: FunctionEntry
  readonly target: Address
  readonly key: string
  /** The address' values as the invocation saw them. */
  readonly state: AddressState
  /** When it began, ms since the epoch. */
  readonly beganAt: number
  /** What its messages go back to. */
  readonly feed: Feed | null
  /** What they come of (requests.ts). */
  readonly request: string | null
}

/** What {@link EffectApplier} is made from. */
export interface EffectApplierOptions {
  readonly dispatcher: Dispatcher
  readonly timers: Timers
  readonly egresses: Egresses
  readonly states: KeyedState<AddressState>
  readonly expiring: Expiring<AddressState>
  readonly clock: Clock
  /** Wall time of the current slice. */
  readonly time: { readonly now: number }
}

/** Applies effects in one task. */
export class EffectApplier {
  readonly #options: EffectApplierOptions

  constructor(options: EffectApplierOptions) {
    this.#options = options
  }

  /**
   * Applies effects, or gives the topics of egresses that must be opened first: then nothing was applied (E1).
   * @throws FUNCTION_EFFECT, FUNCTION_ADDRESS, FUNCTION_MESSAGE_TOO_LARGE, FUNCTION_STATE_TOO_LARGE,
   *   FUNCTION_STATE_UNKNOWN, TIMER_TOKEN_LIVE, EGRESS_UNKNOWN, EGRESS_RECORD, RECORD_TOO_LARGE
   */
  apply(cause: Cause, effects: Effects): readonly string[] {
    // Hot: per invocation. A function usually changes a state and sends a message or two.
    const { messages, delayed, egress, mutations } = effects
    const { egresses, states, expiring, time } = this.#options
    for (let index = 0; index < messages.length; index++) checkMessage(messages[index]!)
    if (delayed.length > 0) this.#checkDelayed(cause, delayed)
    let records: readonly EgressRecord[] = NO_RECORDS
    if (egress.length > 0) {
      records = egresses.records(egress, cause.target)
      for (const record of records) checkRecord(record)
      const unknown = egresses.unknownTopics(records)
      if (unknown.length > 0) return unknown
    }
    const next =
      mutations.length === 0 && !cause.entry.refreshes
        ? cause.state
        : nextState(cause, mutations, time.now)
    if (next !== cause.state && stateSize(next) > FUNCTION_STATE_BYTES_MAX)
      throw tooMuchState(cause)

    for (let index = 0; index < messages.length; index++) this.#send(cause, messages[index]!)
    if (delayed.length > 0) this.#delay(cause, delayed)
    if (records.length > 0) {
      egresses.write(records, cause.key, time.now)
      cause.entry.outEgress += records.length
    }
    if (next !== cause.state) {
      if (next.length === 0) states.delete(cause.key)
      else states.set(cause.key, next)
      for (let index = 0; index < next.length; index++) {
        const { expiresAt } = next[index]!
        if (expiresAt !== 0) expiring.note(expiresAt)
      }
    }
    return NO_TOPICS
  }

  #send({ entry, target, feed, request }: Cause, message: OutgoingMessage): void {
    const isLocal = this.#options.dispatcher.send(
      message.target,
      target,
      message.argument,
      feed,
      null,
      request
    )
    if (isLocal) entry.outLocal++
    else entry.outRemote++
  }

  /** E3. */
  #delay({ target, key, feed }: Cause, delayed: readonly DelayedEffect[]): void {
    const { timers, clock } = this.#options
    const now = clock.now()
    for (const effect of delayed) {
      if (effect.kind === 'cancel') {
        timers.cancel(key, effect.cancellationToken)
        continue
      }
      const { target: to, delayMs, cancellationToken } = effect
      const { typename, bytes } = effect.argument
      const argument = { typename, bytes: ownBytes(bytes) }
      const envelope = new Envelope(keyOf(to), to, target, argument, feed, null)
      timers.add({ dueAt: now + delayMs, envelope, token: cancellationToken })
    }
  }

  #checkDelayed({ key }: Cause, delayed: readonly DelayedEffect[]): void {
    const { timers, clock } = this.#options
    const now = clock.now()
    /** What the effects before have made of tokens. */
    const changed = new Map<string, boolean>()
    for (const effect of delayed) {
      const { cancellationToken: token } = effect
      if (token === '') throw effectError('an empty cancellation token', 'a text')
      if (effect.kind === 'cancel') {
        changed.set(effect.cancellationToken, false)
        continue
      }
      const { delayMs } = effect
      if (!(delayMs >= 0) || !Number.isSafeInteger(now + delayMs)) {
        throw effectError(`a delay of ${delayMs} ms`, 'a whole number of ms from 0 on')
      }
      checkMessage(effect)
      if (token === null) continue
      if (changed.get(token) ?? timers.isLive(key, token)) throw liveToken(key, token)
      changed.set(token, true)
    }
  }
}

const NO_RECORDS: readonly EgressRecord[] = []
const NO_TOPICS: readonly string[] = []

/** The values of an address after an invocation; the same object when nothing has changed. */
function nextState(cause: Cause, mutations: Effects['mutations'], now: number): AddressState {
  const { entry, state, beganAt } = cause
  const next: Slot[] = []
  for (let index = 0; index < state.length; index++) {
    const slot = state[index]!
    if (isOver(slot, beganAt) || isMutated(slot.name, mutations)) continue
    next.push(entry.refreshes ? refreshed(entry, slot, beganAt) : slot)
  }
  for (const { name, value } of mutations) {
    if (value !== null) next.push(slotFor(cause, name, value, now))
  }
  return next.length === 0 && state.length === 0 ? state : next
}

function isMutated(name: string, mutations: Effects['mutations']): boolean {
  for (let index = 0; index < mutations.length; index++) {
    if (mutations[index]!.name === name) return true
  }
  return false
}

/** A value that an invocation has touched without setting it. */
function refreshed(entry: FunctionEntry, slot: Slot, beganAt: number): Slot {
  const spec = entry.spec(slot.name)
  if (spec === null || spec.expiration.mode !== 'after-invoke') return slot
  return slot.until(expiryOf(spec.expiration, beganAt))
}

function slotFor({ entry, beganAt }: Cause, name: string, value: unknown, now: number): Slot {
  const { code } = entry
  if (code.kind === 'local') {
    const spec = code.fn.specs.find(one => one.name === name)
    if (spec === undefined) throw unknownState(entry, name)
    const from = spec.expiration.mode === 'after-invoke' ? beganAt : now
    return Slot.of(name, spec.type, value, expiryOf(spec.expiration, from))
  }
  const spec = entry.spec(name)
  if (spec === null) throw unknownState(entry, name)
  const { typename, bytes } = value as TypedValue
  if (typename !== spec.typename) {
    throw effectError(
      `the value "${name}" as ${typename}`,
      `${spec.typename}, as ${entry.typename} has declared it`
    )
  }
  const from = spec.expiration.mode === 'after-invoke' ? beganAt : now
  const expiresAt = expiryOf(spec.expiration, from)
  return new Slot(name, spec.typename, expiresAt, ownBytes(bytes), undefined, null)
}

/** @throws FUNCTION_MESSAGE_TOO_LARGE, FUNCTION_ADDRESS */
export function checkMessage({ target, argument }: OutgoingMessage): void {
  const { length } = argument.bytes
  if (length > FUNCTION_MESSAGE_BYTES_MAX) {
    throw new MillraceError(
      'FUNCTION_MESSAGE_TOO_LARGE',
      `a message of ${length} bytes to ${target.namespace}/${target.type}; expected at most ` +
        `${FUNCTION_MESSAGE_BYTES_MAX}; send less, or a reference to it`,
      { details: { bytes: length, bytesMax: FUNCTION_MESSAGE_BYTES_MAX } }
    )
  }
  if (target.id.length > FUNCTION_ID_LENGTH_MAX) {
    throw new MillraceError(
      'FUNCTION_ADDRESS',
      `an id of ${target.id.length} characters for ${target.namespace}/${target.type}; expected at most ` +
        `${FUNCTION_ID_LENGTH_MAX}; use a shorter one, for example a hash`,
      { details: { length: target.id.length, lengthMax: FUNCTION_ID_LENGTH_MAX } }
    )
  }
}

function checkRecord({ topic, key, value }: EgressRecord): void {
  const bytes = value.length + (key === null ? 0 : key.length)
  const bytesMax = BATCH_BYTES_MAX - RECORD_OVERHEAD_BYTES
  if (bytes <= bytesMax) return
  throw new MillraceError(
    'RECORD_TOO_LARGE',
    `a record of ${bytes} bytes for topic ${topic}; expected at most ${bytesMax}; write less into one record`,
    { details: { topic, bytes, bytesMax } }
  )
}

function tooMuchState({ key }: Cause): MillraceError {
  return new MillraceError(
    'FUNCTION_STATE_TOO_LARGE',
    `the values of ${key.slice(0, 200)} take more than ${FUNCTION_STATE_BYTES_MAX} bytes together; ` +
      `keep less under one address, or spread it over several ids`,
    { details: { bytesMax: FUNCTION_STATE_BYTES_MAX } }
  )
}

function unknownState(entry: FunctionEntry, name: string): MillraceError {
  return new MillraceError(
    'FUNCTION_STATE_UNKNOWN',
    `${entry.typename} set the value "${name}"; expected one that it has declared: ` +
      `${entry.specs.map(spec => spec.name).join(', ') || '(none)'}; declare it`,
    { details: { typename: entry.typename, value: name } }
  )
}

function liveToken(key: string, token: string): MillraceError {
  return new MillraceError(
    'TIMER_TOKEN_LIVE',
    `${key.slice(0, 200)} has a delayed message pending under the cancellation token ${JSON.stringify(token)}; ` +
      `expected a token that is free; cancel that message first, or use another token`,
    { details: { token } }
  )
}

function effectError(found: string, expected: string): MillraceError {
  return new MillraceError(
    'FUNCTION_EFFECT',
    `an invocation gave ${found}; expected ${expected}; correct the function`
  )
}
