// The keys of the changelog and of the store: state name first, so that ids may shift between versions.
//
//   data      varuint(length of name in bytes) · name in UTF-8 · key bytes (KeyCodec)
//             in a namespaced state 8 bytes of the namespace stand before the key bytes
//   meta      0x00 · kind · name         a name is never empty, so 0x00 begins no data key
//     'f'     fingerprint of a state     UTF-8                  changelog and store
//     'n'     keys present in a state    varuint                changelog and store
//     'w'     the same of a namespace    varuint, none for 0    changelog and store
//     'p'     changelog position         varuint                store only
//     'x'     the store is damaged       UTF-8, why             store only
import { ByteWriter, MillraceError } from '../base/index.ts'

const META = 0x00

/** Kinds of meta keys, as their byte. */
export const META_KIND = {
  fingerprint: 0x66,
  count: 0x6e,
  namespace: 0x77,
  position: 0x70,
  damaged: 0x78
} as const

/** A kind of meta key. */
export type MetaKind = (typeof META_KIND)[keyof typeof META_KIND]

/** What a key of the changelog means. */
export type ParsedKey =
  | { readonly kind: 'data'; readonly name: string; readonly keyStart: number }
  | { readonly kind: 'meta'; readonly meta: number; readonly name: string }
  | { readonly kind: 'namespace'; readonly name: string; readonly namespace: number }

/** The bytes before each key of the state `name`. */
export function dataPrefix(name: string): Buffer {
  const sink = new ByteWriter(name.length + 8)
  sink.varuint(Buffer.byteLength(name))
  sink.utf8(name)
  return sink.slice()
}

/** Bytes of a namespace: ordered as the numbers are. */
const NAMESPACE_BYTES = 8
const HALF = 2 ** 32

/** The bytes before each key of the namespace `namespace`, a safe integer, of the state `name`. */
export function namespacePrefix(name: string, namespace: number): Buffer {
  return Buffer.concat([dataPrefix(name), namespaceBytes(namespace)])
}

/** The meta key of the count of a namespace. */
export function namespaceCountKey(name: string, namespace: number): Buffer {
  return Buffer.concat([namespaceCountPrefix(name), namespaceBytes(namespace)])
}

/** The bytes before the namespaces in {@link namespaceCountKey}. */
export function namespaceCountPrefix(name: string): Buffer {
  return Buffer.concat([Buffer.from([META, META_KIND.namespace]), dataPrefix(name)])
}

/** The namespace whose bytes stand at `start`. @throws CHANGELOG_CORRUPT there are too few before `end` */
export function readNamespace(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < NAMESPACE_BYTES) {
    throw new MillraceError(
      'CHANGELOG_CORRUPT',
      `a key of a state in namespaces ends after ${end - start} bytes of its namespace; expected ` +
        `${NAMESPACE_BYTES}; start with a new data directory`
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, NAMESPACE_BYTES)
  return (view.getUint32(0) - 2 ** 31) * HALF + view.getUint32(4)
}

/** The sign bit is flipped, so that bytes sort as numbers do. */
function namespaceBytes(namespace: number): Buffer {
  const bytes = Buffer.allocUnsafe(NAMESPACE_BYTES)
  const high = Math.floor(namespace / HALF)
  bytes.writeUInt32BE((high + 2 ** 31) >>> 0, 0)
  bytes.writeUInt32BE(namespace - high * HALF, 4)
  return bytes
}

/** The first key after all those that begin with `prefix`, which has a byte other than 0xff. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  let length = prefix.length
  while (prefix[length - 1] === 0xff) length--
  const after = Buffer.from(prefix.subarray(0, length))
  after[length - 1] = after[length - 1]! + 1
  return after
}

/** The meta key of `kind` for the state `name` ('' for the kinds that belong to no state). */
export function metaKey(kind: MetaKind, name = ''): Buffer {
  return Buffer.concat([Buffer.from([META, kind]), Buffer.from(name)])
}

/** Where the changelog and the store have a state: what its keys begin with, and keys that are noted of it. */
export function placesOf(name: string): { readonly prefixes: Buffer[]; readonly keys: Buffer[] } {
  return {
    prefixes: [dataPrefix(name), namespaceCountPrefix(name)],
    // One name may begin with another: these are no prefixes.
    keys: [metaKey(META_KIND.count, name), metaKey(META_KIND.fingerprint, name)]
  }
}

/** Takes a key of the changelog apart. @throws CHANGELOG_CORRUPT it has none of the forms above */
export function parseKey(bytes: Buffer, start: number, end: number): ParsedKey {
  if (end - start >= 2 && bytes[start] === META) {
    if (bytes[start + 1] === META_KIND.namespace) {
      const inner = parseKey(bytes, start + 2, end)
      if (inner.kind === 'data') {
        const namespace = readNamespace(bytes, inner.keyStart, end)
        return { kind: 'namespace', name: inner.name, namespace }
      }
    }
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
