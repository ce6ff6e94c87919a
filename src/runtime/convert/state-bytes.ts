// Numbers and text as bytes of state: the pieces that value codecs and key codecs share.
import { assert, type ByteWriter } from '../../base/index.ts'
import { bufferOf } from './text.ts'

/** Never a byte of UTF-8: marks text with half a surrogate pair, which follows as UTF-16, little endian. */
const UTF_16_MARK = 0xff

/** Appends text so that every string of JavaScript comes back, lone surrogates too. */
export function writeText(text: string, sink: ByteWriter): void {
  if (text.isWellFormed()) {
    sink.utf8(text)
    return
  }
  sink.u8(UTF_16_MARK)
  sink.bytes(Buffer.from(text, 'utf16le'))
}

/** The text of bytes `start`…`end` that {@link writeText} wrote. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bufferOf(bytes)
  if (end > start && buffer[start] === UTF_16_MARK)
    return buffer.toString('utf16le', start + 1, end)
  return buffer.toString('utf8', start, end)
}

/** An unsigned varint that fills `start`…`end`. Hot: per cold read. */
export function readVaruint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  let scale = 1
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    value += (byte & 0x7f) * scale
    scale *= 128
  }
  return value
}

/** A safe integer of 8 bytes, two's complement, big endian. */
export function readState64(bytes: Uint8Array, start: number): number {
  return (readU32(bytes, start) | 0) * 0x1_0000_0000 + readU32(bytes, start + 4)
}

/** 4 bytes, big endian. */
export function readU32(bytes: Uint8Array, start: number): number {
  assert(start + 4 <= bytes.length, 'a stored number has all of its bytes')
  return (
    ((bytes[start]! << 24) |
      (bytes[start + 1]! << 16) |
      (bytes[start + 2]! << 8) |
      bytes[start + 3]!) >>>
    0
  )
}
