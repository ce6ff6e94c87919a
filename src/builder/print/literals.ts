// Literals of printed code.
import { isIdentifier } from '../../dataflow/index.ts'

/** A text in quotes. */
export function quoted(text: string): string {
  return /^[^'\\\n\r\u2028\u2029]*$/.test(text) ? `'${text}'` : JSON.stringify(text)
}

/** A name as the key of an object literal. */
export function property(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return isIdentifier(name) ? name : quoted(name)
}

/** An object literal of what is not null; empty where all is. */
export function options(entries: Readonly<Record<string, string | null>>): string {
  const said = Object.entries(entries).flatMap(([key, value]) =>
    value === null || value === '' ? [] : [`${key}: ${value}`]
  )
  return said.length === 0 ? '' : `{ ${said.join(', ')} }`
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000]
] as const

/** A duration as a file says it, in the largest unit that is exact. */
export function durationText(ms: number): string {
  const unit = UNITS.find(([, length]) => ms >= length && ms % length === 0)
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`
}
