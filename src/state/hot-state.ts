// One keyed state: a map of hot entries over the store's cold ones.
//
// A key that is not in the map is in the store or nowhere. The store holds stale values of hot keys, and the
// values of cold ones. `size` counts present keys, `#hotPresent` those of them in the map; what is left is cold,
// and where nothing is left a miss needs no look into the store. A key that was deleted stays in the map as an
// absent entry until the store has forgotten it (S3); absent entries also remember that the store was asked. After a
// start what the changelog has and the store lacks stands in the tail, before the store, until it is flushed.
import { ByteWriter, MillraceError } from '../base/index.ts'
import type { KeyedState, StateKey, StateSpec, StateStore, ValueCodec } from './contract.ts'
import { DIRTY, ENTRY_BYTES, Entry, FRESH, PRESENT, REFERENCED, keyBytes } from './entry.ts'
import { type KeyPassOptions, type KeyPlaces, keysThat } from './key-pass.ts'
import { afterPrefix, dataPrefix, namespacePrefix } from './key-space.ts'
import type { Ledger } from './ledger.ts'
import type { Tail } from './tail.ts'

/**
 * Estimated bytes of the largest value. Encoded text takes up to three times its estimate, and must fit a
 * batch of 16 MiB with its key.
 */
export const STATE_VALUE_BYTES_MAX: number = 5 * 1024 * 1024

/** A keyed state of a task; made and driven by its task state. */
export class HotState implements KeyedState {
  readonly spec: StateSpec
  /** The bytes before each of its keys. */
  readonly prefix: Buffer
  /** Of a namespaced state the part that this is; else null. */
  readonly namespace: number | null
  /** Of a namespaced state: whether somebody may hold it, so that it is not forgotten while it is empty. */
  isKept = false
  /** Entries with {@link DIRTY}, in the order in which they became dirty. */
  dirty: Entry[] = []
  readonly #values: ValueCodec
  readonly #prefixLength: number
  readonly #ledger: Ledger
  readonly #store: StateStore
  readonly #entries = new Map<StateKey, Entry>()
  readonly #lookup = new ByteWriter(64)
  /** The entry that was read last, while it is in the map. */
  #last: Entry | null = null
  #tail: Tail | null = null
  #size = 0
  #hotPresent = 0
  #dirtyAtMark = 0
  #markNumber = 0
  /** For each loop over cold keys: keys that became hot since it began. */
  readonly #loops: Set<StateKey>[] = []

  constructor(spec: StateSpec, store: StateStore, ledger: Ledger, namespace: number | null = null) {
    this.spec = spec
    this.namespace = namespace
    this.prefix = namespace === null ? dataPrefix(spec.name) : namespacePrefix(spec.name, namespace)
    this.#values = spec.value
    this.#prefixLength = this.prefix.length
    this.#store = store
    this.#ledger = ledger
  }

  get size(): number {
    return this.#size
  }

  /** Keys in the map, absent ones too. */
  get hotKeys(): number {
    return this.#entries.size
  }

  get(key: StateKey): unknown {
    // Hot: per record.
    const entry = this.#entries.get(key) ?? this.#load(key)
    if (entry === null) return undefined
    this.#last = entry
    const flags = entry.flags
    if (!(flags & REFERENCED)) entry.flags = flags | REFERENCED
    return flags & PRESENT ? this.#values.copy(entry.value) : undefined
  }

  has(key: StateKey): boolean {
    const entry = this.#entries.get(key) ?? this.#load(key)
    if (entry === null) return false
    entry.flags |= REFERENCED
    return (entry.flags & PRESENT) !== 0
  }

  set(key: StateKey, value: unknown): void {
    // Hot: per record.
    const bytes = this.#values.size(value)
    if (bytes > STATE_VALUE_BYTES_MAX) throw this.#tooLarge(key, bytes)
    // A write mostly follows a read of the same key.
    let entry = this.#last
    if (entry === null || entry.key !== key) {
      entry = this.#entries.get(key) ?? this.#load(key) ?? this.#insertAbsent(key)
    }
    const ledger = this.#ledger
    ledger.note(this, entry)
    const flags = entry.flags
    if (flags & DIRTY) {
      ledger.dirtyBytes += bytes - entry.bytes
    } else {
      this.dirty.push(entry)
      ledger.dirtyBytes += bytes + this.#prefixLength + keyBytes(key)
    }
    if (!(flags & PRESENT)) {
      this.#size++
      this.#hotPresent++
    }
    entry.flags = PRESENT | DIRTY | REFERENCED | (flags & FRESH)
    entry.value = value
    ledger.hotBytes += bytes - entry.bytes
    entry.bytes = bytes
  }

