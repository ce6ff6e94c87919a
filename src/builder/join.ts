// Joins as values: two sides, each with what its records are, and the stream of what belongs together.
import type { Key, KeyedStateReader } from '../runtime/code/user.ts'
import { Chain, chainOf, type SourceNode, sourcesOf } from './chain.ts'
import type { KeyAt, KeyField, FieldTo } from './fields.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { AnyFunction } from './step.ts'
import type { JoinedStream, Stream, StreamHandle } from './stream.ts'
import type { State, StateNode, TopicFor, TopicNode } from './topic.ts'
import type { WatermarkOptions } from './window.ts'
import { nameOf, Placed, type Tree } from './yaml-text.ts'

type Kind = 'stream' | 'table' | 'versions' | 'state'

/** One side of a join as plain data. */
export interface JoinSideNode {
  readonly type: Kind
  readonly as: string
  readonly key: string | null
  readonly row: string | null
  readonly timestamp: string | null
  readonly late: TopicNode | null
  /** Of a state: its name in the service. */
  readonly state: string | null
  /** More than one is refused by the compiler. */
  readonly sources: readonly SourceNode[]
  readonly states: Readonly<Record<string, StateNode>>
  readonly at: SourcePlace | null
}

/** A join as plain data; its sources are those of the service. */
export interface JoinNode {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly left: JoinSideNode
  readonly right: JoinSideNode
  readonly within: WithinOptions | null
  readonly at: SourcePlace | null
}

/** A side: values `V` by keys `K`, under the property `N` of the pairs. */
export interface JoinSide<N extends string, V, K, S, T extends Kind> {
  readonly node: JoinSideNode
  readonly $name?: N
  readonly $value?: V
  readonly $key?: K
  readonly $states?: S
  readonly $kind?: T
}

/** What a side says; without a field for its key it has that of its records. */
export interface SideOptions<V, P> {
  /** The field by which both sides belong together. */
  readonly key?: P
  /** The field with the event time, ms since 1970. Default: the record's. */
  readonly timestamp?: FieldTo<V, number>
  /** Where its records go that come too late, in a join that waits for event time. Default: they are dropped. */
  readonly late?: TopicFor<V>
}

/** What a table says beside its key. */
export interface TableOptions<V, P> extends SideOptions<V, P> {
  /** The field that tells rows with one key apart. Default: one row a key. */
  readonly row?: FieldTo<V, string | number | bigint | boolean>
}

/** How far apart two events may be in event time, bounds included; durations as in the file. */
export type WithinOptions =
  | { readonly after: string; readonly before?: string }
  | { readonly after?: string; readonly before: string }

/** Of two streams. */
export interface EventJoinOptions<J> {
  /** inner: pairs only. left: also left ones without a right one. outer: also right ones without a left one. */
  readonly kind?: J
  /** How much earlier and later than the left event the right one may be. */
  readonly within: WithinOptions
  readonly watermark?: WatermarkOptions
}

/** Of a stream that looks up rows, or of two tables. */
export interface TableJoinOptions<J> {
  readonly kind?: J
  readonly watermark?: WatermarkOptions
}

type KeyOfSide<V, K, P> = [P] extends [never] ? K : KeyAt<V, P>
type SideOf<N extends string, V, K, S, T extends Kind, P> = JoinSide<
  N,
  NonNullable<V>,
  KeyOfSide<NonNullable<V>, K, P>,
  S,
  T
>
type Shown<T> = { [N in keyof T]: T[N] }
type Kinds = 'inner' | 'left' | 'outer'
type MayBe<T, J, O> = J extends O ? T | null : T
/** What comes out of a join. */
export type PairOf<A extends string, L, B extends string, R, J> = Shown<
  { [N in A]: MayBe<L, J, 'outer'> } & { [N in B]: MayBe<R, J, 'left' | 'outer'> }
>

/** A side whose records are events: each happened at its time. `name` is its property of the pairs. */
export function events<const N extends string, V, K, S, P extends KeyField<NonNullable<V>> = never>(
  name: N,
  stream: Stream<V, K, S>,
  options: SideOptions<NonNullable<V>, P> = {}
): SideOf<N, V, K, S, 'stream', P> {
  return sideOf('stream', name, stream, options, events)
}

