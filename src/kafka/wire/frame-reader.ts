// Reads primitives from one frame, never past its end and never with more memory than the frame's own size.
import { malformed } from './wire-error.ts'

const UUID_BYTES = 16
const VARINT_BYTES_MAX = 5
/** Elements of all arrays and tagged fields of a frame: one takes a byte or two, and becomes some hundred in memory. */
const ELEMENTS_MAX = 250_000

/**
 * A position in a frame. Lengths are checked before anything is allocated: an array cannot claim more elements than
 * bytes are left. What it gives as bytes are views into the frame.
 * Every method throws FRAME_MALFORMED when the frame does not hold what is asked for.
 */
export class FrameReader {
  readonly bytes: Buffer
  position: number
  /** First position that must not be read. */
  readonly end: number

  readonly #budget: { elements: number }

  constructor(
    bytes: Buffer,
    position = 0,
    end: number = bytes.length,
    budget: { elements: number } = { elements: ELEMENTS_MAX }
  ) {
    this.#budget = budget
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** Takes so many elements from what the frame may have; each takes at least a byte. */
  elements(name: string, count: number): void {
    this.#budget.elements -= count
    if (count <= this.remaining && this.#budget.elements >= 0) return
    throw malformed(`${name} announces ${count} elements`, this.position)
  }

  /** Moves on by `count` bytes; gives where they begin. */
  take(count: number): number {
    if (count < 0 || count > this.remaining) {
      throw malformed(`${count} bytes wanted, ${this.remaining} left`, this.position)
    }
    const start = this.position
    this.position += count
    return start
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0
  }

  int8(): number {
    return this.bytes.readInt8(this.take(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2))
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.take(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4))
  }

  /** A 64-bit number; beyond ±2^53 the nearest safe integer. */
  int64(): number {
    const at = this.take(8)
    const value = this.bytes.readInt32BE(at) * 0x1_0000_0000 + this.bytes.readUInt32BE(at + 4)
    return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value))
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8))
  }

  /** Sixteen bytes as 32 hexadecimal digits. */
  uuid(): string {
    const at = this.take(UUID_BYTES)
    return this.bytes.toString('hex', at, at + UUID_BYTES)
  }

  /** An unsigned varint of up to 32 bits. */
  varuint(): number {
    const start = this.position
    let value = 0
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.bytes[this.take(1)]!
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw malformed('a varint is longer than 32 bits', start)
  }

  /** Length of a text: −1 is null. */
  textLength(isCompact: boolean): number {
    return isCompact ? this.varuint() - 1 : this.int16()
  }

  /** Length of bytes or an array: −1 is null. */
  length(isCompact: boolean): number {
    return isCompact ? this.varuint() - 1 : this.int32()
  }

  /** `length` bytes of UTF-8. */
  text(length: number): string {
    const at = this.take(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  /** `length` bytes, as a view. */
  view(length: number): Buffer {
    const at = this.take(length)
    return this.bytes.subarray(at, at + length)
  }

  /** Reads the tagged fields that end every structure of a flexible version; `read` gives whether it knows the tag. */
  tags(read: (tag: number, field: FrameReader) => boolean): void {
    const count = this.varuint()
    this.elements('a structure with tagged fields', count)
    for (let index = 0; index < count; index++) {
      const tag = this.varuint()
      const size = this.varuint()
      const start = this.take(size)
      const field = new FrameReader(this.bytes, start, start + size, this.#budget)
      if (read(tag, field) && field.remaining > 0) {
        throw malformed(`${field.remaining} bytes too many in the tagged field ${tag}`, start)
      }
    }
  }
}
