// The stages of a stream, as types: what may follow, and what functions are given there.
//
// source ─▶ steps ─▶ (window ─▶ steps) ─▶ keyBy ─▶ steps ─▶ updateState ─▶ (merge, flush) ─▶ to. A stream is never
// changed: each call gives a new one, so that a common beginning can be shared.
import type { Context, Key, KeyValue, KeyedState, Window } from '../runtime/code/user.ts'
import type { StepOptions } from './step.ts'
import type { StatesOf, State, Topic, TopicFor } from './topic.ts'
import type { TypeValue } from './types.ts'
import type { EarlyOptions, WatermarkOptions, WindowNode } from './window.ts'

type MaybePromise<T> = T | PromiseLike<T>
type Nothing = null | undefined | void
/** The value that leaves where a function gives `T`. */
export type ValueOf<T> = T extends KeyValue<unknown, infer V> ? V : T
/** The key that a record has where a function gives `T` and the record had `K`. */
export type KeyOf<T, K> = T extends KeyValue<infer N, unknown> ? N : K

/** Where a stream is; says what may follow. */
export type Stage = 'source' | 'window' | 'keyed' | 'windowed' | 'sink'

type At<G extends Stage, V, K, S> = G extends 'source'
  ? Stream<V, K, S>
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
  /** When a record happened, in ms since 1970; without it, when it was produced. */
  readonly timestamp?: (value: V, ctx: Context<S, K>) => MaybePromise<number>
  readonly watermark?: WatermarkOptions
}

/** What a window says beside its bounds. */
export interface WindowOptions<V, K, S> extends EventTimeOptions<V, K, S> {
  readonly time?: 'event' | 'processing'
  readonly early?: EarlyOptions
  /** Where records go that come too late for all their windows. */
  readonly late?: TopicFor<V>
}

/** What a sink that is a function says. */
export interface FunctionSinkOptions<V, K, S> {
  /** Typename of the messages, where it is not that of the value's type. */
  readonly valueType?: string
  /** The id of the function that gets the value; without it, the record's key. */
  readonly assignId?: (value: V, ctx: Context<S, K>) => MaybePromise<Key>
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
export interface Stream<V, K, S> extends Steps<'source', V, K, S>, Sinks<V, K, S> {
  readonly stream: StreamHandle
  /** States that functions find under `ctx.state`, by their names in camelCase. */
  states<D extends Readonly<Record<string, State<unknown>>>>(
    declared: D
  ): Stream<V, K, S & StatesOf<D>>
  /** Event time without a window: what `ctx.timestamp` is further on. */
  eventTime(options: EventTimeOptions<V, K, S>): Stream<V, K, S>
  /** Bounds the stream. States are then kept for each key and window. */
  window(shape: WindowNode, options?: WindowOptions<V, K, S>): WindowStream<V, K, S>
  /** Divides the stream by key; states are those of the key from here on. The record keeps its own key. */
  keyBy<N extends Key>(
    key: (value: V, ctx: Context<S, K>) => MaybePromise<N>,
    options?: KeyOptions<N>
  ): KeyedStream<V, N, S>
}

/** What may be said of a key; its type is else that of the owned states. */
export interface KeyOptions<N> extends StepOptions {
  readonly output?: TypeValue<N>
}

/** A stream with windows and without a key. */
export interface WindowStream<V, K, S> extends Steps<'window', V, K, S> {
  keyBy<N extends Key>(
    key: (value: V, ctx: Context<S, K>) => MaybePromise<N>,
    options?: KeyOptions<N>
  ): WindowedStream<V, N, S>
}

/** A stream by key. */
export interface KeyedStream<V, K, S> extends Steps<'keyed', V, K, S>, Sinks<V, K, S> {
  typed<T>(output: TypeValue<T>): TypedKeyed<V, K, S, T>
  readonly stream: StreamHandle
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

/** A context in which there is always a window. */
export type WindowContext<S, K> = Context<S, K> & { readonly window: Window }

/** The values of the states of one part of a window. */
export type PartOf<S> = {
  [N in keyof S]: S[N] extends KeyedState<Key, infer V> ? V : never
}

/** A stream by key in windows. */
export interface WindowedStream<V, K, S> extends Steps<'windowed', V, K, S>, Closing<V, K, S> {
  typed<T>(output: TypeValue<T>): TypedWindowed<V, K, S, T>
  updateState<T>(
    update: (value: V, ctx: Context<S, K>) => MaybePromise<T>,
    options?: StepOptions
  ): Closing<ValueOf<Exclude<T, Nothing>>, KeyOf<T, K>, S>
}

/** Operators in a window of which the type is said of what leaves. */
export interface TypedWindowed<V, K, S, T>
  extends Typed<'windowed', V, K, S, T>, TypedClosing<K, S, T> {
  updateState(
    update: (value: V, ctx: Context<S, K>) => MaybePromise<T | Nothing>,
    options?: StepOptions
  ): Closing<ValueOf<T>, KeyOf<T, K>, S>
}

/** Results of a window of which the type is said. */
export interface TypedClosing<K, S, T> {
  flush(
    result: (ctx: WindowContext<S, null>) => MaybePromise<T | Nothing>,
    options?: StepOptions
  ): OutputStream<ValueOf<T>, KeyOf<T, null>, S>
  flushKey(
    result: (ctx: WindowContext<S, K>) => MaybePromise<T | Nothing>,
    options?: StepOptions
  ): OutputStream<ValueOf<T>, KeyOf<T, K>, S>
}

/** What a window does beside taking records. */
export interface Closing<V, K, S> extends Sinks<V, K, S> {
  typed<T>(output: TypeValue<T>): TypedClosing<K, S, T>
  readonly stream: StreamHandle
  /** Adds one part of a window to another: sessions that turn out to be one, panes of sliding windows. */
  merge(
    add: (part: PartOf<S>, ctx: WindowContext<S, K>) => unknown,
    options?: StepOptions
  ): Closing<V, K, S>
  /** Gives the result of a window when it closes, over all its keys. */
  flush<T>(
    result: (ctx: WindowContext<S, null>) => MaybePromise<T>,
    options?: StepOptions
  ): OutputStream<ValueOf<Exclude<T, Nothing>>, KeyOf<T, null>, S>
  /** Gives the result of one key when its window closes. */
  flushKey<T>(
    result: (ctx: WindowContext<S, K>) => MaybePromise<T>,
    options?: StepOptions
  ): OutputStream<ValueOf<Exclude<T, Nothing>>, KeyOf<T, K>, S>
}

/** A beginning of a stream that `merge` takes: a topic with steps of its own. */
export type Source<V, K> = Stream<V, K, unknown> | Topic<K, V>
