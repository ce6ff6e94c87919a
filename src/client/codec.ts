// Keys and values as users have them, and as bytes in a log.
import { inspect } from 'node:util'
import { MillraceError, messageOf } from '../base/index.ts'

const SHOWN = { depth: 0, maxStringLength: 60, maxArrayLength: 5, breakLength: Infinity }

/** Turns values into bytes and back. A codec of records that others wrote may throw on bytes that are no value. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  /** `bytes` are the caller's own. */
  decode(bytes: Buffer): T
}

/** How keys and values of one topic or program are written. */
export interface Codecs<K, V> {
  readonly key: Codec<K>
  readonly value: Codec<V>
}

/** Bytes as they are. @throws RECORD_VALUE no bytes */
export const bytes: Codec<Buffer> = {
  encode: value => {
    if (value instanceof Uint8Array) return value
    throw unwritable(value, 'no bytes', 'a Buffer')
  },
  decode: bytes => bytes
}

/** UTF-8. What is none is read with replacement characters. @throws RECORD_VALUE no text */
export const text: Codec<string> = {
  encode: value => {
    if (typeof value === 'string') return Buffer.from(value)
    throw unwritable(value, 'no text', 'a string')
  },
  decode: bytes => bytes.toString()
}

/**
 * JSON. The type is the caller's word: what is read is not checked against it.
 * @throws RECORD_UNDECODABLE what is read is no JSON
 * @throws RECORD_VALUE what is written has no JSON: undefined, a function, a bigint, a circle
 */
export function json<T = unknown>(): Codec<T> {
  return {
    encode: value => Buffer.from(jsonOf(value)),
    decode: bytes => {
      try {
        return JSON.parse(bytes.toString()) as T
      } catch (error) {
        throw new MillraceError(
          'RECORD_UNDECODABLE',
          `a record of ${bytes.length} bytes is no JSON (${messageOf(error)}); expected was JSON; ` +
            'read it as text or bytes'
        )
      }
    }
  }
}

function jsonOf(value: unknown): string {
  const expected = 'what JSON has; write a bigint as a text'
  let written: string | undefined
  try {
    written = JSON.stringify(value)
  } catch (error) {
    throw unwritable(value, `not JSON (${messageOf(error)})`, expected)
  }
  if (written === undefined) throw unwritable(value, 'not JSON', expected)
  return written
}

function unwritable(value: unknown, problem: string, expected: string): MillraceError {
  const shown =
    typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : inspect(value, SHOWN)
  return new MillraceError(
    'RECORD_VALUE',
    `${shown} is ${problem}; its codec expected ${expected}, or null for a record without it; correct what is sent`
  )
}
