// Conditions and chosen fields as values: filters and maps that are described instead of written.
import type { Key } from '../runtime/code/user.ts'
import type { Constant, FieldOf, FieldValue } from './fields.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { AnyFunction } from './step.ts'
import { defined, Placed, type Tree } from './yaml-text.ts'

/** Tests of one value; all of them must hold. An absent value passes none but `exists: false`. */
export interface Tests<T> {
  /** Equal to this text, number or boolean, or this case of an enum. */
  readonly is?: Extract<T, Key>
  readonly in?: readonly Extract<T, Key>[]
  readonly above?: Extract<T, number | bigint | string>
  readonly atLeast?: Extract<T, number | bigint | string>
  readonly below?: Extract<T, number | bigint | string>
  readonly atMost?: Extract<T, number | bigint | string>
  /** A regular expression that finds something in the text. */
  readonly matches?: T extends string ? string : never
  /** Whether the value is there and not null. */
  readonly exists?: boolean
}

/** What must be true of a value: tests of it or of a field, or other conditions together. */
export type Condition<V> =
  | (Tests<NonNullable<V>> & NoGroup & { readonly field?: never })
  | {
      [P in FieldOf<V>]: Tests<NonNullable<FieldValue<V, P>>> & NoGroup & { readonly field: P }
    }[FieldOf<V>]
  | { readonly all: readonly Condition<V>[] }
  | { readonly any: readonly Condition<V>[] }
  | { readonly not: Condition<V> }

interface NoGroup {
  readonly all?: never
  readonly any?: never
  readonly not?: never
}

/** The properties of an object that a map makes: paths of fields, and constants. */
export type Picked<V> = Readonly<Record<string, FieldOf<V> | Constant<Literal>>>
/** What a constant may be. */
export type Literal = string | number | boolean
/** The object that {@link Picked} describes. */
export type PickedValue<V, D> = {
  -readonly [N in keyof D]: D[N] extends Constant<infer C> ? C : FieldValue<V, D[N]>
}

/** A step that is described, as data. */
export interface DescribedStep {
  readonly operator: 'filter' | 'map'
  readonly described: Readonly<Record<string, Tree>>
  readonly at: SourcePlace | null
}

/** A condition of any value, as data. */
export type AnyCondition = {
  readonly field?: string
  readonly in?: readonly Scalar[]
  readonly exists?: boolean
  readonly all?: readonly AnyCondition[]
  readonly any?: readonly AnyCondition[]
  readonly not?: AnyCondition
} & { readonly [T in (typeof COMPARISONS)[number]]?: Scalar }
type Scalar = Key

const COMPARISONS = ['is', 'above', 'atLeast', 'below', 'atMost', 'matches'] as const

/** The step of a filter; `called` is the method that got the condition. */
export function whereStep(condition: AnyCondition, called: AnyFunction): DescribedStep {
  return {
    operator: 'filter',
    described: { where: conditionTree(condition) },
    at: placeOfCaller(called)
  }
}

/** The step of a map that chooses fields. */
export function pickStep(
  picked: string | Readonly<Record<string, string | Constant<Literal>>>,
  called: AnyFunction
): DescribedStep {
  const described: DescribedStep['described'] =
    typeof picked === 'string'
      ? { field: picked }
      : {
          fields: Object.fromEntries(
            Object.entries(picked).map(([name, from]) => [
              name,
              typeof from === 'string' ? from : { constant: from.constant }
            ])
          )
        }
  return { operator: 'map', described, at: placeOfCaller(called) }
}

/** A described step as the file has it. */
export function describedTree({ operator, described, at }: DescribedStep): Tree {
  return new Placed({ operator, ...described }, at)
}

function conditionTree({ all, any, not, in: among, ...tests }: AnyCondition): Tree {
  if (all !== undefined) return { all: all.map(conditionTree) }
  if (any !== undefined) return { any: any.map(conditionTree) }
  if (not !== undefined) return { not: conditionTree(not) }
  const { field, is, above, atLeast, below, atMost, matches, exists } = tests
  return defined({
    field,
    is,
    in: among,
    above,
    'at-least': atLeast,
    below,
    'at-most': atMost,
    matches,
    exists
  })
}
