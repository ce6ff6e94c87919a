// Protobuf's zigzag varints, as records use them: bounded reading, sizes, and writing at a position.
import { MillraceError } from '../base/index.ts'

/** A 64-bit varint takes ten bytes; a longer one is damage. */
const VARINT_BYTES_MAX = 10

/**
 * Reads varints from `bytes`, from `position` up to `end`, and never past it. One object serves a whole
 * batch, so that reading allocates nothing.
 */
export class VarintReader {
  bytes: Uint8Array = new Uint8Array(0)
  position = 0
  /** First position that must not be read. */
  end = 0

  /** Points the reader at `start`…`end` of `bytes`, which must hold that range. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  /**
   * The next signed (zigzag) number, up to 64 bits, and moves behind it.
   * @throws BATCH_CORRUPT it runs past `end`, is longer than ten bytes, or is no safe integer
   */
  signed(): number {
    // Hot: six times per record; one and two bytes are nearly all there is.
    const position = this.position
    if (position < this.end) {
      const first = this.bytes[position]!
      if (first < 0x80) {
        this.position = position + 1
        return (first >>> 1) ^ -(first & 1)
      }
      if (position + 1 < this.end) {
        const second = this.bytes[position + 1]!
        if (second < 0x80) {
          this.position = position + 2
          const zigzag = (second << 7) | (first & 0x7f)
          return (zigzag >>> 1) ^ -(zigzag & 1)
        }
      }
    }
    return this.#signedLong()
  }

  #signedLong(): number {
    const start = this.position
    // The low 28 bits and the rest apart: zigzag needs one bit more than a double keeps exactly.
    let low = 0
    let high = 0
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      if (start + index >= this.end) return refuse('the bytes end inside a varint', start)
      const byte = this.bytes[start + index]!
      if (index < 4) low |= (byte & 0x7f) << (7 * index)
      else high += (byte & 0x7f) * 2 ** (7 * (index - 4))
      if (byte >= 0x80) continue
      this.position = start + index + 1
      const magnitude = high * 2 ** 27 + (low >>> 1)
      const value = low & 1 ? -magnitude - 1 : magnitude
      return Number.isSafeInteger(value) ? value : refuse('a varint is beyond 2^53', start)
    }
    return refuse('a varint is longer than 10 bytes', start)
  }
}

function refuse(what: string, position: number): never {
  throw new MillraceError(
    'BATCH_CORRUPT',
    `${what}, at position ${position} of a batch's records; expected a whole zigzag varint; ` +
      `the batch was damaged or written wrongly, read it from another copy or skip it`,
    { details: { position } }
  )
}

/** How many bytes the signed safe integer `value` takes as a zigzag varint: 1 to 8. */
export function varintSize(value: number): number {
  // One and two bytes apart and first: small enough to be inlined (appendRange: 136 → 100 ns a record).
  if (value >= -0x40 && value < 0x40) return 1
  if (value >= -0x2000 && value < 0x2000) return 2
  return sizeLong(value)
}

function sizeLong(value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) {
    const zigzag = (value << 1) ^ (value >> 31)
    if (zigzag < 0x20_0000) return 3
    return zigzag < 0x1000_0000 ? 4 : 5
  }
  let rest = Math.floor((value < 0 ? -(value + 1) : value) / 64)
  let size = 1
  for (; rest > 0; rest = Math.floor(rest / 128)) size++
  return size
}

/**
 * Writes the signed safe integer `value` at `at` as a zigzag varint; gives the position behind it.
 * The caller made room for {@link varintSize} bytes.
 */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  // As an integer first: a double that goes into a call is boxed (measured: 50 ns a record).
  const whole = value | 0
  if (whole !== value) return putLong(bytes, at, value)
  let zigzag = ((whole << 1) ^ (whole >> 31)) >>> 0
  let position = at
  for (; zigzag > 0x7f; zigzag >>>= 7) bytes[position++] = (zigzag & 0x7f) | 0x80
  bytes[position] = zigzag
  return position + 1
}

function putLong(bytes: Uint8Array, at: number, value: number): number {
  const negative = value < 0
  const magnitude = negative ? -(value + 1) : value
  let rest = Math.floor(magnitude / 64)
  let position = at
  bytes[position++] = ((magnitude % 64) * 2 + (negative ? 1 : 0)) | (rest > 0 ? 0x80 : 0)
  while (rest > 0) {
    const next = Math.floor(rest / 128)
    bytes[position++] = (rest % 128) | (next > 0 ? 0x80 : 0)
    rest = next
  }
  return position
}
