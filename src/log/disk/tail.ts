// The last bytes of the journal in memory: frames are written from here, and who follows the end reads from here.
//
//        start                       end        positions only grow; a byte's place in the ring is
//          |                          |         its position modulo the size
//   ───────[==== readable ============]───────
import { LOG_TAIL_BYTES_MAX, assert } from '../../base/index.ts'

/**
 * A ring over the journal's newest bytes. Positions count bytes appended since the log was opened, over all
 * files. The memory is touched, and so used, only as far as it was written.
 */
export class Tail {
  readonly #ring: Buffer
  #start = 0
  #end = 0

  constructor(size: number = LOG_TAIL_BYTES_MAX) {
    this.#ring = Buffer.allocUnsafeSlow(size)
  }

  /** Where the next byte goes. */
  get end(): number {
    return this.#end
  }

  /** Largest frame worth holding: a larger one would drive out everything else. */
  get frameBytesMax(): number {
    return this.#ring.length / 2
  }

  /** Copies `bytes` behind the end, over the oldest ones. */
  append(bytes: Uint8Array): void {
    const size = this.#ring.length
    assert(bytes.length <= size, 'what is appended fits the ring')
    const at = this.#end % size
    const first = Math.min(bytes.length, size - at)
    this.#ring.set(first === bytes.length ? bytes : bytes.subarray(0, first), at)
    if (first < bytes.length) this.#ring.set(bytes.subarray(first), 0)
    this.#end += bytes.length
    this.#start = Math.max(this.#start, this.#end - size)
  }

  /** Moves the end on by bytes that are not held; nothing before them is held any more. */
  skip(length: number): void {
    this.#end += length
    this.#start = this.#end
  }

  /** Takes back everything from `position` on, which must be held. */
  cut(position: number): void {
    assert(position >= this.#start && position <= this.#end, 'what is cut is held')
    this.#end = position
  }

  /** Whether the bytes are held. */
  holds(position: number, length: number): boolean {
    return position >= this.#start && position + length <= this.#end
  }

  /** Copies held bytes out, to `at` of `into`. */
  copy(position: number, length: number, into: Uint8Array, at: number): void {
    let filled = at
    for (const part of this.parts(position, length)) {
      into.set(part, filled)
      filled += part.length
    }
  }

  /** Held bytes as one or two views, valid until they are overwritten. */
  parts(position: number, length: number): Buffer[] {
    assert(this.holds(position, length), 'the bytes are held')
    const from = position % this.#ring.length
    const first = Math.min(length, this.#ring.length - from)
    const parts = [this.#ring.subarray(from, from + first)]
    if (first < length) parts.push(this.#ring.subarray(0, length - first))
    return parts
  }
}
