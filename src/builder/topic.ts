// Topics and states as values: declared once, used by every stream that names them.
import { MillraceError } from '../base/index.ts'
import type { Converter } from '../dataflow/plan.ts'
import type { Key, KeyedState, KeyedStateReader } from '../runtime/code/user.ts'
import { migrateNode, type StateMigrateNode, type StateMigrateOptions } from './migrate.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { Aggregated } from './stream.ts'
import type { TypeNode, TypeValue } from './types.ts'

/** What a topic says beside its types; durations and sizes as in the file, `7d` and `1 GiB`. */
export interface TopicOptions {
  /** Name in the log, where it is not the id. */
  readonly name?: string
  readonly partitions?: number
  readonly converter?: Converter
  /** A schema registry of the Confluent API, with avro and protobuf: records begin with the id of their schema. */
  readonly registry?: RegistryOptions
  /** Where a dataflow begins that has never read it; `value` counts records. Default: the beginning. */
  readonly start?: { readonly position: 'beginning' | 'end' | 'offset'; readonly value?: number }
  readonly compression?: 'none' | 'gzip' | 'zstd'
  readonly retention?: { readonly time?: string; readonly size?: string }
  readonly cleanup?: 'delete' | 'compact'
  /** What becomes of records that were written with another type: accept leaves them as they are. */
  readonly migrate?: { readonly accept?: boolean }
}

/** Where a schema registry is. */
export interface RegistryOptions {
  /** http or https. */
  readonly url: string
  /** Name of the value in the environment that holds `user:password` or `Bearer …`. */
  readonly authEnv?: string
}

/** A topic as plain data. */
export interface TopicNode {
  readonly id: string
  readonly key: TypeNode | null
  readonly value: TypeNode
  readonly options: TopicOptions
  readonly at: SourcePlace | null
}

/** Where values of type `V` may be written. */
export interface TopicFor<in V> {
  readonly node: TopicNode
  readonly $accepts?: (value: V) => void
}

/** A topic whose records have keys of type `K` and values of type `V`. */
export interface Topic<K, V> extends TopicFor<V> {
  readonly $key?: K
  readonly $value?: V
}

/** Declares a topic of values, or of keys and values. */
export function topic<V>(id: string, value: TypeValue<V>, options?: TopicOptions): Topic<Key, V>
export function topic<K extends Key, V>(
  id: string,
  types: { readonly key: TypeValue<K>; readonly value: TypeValue<V> },
  options?: TopicOptions
): Topic<K, V>
export function topic<K extends Key, V>(
  id: string,
  types: TypeValue<V> | { readonly key: TypeValue<K>; readonly value: TypeValue<V> },
  options: TopicOptions = {}
): Topic<K, V> {
  const at = placeOfCaller(topic)
  if (typeof types !== 'object') {
    const problem = `topic(${JSON.stringify(id)}, …) got ${String(types)} as its type`
    throw new MillraceError(
      'USAGE',
      `${problem}; expected one of t, as in t.string, or { key, value }; correct it`
    )
  }
  if ('node' in types) return { node: { id, key: null, value: types.node, options, at } }
  return { node: { id, key: types.key.node, value: types.value.node, options, at } }
}

/** What a state says beside its types. */
export interface StateOptions<V = unknown> {
  /** Values not updated for so long are removed, as in `30d`. */
  readonly ttl?: string
  /** What the ttl counts from: the last update, or also the last read by a function of this service. */
  readonly ttlAfter?: 'write' | 'access'
  /** In a service with a window: whether it is kept for each window, and ends with it. Default: it is. */
  readonly windowed?: boolean
  /** What becomes of what a data directory holds of the state. */
  readonly migrate?: StateMigrateOptions<V>
}

/** A state as plain data. */
export type StateNode =
  | {
      readonly kind: 'owned'
      readonly key: TypeNode
      readonly value: TypeNode
      readonly options: Omit<StateOptions, 'migrate'>
      readonly migrate: StateMigrateNode | null
      readonly at: SourcePlace | null
    }
  | { readonly kind: 'reference'; readonly from: string; readonly at: SourcePlace | null }

/** A state of a service; `S` is what functions find under `ctx.state`. */
export interface State<S> {
  readonly node: StateNode
  readonly $state?: S
}

/** A state that a service owns. */
export interface OwnedState<K extends Key, V> extends State<KeyedState<K, V>> {
  /** The same state for another service to read, as `service.state`. */
  from(place: string): State<KeyedStateReader<K, V>>
}

/** Declares a state of values by key: `state(t.string, t.u32)`. */
export function state<K extends Key, V>(
  key: TypeValue<K>,
  value: TypeValue<V>,
  { migrate, ...options }: StateOptions<NoInfer<V>> = {}
): OwnedState<K, V> {
  const at = placeOfCaller(state)
  const migration = migrate === undefined ? null : migrateNode(migrate, state)
  const from = (place: string): State<KeyedStateReader<K, V>> => ({
    node: { kind: 'reference', from: place, at: placeOfCaller(from) }
  })
  const node = { kind: 'owned', key: key.node, value: value.node, options, at } as const
  return { node: { ...node, migrate: migration }, from }
}

/** The state of an aggregate: `aggregateOf(stream).from('service.aggregate')`, for another service to read. */
export function aggregateOf<K extends Key, A>(
  _stream: Aggregated<K, A>
): Pick<OwnedState<K, A>, 'from'> {
  const from = (place: string): State<KeyedStateReader<K, A>> => ({
    node: { kind: 'reference', from: place, at: placeOfCaller(from) }
  })
  return { from }
}

type Words<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Words<B>>}` : S
/** What `ctx.state` is for the states of a service: their names in camelCase. */
export type StatesOf<D> = {
  readonly [N in keyof D & string as Words<N>]: D[N] extends State<infer S> ? S : never
}
