// What runtime and remote functions say to each other, whatever version of the protocol carries it.
import type { Address } from '../../sdk/address.ts'
import type { Effects, Invocation, StateMutation, TypedValue } from '../../sdk/effects.ts'
import type { Expiration } from '../../sdk/value-spec.ts'

/** A batch of messages on its way to a function. */
export interface ToFunction {
  readonly target: Address
  /** Every state that is known for the function's type; null is absent. */
  readonly state: readonly StateMutation<TypedValue>[]
  readonly invocations: readonly Invocation[]
}

/** A state that the function declares and the runtime did not send. */
export interface MissingValue {
  readonly name: string
  /** {@link UNSET_TYPENAME} when the function names none. */
  readonly typename: string
  readonly expiration: Expiration
}

/** The answer to a batch: its effects, or the states without which it cannot run (nothing was run then). */
export type FromFunction =
  | { readonly kind: 'result'; readonly effects: Effects<TypedValue> }
  | { readonly kind: 'incomplete'; readonly missing: readonly MissingValue[] }

/** The type of a state whose function names none. */
export const UNSET_TYPENAME = 'io.statefun.types/unset'

/** Bounds that are checked before anything is allocated for a payload's content. */
export interface PayloadLimits {
  /** Default FUNCTION_PAYLOAD_BYTES_MAX. */
  readonly bytesMax?: number
  /** States, messages, timers and egress together. Default FUNCTION_PAYLOAD_ENTRIES_MAX. */
  readonly entriesMax?: number
}

/**
 * One version of the protocol. Decoded values are views of the payload, which stays in memory as long as any of them;
 * state values are copies, because they are kept.
 */
export interface RequestReplyCodec {
  readonly version: '2.x' | '3.x'
  /** @throws FUNCTION_REQUEST_TOO_LARGE values and entries exceed the limits: send fewer invocations */
  encodeToFunction(request: ToFunction, limits?: PayloadLimits): Uint8Array
  /**
   * @throws FUNCTION_REQUEST_UNDECODABLE no such message · FUNCTION_REQUEST_INVALID no target or no invocation in it ·
   *   FUNCTION_REQUEST_TOO_LARGE
   */
  decodeToFunction(bytes: Uint8Array, limits?: PayloadLimits): ToFunction
  /**
   * @throws FUNCTION_VALUE the version cannot say it (2.x: cancellation, handshake)
   */
  encodeFromFunction(reply: FromFunction): Uint8Array
  /**
   * A reply; empty bytes are a result without effects. Names are checked for their form, not for their existence.
   * @throws FUNCTION_REPLY_UNDECODABLE (retriable) no such message · FUNCTION_REPLY_INVALID a negative delay, a
   *   cancellation without token, a bad address or name · FUNCTION_REPLY_TOO_LARGE
   */
  decodeFromFunction(bytes: Uint8Array, limits?: PayloadLimits): FromFunction
}
