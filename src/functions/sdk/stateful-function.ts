// A stateful function: a type, the values that each of its addresses persists, and a handler of messages.
import { MillraceError } from '../../base/index.ts'
import { checkTypeName } from './address.ts'
import type { Context } from './context.ts'
import type { Message } from './message.ts'
import type { AnyValueSpec } from './value-spec.ts'

/** Handles one message. A promise is awaited before the address gets its next message. */
export type Handler<S extends readonly AnyValueSpec[]> = (
  context: Context<S>,
  message: Message
) => void | Promise<void>

/** What a {@link StatefulFunction} is made from. */
export interface StatefulFunctionOptions<S extends readonly AnyValueSpec[]> {
  /** The function's type, `namespace/name`. */
  readonly typename: string
  readonly specs?: S
  readonly handler: Handler<S>
}

/** A function that runs in process or behind {@link requestReplyHandler}, unchanged. */
export interface StatefulFunction {
  readonly typename: string
  readonly namespace: string
  readonly name: string
  readonly specs: readonly AnyValueSpec[]
  handler(context: Context<readonly AnyValueSpec[]>, message: Message): void | Promise<void>
}

/**
 * Declares a stateful function. The handler must depend on nothing but context and message: it is run again with the
 * same input after a crash, and only its last effects count.
 * @throws FUNCTION_TYPENAME, FUNCTION_SPEC two values of the same name
 */
export function statefulFunction<const S extends readonly AnyValueSpec[] = readonly []>(
  options: StatefulFunctionOptions<S>
): StatefulFunction {
  const { typename, handler } = options
  const { namespace, name } = checkTypeName(typename, 'a function’s type')
  if (typeof handler !== 'function') {
    throw new MillraceError(
      'FUNCTION_SPEC',
      `the handler of ${typename} is ${typeof handler}; expected a function (context, message); add it`
    )
  }
  const specs: readonly AnyValueSpec[] = [...(options.specs ?? [])]
  const names = new Set<string>()
  for (const spec of specs) {
    if (names.has(spec.name)) {
      throw new MillraceError(
        'FUNCTION_SPEC',
        `${typename} declares the value "${spec.name}" twice; expected different names; rename one`
      )
    }
    names.add(spec.name)
  }
  return {
    typename,
    namespace,
    name,
    specs,
    // The only place where the specs' static types are forgotten: `invoke` builds the storage from `specs`.
    handler: handler as unknown as StatefulFunction['handler']
  }
}
