// Makes the new values of one stored state of the old ones, in one task.
import { MillraceError, messageOf } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import {
  describeUserError,
  layoutSpec,
  loadStep,
  stateValueCheck,
  valueFromJson
} from '../../runtime/index.ts'
import type { KeyedState, StateKey, StateSpec } from '../../state/index.ts'
import type { Rewrite } from './changes.ts'
import { type ApplyOptions, KEYS_AT_ONCE, type OpenTask } from './open-task.ts'
import type { StateRecord } from './record.ts'

/** A value in a state with a time to live. */
interface Stamped {
  readonly at: number
  readonly value: unknown
}

/** What opens the old and the new form. */
export function rewriteSpecs({ from, to }: Rewrite): StateSpec[] {
  return [from, to].map(state => {
    const { key, value, stamped } = layoutOf(state)
    const layout = { key, value, stamped, windowed: state.windowed }
    return layoutSpec(state.stored, layout, state.fingerprint)
  })
}

/**
 * Writes every value of the old form in the new one; gives how many there are. Both are open in `open`.
 * @throws MIGRATION_FAILED a value could not be made
 */
export async function rewriteState(
  open: OpenTask,
  rewrite: Rewrite,
  options: Pick<ApplyOptions, 'clock' | 'folder'>
): Promise<number> {
  const { from, to } = rewrite
  const make = await makerOf(rewrite, options)
  const first = smallestKey(layoutOf(from).key)
  if (!from.windowed) {
    const states = [open.state.state(from.stored), open.state.state(to.stored)] as const
    return copy(open, ...states, first, make)
  }
  const [old, now] = [open.state.namespaced(from.stored), open.state.namespaced(to.stored)]
  let count = 0
  for (const namespace of old.namespaces()) {
    count += await copy(open, old.in(namespace), now.in(namespace), first, make)
  }
  return count
}

type Maker = (key: StateKey, value: unknown) => unknown

async function copy(
  open: OpenTask,
  from: KeyedState,
  to: KeyedState,
  first: StateKey,
  make: Maker
): Promise<number> {
  let count = 0
  let done: StateKey | null = null
  for (;;) {
    const keys: StateKey[] = await from.keysFrom(done ?? first, KEYS_AT_ONCE)
    for (const key of keys) {
      // The last of the keys before comes again.
      if (key === done) continue
      to.insert(key, make(key, from.get(key)))
      count++
      await open.commitSome()
    }
    if (keys.length < KEYS_AT_ONCE) return count
    done = keys.at(-1)!
  }
}

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
      const texts = Object.entries(conversion.defaults).flatMap(([name, text]) => {
        const field = fields.find(one => one.name === name)
        return field === undefined ? [] : [[name, field.type, text] as const]
      })
      return value => {
        const made: Record<string, unknown> = { ...(value as Record<string, unknown>) }
        // A new value each time: states own what they get.
        for (const [name, fieldType, text] of texts) made[name] ??= valueFromJson(fieldType, text)
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

function layoutOf({ layout }: StateRecord): { key: Type; value: Type; stamped: boolean } {
  const { key, values, stamped } = layout!
  return { key, value: values.at(-1)!, stamped }
}

/** What no key of the type comes before. */
function smallestKey(type: Type): StateKey {
  switch (type.kind) {
    case 'bool':
      return false
    case 'u8':
    case 'u16':
    case 'u32':
      return 0
    case 'u64':
      return type.bigint ? 0n : 0
    case 's8':
    case 's16':
    case 's32':
      return -(2 ** (Number(type.kind.slice(1)) - 1))
    case 's64':
      return type.bigint ? -(2n ** 63n) : Number.MIN_SAFE_INTEGER
    case 'timestamp':
      return Number.MIN_SAFE_INTEGER
    case 'f32':
    case 'f64':
      return Number.NEGATIVE_INFINITY
    default:
      return ''
  }
}
