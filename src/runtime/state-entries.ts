// States as people look at them: entries as JSON-ready values, keys as text.
import type { StatePlan } from '../dataflow/plan.ts'
import type { ScalarType } from '../dataflow/types.ts'
import type { StateKey } from '../state/contract.ts'
import type { StateEntry } from './contract.ts'
import { scalarFromText } from './convert/index.ts'
import type { StateView } from './task/state-view.ts'

const LIMIT_DEFAULT = 100

/** Entries of one task's state: the one under `key`, or the first `limit`. */
export function entriesOf(
  view: StateView,
  plan: Extract<StatePlan, { kind: 'owned' }>,
  options: { readonly key?: string; readonly limit?: number }
): StateEntry[] {
  if (options.key !== undefined) {
    const key = scalarFromText(plan.key as ScalarType, options.key, 'key') as StateKey
    const value = view.read(key)
    return value === undefined ? [] : [{ key: jsonReady(key), value: jsonReady(value) }]
  }
  const limit = options.limit ?? LIMIT_DEFAULT
  const entries: StateEntry[] = []
  for (const [key, value] of view.entries()) {
    if (entries.length >= limit) break
    entries.push({ key: jsonReady(key), value: jsonReady(value) })
  }
  return entries
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
