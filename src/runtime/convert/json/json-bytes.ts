// What generated readers of JSON bytes call (direct-read.ts): scanning strings and numbers, making short text.
// Hot: per field. Positions in, positions out; −1 says that the bytes take the long way over JSON.parse.

/** What stands for a value that takes the long way: no reader gives it otherwise. */
export const LONG_WAY: unique symbol = Symbol('takes the long way')

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Longer text is made faster by the runtime; the crossing was measured between 22 and 30 characters. */
const SHORT_LENGTH_MAX = 24
/** Texts that a field remembers: a power of two. Few enough to stay in the processor's nearest cache. */
const REMEMBERED = 32
/** Longer texts are not remembered. */
const REMEMBERED_LENGTH_MAX = 64
/** Misses after which a memory is judged. */
const TRIAL = 4096
/** How deep values may be that are passed over. */
const DEPTH_MAX = 16
const WORDS = ['true', 'false', 'null'].map(word => Buffer.from(word))

/** 1 for bytes that stand for themselves inside a JSON string. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80)
PLAIN[QUOTE] = PLAIN[BACKSLASH] = 0

/** Where the string whose content begins at `start` meets its quote or the first byte that is not plain ASCII. */
export function plainEnd(bytes: Buffer, start: number): number {
  let at = start
  while (PLAIN[bytes[at]!] === 1) at++
  return at
}

/** Where the closing quote stands of a string that holds more than plain ASCII, from `at` on; −1 without one. */
export function stringEnd(bytes: Buffer, at: number): number {
  for (let index = at; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (byte === QUOTE) return index
    if (byte < 0x20) return -1
    if (byte === BACKSLASH) index++
  }
  return -1
}

/** The text of a string with escapes or other than ASCII, whose content is `start`…`end`. */
export function longText(bytes: Buffer, start: number, end: number): string | typeof LONG_WAY {
  const text = bytes.toString('utf8', start, end)
  // It may stand for bytes that are no UTF-8.
  if (text.includes('\ufffd')) return LONG_WAY
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return LONG_WAY
  }
}

/** The text of ASCII bytes `start`…`end`. */
export function asciiText(b: Buffer, start: number, end: number): string {
  const length = end - start
  return length <= SHORT_LENGTH_MAX ? SHORT[length]!(b, start) : b.toString('latin1', start, end)
}

/**
 * Gives the text of ASCII bytes, the same string again for one that a field often has: what is found is spared the
 * making, and its hash is known to every map. Where little is found it stops looking.
 */
export class TextMemory {
  readonly #texts: string[] = Array.from({ length: REMEMBERED }, () => '')
  #misses = 0
  #finds = 0

