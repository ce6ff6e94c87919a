// Reads the type annotations of a function's signature: the few forms that say what flows between operators.
//
// What it does not know is unknown (null), never an error: the type checker of `millrace check` reads everything.
import { BIGINT, NUMBER } from '../type-match.ts'
import { scalarOf, SCALAR_WORDS } from '../type-text.ts'
import type { Type } from '../types.ts'

/** What an annotation comes to. */
export interface TypeReading {
  /** null: unknown, or nothing (`isVoid`). */
  readonly type: Type | null
  /** void, undefined, null or never alone. */
  readonly isVoid: boolean
  /** `Promise<…>` around `type`. */
  readonly isPromise: boolean
  /** PascalCase names that are neither a type of the file nor known to TypeScript. */
  readonly unknownNames: readonly UnknownName[]
}

/** A name and its place in the annotation. */
export interface UnknownName {
  readonly name: string
  readonly start: number
}

/** Names that a signature may use. */
export interface TypeScope {
  /** The file's types by their PascalCase name; null for one that has an error of its own. */
  readonly types: ReadonlyMap<string, Type | null>
  /** Type parameters of the function itself. */
  readonly parameters?: ReadonlySet<string>
}

const EXPRESSION_LENGTH_MAX = 2000
const EXPRESSION_DEPTH_MAX = 32

/** Scalar names of the file that inline code may use as they are. */
export const SCALAR_TYPE_NAMES: ReadonlySet<string> = new Set(
  SCALAR_WORDS.filter(word => word !== 'null' && word !== 'none')
)

/** Names that TypeScript's own library declares: never taken for a mistyped type of the file. */
export const TYPESCRIPT_GLOBALS: ReadonlySet<string> = new Set(
  `AggregateError Array ArrayBuffer ArrayBufferLike ArrayLike AsyncGenerator AsyncIterable
  AsyncIterableIterator AsyncIterator Atomics Awaited BigInt BigInt64Array BigUint64Array Boolean
  Buffer Capitalize ConstructorParameters DataView Date Error EvalError Exclude Extract
  FinalizationRegistry Float32Array Float64Array Function Generator Infinity InstanceType Int16Array
  Int32Array Int8Array Intl Iterable IterableIterator Iterator JSON Lowercase Map Math NaN NodeJS
  NoInfer NonNullable Number Object Omit OmitThisParameter Parameters Partial Pick Promise PromiseLike
  PropertyKey Proxy RangeError Readonly ReadonlyArray ReadonlyMap ReadonlySet Record ReferenceError
  Reflect RegExp RegExpExecArray RegExpMatchArray Required ReturnType Set SharedArrayBuffer String
  Symbol SyntaxError Temporal TextDecoder TextEncoder ThisParameterType ThisType TypeError Uint16Array
  Uint32Array Uint8Array Uint8ClampedArray Uncapitalize Uppercase URIError URL URLSearchParams WeakKey
  WeakMap WeakRef WeakSet Context KeyValue`.split(/\s+/)
)

/** Reads an annotation such as `Promise<WordCount[] | undefined>`. */
export function readTypeExpression(text: string, scope: TypeScope): TypeReading {
  const reader = new ExpressionReader(text, scope)
  const shape = text.length > EXPRESSION_LENGTH_MAX ? UNKNOWN : reader.readAll()
  const unknownNames = reader.unknownNames
  if (shape.kind === 'promise') {
    return {
      type: shape.of.kind === 'type' ? shape.of.type : null,
      isVoid: shape.of.kind === 'void',
      isPromise: true,
      unknownNames
    }
  }
  return {
    type: shape.kind === 'type' ? shape.type : null,
    isVoid: shape.kind === 'void',
    isPromise: false,
    unknownNames
  }
}

type Shape =
  | { readonly kind: 'type'; readonly type: Type }
  | { readonly kind: 'void' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'promise'; readonly of: Shape }

const UNKNOWN: Shape = { kind: 'unknown' }
const VOID: Shape = { kind: 'void' }
const VOID_WORDS = new Set(['void', 'undefined', 'null', 'never'])
const of = (type: Type): Shape => ({ kind: 'type', type })
const map = (shape: Shape, make: (type: Type) => Type): Shape =>
  shape.kind === 'type' ? of(make(shape.type)) : UNKNOWN

/** Recursive descent over one annotation; `null` from a rule means: not in the grammar, all is unknown. */
class ExpressionReader {
  readonly unknownNames: UnknownName[] = []
  readonly #text: string
  readonly #scope: TypeScope
  #at = 0
  #depth = 0

