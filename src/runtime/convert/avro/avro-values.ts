// Values of a declared type to what avsc writes, and back: a type and its Avro schema are walked side by side.
//
// Unions are wrapped by the name of their branch, so nothing is guessed from a value. A `long` is a bigint.
// What comes back is checked against the type by the caller.
import { unreachable } from '../../../base/index.ts'
import {
  branchNameOf,
  fullNameOf,
  isAvroUnion,
  type AvroDefinition,
  type AvroSchema
} from '../../../dataflow/index.ts'
import type { EnumType, Field, MapType, ScalarType, Type } from '../../../dataflow/types.ts'
import { keyed } from '../../code/user.ts'
import { nameOf, valueError } from '../errors.ts'
import { compileCheck } from '../json/json.ts'
import { scalarFromText, textOfKey } from '../plain-scalars.ts'
import { isScalar } from '../scalars.ts'
import { decimalOfUnscaled, unscaledOfDecimal } from './scaled-decimals.ts'
import { MISFIT, checkedText, firstThatFits, memberOf } from '../value-parts.ts'

/** Both directions of one part. `to` gets checked values. */
export interface ValueForm {
  to(value: unknown): unknown
  from(raw: unknown): unknown
}

const AS_IS: ValueForm = { to: value => value, from: raw => raw }

/** Walks a type with a schema that was made from it, or that it was made from. */
export class AvroValues {
  readonly #definitions = new Map<string, AvroDefinition>()

  /** The form of values of `type` under `schema`. @throws MISFIT they do not belong together */
  form(type: Type, schema: AvroSchema, namespace = ''): ValueForm {
    if (typeof schema === 'string') {
      const known = this.#definitions.get(fullNameOf(schema, undefined, namespace))
      if (known !== undefined) return this.form(type, known, namespaceOf(schema, namespace))
    }
    if (type.kind === 'option') return this.#nullable(type.value, schema, namespace)
    if (type.kind === 'enum') return this.#enum(type, schema, namespace)
    if (isScalar(type)) return this.#scalar(type, schema)
    if (typeof schema === 'string' || isAvroUnion(schema)) throw MISFIT(nameOf(type), schema)
    if (typeof schema.type === 'object') return this.form(type, schema.type, namespace)
    switch (type.kind) {
      case 'list': {
        const item = this.form(type.items, need(schema.items), namespace)
        return {
          to: value => (value as unknown[]).map(each => item.to(each)),
          from: raw => (raw as unknown[]).map(each => item.from(each))
        }
      }
      case 'map':
        return mapForm(type, this.form(type.value, need(schema.values), namespace))
      case 'key-value': {
        const inner = this.#define(schema, namespace)
        const [key, value] = need(schema.fields)
        const keyForm = this.form(type.key, need(key).type, inner)
        const valueForm = this.form(type.value, need(value).type, inner)
        return {
          to: pair => {
            const { key, value } = pair as { readonly key: unknown; readonly value: unknown }
            return { key: keyForm.to(key), value: valueForm.to(value) }
          },
          from: raw => {
            const { key, value } = raw as { readonly key: unknown; readonly value: unknown }
            return keyed(keyForm.from(key), valueForm.from(value))
          }
        }
      }
      case 'object':
      case 'arrow-row':
        return this.#record(type.fields, schema, namespace)
      default:
        return unreachable(type)
    }
  }

