// A map from keys, which are bytes, to offsets, outside of the heap.
//
// A Map of texts takes 106 bytes for a key of 40 characters, all of them on the heap, which V8 then lets grow to a
// multiple; this takes 65, and less time. Entries stand one behind the other in chunks, found by a table
// of their places (open addressing, at most half full). Keys are compared byte by byte, and those that find no place
// nearby, which chance does not bring about but somebody could, stand in a Map: so nothing depends on the hash.
//
//   entry: offset (8 bytes) · hash (4) · length of the key (4) · key
import { assert } from '../base/index.ts'
import { murmur2 } from '../record/index.ts'

const ENTRY_BYTES = 16
const CHUNK_BYTES = 1024 * 1024
/** Places are numbers of 32 bits, 0 for none. */
const PLACE_MAX = 0xffff_ffff
const SLOTS_MIN = 64
/** Slots that are looked at for a key. */
const PROBES_MAX = 64
/** What a key of the Map costs beside its characters. */
const CROWDED_KEY_BYTES = 60

/** The offsets of keys. */
export class KeyOffsets {
  /** How many keys the table has. */
  #size = 0
  /** A long key has several chunks, all the same buffer. */
  readonly #chunks: Buffer[] = []
  /** Where the next entry may stand, counted over all chunks, and where the last chunk ends. */
  #next = 0
  #end = 0
  /** Places of entries, each one too high. */
  #slots = new Uint32Array(SLOTS_MIN)
  /** Keys that find no place, one character for each byte. */
  readonly #crowded = new Map<string, number>()
  #crowdedBytes = 0

  /** Memory that it takes. */
  get bytes(): number {
    return this.#next + this.#slots.byteLength + this.#crowdedBytes
  }

  /** The offset of a key; −1 without one. */
  get(data: Buffer, start: number, end: number): number {
    const slot = this.#slotOf(murmur2(data, start, end), data, start, end)
    const place = slot < 0 ? 0 : this.#slots[slot]!
    if (place === 0) {
      if (this.#crowded.size === 0) return -1
      return this.#crowded.get(data.toString('latin1', start, end)) ?? -1
    }
    return this.#chunkOf(place - 1).readDoubleLE(this.#at(place - 1))
  }

  /** Sets the offset of a key; its bytes are copied. */
  set(data: Buffer, start: number, end: number, offset: number): void {
    const hash = murmur2(data, start, end)
    const slot = this.#slotOf(hash, data, start, end)
    const found = slot < 0 ? 0 : this.#slots[slot]!
    if (found !== 0) {
      this.#chunkOf(found - 1).writeDoubleLE(offset, this.#at(found - 1))
      return
    }
    if (slot < 0 || this.#crowded.size > 0) {
      const key = data.toString('latin1', start, end)
      if (slot < 0 || this.#crowded.has(key)) return this.#crowd(key, offset)
    }
    const place = this.#allocate(ENTRY_BYTES + end - start)
    const chunk = this.#chunkOf(place)
    const at = this.#at(place)
    chunk.writeDoubleLE(offset, at)
    chunk.writeInt32LE(hash | 0, at + 8)
    chunk.writeUInt32LE(end - start, at + 12)
    data.copy(chunk, at + ENTRY_BYTES, start, end)
    this.#slots[slot] = place + 1
    if (++this.#size * 2 > this.#slots.length) this.#grow()
  }

  #crowd(key: string, offset: number): void {
    if (!this.#crowded.has(key)) this.#crowdedBytes += key.length + CROWDED_KEY_BYTES
    this.#crowded.set(key, offset)
  }

  /** The slot that has the key, or the empty one where it would be; −1: there is none nearby. */
  #slotOf(hash: number, data: Buffer, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash & mask
    for (let probe = 0; probe < PROBES_MAX; probe++, slot = (slot + 1) & mask) {
      const place = slots[slot]!
      if (place === 0 || this.#isKey(place - 1, hash, data, start, end)) return slot
    }
    return -1
  }

  #isKey(place: number, hash: number, data: Buffer, start: number, end: number): boolean {
    const chunk = this.#chunkOf(place)
    const at = this.#at(place)
    if (chunk.readInt32LE(at + 8) !== (hash | 0)) return false
    if (chunk.readUInt32LE(at + 12) !== end - start) return false
    const from = at + ENTRY_BYTES - start
    for (let index = start; index < end; index++) {
      if (chunk[from + index] !== data[index]) return false
    }
    return true
  }

  #chunkOf(place: number): Buffer {
    return this.#chunks[Math.floor(place / CHUNK_BYTES)]!
  }

  /** Where an entry stands in its chunk; one always begins in the first part of a chunk. */
  #at(place: number): number {
    return place % CHUNK_BYTES
  }

  /** Room in one chunk. */
  #allocate(length: number): number {
    if (this.#next + length > this.#end) {
      const start = this.#end
      const parts = Math.ceil(length / CHUNK_BYTES)
      const chunk = Buffer.allocUnsafeSlow(parts * CHUNK_BYTES)
      for (let part = 0; part < parts; part++) this.#chunks.push(chunk)
      this.#next = start
      this.#end = start + parts * CHUNK_BYTES
      assert(this.#end <= PLACE_MAX, 'the keys of a compaction take less than 4 GiB')
    }
    const place = this.#next
    this.#next += length
    // What comes behind a long key begins in a later part of its chunk, and is not at its place modulo a chunk.
    if (length > CHUNK_BYTES) this.#next = this.#end
    return place
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (const place of this.#slots) {
      if (place === 0) continue
      const chunk = this.#chunkOf(place - 1)
      const at = this.#at(place - 1)
      let slot = chunk.readInt32LE(at + 8) & mask
      let probe = 0
      for (; probe < PROBES_MAX && slots[slot] !== 0; probe++) slot = (slot + 1) & mask
      if (probe < PROBES_MAX) {
        slots[slot] = place
        continue
      }
      const from = at + ENTRY_BYTES
      const key = chunk.toString('latin1', from, from + chunk.readUInt32LE(at + 12))
      this.#crowd(key, chunk.readDoubleLE(at))
    }
    this.#slots = slots
  }
}
