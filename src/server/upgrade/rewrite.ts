// Makes the new values of one stored state of the old ones, in one task.
import { MillraceError, messageOf } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import {
  describeUserError,
  layoutSpec,
  loadStep,
  stateValueCheck,
  valuesFromJson
} from '../../runtime/index.ts'
import { readNamespace, type StateKey, type StateSpec } from '../../state/index.ts'
import type { Rewrite } from './changes.ts'
import type { ApplyOptions, OpenTask } from './open-task.ts'
import type { StateRecord } from './record.ts'

/** In front of the keys of a state that is kept for each window. */
const NAMESPACE_BYTES = 8

/** A value in a state with a time to live. */
interface Stamped {
  readonly at: number
  readonly value: unknown
}

/** What opens the new form, to be written. */
export function rewriteSpec({ to }: Rewrite): StateSpec {
  return specOf(to)
}

/**
 * Writes every value of the old form in the new one, which `open` has; gives how many there are.
 * @throws MIGRATION_FAILED a value could not be made
 */
export async function rewriteState(
  open: OpenTask,
  rewrite: Rewrite,
  options: Pick<ApplyOptions, 'clock' | 'folder'>
): Promise<number> {
  const { from, to } = rewrite
  const make = await makerOf(rewrite, options)
  const { key: keys, value: values } = specOf(from)
  const { windowed } = from
  const namespaced = windowed ? open.state.namespaced(to.stored) : null
  const plain = windowed ? null : open.state.state(to.stored)
  let count = 0
  // Hot: per stored value.
  for await (const [bytes, value] of open.stored(from.stored)) {
    const state = plain ?? namespaced!.in(readNamespace(bytes, 0, bytes.length))
    const key = keys.decode(bytes, windowed ? NAMESPACE_BYTES : 0, bytes.length)
    state.insert(key, make(key, values.decode(value, 0, value.length)))
    count++
    await open.commitSome()
  }
  return count
}

type Maker = (key: StateKey, value: unknown) => unknown

/** From a stored value to the new one, with the time of its last update where it has a time to live. */
async function makerOf(
  rewrite: Rewrite,
  options: Pick<ApplyOptions, 'clock' | 'folder'>
): Promise<Maker> {
  const { from, to } = rewrite
  const [before, after] = [layoutOf(from), layoutOf(to)]
  const convert = await converterOf(rewrite, options)
  const check = stateValueCheck(after.value)
  const make = (key: StateKey, value: unknown): unknown => {
    try {
      const made = convert(value)
      if (made instanceof Promise)
        throw new TypeError('it gives a promise; it must give the value itself')
      return check(made)
    } catch (error) {
      throw failed(rewrite, key, error, options.folder)
    }
  }
  const now = options.clock.now()
  return (key, stored) => {
    const value = before.stamped ? (stored as Stamped).value : stored
    const made = make(key, value)
    if (!after.stamped) return made
    return { at: before.stamped ? (stored as Stamped).at : now, value: made } satisfies Stamped
  }
}

async function converterOf(
  { conversion, to }: Rewrite,
  { folder }: { readonly folder: string; readonly clock: Clock }
): Promise<(value: unknown) => unknown> {
  switch (conversion.kind) {
    case 'same':
      return value => value
    case 'function': {
      const fn = await loadStep(conversion.step, folder)
      return value => fn(value, undefined)
    }
    case 'defaults': {
      const type = layoutOf(to).value
      const fields = type.kind === 'object' || type.kind === 'arrow-row' ? type.fields : []
      const givers = Object.entries(conversion.defaults).flatMap(([name, text]) => {
        const field = fields.find(one => one.name === name)
        return field === undefined ? [] : [[name, valuesFromJson(field.type, text)] as const]
      })
      return value => {
        const made: Record<string, unknown> = { ...(value as Record<string, unknown>) }
        // A new value each time: states own what they get.
        for (const [name, give] of givers) made[name] ??= give()
        return made
      }
    }
  }
}

function failed(
  { conversion, to }: Rewrite,
  key: StateKey,
  error: unknown,
  folder: string
): MillraceError {
  const { step } = conversion.kind === 'function' ? conversion : { step: null }
  const told = step === null ? null : describeUserError(error, step, folder)
  const reason = told === null ? messageOf(error) : `${told.message} (${told.place})`
  const name = `${to.service}.${to.name}`
  return new MillraceError(
    'MIGRATION_FAILED',
    `the value under ${JSON.stringify(String(key))} of the state ${name} could not be migrated: ${reason}; ` +
      'the state is as it was before; mend what migrate says of it and start again',
    { details: { state: name, key: String(key) }, cause: error }
  )
}

function specOf(state: StateRecord): StateSpec {
  const { key, value, stamped } = layoutOf(state)
  const layout = { key, value, stamped, windowed: state.windowed }
  return layoutSpec(state.stored, layout, state.fingerprint)
}

function layoutOf({ layout }: StateRecord): { key: Type; value: Type; stamped: boolean } {
  const { key, values, stamped } = layout!
  return { key, value: values.at(-1)!, stamped }
}
