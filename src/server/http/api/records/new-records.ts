// Records as requests bring them: JSON objects, lines of JSON, lines of text, or the bytes of one value.
import { ByteWriter, MillraceError, isMillraceError } from '../../../../base/index.ts'
import type { RecordHeader } from '../../../../record/index.ts'
import type { RecordForms } from '../../../out/record-lines.ts'
import { parseJson } from '../../../text/json-text.ts'
import { bytesOfBase64 } from '../../../text/base64.ts'
import { SCHEMAS } from '../schemas.ts'
import { faultOf, named } from '../schema.ts'

/** A record on its way into a batch; nobody changes its bytes. */
export interface NewRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  /** null: by the key, or in turn. */
  readonly partition: number | null
  /** null: when it is taken. */
  readonly timestampMs: number | null
}

/** What a request says of all its records. */
export interface RecordDefaults {
  readonly key: string | null
  readonly partition: number | null
  readonly timestampMs: number | null
  readonly headers: readonly RecordHeader[]
}

/** Records of one request. */
export const REQUEST_RECORDS_MAX = 100_000

interface JsonRecord {
  readonly key?: unknown
  readonly keyBase64?: string
  readonly value?: unknown
  readonly valueBase64?: string
  readonly headers?: Readonly<Record<string, string | null>>
  readonly partition?: number
  readonly timestamp?: number | string
}

const NEW_RECORD = named('NewRecord')

/** A record of parsed JSON; `place` names it in errors. @throws RECORD_INVALID, RECORD_VALUE */
export function recordOfJson(given: unknown, forms: RecordForms, place: string): NewRecord {
  const fault = faultOf(NEW_RECORD, given, SCHEMAS, place)
  if (fault !== null) throw invalid(fault)
  const record = given as JsonRecord
  try {
    return {
      key: partOf(record.key, record.keyBase64, forms.key),
      value: partOf(record.value, record.valueBase64, forms.value),
      headers: Object.entries(record.headers ?? {}).map(([key, text]) => ({
        key,
        value: text === null ? null : Buffer.from(text)
      })),
      partition: record.partition ?? null,
      timestampMs: record.timestamp === undefined ? null : timeOf(record.timestamp, place)
    }
  } catch (error) {
    throw placed(error, place)
  }
}

/** The records of `{"records": […]}`, or the one of an object that is a record itself. */
export function recordsOfJson(body: unknown, forms: RecordForms): NewRecord[] {
  if (typeof body === 'object' && body !== null && 'records' in body) {
    const { records, ...rest } = body as { readonly records: unknown }
    const [other] = Object.keys(rest)
    if (other !== undefined)
      throw invalid(`the body has "${other}" beside "records"; expected nothing`)
    if (!Array.isArray(records)) throw invalid('records is no list; expected one of records')
    checkCount(records.length)
    return records.map((one, index) => recordOfJson(one, forms, `records[${index}]`))
  }
  return [recordOfJson(body, forms, 'the body')]
}

/** One record of JSON in each line; blank lines are left out. */
export function recordsOfLines(bytes: Uint8Array, forms: RecordForms): NewRecord[] {
  return linesOf(bytes).flatMap((line, index) => {
    const place = `line ${index + 1}`
    if (line.trim() === '') return []
    try {
      return [recordOfJson(parseJson(line), forms, place)]
    } catch (error) {
      throw placed(error, place)
    }
  })
}

/** One value as text in each line, with what stands before the first `separator` as its key, if one is given. */
export function recordsOfText(
  bytes: Uint8Array,
  forms: RecordForms,
  options: RecordDefaults & { readonly separator: string | null }
): NewRecord[] {
  const { separator, partition, timestampMs, headers } = options
  const own = keyOf(options.key, forms)
  return linesOf(bytes).flatMap((line, index) => {
    const at = separator === null ? -1 : line.indexOf(separator)
    const text = at < 0 ? line : line.slice(at + separator!.length)
    if (text.trim() === '' && !forms.value.keepsBlank) return []
    try {
      const key = at < 0 ? own : encoded(into => forms.key.encodeText(line.slice(0, at), into))
      const value = encoded(into => forms.value.encodeText(text, into))
      return [{ key, value, headers, partition, timestampMs }]
    } catch (error) {
      throw placed(error, `line ${index + 1}`)
    }
  })
}

/** The body is the value. */
export function recordOfBytes(
  bytes: Uint8Array,
  forms: RecordForms,
  { key, ...rest }: RecordDefaults
): NewRecord {
  return { ...rest, key: keyOf(key, forms), value: bytes }
}

/** Milliseconds of a time as users write it. @throws RECORD_INVALID */
export function timeOf(given: number | string, place: string): number {
  const time =
    typeof given === 'number' ? given : /^\d+$/.test(given) ? Number(given) : Date.parse(given)
  if (Number.isSafeInteger(time) && time >= 0) return time
  throw invalid(
    `${place} has the time ${JSON.stringify(given)}; expected milliseconds since 1970 or a text as 2026-11-21T10:00:00Z`
  )
}

function keyOf(key: string | null, forms: RecordForms): Uint8Array | null {
  return key === null ? null : encoded(into => forms.key.encodeText(key, into))
}

function partOf(
  value: unknown,
  base64: string | undefined,
  form: RecordForms['key']
): Uint8Array | null {
  if (base64 !== undefined) {
    if (value !== undefined)
      throw invalid('found a text and its base64 for one part; expected one of them')
    const bytes = bytesOfBase64(base64)
    if (bytes === null) throw invalid('found bytes that are no base64')
    return bytes
  }
  if (value === undefined) return null
  let has = true
  const bytes = encoded(into => {
    has = form.encodeJson(value, into)
  })
  return has ? bytes : null
}

function encoded(write: (into: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(64)
  write(writer)
  return writer.slice()
}

function linesOf(bytes: Uint8Array): string[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid(
      'the body is no UTF-8 text; expected lines, or the media type application/octet-stream'
    )
  }
  const lines = text.split(/\r?\n/)
  // What ends with a line end has no line behind it.
  if (lines.at(-1) === '') lines.pop()
  checkCount(lines.length)
  return lines
}

function checkCount(count: number): void {
  if (count <= REQUEST_RECORDS_MAX) return
  throw new MillraceError(
    'COMMIT_TOO_LARGE',
    `a request with ${count} records; expected at most ${REQUEST_RECORDS_MAX}; send several`
  )
}

function placed(error: unknown, place: string): unknown {
  if (!isMillraceError(error) || error.message.startsWith(place)) return error
  return new MillraceError(error.code, `${place}: ${error.message}`, { cause: error })
}

function invalid(message: string): MillraceError {
  return new MillraceError('RECORD_INVALID', message)
}
