// What a replay read of one state, by key and as bytes, until the store has it too.
//
// A start reads the changelog behind the store's position. Making an entry of each change would cost a start a
// second for a million keys, most of which nobody asks for; so a change is only found by its key's hash here, and
// becomes an entry when its key is first asked for. Owns: the table from key to newest record. Does not own: the
// bytes (image.ts), what is hot (hot-state.ts).
//
// T1. Each key of the state has one slot, that of its newest record; older records of it are outdated in the image.
// T2. A taken key has an entry in the hot map, which cannot leave before the flush that ends this tail (S3).
import { murmur2 } from '../record/index.ts'
import type { Image } from './image.ts'

/** Slots for each record, at least. */
const SLOTS_PER_RECORD = 2
/** Of a reference: the key was taken. The rest is the record's number plus one; 0 is an empty slot. */
const TAKEN = 0x8000_0000

/** The replayed records of one hot state. */
export class Tail {
  readonly image: Image
  /** Keys that have a value here and were not taken. */
  present = 0
  readonly #prefixLength: number
  /** Two numbers a slot: the key's hash, and the reference. */
  readonly #slots: Uint32Array

  /** Laid out for `records` of the image, which are added next. */
  constructor(image: Image, prefixLength: number, records: number) {
    this.image = image
    this.#prefixLength = prefixLength
    const bits = 32 - Math.clz32(Math.max(records, 1) * SLOTS_PER_RECORD - 1)
    this.#slots = new Uint32Array(2 << bits)
  }

  /** Takes over record `index` as the newest of its key: called in their order. */
  add(index: number): void {
    // Hot: per record of the replay.
    const { image } = this
    const bytes = image.buffer
    const start = image.keyStart(index) + this.#prefixLength
    const end = image.keyEnd(index)
    const hash = murmur2(bytes, start, end) >>> 0
    const slot = this.#slotOf(hash, bytes, start, end)
    const slots = this.#slots
    const before = slots[slot + 1]!
    if (before !== 0) {
      if (image.hasValue(before - 1)) this.present--
      image.outdate(before - 1)
    }
    slots[slot] = hash
    slots[slot + 1] = index + 1
    if (image.hasValue(index)) this.present++
  }

  /** Whether a record of the key was replayed, taken or not. `key` has the state's prefix before it. */
  knows(key: Uint8Array): boolean {
    return this.#slots[this.#find(key) + 1] !== 0
  }

  /** The newest record of the key, which is taken by this; -1 when there is none, or it was taken before. */
  take(key: Uint8Array): number {
    const slot = this.#find(key)
    const reference = this.#slots[slot + 1]!
    if (reference === 0 || reference >= TAKEN) return -1
    this.#slots[slot + 1] = reference + TAKEN
    if (this.image.hasValue(reference - 1)) this.present--
    return reference - 1
  }

  /** How many places for keys there are. */
  get slots(): number {
    return this.#slots.length / 2
  }

  /**
   * The records of the keys that have a value and were not taken, as of the call, in no promised order; of all places
   * or those from `from` up to `to`.
   */
  records(from = 0, to: number = this.slots): Uint32Array {
    const found = new Uint32Array(Math.min(this.present, to - from))
    const slots = this.#slots
    const end = Math.min(to * 2, slots.length)
    let count = 0
    for (let slot = from * 2; slot < end; slot += 2) {
      const reference = slots[slot + 1]!
      if (reference === 0 || reference >= TAKEN || !this.image.hasValue(reference - 1)) continue
      found[count++] = reference - 1
    }
    return found.subarray(0, count)
  }

  #find(key: Uint8Array): number {
    const start = this.#prefixLength
    const end = key.length
    return this.#slotOf(murmur2(key, start, end) >>> 0, key, start, end)
  }

  /** Where the key `start`…`end` of `bytes` stands, or the empty slot where it belongs. */
  #slotOf(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const reference = slots[slot + 1]!
      if (reference === 0) return slot
      if (slots[slot] !== hash) continue
      if (this.#isKey((reference & ~TAKEN) - 1, bytes, start, end)) return slot
    }
  }

  #isKey(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.image.buffer
    const ownStart = this.image.keyStart(index) + this.#prefixLength
    const length = end - start
    if (this.image.keyEnd(index) - ownStart !== length) return false
    for (let at = 0; at < length; at++) {
      if (own[ownStart + at] !== bytes[start + at]) return false
    }
    return true
  }
}
