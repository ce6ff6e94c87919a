// What goes into an invocation and what comes out, as data: shared by in-process and remote functions.
//
// The order in which effects are applied: messages, delayed (sends and cancellations as listed), egress, mutations.
import type { Address } from './address.ts'

/** A value on the wire: bytes and the name of their type. Present, even when the bytes are empty. */
export interface TypedValue {
  readonly typename: string
  /** Not to be changed by anyone who holds it. */
  readonly bytes: Uint8Array
}

/** One message as a function receives it. */
export interface Invocation {
  /** The function that sent it; null when it came from an ingress. */
  readonly caller: Address | null
  readonly argument: TypedValue
}

/**
 * What a function's storage reads from, one value per declared name.
 * `get` gives the decoded value, or null or undefined when it is absent or expired. A mutable value belongs to the
 * caller: the next `get` gives another copy (as `KeyedState.get` does).
 */
export interface StateView {
  get(name: string): unknown
}

/** Messages for one address, to be processed one after another with one view of the state. */
export interface InvocationBatch {
  readonly target: Address
  readonly state: StateView
  readonly invocations: readonly Invocation[]
}

/** A changed state; null removes it. One per state, the last write wins. */
export interface StateMutation<V = unknown> {
  readonly name: string
  /** Belongs to the receiver: nothing of the function refers to it any more. */
  readonly value: V | null
}

/** A message to a function. */
export interface OutgoingMessage {
  readonly target: Address
  readonly argument: TypedValue
}

/** A message for later, or the cancellation of one. */
export type DelayedEffect =
  | {
      readonly kind: 'send'
      /** At least this long after the effects are applied; a non-negative safe integer. */
      readonly delayMs: number
      readonly target: Address
      readonly argument: TypedValue
      /** Names the message for a cancellation, within the sender's address; null: cannot be cancelled. */
      readonly cancellationToken: string | null
    }
  | { readonly kind: 'cancel'; readonly cancellationToken: string }

/** A value that leaves the application. */
export interface EgressMessage {
  /** The egress, `namespace/name`. */
  readonly egress: string
  readonly argument: TypedValue
}

/**
 * Everything that one batch causes; applied in one step or not at all. `V` is what state values are: decoded values
 * of the declared types in process, {@link TypedValue} from a remote function.
 */
export interface Effects<V = unknown> {
  readonly mutations: readonly StateMutation<V>[]
  readonly messages: readonly OutgoingMessage[]
  readonly delayed: readonly DelayedEffect[]
  readonly egress: readonly EgressMessage[]
}
