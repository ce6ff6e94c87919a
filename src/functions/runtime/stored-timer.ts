// How delayed messages are stored: under keys whose order is that of their delivery, and as bytes until they are due.
import { type ByteWriter, assert } from '../../base/index.ts'
import type { ValueCodec } from '../../state/contract.ts'
import { StoredReader, ownBytes, putText } from './bytes.ts'
import { type Envelope, putEnvelope, readEnvelope, sizeOf } from './envelope.ts'

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
  return digitsOf(dueAt) + digitsOf(sequence)
}

/** Time and number of a key. */
export function dueKeyParts(key: string): [number, number] {
  return [numberOf(key, 0), numberOf(key, NUMBER_DIGITS)]
}

function digitsOf(number: number): string {
  // Both halves are below 2^31, for which shifts are right.
  const high = Math.floor(number / HALF)
  const low = number - high * HALF
  return (
    DIGITS[(high >>> 18) & 63]! +
    DIGITS[(high >>> 12) & 63]! +
    DIGITS[(high >>> 6) & 63]! +
    DIGITS[high & 63]! +
    DIGITS[(low >>> 24) & 63]! +
    DIGITS[(low >>> 18) & 63]! +
    DIGITS[(low >>> 12) & 63]! +
    DIGITS[(low >>> 6) & 63]! +
    DIGITS[low & 63]!
  )
}

const VALUES = new Uint8Array(128)
for (let digit = 0; digit < DIGITS.length; digit++) VALUES[DIGITS.charCodeAt(digit)] = digit

function numberOf(key: string, from: number): number {
  let number = 0
  for (let at = from; at < from + NUMBER_DIGITS; at++) {
    number = number * 64 + VALUES[key.charCodeAt(at)]!
  }
  return number
}

/** Delayed messages. They do not change. */
export const TIMERS: ValueCodec<Timer> = {
  encode({ dueAt, envelope, token }: Timer, sink: ByteWriter): void {
    sink.u8(VERSION)
    sink.u8(token === null ? 0 : HAS_TOKEN)
    sink.varuint(dueAt)
    if (token !== null) putText(sink, token)
    putEnvelope(sink, envelope)
  },
  decode: (bytes, start, end) => new StoredTimer(bytes, start, end),
  zero: () => assert(false, 'a delayed message has no zero') as never,
  copy: timer => timer,
  check: value => value as Timer,
  size: timer =>
    timer instanceof StoredTimer
      ? timer.size
      : 48 + sizeOf(timer.envelope) + (timer.token === null ? 0 : timer.token.length * 2)
}

/** A message that was read from the state: what orders it is decoded, the rest stays bytes until it is needed. */
class StoredTimer implements Timer {
  readonly dueAt: number
  readonly token: string | null
  readonly #envelope: Uint8Array

  constructor(bytes: Uint8Array, start: number, end: number) {
    const reader = new StoredReader(bytes, start, end)
    const version = reader.u8()
    assert(version === VERSION, 'a delayed message has a version that this program knows')
    const flags = reader.u8()
    this.dueAt = reader.varuint()
    this.token = flags & HAS_TOKEN ? reader.text() : null
    this.#envelope = ownBytes(reader.bytes.subarray(reader.at, end))
  }

  get envelope(): Envelope {
    return readEnvelope(new StoredReader(this.#envelope, 0, this.#envelope.length))
  }

  get size(): number {
    return 200 + this.#envelope.length
  }
}
