// The stages of a stream with a window, as types: before its key, behind it, and when the window closes.
import type { Context, Key, KeyedState, KeyedStateReader, Window } from '../runtime/code/user.ts'
import type { AggregateMap, AggregateState, ResultOf, WindowAggregateWords } from './aggregate.ts'
import type { StepOptions } from './step.ts'
import type {
  DedupOptions,
  EventTimeOptions,
  KeyBy,
  KeyOf,
  MaybePromise,
  Nothing,
  OutputStream,
  Sinks,
  Steps,
  StreamHandle,
  Typed,
  ValueOf
} from './stream.ts'
import type { TopicFor } from './topic.ts'
import type { TypeValue } from './types.ts'
import type { EarlyOptions } from './window.ts'

/** What a window says beside its bounds. */
export interface WindowOptions<V, K, S> extends EventTimeOptions<V, K, S> {
  readonly time?: 'event' | 'processing'
  readonly early?: EarlyOptions
  /** Where records go that come too late for all their windows. */
  readonly late?: TopicFor<V>
}

/** A stream with windows and without a key. */
export interface WindowStream<V, K, S>
  extends Steps<'window', V, K, S>, KeyBy<'windowed', V, K, S> {}

/** A context in which there is always a window. */
export type WindowContext<S, K> = Context<S, K> & { readonly window: Window }

/** The values of the states of one part of a window. */
export type PartOf<S> = {
  [N in keyof S]: S[N] extends KeyedState<Key, infer V> ? V : never
}

/** A stream by key in windows. */
export interface WindowedStream<V, K, S> extends Steps<'windowed', V, K, S>, Closing<V, K, S> {
  typed<T>(output: TypeValue<T>): TypedWindowed<V, K, S, T>
  /** Lets only the first record of a key pass; stands behind `keyBy` at once. */
  dedup(bounds: DedupOptions): WindowedStream<V, K, S>
  updateState<T>(
    update: (value: V, ctx: Context<S, K>) => MaybePromise<T>,
    options?: StepOptions
  ): Closing<ValueOf<Exclude<T, Nothing>>, KeyOf<T, K>, S>
  /** Keeps aggregates of the key, and sends them when its window closes. */
  aggregate<const A extends AggregateMap>(
    describe: (of: WindowAggregateWords<V, K>) => A
  ): AggregatedWindow<A, K, S>
}

/** A window with an aggregate: sends what that gives for each key, or what `flush` makes of all keys. */
export interface AggregatedWindow<A, K, S> extends OutputStream<ResultOf<A>, K, S> {
  typed<T>(output: TypeValue<T>): Pick<TypedClosing<K, WithAggregate<A, K, S>, T>, 'flush'>
  /** Gives one result of a window when it closes, over `ctx.state.aggregate.entries()`. */
  flush<T>(
    result: (ctx: WindowContext<WithAggregate<A, K, S>, null>) => MaybePromise<T>,
    options?: StepOptions
  ): OutputStream<ValueOf<Exclude<T, Nothing>>, KeyOf<T, null>, S>
}

/** States of a service beside that of its aggregate. */
export type WithAggregate<A, K, S> = S & {
  readonly aggregate: KeyedStateReader<K & Key, AggregateState<A>>
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