  /** Notes a named definition; gives the namespace inside it. */
  #define(schema: AvroDefinition, namespace: string): string {
    const full = fullNameOf(need(schema.name), schema.namespace ?? namespace, namespace)
    this.#definitions.set(full, schema)
    return namespaceOf(full, '')
  }

  #record(fields: readonly Field[], schema: AvroDefinition, namespace: string): ValueForm {
    const inner = this.#define(schema, namespace)
    const parts = need(schema.fields)
    if (parts.length !== fields.length) throw MISFIT('an object', schema)
    const members = fields.map((field, index) => ({
      name: field.name,
      wire: parts[index]!.name,
      form: field.optional
        ? this.#nullable(field.type, parts[index]!.type, inner)
        : this.form(field.type, parts[index]!.type, inner)
    }))
    return {
      to: value => {
        const record: Record<string, unknown> = Object.create(null)
        for (const { name, wire, form } of members) record[wire] = form.to(memberOf(value, name))
        return record
      },
      from: raw =>
        Object.fromEntries(
          members.map(({ name, wire, form }) => [name, form.from(memberOf(raw, wire))])
        )
    }
  }

  /** A union with null: null stays, other values are those of the rest of the union. */
  #nullable(type: Type, schema: AvroSchema, namespace: string): ValueForm {
    if (type.kind === 'option') return this.#nullable(type.value, schema, namespace)
    if (schema === 'null' || isNullType(type)) return { to: () => null, from: () => null }
    if (!isAvroUnion(schema)) throw MISFIT(`${nameOf(type)} or null`, schema)
    const isOwnUnion =
      type.kind === 'enum' && (type.tagging === 'untagged' || type.variants.some(hasValue))
    const inner = isOwnUnion
      ? this.#enum(type, schema, namespace)
      : this.#branch(type, need(schema.find(branch => branch !== 'null')), namespace)
    return {
      to: value => (value === null || value === undefined ? null : inner.to(value)),
      from: raw => (raw === null ? null : inner.from(raw))
    }
  }

  /** A value under the name of its branch. */
  #branch(type: Type, schema: AvroSchema, namespace: string): ValueForm {
    const form = this.form(type, schema, namespace)
    const name = branchNameOf(schema, namespace)
    if (name === 'null') return { to: () => null, from: () => null }
    return {
      to: value => ({ [name]: form.to(value) }),
      from: raw => form.from(memberOf(raw, name))
    }
  }

  #enum(type: EnumType, schema: AvroSchema, namespace: string): ValueForm {
    if (!isAvroUnion(schema)) return this.#symbols(type, schema, namespace)
    const hasNull = type.variants.some(({ type: inner }) => isNullType(inner))
    // Null of an optional field or option stands in front and belongs to no case.
    const branches =
      type.tagging === 'untagged' && hasNull ? schema : schema.filter(each => each !== 'null')
    if (branches.length !== type.variants.length) throw MISFIT(nameOf(type), schema)
    return type.tagging === 'untagged'
      ? this.#untagged(type, inOrder(type, branches), namespace)
      : this.#tagged(type, branches, namespace)
  }

  #symbols(type: EnumType, schema: AvroSchema, namespace: string): ValueForm {
    if (typeof schema === 'string' || isAvroUnion(schema)) throw MISFIT(nameOf(type), schema)
    this.#define(schema, namespace)
    const symbols = need(schema.symbols)
    const names = type.variants.map(variant => variant.name)
    if (symbols.length !== names.length) throw MISFIT(nameOf(type), schema)
    const bySymbol = new Map(symbols.map((symbol, index) => [symbol, names[index]!]))
    const byName = new Map(symbols.map((symbol, index) => [names[index]!, symbol]))
    return { to: value => byName.get(value as string), from: raw => bySymbol.get(raw as string) }
  }

  /** Records with one field `value`, or none. */
  #tagged(type: EnumType, branches: readonly AvroSchema[], namespace: string): ValueForm {
    const cases = type.variants.map((variant, index) => {
      const branch = branches[index]!
      const wire = branchNameOf(branch, namespace)
      const definition = typeof branch === 'string' ? this.#definitions.get(wire) : branch
      if (definition === undefined || isAvroUnion(definition as AvroSchema)) {
        throw MISFIT(nameOf(type), branch)
      }
      const record = definition as AvroDefinition
      const inner = this.#define(record, namespace)
      const form =
        variant.type === null ? null : this.form(variant.type, need(record.fields?.[0]).type, inner)
      return { name: variant.name, wire, form }
    })
    return {
      to: value => {
        const name = typeof value === 'string' ? value : Object.keys(value as object)[0]!
        const { wire, form } = cases.find(each => each.name === name)!
        return { [wire]: form === null ? {} : { value: form.to(memberOf(value, name)) } }
      },
      from: raw => {
        const found = cases.find(each => memberOf(raw, each.wire) !== undefined)
        if (found === undefined) return undefined
        const { name, wire, form } = found
        if (form === null) return name
        return Object.fromEntries([[name, form.from(memberOf(memberOf(raw, wire), 'value'))]])
      }
    }
  }

  #untagged(type: EnumType, branches: readonly AvroSchema[], namespace: string): ValueForm {
    const cases = type.variants.map((variant, index) => {
      const inner: Type = variant.type ?? { kind: 'null' }
      const branch = branches[index]!
      const form = this.#branch(inner, branch, namespace)
      return { check: compileCheck(inner), wire: branchNameOf(branch, namespace), form }
    })
    return {
      to: value => firstThatFits(cases, value).to(value),
      from: raw => {
        const wire = raw === null ? 'null' : Object.keys(raw as object)[0]
        return cases.find(each => each.wire === wire)?.form.from(raw)
      }
    }
  }

  #scalar(type: ScalarType, schema: AvroSchema): ValueForm {
    if (isAvroUnion(schema)) throw MISFIT(nameOf(type), schema)
    const name = primitiveOf(schema)
    const logical = typeof schema === 'string' ? undefined : schema.logicalType
    switch (type.kind) {
      case 'string':
        return { to: checkedText, from: raw => raw }
      case 'bytes':
        return {
          to: value => Buffer.from(value as Uint8Array),
          from: raw => new Uint8Array(raw as Buffer)
        }
      case 'decimal':
        if (name === 'string') return AS_IS
        return scaledForm(typeof schema === 'string' ? {} : schema)
      case 'timestamp':
        return timestampForm(logical)
      case 'bool':
      case 'null':
      case 'f32':
      case 'f64':
        return AS_IS
      default:
        return integerForm(type, name)
    }
  }
}

