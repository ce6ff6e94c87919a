// LZ4, reading only: frames as Kafka clients write them, one behind the other.
//
//   frame:  04 22 4D 18 | FLG | BD | content size u64, if told | dictionary u32, if told | header sum
//           (block size u32, high bit: stored | block | block sum u32, if told)* | 00 00 00 00
//           content sum u32, if told
//   block:  (token | literals | distance u16 | match)*, ending with literals
//
// Source: lz4_Frame_format.md 1.6.x and lz4_Block_format.md. The xxHash sums are skipped: the batch's CRC-32C
// covers every byte of them.
import { DecodeError } from './decode-error.ts'

const FRAME_MAGIC = 0x184d_2204
const SKIPPABLE_MAGIC = 0x184d_2a50
const MATCH_BYTES_MIN = 4
const BLOCK_STORED = 0x8000_0000

/** Decompresses `bytes` into memory of its own. @throws DecodeError not valid, or over `limit` bytes */
export function decodeLz4Frames(bytes: Uint8Array, limit: number): Buffer {
  const output = new Output(Math.min(limit, bytes.length * 4), limit)
  let at = 0
  if (bytes.length === 0) throw new DecodeError('no frame')
  while (at < bytes.length) {
    const magic = readU32(bytes, at)
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
      const size = readU32(bytes, at + 4)
      if (size > bytes.length - at - 8) throw new DecodeError('a skippable frame is cut off')
      at += 8 + size
    } else if (magic === FRAME_MAGIC) {
      at = decodeFrame(bytes, at + 4, output)
    } else {
      throw new DecodeError(`no frame begins with 0x${magic.toString(16)}`)
    }
  }
  return output.buffer.subarray(0, output.length)
}

/** A buffer that grows up to a limit. */
class Output {
  buffer: Buffer
  length = 0
  readonly #limit: number

  constructor(capacity: number, limit: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
    this.#limit = limit
  }

  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.buffer.length) return
    if (needed > this.#limit) throw new DecodeError(`over ${this.#limit} bytes uncompressed`, true)
    const capacity = Math.min(this.#limit, Math.max(needed, this.buffer.length * 2))
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.buffer.copy(grown, 0, 0, this.length)
    this.buffer = grown
  }
}

/** Decodes the frame whose descriptor is at `start`; gives the position behind it. */
function decodeFrame(bytes: Uint8Array, start: number, output: Output): number {
  if (bytes.length - start < 3) throw new DecodeError('a frame header is cut off')
  const flags = bytes[start]!
  if (flags >>> 6 !== 1) throw new DecodeError(`frame version ${flags >>> 6}, 1 is known`)
  if (flags & 1) throw new DecodeError('a frame needs a dictionary')
  const hasBlockSum = (flags & 0x10) !== 0
  const hasContentSize = (flags & 0x08) !== 0
  const hasContentSum = (flags & 0x04) !== 0
  const contentStart = output.length
  let at = start + 3 + (hasContentSize ? 8 : 0)
  for (;;) {
    const head = readU32(bytes, at)
    at += 4
    if (head === 0) break
    const size = head % BLOCK_STORED
    const blockEnd = at + size
    if (blockEnd > bytes.length) throw new DecodeError(`a block of ${size} bytes is cut off`)
    if (head >= BLOCK_STORED) appendLiterals(bytes, at, size, output)
    else decodeBlock(bytes, at, blockEnd, contentStart, output)
    at = blockEnd + (hasBlockSum ? 4 : 0)
  }
  if (hasContentSum) at += 4
  if (at > bytes.length) throw new DecodeError('a frame is cut off')
  if (hasContentSize) {
    const declared = readU32(bytes, start + 2) + readU32(bytes, start + 6) * 0x1_0000_0000
    const found = output.length - contentStart
    if (declared !== found) throw new DecodeError(`${found} bytes decoded, ${declared} declared`)
  }
  return at
}

/** Decodes one block; matches reach back to `contentStart` at most, as in linked blocks. */
function decodeBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  contentStart: number,
  output: Output
): void {
  let at = start
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) throw new DecodeError('a literal length is cut off')
        more = bytes[at++]!
        literals += more
      }
    }
    if (literals > end - at) throw new DecodeError(`${literals} literals, ${end - at} bytes left`)
    appendLiterals(bytes, at, literals, output)
    at += literals
    if (at === end) return
    if (end - at < 2) throw new DecodeError('a match is cut off')
    const distance = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    let match = (token & 15) + MATCH_BYTES_MIN
    if ((token & 15) === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) throw new DecodeError('a match length is cut off')
        more = bytes[at++]!
        match += more
      }
    }
    appendMatch(distance, match, contentStart, output)
  }
  throw new DecodeError('a block does not end with literals')
}

function appendLiterals(bytes: Uint8Array, at: number, count: number, output: Output): void {
  output.reserve(count)
  output.buffer.set(bytes.subarray(at, at + count), output.length)
  output.length += count
}

function appendMatch(distance: number, count: number, contentStart: number, output: Output): void {
  if (distance === 0 || distance > output.length - contentStart) {
    throw new DecodeError(`a match ${distance} bytes back, of ${output.length - contentStart}`)
  }
  output.reserve(count)
  const buffer = output.buffer
  let at = output.length
  // Byte by byte: a match may read what it writes, which repeats a pattern.
  for (const stop = at + count; at < stop; at++) buffer[at] = buffer[at - distance]!
  output.length = at
}

/** A 32-bit unsigned number, little endian. */
function readU32(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < 4) throw new DecodeError('a frame is cut off')
  const high = bytes[at + 3]! * 0x100_0000
  return high + ((bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!)
}