  insert(key: StateKey, value: unknown): void {
    if (!this.#entries.has(key)) this.#insertAbsent(key)
    this.set(key, value)
  }

  delete(key: StateKey): boolean {
    const entry = this.#entries.get(key) ?? this.#load(key)
    if (entry === null || !(entry.flags & PRESENT)) return false
    const ledger = this.#ledger
    ledger.note(this, entry)
    if (entry.flags & DIRTY) {
      ledger.dirtyBytes -= entry.bytes
    } else {
      this.dirty.push(entry)
      ledger.dirtyBytes += this.prefix.length + keyBytes(key)
    }
    this.#size--
    this.#hotPresent--
    entry.flags = DIRTY | REFERENCED | (entry.flags & FRESH)
    entry.value = undefined
    ledger.hotBytes -= entry.bytes
    entry.bytes = 0
    return true
  }

  /** Removes all keys; `take` gets the pairs, whose values are its own then. */
  clear(take?: (key: StateKey, value: unknown) => void): void {
    for (const entry of this.#entries.values()) {
      if (!(entry.flags & PRESENT)) continue
      take?.(entry.key, entry.value)
      this.delete(entry.key)
    }
    if (this.#size === 0) return
    const cold = [...this.entries()]
    for (const [key, value] of cold) {
      take?.(key, value)
      this.delete(key)
    }
  }

  *entries(): Generator<[StateKey, unknown], undefined> {
    this.#ledger.pauseEviction()
    for (const entry of this.#entries.values()) {
      if (entry.flags & PRESENT) yield [entry.key, this.spec.value.copy(entry.value)]
    }
    if (this.#size === this.#hotPresent) return
    const arrived = new Set<StateKey>()
    this.#loops.push(arrived)
    this.#ledger.noteLoop(this)
    try {
      yield* this.#coldEntries(arrived)
    } catch (error) {
      throw this.#ledger.fail(error)
    } finally {
      const at = this.#loops.indexOf(arrived)
      if (at >= 0) this.#loops.splice(at, 1)
    }
  }

  /** Pairs of tail and store whose keys were not in the map when the loop began. */
  *#coldEntries(arrived: ReadonlySet<StateKey>): Generator<[StateKey, unknown], undefined> {
    const tail = this.#tail
    const isStored = this.#hasStored
    for (const index of tail?.records() ?? []) {
      const pair = this.#coldPair(arrived, this.#replayedKey(tail!, index), () =>
        this.#replayedValue(tail!, index)
      )
      if (pair !== null) yield pair
    }
    if (!isStored) return
    const { key: keys, value: values } = this.spec
    for (const [storedKey, stored] of this.#store.scanSync(this.prefix, afterPrefix(this.prefix))) {
      if (tail?.knows(storedKey) === true) continue
      const key = keys.decode(storedKey, this.prefix.length, storedKey.length)
      const pair = this.#coldPair(arrived, key, () => values.decode(stored, 0, stored.length))
      if (pair !== null) yield pair
    }
  }

  /** What a loop sees of a key that was cold when it began; null for what was hot then, or is absent by now. */
  #coldPair(
    arrived: ReadonlySet<StateKey>,
    key: StateKey,
    decode: () => unknown
  ): [StateKey, unknown] | null {
    const entry = this.#entries.get(key)
    if (entry === undefined) return [key, decode()]
    if (!arrived.has(key) || !(entry.flags & PRESENT)) return null
    return [key, this.#values.copy(entry.value)]
  }

  async keysFrom(from: StateKey, limit: number): Promise<StateKey[]> {
    const { key: keys } = this.spec
    const start = Buffer.from(this.#storeKey(from))
    const near = this.#nearFrom(start)
    if (!this.#hasStored) return near.slice(0, limit).map(({ key }) => key)
    // Entries may leave the map while the store is read, and the tail its state: what they said at the call counts.
    const seen = new Set<StateKey>(this.#entries.keys())
    const tail = this.#tail
    const found: StateKey[] = []
    let at = 0
    try {
      for await (const [stored] of this.#store.scan(start, afterPrefix(this.prefix))) {
        const key = keys.decode(stored, this.prefix.length, stored.length)
        if (seen.has(key) || tail?.knows(stored) === true) continue
        while (at < near.length && near[at]!.bytes.compare(stored) < 0) found.push(near[at++]!.key)
        if (found.length >= limit) break
        found.push(key)
        if (found.length === limit) break
      }
    } catch (error) {
      throw this.#ledger.fail(error)
    }
    while (at < near.length && found.length < limit) found.push(near[at++]!.key)
    return found.slice(0, limit)
  }

  async keysWhere(fits: (value: unknown) => boolean, options: KeyPassOptions): Promise<StateKey[]> {
    const places: KeyPlaces = {
      spec: this.spec,
      prefix: this.prefix,
      entries: this.#entries,
      store: this.#store,
      tail: () => this.#tail,
      hasStored: () => this.#hasStored,
      keyOf: (tail, index) => this.#replayedKey(tail, index),
      valueOf: (tail, index) => this.#replayedValue(tail, index)
    }
    try {
      return await keysThat(places, fits, options)
    } catch (error) {
      throw this.#ledger.fail(error)
    }
  }

  /** Present keys in map and tail whose stored form is `start` or comes after it, in that order. */
  #nearFrom(start: Buffer): { readonly key: StateKey; readonly bytes: Buffer }[] {
    const found: { readonly key: StateKey; readonly bytes: Buffer }[] = []
    for (const { key, flags } of this.#entries.values()) {
      if (!(flags & PRESENT)) continue
      const bytes = this.#storeKey(key)
      if (start.compare(bytes) <= 0) found.push({ key, bytes: Buffer.from(bytes) })
    }
    const tail = this.#tail
    for (const index of tail?.records() ?? []) {
      const { image } = tail!
      const bytes = image.buffer.subarray(image.keyStart(index), image.keyEnd(index))
      if (start.compare(bytes) <= 0) found.push({ key: this.#replayedKey(tail!, index), bytes })
    }
    return found.toSorted((a, b) => a.bytes.compare(b.bytes))
  }

  // ---- for the ledger and the task state ----

  /** Before a write: notes where the dirty list stood at the mark; true the first time since then. */
  noteMark(markNumber: number): boolean {
    if (this.#markNumber === markNumber) return false
    this.#markNumber = markNumber
    this.#dirtyAtMark = this.dirty.length
    return true
  }

  /** Forgets loops that were left before their end. */
  endLoops(): void {
    this.#loops.length = 0
  }

  /** Gives back what `entry` was; called in reverse order of the writes. */
  undo(entry: Entry, value: unknown, flags: number): void {
    const presentBefore = (flags & PRESENT) !== 0
    const presentNow = (entry.flags & PRESENT) !== 0
    if (presentBefore !== presentNow) {
      const change = presentBefore ? 1 : -1
      this.#size += change
      this.#hotPresent += change
    }
    const bytes = presentBefore ? this.spec.value.size(value) : 0
    this.#ledger.hotBytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.value = value
    entry.flags = flags
    this.dropAbsent(entry)
  }

  truncateDirty(): void {
    this.dirty.length = this.#dirtyAtMark
  }

  /**
   * The dirty entries, clean from here on: they belong to the seal `epoch`, later writes to the next one. Keys that
   * came and went within the epoch are forgotten.
   */
  takeDirty(epoch: number): readonly Entry[] {
    const dirty = this.dirty
    this.dirty = []
    this.#dirtyAtMark = 0
    let count = 0
    for (let index = 0; index < dirty.length; index++) {
      const entry = dirty[index]!
      const flags = entry.flags
      entry.flags = flags & ~(DIRTY | FRESH)
      if ((flags & (PRESENT | FRESH)) === FRESH) {
        this.#remove(entry)
        continue
      }
      entry.epoch = epoch
      dirty[count++] = entry
    }
    dirty.length = count
    return dirty
  }

  hotEntries(): Iterator<Entry> {
    return this.#entries.values()
  }

  /** Evicts `entry` if it is flushed and was not used since the last try. */
  tryEvict(entry: Entry): boolean {
    if (entry.flags & REFERENCED) {
      entry.flags &= ~REFERENCED
      return false
    }
    if (!this.#isFlushed(entry)) return false
    this.#remove(entry)
    return true
  }

  /** Forgets an entry that says absent, once the store says the same. */
  dropAbsent(entry: Entry): void {
    if (!(entry.flags & PRESENT) && this.#isFlushed(entry)) this.#remove(entry)
  }

  /** Forgets an entry that a flush has dealt with, if it says absent or its state keeps nothing in memory. */
  dropFlushed(entry: Entry): void {
    if (this.spec.isCold === true && this.#isFlushed(entry)) this.#remove(entry)
    else this.dropAbsent(entry)
  }

  /** Takes over durable changes read from the changelog: records of `image`. Counts come from {@link restoreSize}. */
  replayed(tail: Tail): void {
    this.#tail = tail
  }

  /** Forgets the tail once the store has it. */
  endTail(): void {
    if (this.#tail !== null && this.#tail.image.epoch <= this.#ledger.flushedEpoch)
      this.#tail = null
  }

  /** Sets how many keys are present, as the newest count record says. */
  restoreSize(size: number): void {
    this.#size = size
  }

  /** How many present keys are only in the store. */
  get coldKeys(): number {
    return this.#size - this.#hotPresent
  }

  isHot(key: StateKey): boolean {
    return this.#entries.has(key)
  }

  /** Whether counts and map contradict each other: a changelog or store that lacks something. */
  get isShort(): boolean {
    return this.#size < this.#hotPresent + (this.#tail?.present ?? 0)
  }

  /** Whether present keys are in the store only. */
  get #hasStored(): boolean {
    return this.#size !== this.#hotPresent + (this.#tail?.present ?? 0)
  }

  #isFlushed(entry: Entry): boolean {
    return !(entry.flags & DIRTY) && entry.epoch <= this.#ledger.flushedEpoch
  }

  #remove(entry: Entry): void {
    // An image may name an entry that was dropped before; another one may stand for the key now.
    if (this.#entries.get(entry.key) !== entry) return
    this.#entries.delete(entry.key)
    if (this.#last === entry) this.#last = null
    if (entry.flags & PRESENT) this.#hotPresent--
    this.#ledger.hotBytes -= ENTRY_BYTES + keyBytes(entry.key) + entry.bytes
  }

  /** Brings a cold key in; null when nothing is cold, so that the key is certainly absent. */
  #load(key: StateKey): Entry | null {
    if (this.#size === this.#hotPresent) return null
    this.#ledger.makeRoom()
    const storeKey = this.#storeKey(key)
    const replayed = this.#takeReplayed(key, storeKey)
    if (replayed !== null) return replayed
    if (!this.#hasStored) return this.#insertAbsent(key)
    this.#ledger.coldReads++
    const stored = this.#fetch(storeKey)
    if (stored === null) return this.#insertAbsent(key)
    const value = this.spec.value.decode(stored, 0, stored.length)
    this.#hotPresent++
    return this.#insert(key, value, PRESENT | REFERENCED, this.spec.value.size(value))
  }

  /** Makes an entry of what the tail has of the key; null when it has nothing. */
  #takeReplayed(key: StateKey, storeKey: Uint8Array): Entry | null {
    const tail = this.#tail
    if (tail === null) return null
    const index = tail.take(storeKey)
    if (index < 0) return null
    const present = tail.image.hasValue(index)
    const value = present ? this.#replayedValue(tail, index) : undefined
    const bytes = present ? this.#values.size(value) : 0
    const entry = this.#insert(key, value, present ? PRESENT | REFERENCED : REFERENCED, bytes)
    if (present) this.#hotPresent++
    entry.epoch = tail.image.epoch
    tail.image.entries[index] = entry
    return entry
  }

  #replayedKey({ image }: Tail, index: number): StateKey {
    const start = image.keyStart(index) + this.#prefixLength
    return this.spec.key.decode(image.buffer, start, image.keyEnd(index))
  }

  #replayedValue({ image }: Tail, index: number): unknown {
    return this.#values.decode(image.buffer, image.keyEnd(index), image.valueEnd(index))
  }

  /** The key as the store has it; a view that the next call overwrites. */
  #storeKey(key: StateKey): Uint8Array {
    const sink = this.#lookup
    sink.clear()
    sink.bytes(this.prefix)
    this.spec.key.encode(key, sink)
    return sink.buffer.subarray(0, sink.length)
  }

  #fetch(key: Uint8Array): Uint8Array | null {
    try {
      return this.#store.get(key)
    } catch (error) {
      throw this.#ledger.fail(error)
    }
  }

  #insertAbsent(key: StateKey): Entry {
    this.#ledger.makeRoom()
    return this.#insert(key, undefined, REFERENCED | FRESH, 0)
  }

  #insert(key: StateKey, value: unknown, flags: number, bytes: number): Entry {
    // A map takes -0 for 0; the bytes of both must be one key too.
    const entry = new Entry(key === 0 ? 0 : key, value, flags, bytes)
    this.#entries.set(key, entry)
    this.#ledger.hotBytes += ENTRY_BYTES + keyBytes(key) + bytes
    for (let index = 0; index < this.#loops.length; index++) this.#loops[index]!.add(entry.key)
    return entry
  }

  #tooLarge(key: StateKey, bytes: number): MillraceError {
    return new MillraceError(
      'STATE_VALUE_TOO_LARGE',
      `the value under the key ${String(key).slice(0, 100)} of the state ${this.spec.name} ` +
        `takes about ${bytes} bytes; ` +
        `expected at most ${STATE_VALUE_BYTES_MAX}; keep less under one key, or spread it over several keys`,
      { details: { state: this.spec.name, bytes, bytesMax: STATE_VALUE_BYTES_MAX } }
    )
  }
}
