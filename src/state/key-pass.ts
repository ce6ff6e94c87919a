// A pass over all keys of a state, some at a time: the task's other work goes on in between.
//
// Owns: the order of places, so that no key is missed that is there all the time. Does not own: the places.
//   P1  What a start replayed comes before the map, the map before the store: a key leaves the one for the other in
//       that order, but for cold ones that are read, which a pass over the store finds in the map.
//   P2  A key that is looked at twice shows once. What is written meanwhile may or may not show.
import type { StateKey, StateStore, StateSpec } from './contract.ts'
import { type Entry, PRESENT } from './entry.ts'
import { afterPrefix } from './key-space.ts'
import type { Tail } from './tail.ts'

/** Keys between two pauses: less than a millisecond. */
const KEYS_PORTION = 1024

/** The places of a state's keys. */
export interface KeyPlaces {
  readonly spec: StateSpec
  readonly prefix: Uint8Array
  readonly entries: ReadonlyMap<StateKey, Entry>
  readonly store: StateStore
  /** What a start replayed and nobody asked for; null once the store has it. */
  tail(): Tail | null
  /** Whether present keys are in the store only. */
  hasStored(): boolean
  keyOf(tail: Tail, index: number): StateKey
  valueOf(tail: Tail, index: number): unknown
}

/** How a pass goes. */
export interface KeyPassOptions {
  /** The pass ends once it has found so many. */
  readonly limit: number
  /** Lets other work go on; the state may change meanwhile. */
  pause(): Promise<void>
}

/** Keys whose values `fits` picks. @throws what the store throws */
export async function keysThat(
  places: KeyPlaces,
  fits: (value: unknown) => boolean,
  options: KeyPassOptions
): Promise<StateKey[]> {
  const pass = new KeyPass(places, fits, options)
  const isMore = (await pass.overTail()) && (await pass.overMap())
  if (isMore) await pass.overStore()
  return [...pass.found]
}

/** Each part tells whether to go on. */
class KeyPass {
  readonly found = new Set<StateKey>()
  readonly #places: KeyPlaces
  readonly #fits: (value: unknown) => boolean
  readonly #options: KeyPassOptions
  #isStored = false
  #looks = 0

  constructor(places: KeyPlaces, fits: (value: unknown) => boolean, options: KeyPassOptions) {
    this.#places = places
    this.#fits = fits
    this.#options = options
  }

  async overTail(): Promise<boolean> {
    const places = this.#places
    for (let from = 0; ; from += KEYS_PORTION) {
      const tail = places.tail()
      if (tail === null || from >= tail.slots) return true
      for (const index of tail.records(from, from + KEYS_PORTION)) {
        if (!this.#look(places.keyOf(tail, index), places.valueOf(tail, index))) return false
      }
      await this.#options.pause()
    }
  }

  async overMap(): Promise<boolean> {
    const { entries } = this.#places
    this.#isStored = this.#places.hasStored()
    // What comes in meanwhile stands behind, and is in the store or new.
    let left = entries.size
    for (const { key, value, flags } of entries.values()) {
      if (left-- === 0) break
      if (flags & PRESENT && !this.#look(key, value)) return false
      if (this.#isPortion) await this.#options.pause()
    }
    return true
  }

  async overStore(): Promise<void> {
    const places = this.#places
    if (!this.#isStored && !places.hasStored()) return
    const { spec, prefix, entries, store } = places
    for await (const [stored, bytes] of store.scan(prefix, afterPrefix(prefix))) {
      const key = spec.key.decode(stored, prefix.length, stored.length)
      const entry = entries.get(key)
      if (entry !== undefined) {
        if (entry.flags & PRESENT && !this.#look(key, entry.value)) return
      } else if (places.tail()?.knows(stored) !== true) {
        if (!this.#look(key, spec.value.decode(bytes, 0, bytes.length))) return
      }
      if (this.#isPortion) await this.#options.pause()
    }
  }

  get #isPortion(): boolean {
    return ++this.#looks % KEYS_PORTION === 0
  }

  #look(key: StateKey, value: unknown): boolean {
    // Hot: per key.
    return !this.#fits(value) || this.found.add(key).size < this.#options.limit
  }
}
