// Snappy, reading only: bare blocks, and the framing of xerial's snappy-java that Kafka clients write.
//
//   xerial:  82 'SNAPPY' 00 | version i32 | compatible version i32 | (length i32 | block)*
//   block:   uncompressed length, varuint | elements: literal, or a copy from what was written before
//
// Source: google/snappy format_description.txt. The batch's CRC-32C covers the bytes; nothing is summed here.
import { DecodeError } from './decode-error.ts'
import { readI32 } from './header.ts'

const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
const XERIAL_HEADER_BYTES = 16

/** Decompresses `bytes` into memory of its own. @throws DecodeError not valid, or over `limit` bytes */
export function decodeSnappy(bytes: Uint8Array, limit: number): Buffer {
  if (!XERIAL_MAGIC.every((byte, index) => bytes[index] === byte)) {
    return decodeBlock(bytes, 0, bytes.length, limit)
  }
  if (bytes.length < XERIAL_HEADER_BYTES) throw new DecodeError('the xerial header is cut off')
  const blocks: Buffer[] = []
  let total = 0
  let at = XERIAL_HEADER_BYTES
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw new DecodeError('a xerial block length is cut off')
    const length = readI32(bytes, at)
    at += 4
    if (length < 0 || length > bytes.length - at) {
      throw new DecodeError(`a xerial block of ${length} bytes where ${bytes.length - at} are left`)
    }
    const block = decodeBlock(bytes, at, at + length, limit - total)
    blocks.push(block)
    total += block.length
    at += length
  }
  return Buffer.concat(blocks, total)
}

/** One block at `start`…`end`; its length is declared, so the memory is exact and taken once. */
function decodeBlock(bytes: Uint8Array, start: number, end: number, limit: number): Buffer {
  let at = start
  let length = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) throw new DecodeError('the uncompressed length is cut off')
    const byte = bytes[at++]!
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > limit) throw new DecodeError(`${length} bytes uncompressed`, true)
  // The densest element, a 3-byte copy, gives 64 bytes: a longer claim is a lie, refused before memory is taken.
  if (length > (end - at) * 32) throw new DecodeError(`${end - at} bytes cannot become ${length}`)
  const output = Buffer.allocUnsafeSlow(length)
  const written = decodeElements(bytes, at, end, output)
  if (written !== length) throw new DecodeError(`${written} bytes decoded, ${length} declared`)
  return output
}

/** Decodes elements until `end`; gives the number of bytes written to `output`. */
function decodeElements(bytes: Uint8Array, start: number, end: number, output: Buffer): number {
  let at = start
  let written = 0
  while (at < end) {
    const tag = bytes[at++]!
    const kind = tag & 3
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const lengthBytes = length - 60
        if (end - at < lengthBytes) throw new DecodeError('a literal length is cut off')
        length = readLittleEndian(bytes, at, lengthBytes) + 1
        at += lengthBytes
      }
      if (length > end - at || length > output.length - written) {
        throw new DecodeError(`a literal of ${length} bytes does not fit`)
      }
      output.set(bytes.subarray(at, at + length), written)
      at += length
      written += length
      continue
    }
    const distanceBytes = kind === 3 ? 4 : kind
    if (end - at < distanceBytes) throw new DecodeError('a copy is cut off')
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    const low = readLittleEndian(bytes, at, distanceBytes)
    const distance = kind === 1 ? ((tag >>> 5) << 8) | low : low
    at += distanceBytes
    if (distance === 0 || distance > written || length > output.length - written) {
      throw new DecodeError(`a copy of ${length} bytes from ${distance} back does not fit`)
    }
    // Byte by byte: a copy may read what it writes, which repeats a pattern.
    for (const stop = written + length; written < stop; written++) {
      output[written] = output[written - distance]!
    }
  }
  return written
}

function readLittleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = count - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!
  return value
}
