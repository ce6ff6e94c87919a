// Whether what is stored of a state fits the type that is declared for it now, and what makes it fit.
import { accepts, compareTypes, describeType, isScalarType } from '../../dataflow/index.ts'
import type { StateMigration } from '../../dataflow/plan.ts'
import type { Field, Type } from '../../dataflow/types.ts'
import { layoutFingerprint, stateType } from '../../runtime/index.ts'
import type { Conversion } from './changes.ts'
import type { StoredLayout } from './record.ts'

/** The answer for one state. */
export type Fit =
  /** Stored bytes are read as they are. */
  | { readonly kind: 'fits'; readonly isSame: boolean; readonly values: readonly Type[] }
  /** Values must be written anew. */
  | { readonly kind: 'converts'; readonly conversion: Conversion; readonly why: string }
  | { readonly kind: 'misfit'; readonly why: string; readonly advice: string }

/** What is declared now. */
export interface Declared {
  readonly key: Type
  readonly value: Type
  readonly stamped: boolean
  readonly windowed: boolean
}

/** How what is stored fits what is declared. `isMoved`: it had another name, so its migration is not done yet. */
export function fitOf(
  stored: StoredLayout & { readonly windowed: boolean },
  now: Declared,
  migrate: StateMigration | null,
  isMoved: boolean
): Fit {
  const last = stored.values.at(-1)!
  const words = wordsOf(last, now.value)
  if (!isEqual(stored.key, now.key)) {
    const why = `its key is ${describeType(now.key)} and was ${describeType(stored.key)}`
    return misfit(
      why,
      'give the state another name, or declare migrate: { drop: true } to begin empty'
    )
  }
  if (stored.windowed !== now.windowed) {
    const why = now.windowed
      ? 'it is kept for each window now, and was kept for all time'
      : 'it is kept for all time now, and was kept for each window'
    return misfit(
      why,
      'give the state another name, or declare migrate: { drop: true } to begin empty'
    )
  }
  const isSame = isEqual(last, now.value) && stored.stamped === now.stamped
  if (migrate !== null && (isMoved || !isEqual(last, now.value))) {
    const declared = declaredFit(last, now.value, migrate, words)
    if (declared !== null) return declared
  }
  if (isSame && stored.values.every(type => reads(now.value, type))) {
    return { kind: 'fits', isSame: true, values: stored.values }
  }
  if (stored.stamped === now.stamped && stored.values.every(type => reads(now.value, type))) {
    return { kind: 'fits', isSame: false, values: [...stored.values, now.value] }
  }
  if (canCarry(now.value, last)) {
    const isTtl = stored.stamped !== now.stamped && isEqual(last, now.value)
    const ttl = now.stamped ? 'values get the time of the upgrade for their ttl' : 'its ttl is gone'
    return { kind: 'converts', conversion: { kind: 'same' }, why: isTtl ? ttl : words }
  }
  return misfit(`${words}: ${differences(last, now.value)}`, adviceFor(last, now.value))
}

/** Whether a state could go on with what another one has stored: for finding renames. */
export function couldContinue(
  stored: StoredLayout & { readonly windowed: boolean },
  now: Declared
): boolean {
  return fitOf(stored, now, null, false).kind !== 'misfit'
}

/** What the declared migration makes of it; null where it says nothing of values. */
function declaredFit(last: Type, now: Type, migrate: StateMigration, words: string): Fit | null {
  const { step, defaults } = migrate
  if (step !== null) {
    if (step.input === null || canCarry(step.input, last)) {
      return {
        kind: 'converts',
        conversion: { kind: 'function', step },
        why: `${words}, by ${step.name}`
      }
    }
    const why = `its function ${step.name} takes ${typeText(step.input)}, but ${typeText(last)} is stored`
    return misfit(why, 'declare the stored type under types, and let the function take that')
  }
  if (Object.keys(defaults).length === 0) return null
  const patched = withFields(last, now, Object.keys(defaults))
  const conversion: Conversion = { kind: 'defaults', defaults }
  if (patched !== null && canCarry(now, patched)) {
    return {
      kind: 'converts',
      conversion,
      why: `${words}, with defaults of ${Object.keys(defaults).join(', ')}`
    }
  }
  const rest = patched === null ? `${typeText(last)} has no fields` : differences(patched, now)
  return misfit(
    `defaults are not enough: ${rest}`,
    'write a function under migrate that makes the new value'
  )
}

