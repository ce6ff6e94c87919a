// What a handler sees besides its message: who it is, who called, its storage, and where effects go.
import type { Address } from './address.ts'
import type { EgressMessage, OutgoingMessage } from './effects.ts'
import type { AnyValueSpec, ValueSpec } from './value-spec.ts'

/** One persistent value at the address being invoked. */
export interface StoredValue<T> {
  /**
   * The value, or null when it is absent or expired. A mutable value is the caller's own copy: changing it changes
   * nothing until it is `set`.
   * @throws FUNCTION_VALUE the stored bytes are not of the declared type
   */
  get(): T | null
  /**
   * Stores the value; what is kept is a copy, so later changes to `value` do not matter.
   * @throws FUNCTION_VALUE it is outside the declared type
   */
  set(value: T): void
  remove(): void
}

/** One accessor for each declared value, by its name. */
export type Storage<S extends readonly AnyValueSpec[]> = {
  readonly [K in S[number] as K['name']]: StoredValue<
    K extends ValueSpec<string, infer T> ? T : never
  >
}

/** Options of {@link Context.sendAfter}. */
export interface SendAfterOptions {
  /**
   * Names the message so that {@link Context.cancelDelayedMessage} finds it; not empty. Unique among the
   * messages that this address has pending: reusing a live token fails the invocation when it is applied.
   */
  readonly cancellationToken?: string
}

/**
 * The world of one invocation. Effects are collected and applied together when the batch succeeds; when a handler
 * throws, none is. Must not be used after the handler has returned or its promise has settled:
 * every method then throws FUNCTION_CONTEXT_CLOSED.
 */
export interface Context<S extends readonly AnyValueSpec[] = readonly AnyValueSpec[]> {
  readonly self: Address
  /** The function that sent the message; null when it came from an ingress. */
  readonly caller: Address | null
  readonly storage: Storage<S>
  /** Sends a message. Messages from one address to another arrive in order. */
  send(message: OutgoingMessage): void
  /**
   * Sends a message after at least `delayMs` (fractions round up), also over restarts.
   * @throws FUNCTION_EFFECT the delay is negative, not finite or above 2^53, or the token is empty
   */
  sendAfter(delayMs: number, message: OutgoingMessage, options?: SendAfterOptions): void
  /**
   * Cancels this address's pending message with that token; without effect when there is none.
   * @throws FUNCTION_EFFECT the token is empty
   */
  cancelDelayedMessage(cancellationToken: string): void
  /** Sends a value out of the application. */
  egress(message: EgressMessage): void
}
