// Keys and values of a topic as people write and read them: a line of text, or a property of a JSON line.
//
//   type and converter     text                       JSON
//   json                   the JSON text itself       the value itself
//   raw string, decimal    the text                   a text
//   raw bytes              in: the bytes; out: base64 a base64 text
//   raw number, bool       its digits, true, false    a number, true, false
//   raw timestamp          RFC 3339, or milliseconds  milliseconds; in: RFC 3339, too
import { ByteWriter, MillraceError } from '../../base/index.ts'
import type { Converter } from '../../dataflow/plan.ts'
import type { ScalarType, Type } from '../../dataflow/types.ts'
import { compileConverter, isScalar, scalarFromText } from '../../runtime/convert/index.ts'
import type { RecordConverter } from '../../runtime/convert/index.ts'
import { base64, bytesOfBase64 } from './base64.ts'
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
  /** What must be fetched before bytes can be printed; null: nothing is missing. Never rejects. Absent: never any. */
  prepare?(bytes: Buffer): Promise<void> | null
  /** The text of a record's bytes; never throws: bytes that are no value are given as base64. */
  printText(bytes: Buffer): string
  /** The same as JSON text. */
  printJson(bytes: Buffer): string
}

/** The form of keys or values of `type`; keys are always raw, null is a key that the file does not declare. */
export function textForm(type: Type | null, converter: Converter): TextForm {
  if (type === null) return STRING_FORM
  if (converter === 'json' || !isScalar(type)) return JSON_FORM
  if (type.kind === 'bytes') return BYTES_FORM
  return type.kind === 'string' || type.kind === 'decimal' ? STRING_FORM : new ScalarForm(type)
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
    const bytes = typeof value === 'string' ? bytesOfBase64(value) : null
    if (bytes === null) {
      throw new MillraceError(
        'RECORD_VALUE',
        `${writeJson(value)} is not bytes; expected base64 text`
      )
    }
    into.bytes(bytes)
    return true
  },
  printText: base64,
  printJson: bytes => JSON.stringify(base64(bytes))
}

/** Numbers, booleans and timestamps, whose raw bytes are binary. */
class ScalarForm implements TextForm {
  readonly passes = false
  readonly keepsBlank = false
  readonly #type: ScalarType
  readonly #converter: RecordConverter
  /** Prints: it knows the shortest digits of each kind of number. */
  readonly #json: RecordConverter
  readonly #scratch = new ByteWriter(32)

  constructor(type: ScalarType) {
    this.#type = type
    this.#converter = compileConverter(type, 'raw')
    this.#json = compileConverter(type, 'json')
  }

  encodeText(text: string, into: ByteWriter): void {
    this.#converter.encode(scalarFromText(this.#type, text.trim(), this.#type.kind), into)
  }

  encodeJson(value: unknown, into: ByteWriter): boolean {
    if (value === null) return false
    this.encodeText(typeof value === 'string' ? value : writeJson(value), into)
    return true
  }

  printText(bytes: Buffer): string {
    if (this.#type.kind !== 'timestamp') return this.#print(bytes) ?? base64(bytes)
    const text = this.#print(bytes)
    return text === null ? base64(bytes) : new Date(Number(text)).toISOString()
  }

  printJson(bytes: Buffer): string {
    return this.#print(bytes) ?? JSON.stringify(base64(bytes))
  }

  /** The value as JSON text, or null when the bytes are no value. */
  #print(bytes: Buffer): string | null {
    const scratch = this.#scratch
    scratch.clear()
    try {
      this.#json.encode(this.#converter.decode(bytes, 0, bytes.length), scratch)
      return scratch.buffer.toString('utf8', 0, scratch.length)
    } catch {
      return null
    }
  }
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
