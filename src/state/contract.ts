// The contracts of keyed state: value codecs, the store of cold state, and the state of one task.
//
// Owns: what state promises its task. Does not own: types (codecs are handed in), the log (the task
// commits what `seal` gives). Words: hot = in maps; cold = in the store; sealed = encoded into a changelog
// batch; durable = that batch is committed; flushed = written to the store.
//   S1  The changelog is the truth. The store is a materialisation with the changelog position it reflects.
//   S2  The store never holds a change whose changelog batch is not durable.
//   S3  An entry leaves the hot map only when it is flushed.
//   S4  What `seal` encoded is not changed by later writes of the next epoch.
//   S5  `rollback` undoes exactly the writes since the last `mark`.

import type { ByteWriter } from '../base/index.ts'

/** Scalar keys. 64-bit keys are bigints only where their type says `bigint: true`. */
export type StateKey = string | number | bigint | boolean

/** How a state's values become bytes and back; made from the declared type. */
export interface ValueCodec<V = unknown> {
  encode(value: V, sink: ByteWriter): void
  decode(bytes: Uint8Array, start: number, end: number): V
  /** What an absent value reads as: 0, "", false, a row of zeros. A fresh one each time when mutable. */
  zero(): V
  /** A value that shares nothing mutable with `value`; immutable values come back as they are. */
  copy(value: V): V
  /** Checks and normalises (range, f32 rounding, missing fields). @throws RECORD_VALUE a value outside the type */
  check(value: unknown): V
  /** Estimated bytes in memory, for the budget. */
  size(value: V): number
}

/** How a state's keys become bytes and back, and their order in bytes. */
export interface KeyCodec {
  encode(key: StateKey, sink: ByteWriter): void
  decode(bytes: Uint8Array, start: number, end: number): StateKey
  /** @throws RECORD_VALUE on a key outside the type */
  check(key: unknown): StateKey
}

/** One declared state. */
export interface StateSpec {
  /** `<service>.<state>`: unique in the dataflow, stable over restarts. */
  readonly name: string
  readonly key: KeyCodec
  readonly value: ValueCodec
  /** A text that equals only for equal types; a difference from what is stored refuses to open. */
  readonly fingerprint: string
  /** Its values are seldom needed soon after they were written: they leave memory once they are flushed. */
  readonly isCold?: boolean
  /** Whether its keys live in namespaces, such as windows: then {@link TaskState.namespaced} gives it. */
  readonly namespaced?: boolean
}

/** One change on its way to the store; the bytes belong to the store from then on. */
export interface StoreChange {
  readonly key: Uint8Array
  /** null deletes. */
  readonly value: Uint8Array | null
}

