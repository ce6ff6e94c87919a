// Strips the types of a function that has them in its signature only, as most have, without Node's stripper.
//
// Node strips with a compiler in WebAssembly: its first call costs 40–55 ms of every start and 20 MB that are
// never given back. This one reads the head of a function declaration in its plainest form, and answers null to
// everything else. What it answers must be parsed as JavaScript by the caller; types in the body fail there.
//
// Code that is JavaScript as it stands, but means something else as TypeScript, is left to Node as well:
// type arguments (`f<a>(b)`), an arrow with a return type behind `?` or `case` (`(a): b => c`), classes.

const LEAD = /(?:\s|\/\/[^\n]*\n)*/y
const OPENING = /(?:async\s+)?function\s+[A-Za-z_$][\w$]*\s*\(\s*/y
const NAME = /[A-Za-z_$][\w$]*/y
const TYPE_NAME = /[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*/y
const COLON = /\s*:\s*/y
const COMMA = /\s*,\s*/y
const CLOSING = /\s*\)/y
const BODY = /\s*\{/y
const UNION = /\s*\|\s*/y
const LIST = /(?:\[\])+/y
const ARGUMENTS = /<\s*/y
const ARGUMENTS_END = /\s*>/y

/** Words that begin another form of type, or none. */
const NO_TYPE_NAME = new Set(
  `abstract asserts async await break case catch class const continue debugger declare default delete do else enum
  export extends false finally for function if implements import in infer instanceof interface intrinsic is keyof let
  new of package private protected public readonly return static super switch this throw true try typeof unique var
  while with yield`.split(/\s+/)
)

/**
 * `source` with its types replaced by blanks, of the same length; null when it is no function declaration of the
 * plainest form or may mean something else as TypeScript.
 */
export function stripSignature(source: string): string | null {
  const head = new Head(source)
  if (!head.read() || mayDiffer(source.slice(head.at))) return null
  let stripped = ''
  let end = 0
  for (const { from, to } of head.annotations) {
    stripped += source.slice(end, from) + source.slice(from, to).replaceAll(/\S/g, ' ')
    end = to
  }
  return stripped + source.slice(end)
}

/** Whether a body that is JavaScript might be read in another way as TypeScript. */
function mayDiffer(body: string): boolean {
  const less = body.indexOf('<')
  if (less >= 0 && /[^=]>/.test(body.slice(less))) return true
  const colon = /\)\s*(?::|\/[/*])/.exec(body)
  if (colon !== null && body.includes('=>', colon.index)) return true
  // `type in a` asks whether a has a property; TypeScript takes it for a declaration.
  return /\bclass\b|\b(?:abstract|declare|module|namespace|type)\s+[\w$]/.test(body)
}

/** Reads a function's head, piece by piece. */
class Head {
  readonly annotations: { readonly from: number; readonly to: number }[] = []
  /** The place behind what was read. */
  at = 0
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** Reads up to the brace of the body; false when anything is there that it does not know. */
  read(): boolean {
    this.#take(LEAD)
    if (!this.#take(OPENING)) return false
    while (!this.#take(CLOSING)) {
      if (!this.#take(NAME) || !this.#annotation()) return false
      if (!this.#take(COMMA) && !this.#atClosing()) return false
    }
    return this.#annotation() && this.#take(BODY)
  }

  /** A colon and a type, or nothing; false for a colon without a type. */
  #annotation(): boolean {
    const from = this.at
    if (!this.#take(COLON)) return true
    if (!this.#type()) return false
    this.annotations.push({ from, to: this.at })
    return true
  }

  /** Names with type arguments and `[]`, between bars. */
  #type(): boolean {
    do {
      const from = this.at
      if (!this.#take(TYPE_NAME) || NO_TYPE_NAME.has(this.#source.slice(from, this.at)))
        return false
      if (this.#take(ARGUMENTS)) {
        do if (!this.#type()) return false
        while (this.#take(COMMA))
        if (!this.#take(ARGUMENTS_END)) return false
      }
      this.#take(LIST)
    } while (this.#take(UNION))
    return true
  }

  #atClosing(): boolean {
    CLOSING.lastIndex = this.at
    return CLOSING.test(this.#source)
  }

  #take(piece: RegExp): boolean {
    piece.lastIndex = this.at
    if (!piece.test(this.#source)) return false
    this.at = piece.lastIndex
    return true
  }
}
