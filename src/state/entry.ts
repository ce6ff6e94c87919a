// One key of a keyed state in memory: its value and where it stands between memory, changelog and store.
import type { StateKey } from './contract.ts'

/** The key has a value; without it the entry says that the key is absent. */
export const PRESENT = 1
/** Changed since the last seal; the entry stands in its state's dirty list. */
export const DIRTY = 2
/** Used since the eviction hand came by: it gets a second chance. */
export const REFERENCED = 4
/** In neither changelog nor store: if it is absent again when the epoch is sealed, there is nothing to say of it. */
export const FRESH = 8

/**
 * Estimated bytes of an entry without its key's and value's own: the object (5 fields, 64 bytes) and its share of
 * the map (about 32). Measured in bench/state.ts.
 */
export const ENTRY_BYTES = 96

/** A key in the hot map. One object stands for the key until it is evicted, so identity is equality of keys. */
export class Entry {
  readonly key: StateKey
  value: unknown
  flags: number
  /** The last seal that carries a change of this key; 0 for none since it became hot. */
  epoch = 0
  /** Estimated bytes in memory, without {@link ENTRY_BYTES}. */
  bytes: number

  constructor(key: StateKey, value: unknown, flags: number, bytes: number) {
    this.key = key
    this.value = value
    this.flags = flags
    this.bytes = bytes
  }
}

/** Estimated bytes of a key in memory. */
export function keyBytes(key: StateKey): number {
  return typeof key === 'string' ? 24 + key.length : typeof key === 'bigint' ? 32 : 0
}