/** The cold store: ordered bytes to bytes. One per task. @see conformance/state-store.ts */
export interface StateStore {
  /** Reads without a promise: a miss of the hot map happens inside the task's synchronous path. */
  get(key: Uint8Array): Uint8Array | null
  /** Applies all changes in one atomic step, in order. Resolves when a crash of the process loses none of it. */
  write(changes: readonly StoreChange[]): Promise<void>
  /** All pairs with `from` ≤ key < `to`, in byte order, as of the call. */
  scan(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]>
  /** The same without promises, for iteration inside a function. */
  scanSync(from: Uint8Array, to: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]>
  /** Copies everything into an empty store location at `path`. */
  snapshot(path: string): Promise<void>
  /** Removes everything; afterwards the store is as new. Resolves when a crash of the process keeps it so. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** One keyed state of one task. Values given out are the caller's copies; writing needs `set`. */
export interface KeyedState<V = unknown> {
  readonly spec: StateSpec
  /**
   * The value, or undefined when absent. Synchronous, also when it is cold.
   * @throws STATE_STORE_DAMAGED, STATE_STORE_FAILED the cold value cannot be read: no fault of the record, the task
   *   must stop (nothing is sealed any more); the next opening rebuilds the store
   */
  get(key: StateKey): V | undefined
  has(key: StateKey): boolean
  /** Stores `value`, which the state owns from then on. Checked by the caller's codec. */
  set(key: StateKey, value: V): void
  /** As {@link set}, of a key that was never there: spares the look into the store. The caller's promise. */
  insert(key: StateKey, value: V): void
  /** Removes; false when it was absent. */
  delete(key: StateKey): boolean
  /**
   * All pairs, hot and cold, once each, in no promised order. Use it up before the next `mark`, `seal` or await.
   * Writing meanwhile is safe: the loop sees a key that is deleted or changed before its turn as it is then, and
   * may or may not see a new key.
   */
  entries(): Iterable<[StateKey, V]>
  /**
   * The first `limit` keys from `from` on, in the order of their bytes, hot and cold, as of the call: what is set or
   * deleted before the promise resolves may or may not show. Fewer than `limit` means that there are no more. Costs
   * a look at each hot key, so ask for many at once.
   * @throws STATE_STORE_DAMAGED, STATE_STORE_FAILED as {@link get}
   */
  keysFrom(from: StateKey, limit: number): Promise<StateKey[]>
  /**
   * Keys whose values `fits` picks, hot and cold, once each, up to `limit`, in no promised order. It looks at a
   * portion of the keys at a time and waits for `pause`, in which other work goes on: a key that is written meanwhile
   * may or may not show. `fits` keeps and changes nothing.
   * @throws STATE_STORE_DAMAGED, STATE_STORE_FAILED as {@link get}
   */
  keysWhere(
    fits: (value: V) => boolean,
    options: { readonly limit: number; pause(): Promise<void> }
  ): Promise<StateKey[]>
  /** How many keys are present. */
  readonly size: number
}

/**
 * A keyed state whose keys stand in namespaces, each a safe integer (a window's start): the same key once in each.
 * A namespace has a map of its own, so that a window is found once and its keys cost what a state's keys cost.
 */
export interface NamespacedState<V = unknown> {
  readonly spec: StateSpec
  /**
   * The keys of a namespace. It may be kept until {@link clear} of that namespace, and must then be asked for anew.
   * Asking creates nothing that is stored.
   */
  in(namespace: number): KeyedState<V>
  /** The namespaces that have keys, in no promised order. */
  namespaces(): number[]
  /**
   * Removes all keys of a namespace. What was written in this epoch only leaves no trace in the changelog. `take` gets
   * each pair, and owns its value from then on.
   */
  clear(namespace: number, take?: (key: StateKey, value: V) => void): void
  /** How many keys are present in all namespaces together. */
  readonly size: number
}

/** What one epoch changed, ready to be committed. */
export interface SealedState {
  /** Number of this seal, rising by one. */
  readonly epoch: number
  /** Encoded changelog batches, format v2; empty when nothing changed. The caller commits them in order. */
  readonly batches: readonly Uint8Array[]
  /** How many records each batch holds: `committed` wants the last batch's base offset plus its count. */
  readonly recordCounts: readonly number[]
}

/** Counters and sizes for people. */
export interface StateMetrics {
  readonly hotKeys: number
  readonly hotBytes: number
  readonly keys: number
  readonly coldReads: number
  readonly evicted: number
  readonly flushes: number
  readonly flushedPosition: number
}

/** All keyed states of one task. Not concurrent: one task calls it. */
export interface TaskState {
  /** @throws STATE_UNKNOWN when the name was not in the specs that it was opened with */
  state<V = unknown>(name: string): KeyedState<V>
  /** @throws STATE_UNKNOWN when the name was not in the specs, or its spec is not `namespaced` */
  namespaced<V = unknown>(name: string): NamespacedState<V>
  /** From here on {@link rollback} undoes. Called before each user function that may write. */
  mark(): void
  rollback(): void
  /** Whether anything changed since the last seal (which may find that the changes come to nothing). */
  readonly dirty: boolean
  /** Bytes that the next seal would give, roughly. */
  readonly dirtyBytes: number
  /**
   * Encodes all changes since the last seal (S4).
   * @throws STATE_STORE_DAMAGED, STATE_STORE_FAILED a read failed in this epoch, even if a function caught the error
   */
  seal(timestampMs: number): SealedState
  /**
   * The task's commit of that seal is durable; `nextPosition` is the changelog offset after its last record.
   * Called for every seal that has batches, in order; one without need not be reported.
   */
  committed(epoch: number, nextPosition: number): void
  /**
   * Resolves when the task may go on: write-behind is within STATE_UNFLUSHED_BYTES_MAX, and hot entries at most a
   * quarter over their budget. At once (null) usually.
   * Rejects with STATE_STORE_FAILED or STATE_STORE_DAMAGED once a write to the store failed: nothing is lost (S1),
   * but the task must stop; opening it again replays what the store lacks.
   */
  admitted(): Promise<void> | null
  /** Flushes all that is durable. */
  flush(): Promise<void>
  snapshot(path: string): Promise<void>
  metrics(): StateMetrics
  /** Flushes what is durable and closes the store. */
  close(): Promise<void>
}
