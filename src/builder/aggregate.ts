// Aggregates as values: what is kept for each key and goes on, property by property, with the types that come of it.
import type { AggregateFunction } from '../dataflow/plan.ts'
import type { FieldOf, FieldTo, FieldValue } from './fields.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { Key } from '../runtime/code/user.ts'
import type { AnyFunction } from './step.ts'
import { Entries, Placed, type Tree } from './yaml-text.ts'

/** One property of an aggregate as plain data. */
export interface AggregateNode {
  readonly function: AggregateFunction
  readonly field: string | null
  readonly by: string | null
  readonly size: number
  readonly order: 'descending' | 'ascending' | null
}

/** All properties of an aggregate, by name. */
export interface AggregatesNode {
  readonly of: Readonly<Record<string, AggregateNode>>
  readonly at: SourcePlace | null
}

/** What an aggregate gives, `R`, and what is seen of its state, `S`, also under keys without a record. */
export interface Aggregate<R, S = R> {
  readonly node: AggregateNode
  readonly $result?: R
  readonly $state?: S
}

/** What leaves an aggregate. */
export type ResultOf<A> = {
  -readonly [N in keyof A]: A[N] extends Aggregate<infer R, infer _S> ? R : never
}
/** What functions see of the state `aggregate` under a key. */
export type AggregateState<A> = {
  readonly [N in keyof A]: A[N] extends Aggregate<infer _R, infer S> ? S : never
}

/** Aggregates by name, as {@link AggregateWords} make them. */
export type AggregateMap = Readonly<Record<string, Aggregate<unknown, unknown>>>

type Numeric = number | bigint
type Ordered = number | bigint | string
/** A sum of whole numbers of any size stays one. */
type SumOf<T> = NonNullable<T> extends bigint ? bigint : number
type Optional<T, R> = null extends T ? R | null : R

/** Of `top`. */
export interface TopOptions<V, P> {
  /** The number or text that orders. */
  readonly by: FieldTo<V, Ordered>
  /** The field that the list has; without it the whole records. */
  readonly of?: P
  /** Whether the greatest come first, which is the default, or the least. */
  readonly order?: 'descending' | 'ascending'
}

/** The aggregates of a stream of values `V` by keys `K`. Fields that are absent count for nothing. */
export interface AggregateWords<V, K> {
  /** How many records there are, or how many have the field. */
  count(field?: FieldOf<V>): Aggregate<number>
  /** Whole numbers must stay within 2^53 unless they are bigints. */
  sum<P extends FieldTo<V, Numeric>>(field: P): Aggregate<SumOf<FieldValue<V, P>>>
  min<P extends FieldTo<V, Ordered>>(field: P): Aggregate<FieldValue<V, P>, FieldValue<V, P> | null>
  max<P extends FieldTo<V, Ordered>>(field: P): Aggregate<FieldValue<V, P>, FieldValue<V, P> | null>
  avg<P extends FieldTo<V, Numeric>>(
    field: P
  ): Aggregate<Optional<FieldValue<V, P>, number>, number | null>
  /** About how many different values there are: HyperLogLog, standard error 1.6 %. */
  distinct(field: FieldTo<V, Key>): Aggregate<number>
  /** The earliest record, or its field. */
  first(): Aggregate<V, V | null>
  first<P extends FieldOf<V>>(field: P): Aggregate<FieldValue<V, P>, FieldValue<V, P> | null>
  /** The latest record, or its field. */
  last(): Aggregate<V, V | null>
  last<P extends FieldOf<V>>(field: P): Aggregate<FieldValue<V, P>, FieldValue<V, P> | null>
  /** A list of the `size` best records, or of their fields. */
  top<P extends FieldOf<V> = never>(
    size: number,
    options: TopOptions<V, P>
  ): Aggregate<([P] extends [never] ? V : FieldValue<V, P>)[]>
  /** The key. */
  key(): Aggregate<K>
}

/** Those of a stream with windows. */
export interface WindowAggregateWords<V, K> extends AggregateWords<V, K> {
  /** Bounds of the window, ms since 1970. */
  windowStart(): Aggregate<number>
  windowEnd(): Aggregate<number>
}

function word(name: AggregateFunction): (field?: string) => Aggregate<never, never> {
  return field => ({
    node: { function: name, field: field ?? null, by: null, size: 0, order: null }
  })
}

const WORDS: WindowAggregateWords<unknown, unknown> = {
  count: word('count'),
  sum: word('sum'),
  min: word('min'),
  max: word('max'),
  avg: word('avg'),
  distinct: word('distinct'),
  first: word('first'),
  last: word('last'),
  key: word('key'),
  windowStart: word('window-start'),
  windowEnd: word('window-end'),
  top: (size, { by, of, order }) => ({
    node: { function: 'top', field: of ?? null, by, size, order: order ?? null }
  })
}

/** What a user's description comes to; `called` is the method that got it. */
export function aggregatesOf(
  describe: (of: WindowAggregateWords<never, never>) => AggregateMap,
  called: AnyFunction
): AggregatesNode {
  const entries = Object.entries(describe(WORDS as unknown as WindowAggregateWords<never, never>))
  const of = Object.fromEntries(entries.map(([name, { node }]) => [name, node]))
  return { of, at: placeOfCaller(called) }
}

/** An aggregate as the file has it. */
export function aggregateTree({ of, at }: AggregatesNode): Tree {
  const entries = Object.entries(of).map(([name, one]) => [name, oneTree(one)] as const)
  return new Placed(new Entries(entries), at)
}

function oneTree({ function: name, field, by, size, order }: AggregateNode): Tree {
  if (name !== 'top') return field === null ? name : { [name]: field }
  return { top: size, by: by!, of: field ?? undefined, order: order ?? undefined }
}
