// Converters generated per type: one JavaScript function that reads and one that writes, with every name and
// check in its text. Hot: per record. Measured in bench/convert.ts; the oracle is plain.ts.
//
//   G1  Generated functions throw BAD, and nothing else, on a value that does not fit.
//   G2  Names from the file enter the text only through JSON.stringify, so no name can become code.
//   G3  Reading builds new values: all of one type share a hidden class, unknown fields stay behind, and
//       "__proto__" becomes an own property like any other.
//   G4  A type that occurs in several places is generated once, so that shared types do not multiply.
import type {
  EnumType,
  KeyValueType,
  ListType,
  MapType,
  ObjectType,
  RowType,
  ScalarType,
  Type
} from '../../dataflow/types.ts'
import { HELPERS } from './generated-helpers.ts'
import type { Form } from './plain-scalars.ts'
import { textOfKey } from './plain-scalars.ts'
import { isScalar } from './scalars.ts'
import { zeroOf } from './zero.ts'

/** Reads a value of the form it was generated for. @throws BAD */
export type Read = (value: unknown) => unknown
/** JSON text of a value. @throws BAD */
export type Write = (value: unknown) => string

/** A reader of values out of `JSON.parse` or from users' functions. */
export function generateRead(type: Type, form: Form): Read {
  const generator = new Generator()
  return generator.build(`return ${generator.read(type, form, 'value')}`) as Read
}

/** A writer of JSON text, fields in declared order under their written names. */
export function generateWrite(type: Type): Write {
  const generator = new Generator()
  return generator.build(`return ${generator.write(type, 'value')}`) as Write
}

type Job = Form | 'write'

class Generator {
  /** Function names by type and job (G4). */
  readonly #names = new Map<Type, Map<Job, string>>()
  readonly #functions: string[] = []
  /** Values that the text refers to as `constants[i]`. */
  readonly #constants: unknown[] = []

  build(body: string): (value: unknown) => unknown {
    const text = `'use strict'
const { ${Object.keys(HELPERS).join(', ')} } = helpers
const { isArray } = Array
const { keys } = Object
${this.#functions.join('\n')}
return function convert(value) { ${body} }`
    // The text comes from this file alone (G2).
    // oxlint-disable-next-line no-new-func, no-implied-eval
    const make = new Function('helpers', 'constants', text) as (
      helpers: typeof HELPERS,
      constants: readonly unknown[]
    ) => (value: unknown) => unknown
    return make(HELPERS, this.#constants)
  }

  /** An expression that reads the value of the expression `from`, a plain variable. */
  read(type: Type, form: Form, from: string): string {
    if (isScalar(type)) return `${scalarReader(type, form)}(${from})`
    if (type.kind === 'option') {
      return `(${from} === null || ${from} === undefined ? null : ${this.read(type.value, form, from)})`
    }
    return `${this.#function(type, form)}(${from})`
  }

  write(type: Type, from: string): string {
    if (isScalar(type)) return scalarWriter(type, from)
    if (type.kind === 'option') {
      return `(${from} === null || ${from} === undefined ? 'null' : ${this.write(type.value, from)})`
    }
    return `${this.#function(type, 'write')}(${from})`
  }

  #function(type: Exclude<Type, ScalarType>, job: Job): string {
    let names = this.#names.get(type)
    if (names === undefined) this.#names.set(type, (names = new Map()))
    const known = names.get(job)
    if (known !== undefined) return known
    const name = `f${this.#names.size}${job}`
    names.set(job, name)
    const body = job === 'write' ? this.#writeBody(type) : this.#readBody(type, job)
    this.#functions.push(`function ${name}(v) {\n${body}\n}`)
    return name
  }

