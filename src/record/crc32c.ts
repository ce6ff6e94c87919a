// CRC-32C (Castagnoli, RFC 3720 §12.1): the checksum of record batches and of the journal.
import { createRequire } from 'node:module'

/** Sums bytes, going on from `initial`. */
export type Checksum = (bytes: Uint8Array, initial: number) => number

/** Below this a call into the native costs more than the JavaScript loop (measured: 0.2 µs a call). */
const NATIVE_BYTES_MIN = 160

let native: Checksum | undefined

/**
 * The CRC-32C of `bytes` as an unsigned 32-bit number. `initial` is the checksum of the bytes before
 * them, so that parts can be summed one after the other. Uses the prebuilt native, loaded by the first
 * long input; where it cannot be loaded, {@link crc32cPortable} gives the same results, slower.
 */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  if (bytes.length < NATIVE_BYTES_MIN) return crc32cPortable(bytes, initial)
  native ??= loadNative()
  return native(bytes, initial)
}

/** The native's checksum, or the portable one where `load` cannot give it. Exported for the test. */
export function loadNative(
  load: (name: string) => unknown = createRequire(import.meta.url)
): Checksum {
  try {
    const checksum = (load('@node-rs/crc32') as { crc32c?: unknown }).crc32c
    if (typeof checksum === 'function') return checksum as Checksum
  } catch {
    // No prebuilt native for this platform: the portable form takes over.
  }
  return crc32cPortable
}

const POLYNOMIAL_REVERSED = 0x82f6_3b78
const SLICES = 8
let tables: Uint32Array | undefined

/** CRC-32C in JavaScript, eight bytes a step (Kounavis and Berry 2005, "slicing-by-8"). */
export function crc32cPortable(bytes: Uint8Array, initial = 0): number {
  // Hot: per batch where there is no native; about 1 GB/s.
  const table = (tables ??= buildTables())
  const end = bytes.length
  const sliced = end - (end % SLICES)
  let sum = ~initial
  let at = 0
  for (; at < sliced; at += SLICES) {
    const low =
      sum ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    sum =
      table[0x700 | (low & 0xff)]! ^
      table[0x600 | ((low >>> 8) & 0xff)]! ^
      table[0x500 | ((low >>> 16) & 0xff)]! ^
      table[0x400 | (low >>> 24)]! ^
      table[0x300 | bytes[at + 4]!]! ^
      table[0x200 | bytes[at + 5]!]! ^
      table[0x100 | bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!
  }
  for (; at < end; at++) sum = table[(sum ^ bytes[at]!) & 0xff]! ^ (sum >>> 8)
  return ~sum >>> 0
}

/** Table 0 is the one of the byte-wise algorithm; table n goes n bytes further. */
function buildTables(): Uint32Array {
  const built = new Uint32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL_REVERSED : sum >>> 1
    built[byte] = sum
  }
  for (let index = 256; index < built.length; index++) {
    const before = built[index - 256]!
    built[index] = built[before & 0xff]! ^ (before >>> 8)
  }
  return built
}
