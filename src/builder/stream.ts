// The stages of a stream, as types: what may follow, and what functions are given there.
//
// source ─▶ steps ─▶ (eventTime, or window ─▶ steps) ─▶ keyBy ─▶ dedup ─▶ steps ─▶ updateState or aggregate ─▶
// (merge, flush) ─▶ to; or two sides ─▶ join ─▶ steps ─▶ to.
//
// A stream is never changed: each call gives a new one, so that a common beginning can be shared. What windows add
// stands in window-stream.ts.
import type { Context, Key, KeyValue } from '../runtime/code/user.ts'
import type { AggregateMap, AggregateState, AggregateWords, ResultOf } from './aggregate.ts'
import type { Condition, Picked, PickedValue } from './condition.ts'
import type { Constant, FieldOf, FieldTo, FieldValue, KeyAt, KeyField } from './fields.ts'
import type { StepOptions } from './step.ts'
import type { StatesOf, State, TopicFor } from './topic.ts'
import type { TypeValue } from './types.ts'
import type { WatermarkOptions, WindowNode } from './window.ts'
import type { WindowedStream, WindowOptions, WindowStream } from './window-stream.ts'

/** What a function gives, at once or later. */
export type MaybePromise<T> = T | PromiseLike<T>
/** What drops a value. */
export type Nothing = null | undefined | void
/** The value that leaves where a function gives `T`. */
export type ValueOf<T> = T extends KeyValue<unknown, infer V> ? V : T
/** The key that a record has where a function gives `T` and the record had `K`. */
export type KeyOf<T, K> = T extends KeyValue<infer N, unknown> ? N : K

/** Where a stream is; says what may follow. */
export type Stage = 'source' | 'joined' | 'window' | 'keyed' | 'windowed' | 'sink'

type At<G extends Stage, V, K, S> = G extends 'source'
  ? Stream<V, K, S>
  : G extends 'joined'
    ? JoinedStream<V, K, S>
    : G extends 'window'
      ? WindowStream<V, K, S>
      : G extends 'keyed'
        ? KeyedStream<V, K, S>
        : G extends 'windowed'
          ? WindowedStream<V, K, S>
          : SinkStream<V, K, S>

/** The operators that stand anywhere. */
export interface Steps<G extends Stage, V, K, S> {
  /** The type of what leaves the next operator: the plan then knows it, and what follows is checked. */
  typed<T>(output: TypeValue<T>): Typed<G, V, K, S, T>
  /** Keeps the values for which the function returns true. */
  filter(
    keeps: (value: V, ctx: Context<S, K>) => MaybePromise<boolean>,
    options?: StepOptions
  ): At<G, V, K, S>
  /** Turns each value into another one. */
  map<T>(
    change: (value: V, ctx: Context<S, K>) => MaybePromise<T>,
    options?: StepOptions
  ): At<G, ValueOf<T>, KeyOf<T, K>, S>
  /** Turns each value into another one, or drops it by returning undefined or null. */
  filterMap<T>(
    change: (value: V, ctx: Context<S, K>) => MaybePromise<T | Nothing>,
    options?: StepOptions
  ): At<G, ValueOf<T>, KeyOf<T, K>, S>
  /** Turns each value into any number of values. */
  flatMap<T>(
    split: (value: V, ctx: Context<S, K>) => MaybePromise<readonly T[]>,
    options?: StepOptions
  ): At<G, ValueOf<T>, KeyOf<T, K>, S>
  /** A filter without code: `where({ field: 'amount', atLeast: 1000 })`. */
  where(present: { readonly exists: true }): At<G, NonNullable<V>, K, S>
  where(condition: Condition<V>): At<G, V, K, S>
  /** A map without code: the field goes on in place of the value. */
  pick<const P extends FieldOf<V>>(field: P): At<G, FieldValue<V, P>, K, S>
  /** A map without code: `pick({ id: 'order.id', currency: constant('EUR') })`. */
  pick<const D extends Picked<V>>(properties: D): At<G, PickedValue<V, D>, K, S>
}

/** The operators of which the type is said of what leaves. */
export interface Typed<G extends Stage, V, K, S, T> {
  map(
    change: (value: V, ctx: Context<S, K>) => MaybePromise<T>,
    options?: StepOptions
  ): At<G, ValueOf<T>, KeyOf<T, K>, S>
  filterMap(
    change: (value: V, ctx: Context<S, K>) => MaybePromise<T | Nothing>,
    options?: StepOptions
  ): At<G, ValueOf<T>, KeyOf<T, K>, S>
  flatMap(
    split: (value: V, ctx: Context<S, K>) => MaybePromise<readonly T[]>,
    options?: StepOptions
  ): At<G, ValueOf<T>, KeyOf<T, K>, S>
}

/** What `assign-timestamp` and the watermark are. */
export interface EventTimeOptions<V, K, S> {
  /** When a record happened, in ms since 1970: a function, or a field. Without it, when it was produced. */
  readonly timestamp?: ((value: V, ctx: Context<S, K>) => MaybePromise<number>) | FieldTo<V, number>
  /** Of the function. */
  readonly timestampOptions?: StepOptions
  readonly watermark?: WatermarkOptions
}

/** What a sink that is a function says. */
export interface FunctionSinkOptions<V, K, S> {
  /** Typename of the messages, where it is not that of the value's type. */
  readonly valueType?: string
  /** The id of the function that gets the value: a function, or fields. Without it, the record's key. */
  readonly assignId?:
    | ((value: V, ctx: Context<S, K>) => MaybePromise<Key>)
    | KeyField<V>
    | readonly KeyField<V>[]
    | Constant
  /** Of the function in `assignId`. */
  readonly assignIdOptions?: KeyOptions<Key>
}

