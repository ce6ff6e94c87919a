// How delayed messages are stored: under keys whose order is that of their delivery, and as bytes until they are due.
import { ByteWriter, assert } from '../../../base/index.ts'
import type { ValueCodec } from '../../../state/contract.ts'
import { StoredReader, putText } from '../bytes.ts'
import { type Envelope, putEnvelope, readEnvelope } from '../envelope.ts'

const VERSION = 1
const HAS_TOKEN = 1
/** 64 characters in the order of their codes, of which none is above `~`. */
const DIGITS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
/** Digits of a safe integer. */
const NUMBER_DIGITS = 9
const HALF = 64 ** 5

/** A message for later. */
export interface Timer {
  /** Milliseconds since the epoch. */
  readonly dueAt: number
  /** With the sender as caller. */
  readonly envelope: Envelope
  readonly token: string | null
}

/** The key of a message: its time, then its number, in 18 characters whose order is theirs. */
export function dueKey(dueAt: number, sequence: number): string {
  // Made at once: a text that is put together from parts keeps them.
  putDigits(dueAt, 0)
  putDigits(sequence, NUMBER_DIGITS)
  return keyBytes.toString('latin1')
}

/** Time and number of a key. */
export function dueKeyParts(key: string): [number, number] {
  return [numberOf(key, 0), numberOf(key, NUMBER_DIGITS)]
}

function putDigits(number: number, from: number): void {
  // Both parts are below 2^31, for which shifts are right.
  let high = Math.floor(number / HALF)
  let low = number - high * HALF
  for (let at = from + NUMBER_DIGITS - 1; at >= from + 4; at--, low >>>= 6) {
    keyBytes[at] = CODES[low & 63]!
  }
  for (let at = from + 3; at >= from; at--, high >>>= 6) keyBytes[at] = CODES[high & 63]!
}

const CODES = Buffer.from(DIGITS)
const KEY_LENGTH = NUMBER_DIGITS * 2
const keyBytes = Buffer.alloc(KEY_LENGTH)
const VALUES = new Uint8Array(128)
for (let digit = 0; digit < DIGITS.length; digit++) VALUES[DIGITS.charCodeAt(digit)] = digit

function numberOf(key: string, from: number): number {
  let number = 0
  for (let at = from; at < from + NUMBER_DIGITS; at++) {
    number = number * 64 + VALUES[key.charCodeAt(at)]!
  }
  return number
}

/**
 * Delayed messages as their bytes, one character for each: a text is the smallest thing that holds bytes, and many
 * messages are in memory until they are flushed.
 */
export const TIMERS: ValueCodec<string> = {
  encode(packed, sink) {
    sink.reserve(packed.length)
    sink.length += sink.buffer.write(packed, sink.length, 'latin1')
  },
  decode: (bytes, start, end) =>
    new StoredReader(bytes, start, end).bytes.toString('latin1', start, end),
  zero: () => assert(false, 'a delayed message has no zero') as never,
  copy: packed => packed,
  check: value => value as string,
  size: packed => 16 + packed.length
}

/** A message as the state has it. */
export function packTimer({ dueAt, envelope, token }: Timer): string {
  scratch.clear()
  scratch.u8(VERSION)
  scratch.u8(token === null ? 0 : HAS_TOKEN)
  scratch.varuint(dueAt)
  if (token !== null) putText(scratch, token)
  putEnvelope(scratch, envelope)
  return scratch.buffer.toString('latin1', 0, scratch.length)
}

/** The message again. */
export function unpackTimer(packed: string): Timer {
  const bytes = Buffer.from(packed, 'latin1')
  const reader = new StoredReader(bytes, 0, bytes.length)
  const version = reader.u8()
  assert(version === VERSION, 'a delayed message has a version that this program knows')
  const flags = reader.u8()
  const dueAt = reader.varuint()
  const token = flags & HAS_TOKEN ? reader.text() : null
  return { dueAt, token, envelope: readEnvelope(reader) }
}

const scratch = new ByteWriter(1024)
