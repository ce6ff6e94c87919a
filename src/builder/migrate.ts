// Migrations as values: what becomes of stored data when a dataflow has changed.
import { placeOfCaller, type SourcePlace } from './place.ts'
import { type AnyFunction, type StepNode, stepOf } from './step.ts'
import type { TypeNode, TypeValue } from './types.ts'
import { defined, nameOf, Placed, type Tree } from './yaml-text.ts'

/** Of a state whose stored data has another name or type; see docs/upgrades.md. */
export interface StateMigrateOptions<V> {
  /** The state that it was: `state` of the same service, or `service.state`. */
  readonly renameFrom?: string
  /** Values of fields that stored values lack. */
  readonly defaults?: Partial<V> extends object ? Partial<V> : never
  /** Makes the new value of the stored one. */
  readonly change?: Change<V>
  /** What does not fit is removed, and the state begins empty. */
  readonly drop?: boolean
}

/** Of a service. */
export interface ServiceMigrateOptions {
  /** The service that it was. */
  readonly renameFrom?: string
  /** What is stored and does not fit is removed. */
  readonly drop?: boolean
}

/** Of a dataflow: what is stored and no service has any more. */
export interface DataflowMigrateOptions {
  /** Services, or states as `service.state`, whose data is removed. */
  readonly drop?: readonly string[]
  /** Topics that are no longer read, although they hold records that were not processed. */
  readonly abandon?: readonly string[]
}

/** A function from stored values to those of now. */
export interface Change<V> {
  readonly step: StepNode
  readonly stored: TypeNode | null
  readonly $value?: V
}

/**
 * Makes new values of stored ones, of the type `stored` if it is said:
 * `change(t.u32, sum => ({ sum, unit: 'EUR' }))`.
 */
export function change<S, V>(stored: TypeValue<S>, make: (value: S) => V): Change<V>
export function change<V>(make: (value: never) => V): Change<V>
export function change(
  ...[first, second]: [TypeValue<unknown>, AnyFunction] | [AnyFunction]
): Change<never> {
  const [stored, make] = typeof first === 'function' ? [null, first] : [first.node, second!]
  return { step: stepOf('migrate', make, {}, change), stored }
}

/** `migrate` of a state as plain data. */
export interface StateMigrateNode {
  readonly renameFrom: string | null
  readonly defaults: Readonly<Record<string, unknown>> | null
  readonly change: Change<unknown> | null
  readonly isDropped: boolean
  readonly at: SourcePlace | null
}

/** The data of a state's options; `called` is the function that got them. */
export function migrateNode<V>(
  { renameFrom, defaults, change: made, drop = false }: StateMigrateOptions<V>,
  called: AnyFunction
): StateMigrateNode {
  return {
    renameFrom: renameFrom ?? null,
    defaults: defaults === undefined ? null : { ...(defaults as object) },
    change: made ?? null,
    isDropped: drop,
    at: placeOfCaller(called)
  }
}

/** `migrate` of a state as the file has it; `code` is its function. */
export function stateMigrateTree(
  { renameFrom, defaults, isDropped, at }: StateMigrateNode,
  code: Readonly<Record<string, Tree | undefined>>
): Tree {
  const tree = {
    'rename-from': renameFrom ?? undefined,
    defaults: defaults === null ? undefined : (defaults as Tree),
    ...code,
    drop: isDropped || undefined
  }
  return new Placed(defined(tree), at)
}

/** `migrate` of a service or of the file. */
export function migrateTree({
  renameFrom,
  drop,
  abandon
}: {
  readonly renameFrom?: string
  readonly drop?: boolean | readonly string[]
  readonly abandon?: readonly string[]
}): Tree {
  return defined({
    'rename-from': renameFrom === undefined ? undefined : nameOf(renameFrom),
    drop,
    abandon
  })
}