  #constant(value: unknown): string {
    return `constants[${this.#constants.push(value) - 1}]`
  }

  #readBody(type: Exclude<Type, ScalarType>, form: Form): string {
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return this.#readFields(type, form)
      case 'list':
        return this.#readList(type, form)
      case 'map':
        return this.#readMap(type, form)
      case 'enum':
        return type.tagging === 'untagged'
          ? this.#readUntagged(type, form)
          : this.#readEnum(type, form)
      case 'key-value':
        return this.#readKeyValue(type, form)
      case 'option':
        return `return ${this.read(type, form, 'v')}`
    }
  }

  #readFields(type: ObjectType | RowType, form: Form): string {
    const lines = ['if (!isObject(v)) throw BAD']
    const parts: string[] = []
    type.fields.forEach((field, index) => {
      const from = `p${index}`
      lines.push(
        `const ${from} = ${propertyOf('v', form === 'json' ? field.readName : field.name)}`
      )
      let value = this.read(field.type, form, from)
      if (type.kind === 'arrow-row') {
        const zero = this.#constant(() => zeroOf(field.type))
        value = `(${from} === undefined ? ${zero}() : ${value})`
      }
      if (field.optional) value = `(${from} === null || ${from} === undefined ? null : ${value})`
      parts.push(`${nameInLiteral(field.name)}: ${value}`)
    })
    return `${lines.join('\n')}\nreturn { ${parts.join(', ')} }`
  }

  #readList(type: ListType, form: Form): string {
    return `if (!isArray(v)) throw BAD
const out = []
for (let i = 0; i < v.length; i++) { const item = v[i]; out.push(${this.read(type.items, form, 'item')}) }
return out`
  }

  #readMap(type: MapType, form: Form): string {
    const asObject = type.key.kind === 'string'
    const out = asObject ? '{ __proto__: null }' : 'new Map()'
    const put = (key: string, value: string): string =>
      asObject ? `out[${key}] = ${value}` : `out.set(${key}, ${value})`
    const ofJson = asObject ? 'name' : `keyFromText(${this.#constant(type.key)}, name)`
    const fromObject = `if (!isObject(v)) throw BAD
for (const name of keys(v)) { const item = v[name]; ${put(ofJson, this.read(type.value, form, 'item'))} }
return out`
    if (form === 'json') return `const out = ${out}\n${fromObject}`
    const key = this.read(type.key, form, 'name')
    return `const out = ${out}
if (v instanceof Map) {
  for (const [name, item] of v) { ${put(key, this.read(type.value, form, 'item'))} }
  return out
}
${asObject ? fromObject : 'throw BAD'}`
  }

  #readEnum(type: EnumType, form: Form): string {
    const units: string[] = []
    const cases: string[] = []
    for (const variant of type.variants) {
      const name = JSON.stringify(form === 'json' ? variant.readName : variant.name)
      if (variant.type === null) {
        const result = JSON.stringify(variant.name)
        units.push(`case ${name}: return ${result}`)
        cases.push(`case ${name}: if (item === null || item === undefined) return ${result}; break`)
      } else {
        const value = this.read(variant.type, form, 'item')
        cases.push(`case ${name}: return { ${nameInLiteral(variant.name)}: ${value} }`)
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

  #readUntagged(type: EnumType, form: Form): string {
    return firstThatFits(type, 'v', 'null', variant => this.read(variant, form, 'v'))
  }

  #readKeyValue(type: KeyValueType, form: Form): string {
    return `if (!isObject(v)) throw BAD
const k = v.key, w = v.value
return new Keyed(${this.read(type.key, form, 'k')}, ${this.read(type.value, form, 'w')})`
  }

  #writeBody(type: Exclude<Type, ScalarType>): string {
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return this.#writeFields(type)
      case 'list':
        return `if (!isArray(v)) throw BAD
let out = '['
for (let i = 0; i < v.length; i++) { const item = v[i]; out += (i === 0 ? '' : ',') + ${this.write(type.items, 'item')} }
return out + ']'`
      case 'map':
        return this.#writeMap(type)
      case 'enum':
        return type.tagging === 'untagged'
          ? firstThatFits(type, 'v', "'null'", variant => this.write(variant, 'v'))
          : this.#writeEnum(type)
      case 'key-value':
        return `if (!isObject(v)) throw BAD
const k = v.key, w = v.value
return '{"key":' + ${this.write(type.key, 'k')} + ',"value":' + ${this.write(type.value, 'w')} + '}'`
      case 'option':
        return `return ${this.write(type, 'v')}`
    }
  }

  /** Commas are decided here where a field that is always written stands before, else when writing. */
  #writeFields(type: ObjectType | RowType): string {
    const lines = ['if (!isObject(v)) throw BAD', "let out = '{'"]
    let before: 'nothing' | 'perhaps' | 'something' = 'nothing'
    type.fields.forEach((field, index) => {
      const from = `p${index}`
      lines.push(`let ${from} = ${propertyOf('v', field.name)}`)
      const name = `${JSON.stringify(field.writeName)}:`
      const label =
        before === 'perhaps'
          ? `(out.length === 1 ? ${JSON.stringify(name)} : ${JSON.stringify(`,${name}`)})`
          : JSON.stringify(before === 'nothing' ? name : `,${name}`)
      if (type.kind === 'arrow-row' && !field.optional) {
        lines.push(
          `if (${from} === undefined) ${from} = ${this.#constant(() => zeroOf(field.type))}()`
        )
      }
      const append = `out += ${label} + ${this.write(field.type, from)}`
      lines.push(
        field.optional ? `if (${from} !== null && ${from} !== undefined) ${append}` : append
      )
      if (!field.optional) before = 'something'
      else if (before === 'nothing') before = 'perhaps'
    })
    return `${lines.join('\n')}\nreturn out + '}'`
  }

  #writeMap(type: MapType): string {
    const asObject = type.key.kind === 'string'
    const key = asObject
      ? 'quote(name)'
      : `quote(${this.#constant((value: unknown) => textOfKey(type.key as ScalarType, value))}(${this.read(type.key, 'js', 'name')}))`
    const append = `out += (out.length === 1 ? '' : ',') + ${key} + ':' + ${this.write(type.value, 'item')}`
    const fromObject = `if (!isObject(v)) throw BAD
for (const name of keys(v)) { const item = v[name]; ${append} }
return out + '}'`
    return `let out = '{'
if (v instanceof Map) {
  for (const [name, item] of v) { ${append} }
  return out + '}'
}
${asObject ? fromObject : 'throw BAD'}`
  }

  #writeEnum(type: EnumType): string {
    const units: string[] = []
    const cases: string[] = []
    for (const variant of type.variants) {
      const name = JSON.stringify(variant.name)
      const written = JSON.stringify(variant.writeName)
      if (variant.type === null) {
        const result = JSON.stringify(written)
        units.push(`case ${name}: return ${result}`)
        cases.push(`case ${name}: if (item === null || item === undefined) return ${result}; break`)
      } else {
        const head = JSON.stringify(`{${written}:`)
        cases.push(`case ${name}: return ${head} + ${this.write(variant.type, 'item')} + '}'`)
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
}

function firstThatFits(
  type: EnumType,
  from: string,
  unit: string,
  convert: (variant: Type) => string
): string {
  const tries = type.variants.map(variant =>
    variant.type === null
      ? `if (${from} === null || ${from} === undefined) return ${unit}`
      : `try { return ${convert(variant.type)} } catch (error) { if (error !== BAD) throw error }`
  )
  return `${tries.join('\n')}\nthrow BAD`
}

/** Reads a property; one that every object inherits only when it is the object's own. */
function propertyOf(from: string, name: string): string {
  const text = JSON.stringify(name)
  return name in Object.prototype ? `own(${from}, ${text})` : `${from}[${text}]`
}

/** A name in an object literal; computed for "__proto__", which would set the prototype otherwise. */
function nameInLiteral(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}

function scalarReader(type: ScalarType, form: Form): string {
  switch (type.kind) {
    case 'null':
      return 'nothing'
    case 'u64':
    case 's64':
      return type.bigint ? `${type.kind}big` : type.kind
    case 'bytes':
    case 'timestamp':
      return form === 'json' ? `${type.kind}Json` : type.kind
    default:
      return type.kind
  }
}

function scalarWriter(type: ScalarType, from: string): string {
  switch (type.kind) {
    case 'string':
      return `quote(${from})`
    case 'null':
      return `(nothing(${from}), 'null')`
    case 'f32':
    case 'f64':
    case 'decimal':
    case 'bytes':
      return `${type.kind}Text(${from})`
    default:
      return `(${scalarReader(type, 'js')}(${from}) + '')`
  }
}
