// The keys of the changelog and of the store: state name first, so that ids may shift between versions.
//
//   data      varuint(length of name in bytes) · name in UTF-8 · key bytes (KeyCodec)
//   meta      0x00 · kind · name         a name is never empty, so 0x00 begins no data key
//     'f'     fingerprint of a state     UTF-8                  changelog and store
//     'n'     keys present in a state    varuint                changelog and store
//     'p'     changelog position         varuint                store only
//     'x'     the store is damaged       UTF-8, why             store only
import { ByteWriter, MillraceError } from '../base/index.ts'

const META = 0x00

/** Kinds of meta keys, as their byte. */
export const META_KIND = {
  fingerprint: 0x66,
  count: 0x6e,
  position: 0x70,
  damaged: 0x78
} as const

/** A kind of meta key. */
export type MetaKind = (typeof META_KIND)[keyof typeof META_KIND]

/** What a key of the changelog means. */
export type ParsedKey =
  | { readonly kind: 'data'; readonly name: string; readonly keyStart: number }
  | { readonly kind: 'meta'; readonly meta: number; readonly name: string }

/** The bytes before each key of the state `name`. */
export function dataPrefix(name: string): Buffer {
  const sink = new ByteWriter(name.length + 8)
  sink.varuint(Buffer.byteLength(name))
  sink.utf8(name)
  return sink.slice()
}

/** The first key after all those that begin with `prefix`. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  const after = Buffer.from(prefix)
  // A data prefix ends in a byte of UTF-8, which is never 0xff.
  after[after.length - 1] = after[after.length - 1]! + 1
  return after
}

/** The meta key of `kind` for the state `name` ('' for the kinds that belong to no state). */
export function metaKey(kind: MetaKind, name = ''): Buffer {
  return Buffer.concat([Buffer.from([META, kind]), Buffer.from(name)])
}

/** Takes a key of the changelog apart. @throws CHANGELOG_CORRUPT it has none of the forms above */
export function parseKey(bytes: Buffer, start: number, end: number): ParsedKey {
  if (end - start >= 2 && bytes[start] === META) {
    return { kind: 'meta', meta: bytes[start + 1]!, name: bytes.toString('utf8', start + 2, end) }
  }
  let at = start
  let length = 0
  for (let shift = 0; at < end && shift < 28; shift += 7) {
    const byte = bytes[at++]!
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      if (length === 0 || at + length > end) break
      return { kind: 'data', name: bytes.toString('utf8', at, at + length), keyStart: at + length }
    }
  }
  throw new MillraceError(
    'CHANGELOG_CORRUPT',
    `a changelog record has the key 0x${bytes.toString('hex', start, Math.min(end, start + 32))}; ` +
      `expected a state's name and a key behind it; the topic holds records that this program did not write: ` +
      `remove them or start with a new data directory`,
    { details: { keyLength: end - start } }
  )
}

/** A safe integer as the bytes that meta values hold. */
export function numberBytes(value: number): Buffer {
  const sink = new ByteWriter(10)
  sink.varuint(value)
  return sink.slice()
}

/** The number in the meta value `bytes`, `start`…`end`. @throws CHANGELOG_CORRUPT it is not one varuint */
export function readNumber(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let value = 0
  let scale = 1
  for (let at = start; at < end && at < start + 8; at++) {
    const byte = bytes[at]!
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80 && at + 1 === end && Number.isSafeInteger(value)) return value
  }
  throw new MillraceError(
    'CHANGELOG_CORRUPT',
    `a state's meta record holds ${end - start} bytes that are no number; expected one varuint; ` +
      `restore the data directory from a backup`
  )
}
