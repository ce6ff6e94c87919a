// Converters generated per type: one JavaScript function with every name and check in its text.
// Hot: per record. Measured in bench/convert.ts; the oracle is plain.ts.
//
//   G1  Generated functions throw BAD, and nothing else, on a value that does not fit; those that read JSON
//       throw INEXACT where they need the digits of a number, which parsing has lost.
//   G2  Names from the file enter the text only through JSON.stringify, so no name can become code.
//   G3  Everything is built anew: all values of one type share a hidden class, unknown fields stay behind,
//       "__proto__" becomes an own property like any other, nothing mutable is shared.
//   G4  A type that occurs in several places is generated once, so that shared types do not multiply.
//
// To write, a value is built anew in the form that JSON.stringify shall print: measured faster than putting
// text together in JavaScript, but for flat objects of short text and numbers (direct-json.ts).
import type {
  EnumType,
  KeyValueType,
  MapType,
  ObjectType,
  RowType,
  ScalarType,
  Type
} from '../../../dataflow/types.ts'
import { HELPERS } from './generated-helpers.ts'
import { type Form, textOfKey } from '../plain-scalars.ts'
import { isScalar } from '../scalars.ts'
import { zeroOf } from '../zero.ts'

/** Checks a value and gives it in the form that it was generated for. @throws BAD, INEXACT (G1) */
export type Convert = (value: unknown) => unknown

/** The function that does to values of `type` what `form` says. */
export function generate(type: Type, form: Form): Convert {
  return new Generator(form).generate(type)
}

class Generator {
  readonly #form: Form
  /** Function names by type (G4). */
  readonly #names = new Map<Type, string>()
  readonly #functions: string[] = []
  /** Values that the text refers to as `constants[i]`. */
  readonly #constants: unknown[] = []

  constructor(form: Form) {
    this.#form = form
  }

  generate(type: Type): Convert {
    const body = `return ${this.#convert(type, 'value')}`
    const text = `'use strict'
const { ${Object.keys(HELPERS).join(', ')} } = helpers
const { isArray } = Array
const { keys } = Object
${this.#functions.join('\n')}
return function convert(value) { ${body} }`
    // oxlint-disable-next-line no-new-func, no-implied-eval -- the text comes from this file alone (G2)
    const make = new Function('helpers', 'constants', text) as (
      helpers: typeof HELPERS,
      constants: readonly unknown[]
    ) => Convert
    return make(HELPERS, this.#constants)
  }

  /** An expression that converts the variable `from`. */
  #convert(type: Type, from: string): string {
    if (isScalar(type)) return `${scalarHelper(type, this.#form)}(${from})`
    if (type.kind === 'option') {
      return `(${isAbsent(from)} ? null : ${this.#convert(type.value, from)})`
    }
    let name = this.#names.get(type)
    if (name === undefined) {
      name = `convert${this.#names.size}`
      this.#names.set(type, name)
      this.#functions.push(`function ${name}(v) {\n${this.#body(type)}\n}`)
    }
    return `${name}(${from})`
  }

