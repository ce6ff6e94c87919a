// What is described instead of written: keys and times by the names of fields, checked by the compiler of TypeScript.
import type { Key } from '../runtime/code/user.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import { type AnyFunction, type StepNode, type StepOptions, stepOf } from './step.ts'
import type { OperatorKind } from '../dataflow/plan.ts'
import { Placed, type Tree } from './yaml-text.ts'

/** What gives a key or a time without a function. */
export interface FieldNode {
  readonly given: FieldShape
  readonly at: SourcePlace | null
}

type FieldShape =
  | { readonly field: string }
  | { readonly fields: readonly string[] }
  | { readonly constant: string }

/** A key, a time or an id: by a function, or described. */
export type GivenNode = StepNode | FieldNode

/** The same for all records. */
export interface Constant<T extends string | number | boolean = string> {
  readonly constant: T
}

/** A value that is the same for all records: `keyBy(constant('all'))`, `pick({ currency: constant('EUR') })`. */
export function constant<const T extends string | number | boolean>(value: T): Constant<T> {
  return { constant: value }
}

type Leaf = Key | null | undefined | Uint8Array | readonly unknown[] | ReadonlyMap<never, unknown>
type Shorter = [never, 0, 1, 2, 3]
/** Names of the fields of `V`, those of objects inside behind a dot, four levels deep. */
export type FieldOf<V, D extends number = 4> = V extends Leaf
  ? never
  : string extends keyof V
    ? never
    : D extends 0
      ? keyof V & string
      : {
          [N in keyof V & string]: N | `${N}.${FieldOf<NonNullable<V[N]>, Shorter[D]>}`
        }[keyof V & string]

/** The value of a field; null where it may be absent. */
export type FieldValue<V, P> = V extends null | undefined
  ? null
  : P extends keyof V
    ? undefined extends V[P]
      ? Exclude<V[P], undefined> | null
      : V[P]
    : P extends `${infer N}.${infer R}`
      ? N extends keyof V
        ? FieldValue<V[N], R>
        : never
      : never

/** Names of the fields of `V` whose values are `T`, if they are there. */
export type FieldTo<V, T> = {
  [P in FieldOf<V>]: NonNullable<FieldValue<V, P>> extends T ? P : never
}[FieldOf<V>]

/** Names of fields that may be keys. */
export type KeyField<V> = FieldTo<V, Key>
/** The key that a field gives. */
export type KeyAt<V, P> = Extract<NonNullable<FieldValue<V, P>>, Key>

/** Makes a step of a function, or notes what is said in its place; `called` is the method that got it. */
export function givenOf(
  operator: OperatorKind,
  given: AnyFunction | string | readonly string[] | Constant,
  options: StepOptions & Parameters<typeof stepOf>[2],
  called: AnyFunction
): GivenNode {
  if (typeof given === 'function') return stepOf(operator, given, options, called)
  const at = placeOfCaller(called)
  if (typeof given === 'string') return { given: { field: given }, at }
  return 'constant' in given
    ? { given: { constant: given.constant }, at }
    : { given: { fields: given }, at }
}

/** The step of what a function gives; null of what is described. */
export function functionOf(given: GivenNode | null | undefined): StepNode | null {
  return given && 'operator' in given ? given : null
}

/** A description as the file has it. */
export function fieldTree({ given, at }: FieldNode): Tree {
  return new Placed({ ...given }, at)
}
