// Answers requests of the protocol 3.x with the effects of functions: bytes in, bytes out.
import { MillraceError } from '../../base/index.ts'
import type { FromFunction, PayloadLimits, ToFunction } from '../remote/wire/messages.ts'
import { protocol3 } from '../remote/wire/protocol-3.ts'
import { typeName } from './address.ts'
import type { Effects, StateView, TypedValue } from './effects.ts'
import { invoke } from './invoke.ts'
import type { StatefulFunction } from './stateful-function.ts'
import type { AnyValueSpec } from './value-spec.ts'

/** Functions by their typename. @throws FUNCTION_DUPLICATE two have the same */
export function functionTable(
  functions: readonly StatefulFunction[]
): ReadonlyMap<string, StatefulFunction> {
  const table = new Map<string, StatefulFunction>()
  for (const fn of functions) {
    if (table.has(fn.typename)) {
      throw new MillraceError(
        'FUNCTION_DUPLICATE',
        `two functions have the type ${fn.typename}; expected one; rename or remove the other`
      )
    }
    table.set(fn.typename, fn)
  }
  return table
}

/**
 * The reply to one request: the effects of its batch, or the states that it lacks (no handler is run then).
 * Resolves when every handler has; touches nothing outside the functions.
 * @throws FUNCTION_REQUEST_UNDECODABLE, FUNCTION_REQUEST_INVALID, FUNCTION_REQUEST_TOO_LARGE · FUNCTION_UNKNOWN no such
 *   function · FUNCTION_FAILED a handler failed · FUNCTION_STATE_TYPE a state has another type than declared
 */
export async function replyTo(
  functions: ReadonlyMap<string, StatefulFunction>,
  bytes: Uint8Array,
  limits: PayloadLimits = {}
): Promise<Uint8Array> {
  const request = protocol3.decodeToFunction(bytes, limits)
  const typename = typeName(request.target)
  const fn = functions.get(typename)
  if (fn === undefined) {
    throw new MillraceError(
      'FUNCTION_UNKNOWN',
      `${typename} is not served here; expected one of ${[...functions.keys()].join(', ')}; ` +
        'correct the endpoint of its module file'
    )
  }
  return protocol3.encodeFromFunction(await replyOf(fn, request))
}

async function replyOf(fn: StatefulFunction, request: ToFunction): Promise<FromFunction> {
  const sent = new Map(request.state.map(({ name, value }) => [name, value]))
  const missing = fn.specs.filter(spec => !sent.has(spec.name))
  if (missing.length > 0) {
    return {
      kind: 'incomplete',
      missing: missing.map(({ name, type, expiration }) => ({
        name,
        typename: type.typename,
        expiration
      }))
    }
  }
  const state = wireState(fn, sent)
  const { target, invocations } = request
  const effects = await invoke(fn, { target, state, invocations })
  return { kind: 'result', effects: wireEffects(fn, effects) }
}

/** State that came as bytes, decoded at each reading. */
function wireState(fn: StatefulFunction, sent: ReadonlyMap<string, TypedValue | null>): StateView {
  const specs = specsOf(fn)
  return {
    get(name) {
      const { type } = specs.get(name)!
      const value = sent.get(name) ?? null
      if (value === null) return null
      if (value.typename === type.typename) return type.deserialize(value.bytes)
      throw new MillraceError(
        'FUNCTION_STATE_TYPE',
        `the state "${name}" of ${fn.typename} is stored as ${value.typename}, but declared as ${type.typename}; ` +
          'expected the same type; give the new value another name'
      )
    }
  }
}

/** Effects with state values as bytes. @throws FUNCTION_VALUE */
function wireEffects(fn: StatefulFunction, effects: Effects): Effects<TypedValue> {
  const specs = specsOf(fn)
  const mutations = effects.mutations.map(({ name, value }) => {
    if (value === null) return { name, value }
    const { type } = specs.get(name)!
    return { name, value: { typename: type.typename, bytes: type.serialize(value) } }
  })
  return { ...effects, mutations }
}

function specsOf(fn: StatefulFunction): ReadonlyMap<string, AnyValueSpec> {
  return new Map(fn.specs.map(spec => [spec.name, spec]))
}