  /** The text of ASCII bytes `start`…`end`. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start
    if (this.#misses === TRIAL || length > REMEMBERED_LENGTH_MAX)
      return asciiText(bytes, start, end)
    const mixed =
      length * 7 + bytes[start]! * 3 + bytes[start + (length >> 1)]! + bytes[end - 1]! * 5
    const slot = mixed & (REMEMBERED - 1)
    const known = this.#texts[slot]!
    if (known.length === length && isText(known, bytes, start)) {
      this.#finds++
      return known
    }
    // At fewer finds than misses looking costs more than it spares: it ends for good.
    if (++this.#misses === TRIAL && this.#finds >= TRIAL) this.#misses = this.#finds = 0
    return (this.#texts[slot] = asciiText(bytes, start, end))
  }
}

function isText(text: string, bytes: Buffer, start: number): boolean {
  for (let index = text.length - 1; index >= 0; index--) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}

/** Where the integer at `start` ends: an optional sign, up to 15 digits, no fraction; −1 for other numbers and -0. */
export function integerEnd(bytes: Buffer, start: number): number {
  let at = start
  if (bytes[at] === 0x2d) at++
  const first = at
  let byte = bytes[at]!
  while (byte >= 0x30 && byte <= 0x39) byte = bytes[++at]!
  const digits = at - first
  if (digits === 0 || digits > 15 || byte === 0x2e || byte === 0x65 || byte === 0x45) return -1
  if (bytes[first] === 0x30 && (digits > 1 || first > start)) return -1
  return at
}

/** The integer that {@link integerEnd} found. */
export function integerAt(bytes: Buffer, start: number, end: number): number {
  let value = 0
  let at = bytes[start] === 0x2d ? start + 1 : start
  while (at < end) value = value * 10 + bytes[at++]! - 0x30
  return bytes[start] === 0x2d ? -value : value
}

/** Where the number at `start` ends; −1 where none stands. */
export function numberEnd(bytes: Buffer, start: number): number {
  let at = start
  if (bytes[at] === 0x2d) at++
  const first = at
  at = digitsEnd(bytes, at)
  if (at === first || (bytes[first] === 0x30 && at > first + 1)) return -1
  if (bytes[at] === 0x2e) {
    const point = at
    at = digitsEnd(bytes, at + 1)
    if (at === point + 1) return -1
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at++
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++
    const exponent = at
    at = digitsEnd(bytes, at)
    if (at === exponent) return -1
  }
  return at
}

/**
 * The number that {@link numberEnd} found. Up to 15 digits and their power of ten are exact doubles, so the division
 * rounds once, as reading the text does (Clinger 1990).
 */
export function numberAt(bytes: Buffer, start: number, end: number): number {
  if (end - start > 16) return Number(bytes.toString('latin1', start, end))
  const isNegative = bytes[start] === 0x2d
  let value = 0
  let divisor = 0
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    const byte = bytes[at]!
    if (byte === 0x2e) divisor = 1
    else if (byte > 0x39) return Number(bytes.toString('latin1', start, end))
    else {
      value = value * 10 + byte - 0x30
      divisor *= 10
    }
  }
  if (value > 999_999_999_999_999) return Number(bytes.toString('latin1', start, end))
  const result = divisor === 0 ? value : value / divisor
  return isNegative ? -result : result
}

function digitsEnd(bytes: Buffer, start: number): number {
  let at = start
  while (isDigit(bytes[at]!)) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** Where any JSON value at `at` ends: what a reader passes over. −1 where it is none, or nested too deeply. */
export function valueEnd(bytes: Buffer, at: number, depth = 0): number {
  const byte = bytes[at]!
  if (byte === QUOTE) return textEnd(bytes, at)
  if (byte === 0x7b || byte === 0x5b) return depth === DEPTH_MAX ? -1 : partsEnd(bytes, at, depth)
  for (const word of WORDS) {
    if (byte === word[0]) {
      return word.every((letter, index) => bytes[at + index] === letter) ? at + word.length : -1
    }
  }
  return numberEnd(bytes, at)
}

function textEnd(bytes: Buffer, at: number): number {
  const plain = plainEnd(bytes, at + 1)
  if (bytes[plain] === QUOTE) return plain + 1
  const end = stringEnd(bytes, plain)
  return end < 0 || longText(bytes, at + 1, end) === LONG_WAY ? -1 : end + 1
}

/** Of an object or a list. */
function partsEnd(bytes: Buffer, start: number, depth: number): number {
  const isObject = bytes[start] === 0x7b
  const close = isObject ? 0x7d : 0x5d
  let at = blankEnd(bytes, start + 1)
  if (bytes[at] === close) return at + 1
  for (;;) {
    if (isObject) {
      at = bytes[at] === QUOTE ? textEnd(bytes, at) : -1
      if (at < 0) return -1
      at = blankEnd(bytes, at)
      if (bytes[at] !== 0x3a) return -1
      at = blankEnd(bytes, at + 1)
    }
    at = valueEnd(bytes, at, depth + 1)
    if (at < 0) return -1
    at = blankEnd(bytes, at)
    if (bytes[at] === close) return at + 1
    if (bytes[at] !== 0x2c) return -1
    at = blankEnd(bytes, at + 1)
  }
}

function blankEnd(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return at
}

/** Makes text of one length: a call with so many arguments needs no step into the runtime. */
type ShortText = (bytes: Buffer, start: number) => string

const SHORT: readonly ShortText[] = Array.from({ length: SHORT_LENGTH_MAX + 1 }, (_, length) => {
  const units = Array.from({ length }, (_unit, index) => `b[s + ${index}]`)
  // oxlint-disable-next-line no-new-func, no-implied-eval -- the text comes from this file and a number
  return new Function('f', `return function text${length}(b, s) { return f(${units.join(', ')}) }`)(
    String.fromCharCode
  ) as ShortText
})
