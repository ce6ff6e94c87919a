// What security must not forget, as an interface: the broker's memory keeps it, in the log.

/** Values by key; plain data that JSON carries. The memory of a broker (`kafka/broker/store.ts`) is one. */
export interface SecurityMemory {
  get(key: string): unknown
  /** All keys with a prefix, without it, and their values. */
  entries(prefix: string): Iterable<readonly [string, unknown]>
  /** Changes by key; null removes. Visible at once, resolves when durable. */
  change(changes: ReadonlyMap<string, unknown>): Promise<unknown>
}
