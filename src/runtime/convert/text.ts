// UTF-8 in both directions without loss: bytes that are no UTF-8 are refused, never replaced.
import { isUtf8 } from 'node:buffer'
import { undecodable } from './errors.ts'

/**
 * The text of bytes `start`…`end`. Hot: per record. Invalid bytes show as U+FFFD, which honest text hardly
 * holds; so only text with it is validated.
 * @throws RECORD_UNDECODABLE the bytes are not UTF-8
 */
export function textOfBytes(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
    throw undecodable(`not UTF-8: ${end - start} bytes; expected text in UTF-8`)
  }
  return text
}

/** The same memory as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
