// A growing buffer to encode into; reused from one batch to the next.

const VARINT_BYTES_MAX = 10
/** Shorter text is written faster by a loop than by a call into the runtime (measured: equal at 20). */
const TEXT_LOOP_LENGTH_MAX = 16
/** Copies without making a view of the range. */
const copyBytes = Buffer.prototype.copy

/**
 * Appends numbers, text and bytes to one buffer that doubles when it is full. `buffer` may be replaced by any
 * append; positions stay valid. Varints are protobuf's: 7 bits a byte, low first; `varint` is zigzag coded.
 */
export class ByteWriter {
  buffer: Buffer
  /** Bytes written so far; may be set back to undo. */
  length = 0

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafe(capacity)
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(grown, 0, 0, this.length)
    this.buffer = grown
  }

  u8(value: number): void {
    this.reserve(1)
    this.buffer[this.length++] = value
  }

  i16be(value: number): void {
    this.reserve(2)
    this.length = this.buffer.writeInt16BE(value, this.length)
  }

  i32be(value: number): void {
    this.reserve(4)
    this.length = this.buffer.writeInt32BE(value, this.length)
  }

  u32be(value: number): void {
    this.reserve(4)
    this.length = this.buffer.writeUInt32BE(value >>> 0, this.length)
  }

  /** A safe integer as a 64-bit two's complement number, big endian. */
  i64be(value: number): void {
    this.reserve(8)
    const high = Math.floor(value / 0x1_0000_0000)
    this.buffer.writeInt32BE(high, this.length)
    this.buffer.writeUInt32BE(value - high * 0x1_0000_0000, this.length + 4)
    this.length += 8
  }

  f64be(value: number): void {
    this.reserve(8)
    this.length = this.buffer.writeDoubleBE(value, this.length)
  }

  /** An unsigned safe integer. */
  varuint(value: number): void {
    this.reserve(VARINT_BYTES_MAX)
    const buffer = this.buffer
    let at = this.length
    let rest = value
    while (rest > 0x7fff_ffff) {
      buffer[at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 0x80
      rest >>>= 7
    }
    buffer[at++] = rest
    this.length = at
  }

  /** A signed safe integer, zigzag coded. */
  varint(value: number): void {
    if (value >= -0x4000_0000 && value < 0x4000_0000) {
      this.varuint((value << 1) ^ (value >> 31))
      return
    }
    // The lowest seven bits apart: the zigzag number has one bit more than a double keeps exactly.
    const magnitude = value < 0 ? -(value + 1) : value
    this.u8((magnitude % 64) * 2 + (value < 0 ? 1 : 0) + 0x80)
    this.varuint(Math.floor(magnitude / 64))
  }

  /** Appends bytes `start`…`end` of `bytes`; they are copied. */
  bytes(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const count = end - start
    this.reserve(count)
    if (count < 32) {
      const buffer = this.buffer
      let at = this.length
      for (let index = start; index < end; index++) buffer[at++] = bytes[index]!
    } else {
      copyBytes.call(bytes as Buffer, this.buffer, this.length, start, end)
    }
    this.length += count
  }

  /** Appends the UTF-8 form of `text`, without a length. Returns the number of bytes. */
  utf8(text: string): number {
    this.reserve(text.length * 3)
    const count = text.length <= TEXT_LOOP_LENGTH_MAX ? this.#ascii(text) : -1
    const written = count < 0 ? this.buffer.write(text, this.length) : count
    this.length += written
    return written
  }

  /** Puts short ASCII text behind the end; −1 when it is not ASCII. */
  #ascii(text: string): number {
    const buffer = this.buffer
    const start = this.length
    const count = text.length
    for (let index = 0; index < count; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return -1
      buffer[start + index] = code
    }
    return count
  }

  /** A copy of bytes `start`…`end`, owned by the caller. */
  slice(start = 0, end: number = this.length): Buffer {
    const copy = Buffer.allocUnsafeSlow(end - start)
    this.buffer.copy(copy, 0, start, end)
    return copy
  }

  /** Forgets what was written; keeps the buffer. */
  clear(): void {
    this.length = 0
  }
}