  #constant(value: unknown): string {
    return `constants[${this.#constants.push(value) - 1}]`
  }

  /** Statements that convert `v`. */
  #body(type: Exclude<Type, ScalarType>): string {
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return this.#fields(type)
      case 'list':
        return `if (!isArray(v)) throw BAD
const out = []
for (let i = 0; i < v.length; i++) { const item = v[i]; out.push(${this.#convert(type.items, 'item')}) }
return out`
      case 'map':
        return this.#map(type)
      case 'enum':
        return type.tagging === 'untagged' ? this.#untagged(type) : this.#tagged(type)
      case 'key-value':
        return this.#keyValue(type)
      case 'option':
        return `return ${this.#convert(type, 'v')}`
    }
  }

  #nameIn(part: { readonly name: string; readonly readName: string }): string {
    return this.#form === 'json' ? part.readName : part.name
  }

  #nameOut(part: { readonly name: string; readonly writeName: string }): string {
    return this.#form === 'wire' ? part.writeName : part.name
  }

  #fields(type: ObjectType | RowType): string {
    const lines = ['if (!isObject(v)) throw BAD']
    const parts: string[] = []
    type.fields.forEach((field, index) => {
      const from = `p${index}`
      lines.push(`let ${from} = ${propertyOf('v', this.#nameIn(field))}`)
      let value = this.#convert(field.type, from)
      if (type.kind === 'arrow-row' && !field.optional) {
        const zero = `${this.#constant(() => zeroOf(field.type))}()`
        if (this.#form === 'json') value = `(${from} === undefined ? ${zero} : ${value})`
        else lines.push(`if (${from} === undefined) ${from} = ${zero}`)
      }
      if (field.optional) {
        // JSON.stringify leaves undefined properties out.
        value = `(${isAbsent(from)} ? ${this.#form === 'wire' ? 'undefined' : 'null'} : ${value})`
      }
      parts.push(`${nameInLiteral(this.#nameOut(field))}: ${value}`)
    })
    return `${lines.join('\n')}\nreturn { ${parts.join(', ')} }`
  }

  #map(type: MapType): string {
    const isText = type.key.kind === 'string'
    const asObject = isText || this.#form === 'wire'
    const put = (key: string): string => {
      const item = this.#convert(type.value, 'item')
      return asObject ? `out[${key}] = ${item}` : `out.set(${key}, ${item})`
    }
    const key =
      this.#form === 'json' && !isText
        ? `keyFromText(${this.#constant(type.key)}, name)`
        : this.#mapKey(type)
    const fromObject = `if (!isObject(v)) throw BAD
for (const name of keys(v)) { const item = v[name]; ${put(key)} }
return out`
    const out = `const out = ${asObject ? '{ __proto__: null }' : 'new Map()'}`
    if (this.#form === 'json') return `${out}\n${fromObject}`
    return `${out}
if (v instanceof Map) {
  for (const [name, item] of v) { ${put(key)} }
  return out
}
${isText ? fromObject : 'throw BAD'}`
  }

  #mapKey(type: MapType): string {
    const key = type.key as ScalarType
    if (this.#form !== 'wire' || key.kind === 'string') return this.#convert(key, 'name')
    const text = this.#constant((value: unknown) => textOfKey(key, value))
    return `${text}(${scalarHelper(key, 'js')}(name))`
  }

  #tagged(type: EnumType): string {
    const units: string[] = []
    const cases: string[] = []
    for (const variant of type.variants) {
      const name = JSON.stringify(this.#nameIn(variant))
      const out = this.#nameOut(variant)
      if (variant.type === null) {
        units.push(`case ${name}: return ${JSON.stringify(out)}`)
        cases.push(`case ${name}: if (${isAbsent('item')}) return ${JSON.stringify(out)}; break`)
      } else {
        const value = this.#convert(variant.type, 'item')
        cases.push(`case ${name}: return { ${nameInLiteral(out)}: ${value} }`)
      }
    }
    return `if (typeof v === 'string') { switch (v) { ${units.join('; ')} } throw BAD }
if (!isObject(v)) throw BAD
const names = keys(v)
if (names.length !== 1) throw BAD
const item = own(v, names[0])
switch (names[0]) { ${cases.join('; ')} }
throw BAD`
  }

  #untagged(type: EnumType): string {
    const tries = type.variants.map(variant => {
      if (variant.type === null) return `if (${isAbsent('v')}) return null`
      const value = this.#convert(variant.type, 'v')
      return `try { return ${value} } catch (error) { if (error !== BAD) throw error }`
    })
    return `${tries.join('\n')}\nthrow BAD`
  }

  #keyValue(type: KeyValueType): string {
    const key = this.#convert(type.key, 'key')
    const value = this.#convert(type.value, 'inner')
    return `if (!isObject(v)) throw BAD
const key = v.key, inner = v.value
return ${this.#form === 'wire' ? `{ key: ${key}, value: ${value} }` : `new Keyed(${key}, ${value})`}`
  }
}

function isAbsent(from: string): string {
  return `${from} === null || ${from} === undefined`
}

/** Text that reads a property; one that every object inherits only when it is the object's own. */
export function propertyOf(from: string, name: string): string {
  const text = JSON.stringify(name)
  return name in Object.prototype ? `own(${from}, ${text})` : `${from}[${text}]`
}

/** A name in an object literal; computed for "__proto__", which would set the prototype otherwise. */
function nameInLiteral(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}

function scalarHelper(type: ScalarType, form: Form): string {
  const suffix = form === 'js' ? '' : form === 'json' ? 'Json' : 'Wire'
  switch (type.kind) {
    case 'null':
      return 'nothing'
    case 'u64':
    case 's64':
      return type.bigint ? `${type.kind}big${suffix}` : type.kind
    case 'bytes':
      return type.kind + suffix
    case 'decimal':
    case 'timestamp':
      return form === 'json' ? `${type.kind}Json` : type.kind
    case 'f32':
    case 'f64':
      return form === 'wire' ? `${type.kind}Wire` : type.kind
    default:
      return type.kind
  }
}
