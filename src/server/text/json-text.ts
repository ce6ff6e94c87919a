// JSON as text, without loss: integers beyond 2^53 keep their digits from parsing to printing.
import { MillraceError, messageOf } from '../../base/index.ts'

/** What `JSON.parse` gives its reviver beside key and value (ECMAScript proposal "parse with source"). */
interface ParseContext {
  readonly source?: string
}

type Reviver = (this: unknown, key: string, value: unknown, context: ParseContext) => unknown
const parse = JSON.parse as (text: string, reviver?: Reviver) => unknown

/** Only numbers of so many digits can lose some; most texts have none, and their parse stays fast. */
const LONG_NUMBER = /\d{16}/

/**
 * Parses JSON; an integer that is no safe number comes as a bigint.
 * @throws LINE_INVALID the text is no JSON
 */
export function parseJson(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? parse(text, keepDigits) : parse(text)
  } catch (error) {
    throw new MillraceError('LINE_INVALID', `found a line that is no JSON: ${messageOf(error)}`, {
      cause: error
    })
  }
}

/** Writes JSON; bigints become integers with all their digits. */
export function writeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    // Only a bigint cannot be written; a replacer for all values would cost four times as much.
    return JSON.stringify(value, printDigits)
  }
}

function keepDigits(_key: string, value: unknown, context: ParseContext): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const { source } = context
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

function printDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJson(String(value)) : value
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