  constructor(text: string, scope: TypeScope) {
    this.#text = text
    this.#scope = scope
  }

  readAll(): Shape {
    const shape = this.#union()
    this.#space()
    return shape === null || this.#at < this.#text.length ? UNKNOWN : shape
  }

  #union(): Shape | null {
    if (++this.#depth > EXPRESSION_DEPTH_MAX) return null
    this.#eat('|')
    const members: Shape[] = []
    do {
      const member = this.#postfix()
      if (member === null) return null
      members.push(member)
    } while (this.#eat('|'))
    this.#depth--
    const solid = members.filter(member => member.kind !== 'void')
    if (solid.length === 0) return VOID
    if (solid.length > 1) return UNKNOWN
    if (solid.length === members.length) return solid[0]!
    return map(solid[0]!, type => (type.kind === 'option' ? type : { kind: 'option', value: type }))
  }

  #postfix(): Shape | null {
    const readonly = /^readonly\b/.test(this.#rest())
    if (readonly) this.#at += 'readonly'.length
    let shape = this.#primary()
    while (shape !== null && this.#eat('[')) {
      if (!this.#eat(']')) return null
      shape = map(shape, items => ({ kind: 'list', items }))
    }
    return shape
  }

  #primary(): Shape | null {
    if (this.#eat('(')) {
      const inner = this.#union()
      return inner !== null && this.#eat(')') ? inner : null
    }
    const start = this.#at
    const name = /^[A-Za-z_$][\w$]*/.exec(this.#rest())?.[0]
    if (name === undefined) return null
    this.#at += name.length
    if (this.#eat('.')) return null
    const nameAt =
      start + (this.#text.slice(start).length - this.#text.slice(start).trimStart().length)
    return this.#named(name, nameAt, this.#eat('<') ? this.#arguments() : [])
  }

  /** The arguments up to `>`; null when they are outside the grammar. */
  #arguments(): Shape[] | null {
    const shapes: Shape[] = []
    do {
      const shape = this.#union()
      if (shape === null) return null
      shapes.push(shape)
    } while (this.#eat(','))
    return this.#eat('>') ? shapes : null
  }

  #named(name: string, start: number, args: Shape[] | null): Shape | null {
    if (args === null) return null
    if (this.#scope.parameters?.has(name)) return UNKNOWN
    if (args.length > 0) return genericOf(name, args)
    const own = this.#scope.types.get(name)
    if (own !== undefined) return own === null ? UNKNOWN : of(own)
    if (VOID_WORDS.has(name)) return VOID
    if (name === 'number') return of(NUMBER)
    if (name === 'bigint') return of(BIGINT)
    if (name === 'boolean') return of({ kind: 'bool' })
    if (name === 'Uint8Array' || name === 'Buffer') return of({ kind: 'bytes' })
    if (SCALAR_TYPE_NAMES.has(name)) return of(scalarOf(name)!)
    if (/^[A-Z]/.test(name) && !TYPESCRIPT_GLOBALS.has(name))
      this.unknownNames.push({ name, start })
    return UNKNOWN
  }

  #rest(): string {
    this.#space()
    return this.#text.slice(this.#at)
  }

  #space(): void {
    const space = /^(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)+/.exec(this.#text.slice(this.#at))
    if (space !== null) this.#at += space[0].length
  }

  #eat(token: string): boolean {
    if (!this.#rest().startsWith(token)) return false
    this.#at += token.length
    return true
  }
}

/** The generic types that say something to the compiler. */
function genericOf(name: string, args: readonly Shape[]): Shape {
  const [first, second] = args as [Shape, Shape | undefined]
  switch (name) {
    case 'Promise':
      return { kind: 'promise', of: first }
    case 'Array':
    case 'ReadonlyArray':
      return map(first, items => ({ kind: 'list', items }))
    case 'Readonly':
    case 'NoInfer':
      return first
    case 'Uint8Array':
      return of({ kind: 'bytes' })
    case 'KeyValue':
    case 'Record':
    case 'Map':
    case 'ReadonlyMap': {
      if (first.kind !== 'type' || second?.kind !== 'type') return UNKNOWN
      return pairOf(name, first.type, second.type)
    }
    default:
      return UNKNOWN
  }
}

/** Maps are plain objects when their keys are strings and Maps otherwise; the other combinations are unknown. */
function pairOf(name: string, key: Type, value: Type): Shape {
  if (name === 'KeyValue') return of({ kind: 'key-value', key, value })
  const isPlain = key.kind === 'string'
  return isPlain === (name === 'Record') ? of({ kind: 'map', key, value }) : UNKNOWN
}
