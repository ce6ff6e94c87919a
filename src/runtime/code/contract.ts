// What the runtime calls when a record reaches a step.

/**
 * A user's function. The value is checked before; what it returns is not. A promise means that it is
 * asynchronous. May throw anything.
 */
export type UserFunction = (value: unknown, context: unknown) => unknown

/** What {@link describeUserError} makes of a thrown thing. */
export interface UserErrorDescription {
  /** The sentence of the error, at most ERROR_MESSAGE_LENGTH_MAX characters. */
  readonly message: string
  /** `file:line:column` in the dataflow file or the user's own; of the step when the error does not say. */
  readonly place: string
}
