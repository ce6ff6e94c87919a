// Estimates how deep a parser would recurse into code, before it is handed to one.
//
// Node's type stripper runs in WebAssembly. When its stack overflows it stays broken for the whole process, and
// Node itself needs it to load modules. So code that nests or chains deeper than any person writes is refused here.
// Measured on Node 24.21: nested brackets break it beyond 1,000 levels, arrows beyond 300, chains (`a + a + …`,
// `else if`, `a.b.c`) beyond 3,000.
//
// The estimate: each open bracket costs BRACKET_COST, and on each open level every token counts since the last
// place where an expression or statement surely ended. It is an upper bound as long as the lexer is right; what a
// lexer without a parser cannot tell (a regular expression behind `}`) is taken as division.

/** What the estimate may come to. */
export const NESTING_MAX = 600

const BRACKET_COST = 3
const TOKEN = new RegExp(
  [
    '(?<space>[\\s\\u2028\\u2029]+)',
    '(?<comment>//[^\\n\\r\\u2028\\u2029]*|/\\*[\\s\\S]*?(?:\\*/|$))',
    '(?<word>[\\p{L}\\p{N}_$#\\\\@\\u200c\\u200d]+)',
    `(?<string>"(?:[^"\\\\\\n]|\\\\[\\s\\S])*"?|'(?:[^'\\\\\\n]|\\\\[\\s\\S])*'?)`,
    '(?<sign>=>|[\\s\\S])'
  ].join('|'),
  'uy'
)
const REGULAR_EXPRESSION = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[\p{L}]*/uy
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/uy

/** Words that want an operand behind them, so that a line break there ends nothing. */
const PREFIX_WORDS = new Set(
  `abstract as asserts async await case delete do else extends implements import in infer instanceof is keyof new of out
  readonly return satisfies throw typeof unique void yield`.split(/\s+/)
)
/** Words that go on with what stands before them. */
const INFIX_WORDS = new Set('as else extends implements in instanceof is of satisfies'.split(' '))
const HEAD_WORDS = new Set(['if', 'for', 'while', 'with'])
const OPENING = new Set(['(', '[', '{', '${'])
const CLOSING = new Set([')', ']', '}'])

interface Level {
  readonly opening: string
  /** Whether it is the head of an if or a loop, behind which the same statement goes on. */
  readonly isHead: boolean
  tokens: number
}

/** Where the estimate exceeds {@link NESTING_MAX}; null when it never does. */
export function findTooDeep(source: string): number | null {
  const walk = new NestingWalk()
  let at = 0
  while (at < source.length) {
    const token = walk.isInTemplate ? null : tokenAt(source, at, walk.endsOperand)
    const end = token === null ? walk.template(source, at) : token.end
    if (token !== null) walk.token(token)
    if (walk.depth > NESTING_MAX) return at
    at = end
  }
  return null
}

interface Token {
  readonly kind: 'space' | 'comment' | 'word' | 'string' | 'sign'
  readonly text: string
  readonly end: number
}

function tokenAt(source: string, at: number, isDivision: boolean): Token {
  if (source[at] === '/' && !isDivision) {
    REGULAR_EXPRESSION.lastIndex = at
    const match = REGULAR_EXPRESSION.exec(source)
    if (match !== null) return { kind: 'string', text: match[0], end: REGULAR_EXPRESSION.lastIndex }
  }
  TOKEN.lastIndex = at
  const match = TOKEN.exec(source)!
  const groups = match.groups!
  const kind =
    (['space', 'comment', 'word', 'string'] as const).find(name => groups[name] !== undefined) ??
    'sign'
  return { kind, text: match[0], end: TOKEN.lastIndex }
}

/** The open levels and what the last token was. */
class NestingWalk {
  /** The current estimate. */
  depth = 0
  /** Whether the last token ends an operand, so that `/` divides and a line break may end a statement. */
  endsOperand = false
  /** Whether the text of a template literal comes next. */
  isInTemplate = false
  #levels: Level[] = [{ opening: '', isHead: false, tokens: 0 }]
  #wordBefore = ''
  #isNewLine = false

  token(token: Token): void {
    if (token.kind === 'space' || token.kind === 'comment') {
      this.#isNewLine ||= /[\n\r\u2028\u2029]/.test(token.text)
      return
    }
    const isOperand = token.kind === 'word' || token.kind === 'string'
    const goesOn = token.kind === 'word' && INFIX_WORDS.has(token.text)
    if (isOperand && this.endsOperand && this.#isNewLine && !goesOn) this.#reset()
    if (token.kind === 'sign') this.#sign(token.text)
    else this.#count()
    this.endsOperand = this.#endsOperand(token)
    this.#wordBefore = token.kind === 'word' ? token.text : ''
    this.#isNewLine = false
  }

  /** Skips template text up to its end or a placeholder; gives the place behind. */
  template(source: string, at: number): number {
    TEMPLATE.lastIndex = at
    const match = TEMPLATE.exec(source)
    const end = match === null ? source.length : TEMPLATE.lastIndex
    this.isInTemplate = false
    if (match?.[0].endsWith('${')) this.#open('${')
    this.endsOperand = !match?.[0].endsWith('${')
    return Math.max(end, at + 1)
  }

  get #top(): Level {
    return this.#levels.at(-1)!
  }

  #sign(sign: string): void {
    if (OPENING.has(sign)) this.#open(sign)
    else if (CLOSING.has(sign)) this.#close()
    else if (sign === ';' || sign === ',') this.#reset()
    else this.#count()
    if (sign === '`') this.isInTemplate = true
  }

  #open(opening: string): void {
    this.#levels.push({ opening, isHead: HEAD_WORDS.has(this.#wordBefore), tokens: 0 })
    this.depth += BRACKET_COST
  }

  #close(): void {
    if (this.#levels.length === 1) return
    const { opening, isHead, tokens } = this.#levels.pop()!
    this.depth -= BRACKET_COST + tokens
    this.#count()
    if (opening === '${') this.isInTemplate = true
    this.#closedHead = isHead
  }

  #closedHead = false

  #endsOperand(token: Token): boolean {
    if (token.kind === 'word') return !PREFIX_WORDS.has(token.text)
    if (token.kind === 'string') return true
    const endsHead = token.text === ')' && this.#closedHead
    return CLOSING.has(token.text) && !endsHead
  }

  #count(): void {
    this.#top.tokens++
    this.depth++
  }

  #reset(): void {
    this.depth -= this.#top.tokens
    this.#top.tokens = 0
  }
}
