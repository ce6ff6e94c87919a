// A line of the shell as words: quotes keep spaces, a backslash takes the next character as it is.
import { MillraceError } from '../../base/index.ts'

/** Splits a line into words. @throws USAGE a quote is not closed */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!
    if (quote !== null) {
      if (character === quote) quote = null
      else if (character === '\\' && quote === '"' && at + 1 < line.length) word += line[++at]!
      else word += character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (character === '\\' && at + 1 < line.length) {
      word = (word ?? '') + line[++at]!
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else {
      word = (word ?? '') + character
    }
  }
  if (quote !== null)
    throw new MillraceError(
      'USAGE',
      `a quote ${quote} is not closed; close it, or write \\${quote}`
    )
  if (word !== null) words.push(word)
  return words
}

/** What `produce` takes, from the raw line: the value may hold quotes and spaces, as JSON does. */
export interface ProduceWords {
  readonly topic: string
  readonly key: string | null
  readonly value: string
}

/**
 * Reads `TOPIC [KEY:]VALUE`. A value that begins as JSON does (`{`, `[`, `"`) has no key, and neither has one
 * behind a colon at its beginning.
 */
export function produceWords(text: string): ProduceWords | null {
  const found = /^\s*(\S+)\s+(\S[\s\S]*)$/.exec(text)
  if (found === null) return null
  const [, topic, rest] = found as unknown as readonly [string, string, string]
  const colon = /^[{["]/.test(rest) ? -1 : rest.indexOf(':')
  if (colon < 0) return { topic, key: null, value: rest }
  return { topic, key: colon === 0 ? null : rest.slice(0, colon), value: rest.slice(colon + 1) }
}
