// What users' functions see: the types of their context, and `keyed`. Exported as `millrace/dataflow`.
//
// Other copies of this file may be loaded in one process (a user's own install beside the running one), so
// a keyed value is known by its tag, never by its class.

/** Types that can be keys of records and states. */
export type Key = string | number | bigint | boolean

/** A value with the key that it shall have from here on. Make one with {@link keyed}. */
export class Keyed<K = Key | null, V = unknown> {
  readonly key: K
  readonly value: V

  constructor(key: K, value: V) {
    this.key = key
    this.value = value
  }

  /** Tells a keyed value from an object that merely has a `key` and a `value`, for TypeScript too. */
  get [Symbol.toStringTag](): 'KeyValue' {
    return 'KeyValue'
  }
}

/** What {@link keyed} gives; the return type of a function that re-keys its record. */
export interface KeyValue<K = Key | null, V = unknown> {
  readonly key: K
  readonly value: V
  readonly [Symbol.toStringTag]: 'KeyValue'
}

/** Gives a record a new key: `return keyed(word, { word, count })`. A null key takes the key away. */
export function keyed<K, V>(key: K, value: V): KeyValue<K, V> {
  return new Keyed(key, value)
}

/** Whether `value` came from {@link keyed}, of this or another copy of the package. */
export function isKeyed(value: unknown): value is KeyValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<Keyed>)[Symbol.toStringTag] === 'KeyValue'
  )
}

/** Read access to the value under one key. */
export interface KeyReader<V> {
  /** The value, or its type's zero (0, '', false, a row of zeros) when absent. A copy of yours. */
  get(): V
  has(): boolean
}

/** Access to the value under one key. */
export interface KeyAccessor<V> extends KeyReader<V> {
  set(value: V): void
  /** Stores what `change` returns, or the object that it changed when it returns nothing; gives what was stored. */
  update(change: (value: V) => V | (V extends object ? void : never)): V
  /** Removes the value; false when it was absent. */
  delete(): boolean
}

/** A state of another service: reads only. */
export interface KeyedStateReader<K extends Key, V> extends KeyReader<V> {
  /** The same for a key of your choice. */
  at(key: K): KeyReader<V>
  /** All pairs, in no promised order. */
  entries(): Iterable<[K, V]>
}

/** A state of this service. `get`, `set` … act on the record's key, `at(key)` on any key. */
export interface KeyedState<K extends Key, V> extends KeyAccessor<V> {
  at(key: K): KeyAccessor<V>
  /** All pairs, in no promised order. Do not write while iterating. */
  entries(): Iterable<[K, V]>
}

/** Where a function tells people something, with its service and operator. All but text is shown as JSON. */
export interface Logger {
  debug(message: unknown): void
  info(message: unknown): void
  warn(message: unknown): void
  error(message: unknown): void
}

/** A span of event time, ms since the epoch; `end` is not in it. */
export interface Window {
  readonly start: number
  readonly end: number
  /** False for results that are given before the window closes, and in all functions but flush. */
  readonly isFinal: boolean
}

/**
 * The second argument of every function: what is known of the record beside its value. Inline functions have
 * its `state` typed by the file; in files of your own say which states you use:
 * `Context<{ countPerWord: KeyedState<string, number> }>`.
 */
export interface Context<State = unknown, RecordKey = Key | null> {
  /** The key given last, by assign-key or `keyed`, otherwise the record's own; null without one. */
  readonly key: RecordKey
  /** Event time, ms since the epoch. */
  readonly timestamp: number
  /** Headers as UTF-8 text; of repeated names the last. */
  readonly headers: Readonly<Record<string, string>>
  /** The topic, partition and offset that the record was read from; offset −1 while it is not in the log yet. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The window of a windowed service, null elsewhere. */
  readonly window: Window | null
  /** Static parameters of the step, from `with:`. */
  readonly params: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  readonly state: State
  /**
   * Asks the states that the service sees, by their names, as of all earlier records of this task; `?` in the query
   * stand for the parameters. Each state that a query names is held in memory once more from then on.
   * @throws SQL_INVALID with the place in the query
   */
  sql<Row extends object = Record<string, SqlValue>>(
    query: string,
    ...parameters: readonly SqlParameter[]
  ): Row[]
}

/** What stands in a row of SQL: integers are bigints beyond 2^53, lists and objects of states are as they were. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | object

/** What may stand for a `?` of a query. */
export type SqlParameter = string | number | bigint | boolean | null | Uint8Array