const LONG_MAX = 2n ** 63n - 1n

function integerForm(
  type: Extract<ScalarType, { readonly bigint: boolean }>,
  name: string
): ValueForm {
  const isBig = name === 'long'
  const wide = type.kind === 'u64'
  return {
    to: value => {
      const number = value as number | bigint
      if (wide && BigInt(number) > LONG_MAX) {
        const problem = 'is more than 9223372036854775807, the largest long of Avro'
        throw valueError('value', `${number} ${problem}`)
      }
      return isBig ? BigInt(number) : Number(number)
    },
    from: raw => (type.bigint ? BigInt(raw as number) : numberOf(raw))
  }
}

function timestampForm(logical: string | undefined): ValueForm {
  const micros = logical?.endsWith('-micros') === true
  if (!micros) return { to: ms => BigInt(ms as number), from: numberOf }
  return {
    to: ms => BigInt(ms as number) * 1000n,
    from: raw => {
      const value = BigInt(raw as bigint)
      return Number((value - (((value % 1000n) + 1000n) % 1000n)) / 1000n)
    }
  }
}

function numberOf(raw: unknown): number {
  return Number(raw as number | bigint)
}

/** The branches of a union in the order of the cases: a null of an optional field stands in front of all. */
function inOrder(type: EnumType, branches: readonly AvroSchema[]): readonly AvroSchema[] {
  const rest = branches.filter(branch => branch !== 'null')
  return type.variants.map(({ type: inner }) => (isNullType(inner) ? 'null' : rest.shift()!))
}

function isNullType(type: Type | null): boolean {
  if (type === null || type.kind === 'null') return true
  return type.kind === 'option' && isNullType(type.value)
}

function hasValue(variant: { readonly type: Type | null }): boolean {
  return variant.type !== null
}

function mapForm(type: MapType, form: ValueForm): ValueForm {
  const keyType = type.key as ScalarType
  const isText = keyType.kind === 'string'
  return {
    to: value => {
      const raw: Record<string, unknown> = Object.create(null)
      const pairs = value instanceof Map ? value : Object.entries(value as object)
      for (const [key, item] of pairs) {
        raw[checkedText(isText ? key : textOfKey(keyType, key))] = form.to(item)
      }
      return raw
    },
    from: raw => {
      const pairs = Object.entries(raw as object).map(([key, item]): [unknown, unknown] => [
        isText ? key : scalarFromText(keyType, key, 'value key'),
        form.from(item)
      ])
      return isText ? Object.fromEntries(pairs as [string, unknown][]) : new Map(pairs)
    }
  }
}

/** Bytes of an unscaled number, most significant first. */
function scaledForm({ scale = 0, type, size }: Partial<AvroDefinition>): ValueForm {
  const width = type === 'fixed' ? (size ?? null) : null
  return {
    to: value => unscaledOfDecimal(value as string, scale, width),
    from: raw => decimalOfUnscaled(raw as Buffer, scale)
  }
}

function primitiveOf(schema: AvroSchema): string {
  if (typeof schema === 'string') return schema
  if (isAvroUnion(schema)) return 'union'
  return primitiveOf(schema.type)
}

function namespaceOf(name: string, around: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? around : name.slice(0, dot)
}

function need<T>(part: T | undefined): T {
  if (part === undefined) throw MISFIT('the type', 'a schema without this part')
  return part
}
