// The small parts of stored forms: numbers, texts that repeat, typenames, and bytes of one's own.
import { type ByteWriter, MillraceError, assert } from '../../base/index.ts'
import type { KeyCodec, StateKey, ValueCodec } from '../../state/contract.ts'

/** Typenames that stand as one byte. Never reorder: stored forms name them by index. */
const KNOWN_TYPENAMES: readonly string[] = [
  '',
  'io.statefun.types/bool',
  'io.statefun.types/int',
  'io.statefun.types/float',
  'io.statefun.types/long',
  'io.statefun.types/double',
  'io.statefun.types/string',
  'type.googleapis.com/io.statefun.sdk.egress.KafkaProducerRecord'
]
const KNOWN_INDEX = new Map(KNOWN_TYPENAMES.map((name, index) => [name, index]))
/** Texts of types and names are few and repeat: their strings are shared, up to so many. */
const INTERNED_MAX = 10_000
const interned = new Map<string, string>()

/** One string for equal texts, where there are few of them. */
export function intern(text: string): string {
  const known = interned.get(text)
  if (known !== undefined) return known
  if (interned.size < INTERNED_MAX) interned.set(text, text)
  return text
}

/** Appends a text with its length. */
export function putText(sink: ByteWriter, text: string): void {
  const start = sink.length
  if (text.length < 43) {
    // At most 127 bytes: the length is one byte, and known afterwards.
    sink.u8(0)
    const length = sink.utf8(text)
    sink.buffer[start] = length
    return
  }
  sink.varuint(Buffer.byteLength(text))
  sink.utf8(text)
}

/** Appends bytes with their length. */
export function putBytes(sink: ByteWriter, bytes: Uint8Array): void {
  sink.varuint(bytes.length)
  sink.bytes(bytes)
}

/** Appends a typename: one byte where it is a common one. */
export function putTypename(sink: ByteWriter, typename: string): void {
  const index = KNOWN_INDEX.get(typename)
  if (index !== undefined && index > 0) {
    sink.u8(index)
    return
  }
  sink.u8(0)
  putText(sink, typename)
}

/** Reads what the functions above wrote. */
export class StoredReader {
  readonly bytes: Buffer
  at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = start
    this.#end = end
  }

  u8(): number {
    if (this.at >= this.#end) throw corrupt(this.at)
    return this.bytes[this.at++]!
  }

  varuint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 8; count++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw corrupt(this.at)
  }

  text(): string {
    const length = this.varuint()
    const start = this.#skip(length)
    return this.bytes.toString('utf8', start, this.at)
  }

  typename(): string {
    const index = this.u8()
    if (index === 0) return intern(this.text())
    return KNOWN_TYPENAMES[index] ?? corruptAt(this.at)
  }

  /** A view. */
  view(): Buffer {
    const length = this.varuint()
    const start = this.#skip(length)
    return this.bytes.subarray(start, this.at)
  }

  /** Bytes of one's own. */
  own(): Uint8Array {
    return ownBytes(this.view())
  }

  #skip(length: number): number {
    const start = this.at
    if (length > this.#end - start) throw corrupt(start)
    this.at = start + length
    return start
  }
}

/** A copy that keeps no larger buffer alive. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length)
  copy.set(bytes)
  return copy
}

/** Keys that are text. */
export const TEXT_KEYS: KeyCodec = {
  encode: (key, sink) => void sink.utf8(key as string),
  decode: (bytes, start, end) =>
    new StoredReader(bytes, start, end).bytes.toString('utf8', start, end),
  check: key => key as StateKey
}

/** Keys that are whole numbers from 0 on; their bytes have their order. */
export const SEQUENCE_KEYS: KeyCodec = {
  encode: (key, sink) => void sink.i64be(key as number),
  decode(bytes, start, end) {
    assert(end - start === 8, 'a sequence number has eight bytes')
    const { bytes: buffer } = new StoredReader(bytes, start, end)
    return buffer.readUInt32BE(start) * 0x1_0000_0000 + buffer.readUInt32BE(start + 4)
  },
  check: key => key as StateKey
}

/** Values that are text. */
export const TEXTS: ValueCodec<string> = {
  encode: (text, sink) => void sink.utf8(text),
  decode: (bytes, start, end) =>
    new StoredReader(bytes, start, end).bytes.toString('utf8', start, end),
  zero: () => '',
  copy: text => text,
  check: value => value as string,
  size: text => 24 + text.length
}

/** Values that are whole numbers from 0 on. */
export const NUMBERS: ValueCodec<number> = {
  encode: (number, sink) => sink.varuint(number),
  decode: (bytes, start, end) => new StoredReader(bytes, start, end).varuint(),
  zero: () => 0,
  copy: number => number,
  check: value => value as number,
  size: () => 0
}

function corruptAt(at: number): never {
  throw corrupt(at)
}

function corrupt(at: number): MillraceError {
  return new MillraceError(
    'CHANGELOG_CORRUPT',
    `a stored message or value of a function ends or goes wrong at byte ${at}; expected the form that this program ` +
      `writes; restore the data directory from a backup`,
    { details: { at } }
  )
}
