// The types that a data directory was written with, and what a changed file makes of them.
//
// They stand in the records of its dataflows (upgrade/record.ts): the log and the stores themselves know bytes only.
import { compareTypes, isScalarType, type TypeDifference } from '../dataflow/index.ts'
import type { Converter, Plan } from '../dataflow/plan.ts'
import type { Type } from '../dataflow/types.ts'
import { lookUntouched, readRecords, recordKey, type DataflowRecord } from './upgrade/index.ts'

/** The types of one thing that is kept. */
interface KeptType {
  /** `topic orders`, `state tally.counts`. */
  readonly place: string
  readonly part: 'key' | 'value'
  readonly type: Type
  readonly converter: Converter
}

/** What a change does to one thing that is kept. */
export interface StoredDifference {
  readonly place: string
  readonly part: 'key' | 'value'
  readonly differences: readonly TypeDifference[]
}

/**
 * Compares a plan with what the data directory was written with: its own states, and topics of every dataflow. Changes
 * nothing. null: no dataflow ever ran there.
 */
export async function checkStoredTypes(
  dataFolder: string,
  plan: Plan
): Promise<readonly StoredDifference[] | null> {
  const records = await lookUntouched(dataFolder, readRecords)
  if (records.size === 0) return null
  const own = records.get(recordKey(plan)) ?? null
  const mine = own === null ? [] : keptBy(own)
  // What this dataflow wrote itself says more than what others did.
  const places = new Set(mine.map(keyOf))
  const others = [...records.values()].filter(record => record !== own).flatMap(topicsOf)
  const before = [...mine, ...others.filter(kept => !places.has(keyOf(kept)))]
  const now = new Map(declaredBy(plan).map(kept => [keyOf(kept), kept]))
  return before.flatMap(kept => {
    const after = now.get(keyOf(kept))
    const differences = after === undefined ? [] : differencesOf(kept, after)
    const { place, part } = kept
    return differences.length === 0 ? [] : [{ place, part, differences }]
  })
}

function keptBy(record: DataflowRecord): KeptType[] {
  const states = record.states.flatMap(({ service, name, layout, isDeclared }): KeptType[] => {
    if (layout === null || !isDeclared) return []
    const place = `state ${service}.${name}`
    return [
      { place, part: 'key', type: layout.key, converter: 'raw' },
      ...layout.values.map(type => stateValue(place, type))
    ]
  })
  return [...topicsOf(record), ...states]
}

function topicsOf(record: DataflowRecord): KeptType[] {
  return record.topics.flatMap(({ name, key, values }): KeptType[] => {
    const place = `topic ${name}`
    const keys: KeptType[] =
      key === null ? [] : [{ place, part: 'key', type: key, converter: 'raw' }]
    return [...keys, ...values.map(value => ({ place, part: 'value' as const, ...value }))]
  })
}

function declaredBy(plan: Plan): KeptType[] {
  const topics = Object.values(plan.topics).flatMap(({ name, key, value }): KeptType[] => {
    const place = `topic ${name}`
    const { type, converter } = value
    const keys: KeptType[] =
      key === null ? [] : [{ place, part: 'key', type: key, converter: 'raw' }]
    return [...keys, { place, part: 'value', type, converter }]
  })
  const states = plan.services.flatMap(service =>
    service.states.flatMap((state): KeptType[] => {
      if (state.kind !== 'owned') return []
      const place = `state ${service.name}.${state.name}`
      return [
        { place, part: 'key', type: state.key, converter: 'raw' },
        stateValue(place, state.value)
      ]
    })
  )
  return [...topics, ...states]
}

/** Scalars are kept in the bytes of their kind, all else as JSON. */
function stateValue(place: string, type: Type): KeptType {
  return { place, part: 'value', type, converter: isScalarType(type) ? 'raw' : 'json' }
}

function differencesOf(before: KeptType, after: KeptType): readonly TypeDifference[] {
  if (before.converter === after.converter) {
    return compareTypes(before.type, after.type, after.converter)
  }
  const reason = before.place.startsWith('state')
    ? 'is a scalar, or was one: neither reads the other'
    : `is ${after.converter} and was ${before.converter}: neither reads the other`
  return [{ path: before.part, reason, backward: false, forward: false }]
}

function keyOf({ place, part }: KeptType): string {
  return `${place} ${part}`
}
