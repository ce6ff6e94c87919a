// What a plan keeps in its changelog, for who compares that with a data directory and rewrites what is there.
import type { Plan, ServicePlan } from '../dataflow/plan.ts'
import type { ScalarType, Type } from '../dataflow/types.ts'
import type { StateSpec, ValueCodec } from '../state/contract.ts'
import {
  compileConverter,
  compileKeyCodec,
  compileValueCodec,
  fingerprintOf
} from './convert/index.ts'
import { withFileNames } from './convert/fingerprint.ts'
import { Library } from './graph/library.ts'
import { stateSpecs } from './graph/service-states.ts'
import { stampedCodec } from './task/state-view.ts'

/** One state by its name in the changelog, which for a new data directory is `<service>.<name>`. */
export interface KeptState {
  readonly service: string
  /** As the file names it; what a service keeps for itself begins with `$`. */
  readonly name: string
  /** As it stands in the changelog. */
  readonly fingerprint: string
  /** Equal where what is stored means the same: of what a service keeps for itself with the type of its keys. */
  readonly meaning: string
  /** Its keys are in namespaces. */
  readonly windowed: boolean
}

/** How a declared state is written. */
export interface StateLayout {
  readonly key: Type
  readonly value: Type
  /** Values have the time of their last update in front of them. */
  readonly stamped: boolean
  /** Kept for each window. */
  readonly windowed: boolean
}

/** Everything that the tasks of `plan` keep, as if its data directory were new. */
export function keptStates(plan: Plan): KeptState[] {
  const specs = stateSpecs(plan, new Library())
  const names = plan.services.map(({ name }) => name)
  return specs.map(({ name: full, fingerprint, namespaced = false }) => {
    // Names of services and states have no dots.
    const [service = '', name = ''] = full.split('.')
    const owner = plan.services[names.indexOf(service)]!
    const isBook = name.startsWith('$') && name !== '$time'
    const meaning = isBook ? `${fingerprint} by ${keyOf(owner)}` : fingerprint
    return { service, name, fingerprint, meaning, windowed: namespaced }
  })
}

/** The fingerprint with which a state of that layout is stored. */
export function layoutFingerprint({ key, value, stamped, windowed }: StateLayout): string {
  const types = `${fingerprintOf(key)} -> ${fingerprintOf(value)}`
  return `${types}${stamped ? ' stamped' : ''}${windowed ? ' windowed' : ''}`
}

/** What opens a stored state of that layout under `name`. */
export function layoutSpec(name: string, layout: StateLayout, fingerprint: string): StateSpec {
  const plain = compileValueCodec(layout.value)
  const value = layout.stamped ? (stampedCodec(plain) as ValueCodec<unknown>) : plain
  const spec = { name, key: compileKeyCodec(layout.key as ScalarType), value, fingerprint }
  return layout.windowed ? { ...spec, namespaced: true } : spec
}

/** Checks a value for a state and makes it what the state keeps. @throws RECORD_VALUE it is none of the type */
export function stateValueCheck(type: Type): (value: unknown) => unknown {
  return compileValueCodec(type).check
}

/** What gives a new value of a JSON text each time. @throws RECORD_VALUE it is none of the type */
export function valuesFromJson(type: Type, json: string): () => unknown {
  const bytes = Buffer.from(json)
  const converter = compileConverter(withFileNames(type), 'json')
  converter.decode(bytes, 0, bytes.length)
  return () => converter.decode(bytes, 0, bytes.length)
}

/** A type with the names that its fields have in states, whatever records call them. */
export function stateType(type: Type): Type {
  return withFileNames(type)
}

function keyOf(service: ServicePlan): string {
  const key = service.partition?.assignKey.outputKey ?? null
  return key === null ? 'any key' : fingerprintOf(key)
}