/** Whether bytes that were written for `before` are read as values of `now`. */
function reads(now: Type, before: Type): boolean {
  if (isEqual(now, before)) return true
  if (isScalarType(now) || isScalarType(before)) return false
  return differencesOf(before, now).every(({ backward }) => backward)
}

/** Whether every value of `before` is one of `now`. */
function canCarry(now: Type, before: Type): boolean {
  if (isEqual(now, before)) return true
  if (isScalarType(now) || isScalarType(before)) return accepts(now, before)
  return differencesOf(before, now).every(({ backward }) => backward)
}

function isEqual(one: Type, other: Type): boolean {
  return printOf(one) === printOf(other)
}

function printOf(type: Type): string {
  return layoutFingerprint({
    key: { kind: 'bool' },
    value: stateType(type),
    stamped: false,
    windowed: false
  })
}

function differencesOf(before: Type, now: Type): ReturnType<typeof compareTypes> {
  return compareTypes(stateType(before), stateType(now), 'json')
}

function differences(before: Type, now: Type): string {
  if (isScalarType(before) || isScalarType(now))
    return 'not every stored value is one of the new type'
  const broken = differencesOf(before, now).filter(({ backward }) => !backward)
  return broken.map(({ path, reason }) => `${path} ${reason}`).join('; ')
}

/** The stored type as if its values had these fields of the new one. */
function withFields(before: Type, now: Type, names: readonly string[]): Type | null {
  if (!isObject(before) || !isObject(now)) return null
  const given = now.fields.filter(({ name }) => names.includes(name))
  const others = before.fields.filter(
    ({ name }) => !names.includes(name) || !given.some(one => one.name === name)
  )
  const patched = given.map((field): Field => {
    const known = before.fields.find(({ name }) => name === field.name)
    return known === undefined ? { ...field, optional: false } : { ...known, optional: false }
  })
  return { ...before, fields: [...others, ...patched] }
}

function isObject(type: Type): type is Extract<Type, { readonly kind: 'object' | 'arrow-row' }> {
  return type.kind === 'object' || type.kind === 'arrow-row'
}

/** Which new fields defaults would fill; else what else helps. */
function adviceFor(before: Type, now: Type): string {
  const ways: string[] = []
  if (isObject(before) && isObject(now)) {
    const missing = now.fields.filter(
      field =>
        !field.optional && !before.fields.some(one => one.name === field.name && !one.optional)
    )
    const names = missing.map(({ name }) => name)
    const patched = withFields(before, now, names)
    if (names.length > 0 && patched !== null && canCarry(now, patched)) {
      ways.push(`migrate: { defaults: { ${names.map(name => `${name}: …`).join(', ')} } }`)
    }
  }
  ways.push('a function under migrate that makes the new value of the old one')
  ways.push('migrate: { drop: true } to begin empty')
  return `declare ${ways.join(', or ')}`
}

function misfit(why: string, advice: string): Fit {
  return { kind: 'misfit', why, advice }
}

function wordsOf(before: Type, now: Type): string {
  const [old, later] = [typeText(before), typeText(now)]
  return `its value is ${later} and was ${old}`
}

/** A type in words, objects with their fields. */
export function typeText(type: Type): string {
  if (!isObject(type)) return describeType(type)
  const fields = type.fields.map(
    ({ name, optional, type: inner }) => `${name}${optional ? '?' : ''}: ${describeType(inner)}`
  )
  return `${type.name ?? 'row'} { ${fields.join(', ')} }`
}
