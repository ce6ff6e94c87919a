// States as people look at them: entries as JSON-ready values, keys as text.
import type { StatePlan } from '../dataflow/plan.ts'
import type { ScalarType } from '../dataflow/types.ts'
import type { StateKey } from '../state/contract.ts'
import type { StateEntry, WindowRow, WindowRows } from './contract.ts'
import { scalarFromText } from './convert/index.ts'
import type { DeclaredState, ServiceStates } from './graph/service-states.ts'
import type { AccessSpec } from './task/state-access.ts'

const LIMIT_DEFAULT = 100
/** Keys of a task that are looked at for a prefix: a second of its time. */
const LOOKED_AT_MAX = 1_000_000

/** Entries of one task's state: the one under `key`, or the first `limit`, of keys whose text begins with `prefix`. */
export function entriesOf(
  { view, see = asItIs }: Pick<AccessSpec, 'view' | 'see'>,
  plan: Extract<StatePlan, { kind: 'owned' }>,
  options: { readonly key?: string; readonly prefix?: string; readonly limit?: number }
): StateEntry[] {
  if (options.key !== undefined) {
    const key = scalarFromText(plan.key as ScalarType, options.key, 'key') as StateKey
    const value = view.read(key)
    return value === undefined
      ? []
      : [{ key: jsonReady(key), value: jsonReady(see(value, key, null)) }]
  }
  const { limit = LIMIT_DEFAULT, prefix = '' } = options
  const entries: StateEntry[] = []
  let lookedAt = 0
  for (const [key, value] of view.entries()) {
    if (entries.length >= limit || (prefix !== '' && lookedAt++ >= LOOKED_AT_MAX)) break
    if (prefix !== '' && !String(key).startsWith(prefix)) continue
    entries.push({ key: jsonReady(key), value: jsonReady(see(value, key, null)) })
  }
  return entries
}

/** Entries of one task's state that is kept for each window: those under `key`, or the first `limit`. */
export function windowedEntriesOf(
  states: ServiceStates,
  declared: DeclaredState,
  options: { readonly key?: string; readonly prefix?: string; readonly limit?: number }
): StateEntry[] {
  const { limit = LIMIT_DEFAULT, prefix = '' } = options
  const { windows, states: views, last } = states.windowed.get(declared.service)!
  const view = views.find(one => one.view.name === declared.name)!.view
  const { see = asItIs } = states.spec(declared.name)
  const key =
    options.key === undefined
      ? undefined
      : (scalarFromText(declared.plan.key as ScalarType, options.key, 'key') as StateKey)
  const entries: StateEntry[] = []
  let lookedAt = 0
  for (const namespace of view.states.namespaces().toSorted((a, b) => a - b)) {
    if (last?.keeps(namespace) === true) continue
    const state = view.states.in(namespace)
    const pairs: Iterable<[StateKey, unknown]> =
      key === undefined ? state.entries() : state.has(key) ? [[key, state.get(key)]] : []
    for (const [name, value] of pairs) {
      if (entries.length >= limit || (prefix !== '' && lookedAt++ >= LOOKED_AT_MAX)) return entries
      if (prefix !== '' && !String(name).startsWith(prefix)) continue
      const bounds = windows?.boundsOf(namespace, name) ?? null
      const window = bounds === null ? {} : { window: { start: bounds.start, end: bounds.end } }
      entries.push({ key: jsonReady(name), value: jsonReady(see(value, name, bounds)), ...window })
    }
  }
  return entries
}

/** What one task's state holds in windows. Where the task has ended, only what was closed last is left. */
export function windowRowsOf(
  states: ServiceStates,
  declared: DeclaredState,
  hasEnded: boolean
): WindowRows {
  const { windows, states: views, last } = states.windowed.get(declared.service)!
  const { view } = views.find(one => one.view.name === declared.name)!
  const { see = asItIs } = states.spec(declared.name)
  const open: WindowRow[] = []
  for (const namespace of hasEnded ? [] : view.states.namespaces()) {
    if (last?.keeps(namespace) === true) continue
    for (const [key, value] of view.states.in(namespace).entries()) {
      const bounds = windows?.boundsOf(namespace, key)
      if (bounds !== null && bounds !== undefined) {
        const { start, end } = bounds
        open.push({ key, value: see(value, key, bounds), start, end })
      }
    }
  }
  const flushed = last?.rows(declared.name) ?? []
  return { open, flushed: flushed.map(row => ({ ...row, value: see(row.value, row.key, row) })) }
}

function asItIs(value: unknown): unknown {
  return value
}

/** Bigints as digits, bytes as base64, maps as lists of pairs; the rest as it is. */
export function jsonReady(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(jsonReady)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map)
    return [...value].map(([key, item]) => [jsonReady(key), jsonReady(item)])
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonReady(item)]))
}
