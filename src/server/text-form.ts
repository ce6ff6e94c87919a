// Keys and values of a topic as people write and read them: a line of text, or a property of a JSON line.
//
//   type and converter     text                       JSON
//   json                   the JSON text itself       the value itself
//   raw string, decimal    the text                   a text
//   raw bytes              in: the bytes; out: base64 a base64 text
//   raw number, bool       its digits, true, false    a number, true, false
//   raw timestamp          RFC 3339, or milliseconds  milliseconds; in: RFC 3339, too
import { ByteWriter, MillraceError } from '../base/index.ts'
import type { Converter } from '../dataflow/plan.ts'
import type { Type } from '../dataflow/types.ts'
import { createConverter } from '../runtime/index.ts'
import type { RecordConverter } from '../runtime/index.ts'
import { parseJson, writeJson } from './json-text.ts'

/** One side (key or value) of a topic's records. Made by {@link textForm}. */
export interface TextForm {
  /** A text's bytes are the record's bytes. */
  readonly passes: boolean
  /** An empty text is a value, too; otherwise blank lines mean nothing. */
  readonly keepsBlank: boolean
  /** Appends the bytes of a value given as text. @throws RECORD_VALUE, LINE_INVALID */
  encodeText(text: string, into: ByteWriter): void
  /** Appends the bytes of a value given as parsed JSON; false when there is no value. @throws RECORD_VALUE */
  encodeJson(value: unknown, into: ByteWriter): boolean
  /** The text of a record's bytes; never throws: bytes that are no value are given as base64. */
  printText(bytes: Buffer): string
  /** The same as JSON text. */
  printJson(bytes: Buffer): string
}

/** The form of keys or values of `type`; keys are always raw, null is a key that the file does not declare. */
export function textForm(type: Type | null, converter: Converter): TextForm {
  if (converter === 'json' && type !== null) return JSON_FORM
  switch (type?.kind) {
    case undefined:
    case 'string':
    case 'decimal':
      return STRING_FORM
    case 'bytes':
      return BYTES_FORM
    default:
      return new ScalarForm(type)
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** UTF-8 text, or null for bytes that are none. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

const JSON_FORM: TextForm = {
  passes: true,
  keepsBlank: false,
  encodeText(text, into) {
    into.utf8(text)
  },
  encodeJson(value, into) {
    into.utf8(writeJson(value))
    return true
  },
  printText(bytes) {
    const text = utf8(bytes)
    return text === null ? base64(bytes) : compactJson(text)
  },
  printJson(bytes) {
    const text = utf8(bytes)
    if (text === null) return JSON.stringify(base64(bytes))
    try {
      JSON.parse(text)
      return compactJson(text)
    } catch {
      return JSON.stringify(text)
    }
  }
}

const STRING_FORM: TextForm = {
  passes: true,
  keepsBlank: true,
  encodeText(text, into) {
    into.utf8(text)
  },
  encodeJson(value, into) {
    if (value === null) return false
    into.utf8(typeof value === 'string' ? value : writeJson(value))
    return true
  },
  printText: bytes => utf8(bytes) ?? base64(bytes),
  printJson: bytes => JSON.stringify(utf8(bytes) ?? base64(bytes))
}

const BYTES_FORM: TextForm = {
  passes: true,
  keepsBlank: true,
  encodeText(text, into) {
    into.utf8(text)
  },
  encodeJson(value, into) {
    if (value === null) return false
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      throw new MillraceError('RECORD_VALUE', `${writeJson(value)} is not bytes; expected base64 text`)
    }
    into.bytes(Buffer.from(value, 'base64'))
    return true
  },
  printText: base64,
  printJson: bytes => JSON.stringify(base64(bytes))
}

/** Numbers, booleans and timestamps, whose raw bytes are binary. */
class ScalarForm implements TextForm {
  readonly passes = false
  readonly keepsBlank: boolean
  readonly #type: Type
  readonly #converter: RecordConverter

  constructor(type: Type) {
    this.#type = type
    this.keepsBlank = type.kind === 'null'
    this.#converter = createConverter(type, 'raw')
  }

  encodeText(text: string, into: ByteWriter): void {
    this.#converter.encode(this.#parse(text.trim()), into)
  }

  encodeJson(value: unknown, into: ByteWriter): boolean {
    if (value === null && this.#type.kind !== 'null') return false
    this.#converter.encode(typeof value === 'string' ? this.#parse(value.trim()) : this.#fit(value), into)
    return true
  }

  printText(bytes: Buffer): string {
    const value = this.#decode(bytes)
    if (value === undefined) return base64(bytes)
    if (this.#type.kind === 'timestamp') return new Date(value as number).toISOString()
    return String(value)
  }

  printJson(bytes: Buffer): string {
    const value = this.#decode(bytes)
    return value === undefined ? JSON.stringify(base64(bytes)) : writeJson(value)
  }

  #decode(bytes: Buffer): unknown {
    try {
      return this.#converter.decode(bytes, 0, bytes.length)
    } catch {
      return undefined
    }
  }

  /** The value of a text; the converter checks its range. */
  #parse(text: string): unknown {
    const { kind } = this.#type
    if (kind === 'bool' && (text === 'true' || text === 'false')) return text === 'true'
    if (kind === 'null' && (text === '' || text === 'null')) return null
    if (kind === 'timestamp' && !/^-?\d+$/.test(text)) {
      const time = Date.parse(text)
      if (Number.isNaN(time)) throw this.#misfit(text)
      return time
    }
    if (kind === 'bool' || kind === 'null' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
      throw this.#misfit(text)
    }
    const wide = /^[+-]?\d{16,}$/.test(text)
    return this.#fit(wide ? BigInt(text) : Number(text))
  }

  /** Numbers as the type has them: bigints where it says so and only there. */
  #fit(value: unknown): unknown {
    const { bigint, kind } = this.#type as { kind: string; bigint?: boolean }
    if (typeof value === 'bigint' && bigint !== true) return Number(value)
    if (typeof value === 'number' && bigint === true && Number.isSafeInteger(value)) return BigInt(value)
    if (kind === 'f32' && typeof value === 'number') return Math.fround(value)
    return value
  }

  #misfit(text: string): MillraceError {
    const examples: Readonly<Record<string, string>> = {
      bool: 'true or false',
      null: 'nothing or null',
      timestamp: 'milliseconds or a text as 2026-11-21T10:00:00Z'
    }
    const { kind } = this.#type
    return new MillraceError(
      'RECORD_VALUE',
      `${JSON.stringify(text)} is no ${kind}; expected ${examples[kind] ?? 'a number'}`
    )
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** JSON text on one line; text that has no line break is given as it is. */
function compactJson(text: string): string {
  if (!/[\n\r]/.test(text)) return text
  try {
    return writeJson(parseJson(text))
  } catch {
    return JSON.stringify(text)
  }
}