/** A side whose records are rows: each holds until the next one of its key, or of its `row`. */
export function table<const N extends string, V, K, S, P extends KeyField<NonNullable<V>> = never>(
  name: N,
  stream: Stream<V, K, S>,
  options: TableOptions<NonNullable<V>, P> = {}
): SideOf<N, V, K, S, 'table', P> {
  return sideOf('table', name, stream, options, table)
}

/** A side whose records are versions of a row: each holds from its event time to that of the next one of its key. */
export function versions<
  const N extends string,
  V,
  K,
  S,
  P extends KeyField<NonNullable<V>> = never
>(
  name: N,
  stream: Stream<V, K, S>,
  options: SideOptions<NonNullable<V>, P> = {}
): SideOf<N, V, K, S, 'versions', P> {
  return sideOf('versions', name, stream, options, versions)
}

/**
 * A side that is a state of another service: each event of the other side is given with what it holds under its key.
 * `name` is its property of the pairs and, if `state` says nothing else, its name under `ctx.state`.
 */
export function lookUp<const N extends string, K extends Key, V>(
  name: N,
  reference: State<KeyedStateReader<K, V>>,
  { state = name }: { readonly state?: string } = {}
): JoinSide<N, V, K, unknown, 'state'> {
  const node: JoinSideNode = {
    type: 'state',
    as: name,
    key: null,
    row: null,
    timestamp: null,
    late: null,
    state,
    sources: [],
    states: { [state]: reference.node },
    at: placeOfCaller(lookUp)
  }
  return { node }
}

function sideOf<R>(
  type: Kind,
  as: string,
  stream: { readonly stream: StreamHandle },
  options: {
    readonly key?: string
    readonly timestamp?: string
    readonly row?: string
    readonly late?: TopicFor<never>
  },
  called: AnyFunction
): R {
  const { node: given } = chainOf(stream)
  const node: JoinSideNode = {
    type,
    as,
    key: options.key ?? null,
    row: options.row ?? null,
    timestamp: options.timestamp ?? null,
    late: options.late?.node ?? null,
    state: null,
    sources: sourcesOf(given),
    states: given.states,
    at: placeOfCaller(called)
  }
  return { node } as R
}

/** What may stand on the right of a side of kind `T`. */
type RightOf<T> = T extends 'table' ? 'table' : Kind
/** The kinds of join of a side `T` with one of `U`. */
type KindsOf<T, U> = U extends T ? Kinds : 'inner' | 'left'
type OptionsOf<U, J> = U extends 'stream'
  ? [options: EventJoinOptions<J>]
  : [options?: TableJoinOptions<J>]

/**
 * Brings the records of two sides together that have one key: each pair is an object with both. Events are joined with
 * events that are near in time; with the row of now, the version of their own time, or what a state of another service
 * holds; and each change of a row with the rows of another table.
 */
export function join<
  A extends string,
  L,
  K,
  SL,
  T extends 'stream' | 'table',
  B extends string,
  R,
  SR,
  U extends RightOf<T>,
  const J extends KindsOf<T, U> = KindsOf<T, U> & 'inner'
>(
  left: JoinSide<A, L, K, SL, T>,
  right: JoinSide<B, R, NoInfer<K>, SR, U>,
  ...given: OptionsOf<U, J>
): JoinedStream<PairOf<A, L, B, R, J>, K, SL & SR> {
  const at = placeOfCaller(join)
  const [options = {}] = given as [options?: Partial<EventJoinOptions<Kinds>>]
  const { kind = 'inner', within = null, watermark = null } = options
  const node: JoinNode = { kind, left: left.node, right: right.node, within, at }
  return Chain.joined(node, { assignTimestamp: null, watermark }) as never
}

/** A join as the file has it. */
export function joinTree({ kind, left, right, within, at }: JoinNode): Tree {
  return new Placed(
    {
      kind: kind === 'inner' ? undefined : kind,
      left: sideTree(left),
      right: sideTree(right),
      within: within === null ? undefined : { before: within.before, after: within.after }
    },
    at
  )
}

function sideTree(side: JoinSideNode): Tree {
  const { type, as, key, row, timestamp, late, state, sources, at } = side
  if (state !== null) return new Placed({ state: nameOf(state), as }, at)
  const [first] = sources
  return new Placed(
    {
      source: first?.topic.id,
      type: type === 'stream' ? undefined : type,
      key: key ?? undefined,
      row: row ?? undefined,
      as,
      timestamp: timestamp ?? undefined,
      late: late === null ? undefined : { type: 'topic', id: late.id }
    },
    at
  )
}
