// Patterns of topic names (KIP-848), matched in bounded time whatever a client sends.
//
// What is understood is what RE2 and JavaScript have in common and topic names need: characters, `.`, classes, \d \w \s
// and their opposites, groups, `|`, `*` `+` `?` `{n,m}`. The whole name must match; `^` and `$` at the ends may stand
// there. A node maps the set of positions where it may begin to those where it may end, so the work is bounded by
// nodes × positions², with no trying again.
import { MillraceError } from '../../../base/index.ts'

const PATTERN_LENGTH_MAX = 1_000
const REPEATS_MAX = 100
const DEPTH_MAX = 50
const BUDGET_NODES = 10_000

/** Maps where it may begin to where it may end. */
type Node = (text: string, starts: ReadonlySet<number>) => ReadonlySet<number>

/** Says whether a name matches. */
export type TopicPattern = (name: string) => boolean

/** Reads a pattern. @throws PATTERN_INVALID with the place and what was expected */
export function parseTopicPattern(pattern: string): TopicPattern {
  const node = new PatternParser(pattern).parse()
  return name => node(name, new Set([0])).has(name.length)
}

class PatternParser {
  readonly #pattern: string
  #at = 0
  #depth = 0
  #nodes = 0

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  parse(): Node {
    if (this.#pattern.length > PATTERN_LENGTH_MAX) throw this.#fault('it is too long')
    if (this.#pattern.startsWith('^')) this.#at++
    const node = this.#choice()
    if (this.#peek() === '$' && this.#at === this.#pattern.length - 1) this.#at++
    if (this.#at < this.#pattern.length) throw this.#fault(`"${this.#peek()}" is not expected`)
    return node
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? ''
  }

  #fault(what: string): MillraceError {
    return new MillraceError(
      'PATTERN_INVALID',
      `the pattern "${this.#pattern.slice(0, 80)}" cannot be read at character ${this.#at + 1}: ${what}; expected ` +
        'characters, classes, groups, | and repetitions; write it without look-around and references'
    )
  }

  #choice(): Node {
    if (++this.#depth > DEPTH_MAX) throw this.#fault('groups are nested too deep')
    const choices = [this.#sequence()]
    while (this.#peek() === '|') {
      this.#at++
      choices.push(this.#sequence())
    }
    this.#depth--
    if (choices.length === 1) return choices[0]!
    return (text, starts) => {
      const ends = new Set<number>()
      for (const choice of choices) for (const end of choice(text, starts)) ends.add(end)
      return ends
    }
  }

  #sequence(): Node {
    const parts: Node[] = []
    while (!['', '|', ')'].includes(this.#peek())) {
      if (this.#peek() === '$' && this.#at === this.#pattern.length - 1) break
      parts.push(this.#repetition())
    }
    return (text, starts) => {
      let at = starts
      for (const part of parts) {
        if (at.size === 0) return at
        at = part(text, at)
      }
      return at
    }
  }

  #repetition(): Node {
    let node = this.#single()
    for (;;) {
      const { least, most } = this.#bounds()
      if (least === 1 && most === 1) return node
      node = repeated(node, least, most)
    }
  }

  #bounds(): { readonly least: number; readonly most: number } {
    const sign = this.#peek()
    const simple = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[sign]
    if (simple !== undefined) {
      this.#at++
      // A lazy repetition matches the same names.
      if (this.#peek() === '?') this.#at++
      return { least: simple[0]!, most: simple[1]! }
    }
    const given = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.#pattern.slice(this.#at))
    if (given === null) return { least: 1, most: 1 }
    const least = Number(given[1])
    const most = given[2] === undefined ? least : given[3] === '' ? Infinity : Number(given[3])
    const isBounded = least <= REPEATS_MAX && (most === Infinity || most <= REPEATS_MAX)
    this.#nodes += least * 10
    if (!isBounded || most < least || this.#nodes > BUDGET_NODES) {
      throw this.#fault(`a repetition of at most ${REPEATS_MAX} was expected`)
    }
    this.#at += given[0].length
    return { least, most }
  }

  #single(): Node {
    const sign = this.#peek()
    if (sign === '(') return this.#group()
    if (sign === '[') return character(this.#class())
    if (sign === '\\') return character(this.#escape())
    if (sign === '.') {
      this.#at++
      return character(() => true)
    }
    if ('*+?{}^$'.includes(sign)) throw this.#fault(`"${sign}" is not expected`)
    this.#at++
    return character(one => one === sign)
  }

  #group(): Node {
    this.#at++
    if (this.#pattern.startsWith('?:', this.#at)) this.#at += 2
    else if (this.#peek() === '?') throw this.#fault('only (?: is known')
    const node = this.#choice()
    if (this.#peek() !== ')') throw this.#fault('")" was expected')
    this.#at++
    return node
  }

  #escape(): (one: string) => boolean {
    const name = this.#pattern[this.#at + 1] ?? ''
    this.#at += 2
    const known = { d: /\d/, w: /\w/, s: /\s/ }[name.toLowerCase()]
    if (known !== undefined) {
      const isOpposite = name !== name.toLowerCase()
      return one => known.test(one) !== isOpposite
    }
    if (name === '' || /[A-Za-z0-9]/.test(name)) throw this.#fault(`"\\${name}" is not known`)
    return one => one === name
  }

  #class(): (one: string) => boolean {
    this.#at++
    const isOpposite = this.#peek() === '^'
    if (isOpposite) this.#at++
    const tests: ((one: string) => boolean)[] = []
    while (this.#peek() !== ']' || tests.length === 0) {
      const first = this.#peek()
      if (first === '') throw this.#fault('"]" was expected')
      if (first === '\\') {
        tests.push(this.#escape())
        continue
      }
      this.#at++
      const last = this.#pattern[this.#at + 1]
      if (this.#peek() === '-' && last !== undefined && last !== ']') {
        this.#at += 2
        tests.push(one => one >= first && one <= last)
      } else tests.push(one => one === first)
    }
    this.#at++
    return one => tests.some(test => test(one)) !== isOpposite
  }
}

function character(test: (one: string) => boolean): Node {
  return (text, starts) => {
    const ends = new Set<number>()
    for (const start of starts) if (start < text.length && test(text[start]!)) ends.add(start + 1)
    return ends
  }
}

function repeated(node: Node, least: number, most: number): Node {
  return (text, starts) => {
    let at = starts
    for (let count = 0; count < least; count++) at = node(text, at)
    const ends = new Set(at)
    for (let count = least; count < most && at.size > 0; count++) {
      at = new Set([...node(text, at)].filter(end => !ends.has(end)))
      for (const end of at) ends.add(end)
    }
    return ends
  }
}
