// Keys and values as users have them, and as bytes in a log.
import { MillraceError, messageOf } from '../base/index.ts'

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

/** Bytes as they are. */
export const bytes: Codec<Buffer> = {
  encode: value => value,
  decode: bytes => bytes
}

/** UTF-8. What is none is read with replacement characters. */
export const text: Codec<string> = {
  encode: value => Buffer.from(value),
  decode: bytes => bytes.toString()
}

/** JSON. The type is the caller's word: what is read is not checked against it. @throws RECORD_UNDECODABLE no JSON */
export function json<T = unknown>(): Codec<T> {
  return {
    encode: value => Buffer.from(JSON.stringify(value)),
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