/** Where records go. Several sinks each get everything. */
export interface Sinks<V, K, S> {
  to(topic: TopicFor<V>): OutputStream<V, K, S>
  /** With steps of the sink's own. */
  to<T>(
    topic: TopicFor<T>,
    transforms: (stream: SinkStream<V, K, S>) => SinkStream<T, unknown, S>
  ): OutputStream<V, K, S>
  /** Sends values to a stateful function, `namespace/name`. */
  toFunction(typename: string, options?: FunctionSinkOptions<V, K, S>): OutputStream<V, K, S>
  toFunction<T>(
    typename: string,
    options: FunctionSinkOptions<T, unknown, S>,
    transforms: (stream: SinkStream<V, K, S>) => SinkStream<T, unknown, S>
  ): OutputStream<V, K, S>
}

/** Steps of a sink. */
export interface SinkStream<V, K, S> extends Steps<'sink', V, K, S> {
  readonly $sink?: V
}

/** A stream that has left its last operator. */
export interface OutputStream<V, K, S> extends Sinks<V, K, S> {
  readonly stream: StreamHandle
}

/** A stream as `dataflow(…).service` takes it. */
export interface StreamHandle {
  readonly $stream: 'millrace.stream'
}

/** A stream of records as they come. */
export interface Stream<V, K, S>
  extends Steps<'source', V, K, S>, Sinks<V, K, S>, KeyBy<'keyed', V, K, S> {
  readonly stream: StreamHandle
  /** States that functions find under `ctx.state`, by their names in camelCase. */
  states<D extends Readonly<Record<string, State<unknown>>>>(
    declared: D
  ): Stream<V, K, S & StatesOf<D>>
  /** Event time without a window: what `ctx.timestamp` is behind the key, and the timestamp of what is written. */
  eventTime(options: EventTimeOptions<V, K, S>): TimedStream<V, K, S>
  /** Bounds the stream. States are then kept for each key and window. */
  window(shape: WindowNode, options?: WindowOptions<V, K, S>): WindowStream<V, K, S>
}

/** A stream with event time and without a window; what stands behind it is the key. */
export interface TimedStream<V, K, S> extends Sinks<V, K, S>, KeyBy<'keyed', V, K, S> {
  readonly stream: StreamHandle
}

/** Divides the stream by key; states are those of the key from here on. The record keeps its own key. */
export interface KeyBy<G extends 'keyed' | 'windowed', V, K, S> {
  keyBy<N extends Key>(
    key: (value: V, ctx: Context<S, K>) => MaybePromise<N>,
    options?: KeyOptions<N>
  ): At<G, V, N, S>
  /** By a field: `keyBy('customer.id')`. */
  keyBy<const P extends KeyField<V>>(field: P): At<G, V, KeyAt<V, P>, S>
  /** By several fields together, as a text with a JSON list; or by a constant, as one key. */
  keyBy(key: readonly KeyField<V>[] | Constant): At<G, V, string, S>
}

/** What may be said of a key; its type is else that of the owned states. */
export interface KeyOptions<N> extends StepOptions {
  readonly output?: TypeValue<N>
}

/** A stream by key. */
export interface KeyedStream<V, K, S> extends Steps<'keyed', V, K, S>, Sinks<V, K, S> {
  typed<T>(output: TypeValue<T>): TypedKeyed<V, K, S, T>
  readonly stream: StreamHandle
  /** Lets only the first record of a key pass; stands behind `keyBy` at once. */
  dedup(bounds: DedupOptions): KeyedStream<V, K, S>
  /** Keeps aggregates of the key, and sends them with every record. */
  aggregate<const A extends AggregateMap>(
    describe: (of: AggregateWords<V, K>) => A
  ): OutputStream<ResultOf<A>, K, S> & Aggregated<K, AggregateState<A>>
  /** Changes the state of the key. What the function returns goes on to the sinks; nothing sends nothing. */
  updateState<T>(
    update: (value: V, ctx: Context<S, K>) => MaybePromise<T>,
    options?: StepOptions
  ): OutputStream<ValueOf<Exclude<T, Nothing>>, KeyOf<T, K>, S>
}

/** Operators behind a key of which the type is said of what leaves. */
export interface TypedKeyed<V, K, S, T> extends Typed<'keyed', V, K, S, T> {
  updateState(
    update: (value: V, ctx: Context<S, K>) => MaybePromise<T | Nothing>,
    options?: StepOptions
  ): OutputStream<ValueOf<T>, KeyOf<T, K>, S>
}

/** What bounds the memory of `dedup`; at least one of the two, the age as in the file. */
export type DedupOptions =
  | { readonly count: number; readonly age?: string }
  | { readonly count?: number; readonly age: string }

/** A stream of pairs that belong together, by the key that they share. */
export interface JoinedStream<V, K, S> extends Steps<'joined', V, K, S>, Sinks<V, K, S> {
  readonly stream: StreamHandle
  /** States of other services for the functions behind the join. */
  states<D extends Readonly<Record<string, State<unknown>>>>(
    declared: D
  ): JoinedStream<V, K, S & StatesOf<D>>
}

/** A stream behind an aggregate, which keeps values `A` by keys `K`. */
export interface Aggregated<K, A> {
  readonly $aggregate?: { readonly key: K; readonly state: A }
}
