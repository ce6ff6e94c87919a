// The types that a data directory was written with, and what a changed file makes of them.
//
// A start that succeeded notes the types of its topics and states in types/<namespace>.<name>.json: the log and the
// stores themselves know bytes only.
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareTypes, type TypeDifference } from '../dataflow/index.ts'
import type { Converter, Plan } from '../dataflow/plan.ts'
import type { Type } from '../dataflow/types.ts'

/** The types of one thing that is kept. */
export interface StoredType {
  /** `topic orders`, `state tally.counts`. */
  readonly place: string
  readonly part: 'key' | 'value'
  readonly type: Type
  readonly converter: Converter
}

/** What a change does to one thing that is kept. */
export interface StoredChange {
  readonly place: string
  readonly part: 'key' | 'value'
  readonly differences: readonly TypeDifference[]
}

const FOLDER = 'types'

/** What a plan keeps, with its types. */
export function storedTypesOf(plan: Plan): readonly StoredType[] {
  const topics = Object.values(plan.topics).flatMap((topic): StoredType[] => {
    const place = `topic ${topic.name}`
    const { type, converter } = topic.value
    const value: StoredType = { place, part: 'value', type, converter }
    if (topic.key === null) return [value]
    return [{ place, part: 'key', type: topic.key, converter: 'raw' }, value]
  })
  const states = plan.services.flatMap(service =>
    service.states.flatMap((state): StoredType[] => {
      if (state.kind !== 'owned') return []
      const place = `state ${service.name}.${state.name}`
      return [
        { place, part: 'key', type: state.key, converter: 'raw' },
        { place, part: 'value', type: state.value, converter: 'json' }
      ]
    })
  )
  return [...topics, ...states]
}

/** Notes the types of a dataflow that started on the data directory. */
export function noteStoredTypes(dataFolder: string, plan: Plan): void {
  const folder = join(dataFolder, FOLDER)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${plan.namespace}.${plan.name}.json`)
  writeFileSync(`${path}.new`, JSON.stringify({ version: 1, types: storedTypesOf(plan) }))
  renameSync(`${path}.new`, path)
}

/**
 * Compares a plan with what the data directory was written with: its own states, and topics of every dataflow.
 * null: nothing was noted there yet.
 */
export function checkStoredTypes(dataFolder: string, plan: Plan): readonly StoredChange[] | null {
  const own = `${plan.namespace}.${plan.name}.json`
  const files = filesIn(join(dataFolder, FOLDER))
  if (files.length === 0) return null
  const now = new Map(storedTypesOf(plan).map(stored => [keyOf(stored), stored]))
  const seen = new Set<string>()
  const changes: StoredChange[] = []
  // What this dataflow wrote itself says more than what others did.
  for (const file of files.toSorted((a, b) => Number(b === own) - Number(a === own))) {
    for (const before of readStored(join(dataFolder, FOLDER, file))) {
      const isOthersState = file !== own && before.place.startsWith('state ')
      const after = now.get(keyOf(before))
      if (after === undefined || isOthersState || seen.has(keyOf(before))) continue
      seen.add(keyOf(before))
      const differences = differencesOf(before, after)
      const { place, part } = before
      if (differences.length > 0) changes.push({ place, part, differences })
    }
  }
  return changes
}

function differencesOf(before: StoredType, after: StoredType): readonly TypeDifference[] {
  if (before.converter === after.converter) {
    return compareTypes(before.type, after.type, after.converter)
  }
  const reason = `is ${after.converter} and was ${before.converter}: neither reads the other`
  return [{ path: before.part, reason, backward: false, forward: false }]
}

function keyOf({ place, part }: StoredType): string {
  return `${place} ${part}`
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(name => name.endsWith('.json'))
  } catch {
    return []
  }
}

function readStored(path: string): readonly StoredType[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly types: readonly StoredType[] }).types
}
