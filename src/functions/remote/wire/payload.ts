// Checks of payloads before they are decoded, and of the parts that both versions of the protocol share.
import protobuf from 'protobufjs/minimal.js'
import {
  FUNCTION_PAYLOAD_BYTES_MAX,
  FUNCTION_PAYLOAD_ENTRIES_MAX,
  MillraceError,
  messageOf
} from '../../../base/index.ts'
import { parseTypeName, typeName, type Address } from '../../sdk/address.ts'
import type { PayloadLimits } from './messages.ts'

/** Which way a payload goes; part of the error codes. */
export type PayloadKind = 'REPLY' | 'REQUEST'

const WIRE_TYPE_BYTES = 2
/** Names of states and cancellation tokens, in characters. */
const NAME_LENGTH_MAX = 1_000

/** The address as protobuf code gives it. */
export interface WireAddress {
  namespace?: string | null
  type?: string | null
  id?: string | null
}

/** A 64-bit number as protobuf code gives it. */
export type WireInt64 = number | { toNumber(): number } | null | undefined

/**
 * Decodes a payload, having checked its size and its number of entries.
 * @throws FUNCTION_<kind>_TOO_LARGE, FUNCTION_<kind>_UNDECODABLE
 */
export function decodePayload<M>(
  kind: PayloadKind,
  bytes: Uint8Array,
  limits: PayloadLimits,
  decode: (bytes: Uint8Array) => M
): M {
  checkSize(kind, bytes.length, limits)
  try {
    checkEntries(kind, countEntries(bytes), limits)
    return decode(bytes)
  } catch (error) {
    if (error instanceof MillraceError) throw error
    const message =
      `a ${kind.toLowerCase()} of ${bytes.length} bytes is no message of the protocol: ` +
      `${messageOf(error)}; expected protobuf; check what answers at this address`
    throw new MillraceError(`FUNCTION_${kind}_UNDECODABLE`, message, {
      retriable: kind === 'REPLY',
      cause: error
    })
  }
}

/** @throws FUNCTION_<kind>_TOO_LARGE */
export function checkSize(kind: PayloadKind, bytes: number, limits: PayloadLimits): void {
  const { bytesMax = FUNCTION_PAYLOAD_BYTES_MAX } = limits
  if (bytes > bytesMax) throw tooLarge(kind, 'bytes', bytes, bytesMax)
}

/** @throws FUNCTION_<kind>_TOO_LARGE */
export function checkEntries(kind: PayloadKind, entries: number, limits: PayloadLimits): void {
  const { entriesMax = FUNCTION_PAYLOAD_ENTRIES_MAX } = limits
  if (entries > entriesMax) throw tooLarge(kind, 'entries', entries, entriesMax)
}

function tooLarge(kind: PayloadKind, what: string, actual: number, max: number): MillraceError {
  const remedy =
    kind === 'REPLY' ? 'let the function do less per batch' : 'send fewer messages per batch'
  const message = `a ${kind.toLowerCase()} has ${actual} ${what}; at most ${max} are taken; ${remedy}`
  return new MillraceError(`FUNCTION_${kind}_TOO_LARGE`, message, { details: { actual, max } })
}

/** How many parts the messages in a payload's outermost message have: what decoding would allocate for. */
function countEntries(bytes: Uint8Array): number {
  const reader = protobuf.Reader.create(bytes)
  let entries = 0
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if ((tag & 7) !== WIRE_TYPE_BYTES) {
      reader.skipType(tag & 7)
      continue
    }
    const end = reader.uint32() + reader.pos
    if (end > reader.len) throw new RangeError('a message is longer than the payload')
    while (reader.pos < end) {
      reader.skipType(reader.uint32() & 7)
      entries++
    }
  }
  return entries
}

/** @throws FUNCTION_<kind>_INVALID it is missing, or names no function type */
export function addressFrom(
  kind: PayloadKind,
  what: string,
  address: WireAddress | null | undefined
): Address {
  const { namespace, type, id } = address ?? {}
  const read: Address = { namespace: namespace ?? '', type: type ?? '', id: id ?? '' }
  if (parseTypeName(typeName(read)) !== null) return read
  throw invalid(
    kind,
    `${what} is ${JSON.stringify(typeName(read).slice(0, 200))}; expected the address of a function, namespace/type`
  )
}

/** A caller; null when absent or, as some write it, all empty. */
export function callerFrom(
  kind: PayloadKind,
  address: WireAddress | null | undefined
): Address | null {
  if (!address?.namespace && !address?.type && !address?.id) return null
  return addressFrom(kind, 'a caller', address)
}

/** @throws FUNCTION_<kind>_INVALID it is empty or too long */
export function nameFrom(kind: PayloadKind, what: string, name: string | null | undefined): string {
  if (name && name.length <= NAME_LENGTH_MAX) return name
  const length = name?.length ?? 0
  throw invalid(kind, `${what} has ${length} characters; expected 1 to ${NAME_LENGTH_MAX}`)
}

/** @throws FUNCTION_<kind>_INVALID it is negative or above 2^53 - 1 */
export function durationFrom(kind: PayloadKind, what: string, value: WireInt64): number {
  const number = typeof value === 'object' ? (value?.toNumber() ?? 0) : (value ?? 0)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw invalid(kind, `${what} is ${number} ms; expected 0 to 2^53 - 1`)
}

/** A payload that is a message, but says what it must not. */
export function invalid(kind: PayloadKind, what: string): MillraceError {
  const remedy = kind === 'REPLY' ? 'correct the function' : 'correct the caller'
  return new MillraceError(
    `FUNCTION_${kind}_INVALID`,
    `in a ${kind.toLowerCase()}, ${what}; ${remedy}`
  )
}
