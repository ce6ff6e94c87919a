// Values of a declared type to messages of protobufjs, and back: a type and its descriptor are walked side by side.
//
// What is absent on the wire is told from what is zero where the descriptor can: members of decoded messages that
// were not read are the prototype's. What comes back is checked against the type by the caller.
import type * as Protobuf from 'protobufjs'
import { isMessage, isPlainEnum, isWrapped, protoNames } from '../../../dataflow/index.ts'
import type { EnumType, Field, MapType, ScalarType, Type } from '../../../dataflow/types.ts'
import { keyed } from '../../code/user.ts'
import type { ValueForm } from '../avro/avro-values.ts'
import { nameOf } from '../errors.ts'
import { compileCheck } from '../json/json.ts'
import { scalarFromText, textOfKey } from '../plain-scalars.ts'
import { isScalar } from '../scalars.ts'
import { MISFIT, checkedText, firstThatFits, memberOf } from '../value-parts.ts'

type Raw = Record<string, unknown>

/** One member of a message: puts its value in, takes it out; undefined is absent. */
interface Member {
  put(value: unknown, into: Raw): void
  take(raw: Raw): unknown
}

/** Walks a type with the message that was made from it, or that it was made from. */
export class ProtobufValues {
  readonly #forms = new Map<Type, ValueForm>()

  /** The form of a topic's values. @throws TYPE_UNSUPPORTED they do not belong together */
  root(type: Type, message: Protobuf.Type): ValueForm {
    return isMessage(type) ? this.#message(type, message) : this.#wrapped(type, message)
  }

  #message(type: Type, message: Protobuf.Type): ValueForm {
    switch (type.kind) {
      case 'object':
      case 'arrow-row':
        return this.#object(type.fields, message)
      case 'key-value': {
        const key = this.#member(type.key, fieldOf(message, 'key'))
        const value = this.#member(type.value, fieldOf(message, 'value'))
        return {
          to: pair => {
            const raw: Raw = {}
            key.put(memberOf(pair, 'key'), raw)
            value.put(memberOf(pair, 'value'), raw)
            return raw
          },
          from: raw => keyed(key.take(raw as Raw), value.take(raw as Raw))
        }
      }
      case 'enum':
        return this.#cases(type, message)
      default:
        throw MISFIT(nameOf(type), message.fullName)
    }
  }

  #wrapped(type: Type, message: Protobuf.Type): ValueForm {
    const isOption = type.kind === 'option'
    const field = fieldOf(message, 'value')
    const member = isOption ? this.#optional(type.value, field) : this.#member(type, field)
    return {
      to: value => {
        const raw: Raw = {}
        member.put(value, raw)
        return raw
      },
      from: raw => member.take(raw as Raw)
    }
  }

  #object(fields: readonly Field[], message: Protobuf.Type): ValueForm {
    const wires = protoNames(fields)
    const members = fields.map((field, index) => {
      const { name, type, optional } = field
      const wire = wires[index]!
      const descriptor = message.fields[wire]
      if (descriptor === undefined) return { name, member: this.#inline(type, message, wire) }
      const isOptional = optional || type.kind === 'option'
      return {
        name,
        member: isOptional ? this.#optional(type, descriptor) : this.#member(type, descriptor)
      }
    })
    return {
      to: value => {
        const raw: Raw = {}
        for (const { name, member } of members) member.put(memberOf(value, name), raw)
        return raw
      },
      from: raw =>
        Object.fromEntries(members.map(({ name, member }) => [name, member.take(raw as Raw)]))
    }
  }

  /** A group `oneof` of an imported message: its cases are fields of the message around it. */
  #inline(type: Type, message: Protobuf.Type, wire: string): Member {
    const inner = type.kind === 'option' ? type.value : type
    if (message.oneofs?.[wire] === undefined || inner.kind !== 'enum') {
      throw MISFIT(nameOf(type), `${message.fullName} without the field ${wire}`)
    }
    const form = this.#cases(inner, message)
    return {
      put: (value, into) => {
        if (value !== null && value !== undefined) Object.assign(into, form.to(value))
      },
      take: raw => form.from(raw) ?? null
    }
  }

  /** Cases of an enum with values: one of the fields is there. */
  #cases(type: EnumType, message: Protobuf.Type): ValueForm {
    const wires = protoNames(type.variants)
    const isUntagged = type.tagging === 'untagged'
    const cases = type.variants.map((variant, index) => {
      const inner: Type = variant.type ?? { kind: 'null' }
      const wire = wires[index]!
      const form = this.#single(inner, fieldOf(message, wire))
      return {
        name: variant.name,
        isUnit: variant.type === null,
        wire,
        form,
        check: compileCheck(inner)
      }
    })
    return {
      to: value => {
        if (isUntagged) {
          const fits = firstThatFits(
            cases.map(each => ({ check: each.check, form: each })),
            value
          )
          return { [fits.wire]: fits.form.to(value) }
        }
        const name = typeof value === 'string' ? value : Object.keys(value as object)[0]!
        const found = cases.find(each => each.name === name)!
        return { [found.wire]: found.form.to(found.isUnit ? null : memberOf(value, name)) }
      },
      from: raw => {
        const found = cases.find(each => memberOf(raw, each.wire) !== undefined)
        if (found === undefined) return undefined
        const value = found.form.from(memberOf(raw, found.wire))
        if (isUntagged) return value
        return found.isUnit ? found.name : Object.fromEntries([[found.name, value]])
      }
    }
  }

  /** A value that may be absent. */
  #optional(type: Type, field: Protobuf.Field): Member {
    if (type.kind === 'option') return this.#optional(type.value, field)
    const isPlainList = field.repeated || field.map
    if (isPlainList) return this.#member(type, field)
    const form = this.#single(type, field)
    return {
      put: (value, into) => {
        if (value !== null && value !== undefined) into[field.name] = form.to(value)
      },
      take: raw => {
        const value = memberOf(raw, field.name)
        return value === undefined ? null : form.from(value)
      }
    }
  }

  /** A value that is always there: what is absent on the wire is the zero of its kind, but for messages. */
  #member(type: Type, field: Protobuf.Field): Member {
    const wire = field.name
    if (type.kind === 'option') return this.#optional(type.value, field)
    if (type.kind === 'list' && field.repeated) {
      const item = this.#single(type.items, field)
      return {
        put: (value, into) => {
          into[wire] = ((value ?? []) as unknown[]).map(each => item.to(each))
        },
        take: raw => ((raw[wire] ?? []) as unknown[]).map(each => item.from(each))
      }
    }
    if (type.kind === 'map' && field.map)
      return mapMember(type, this.#single(type.value, field), field)
    const form = this.#single(type, field)
    const zero = zeroOfWire(type, field)
    return {
      put: (value, into) => {
        const raw = form.to(value)
        // Implicit zeros are not written: bytes are as those of other libraries.
        if (zero === undefined || !isZero(raw)) into[wire] = raw
      },
      take: raw => {
        const found = memberOf(raw, wire)
        if (found !== undefined) return form.from(found)
        return zero === undefined ? undefined : form.from(zero)
      }
    }
  }

  /** One value, in the place of one item of a field. */
  #single(type: Type, field: Protobuf.Field): ValueForm {
    const resolved = field.resolvedType
    if (isScalar(type)) return scalarForm(type, field)
    if (type.kind === 'enum' && isPlainEnum(type)) {
      if (resolved === null || !('valuesById' in resolved))
        throw MISFIT(nameOf(type), field.fullName)
      return symbolForm(type, resolved)
    }
    if (resolved === null || !('fieldsArray' in resolved))
      throw MISFIT(nameOf(type), field.fullName)
    if (isWrapped(type)) return this.#wrapped(type, resolved)
    const known = this.#forms.get(type)
    if (known !== undefined) return known
    const form = this.#message(type, resolved)
    this.#forms.set(type, form)
    return form
  }
}

function fieldOf(message: Protobuf.Type, name: string): Protobuf.Field {
  const field = message.fields[name]
  if (field === undefined) throw MISFIT('the type', `${message.fullName} without the field ${name}`)
  return field
}

/** Cases in the order of the enum's values, behind an UNSPECIFIED of ours. */
function symbolForm(type: EnumType, { values }: Protobuf.Enum): ValueForm {
  const numbers = Object.values(values)
  const skip = numbers.length - type.variants.length
  if (skip !== 0 && skip !== 1) throw MISFIT(nameOf(type), Object.keys(values))
  const byName = new Map(type.variants.map(({ name }, index) => [name, numbers[index + skip]!]))
  const byNumber = new Map(type.variants.map(({ name }, index) => [numbers[index + skip]!, name]))
  return {
    to: value => byName.get(value as string),
    // An unknown number is shown by the check.
    from: raw => byNumber.get(raw as number) ?? (raw === 0 ? undefined : raw)
  }
}

function mapMember(type: MapType, form: ValueForm, field: Protobuf.Field): Member {
  const keyType = type.key as ScalarType
  const isText = keyType.kind === 'string'
  return {
    put: (value, into) => {
      const raw: Raw = Object.create(null)
      const pairs = value instanceof Map ? value : Object.entries((value ?? {}) as object)
      for (const [key, item] of pairs) {
        raw[checkedText(isText ? key : textOfKey(keyType, key))] = form.to(item)
      }
      into[field.name] = raw
    },
    take: raw => {
      const pairs = Object.entries((raw[field.name] ?? {}) as object).map(
        ([key, item]): [unknown, unknown] => [
          isText ? key : scalarFromText(keyType, keyText(key, field), 'value key'),
          form.from(item)
        ]
      )
      return isText ? Object.fromEntries(pairs as [string, unknown][]) : new Map(pairs)
    }
  }
}

/** protobufjs keeps 64-bit keys as eight characters of a hash. */
function keyText(key: string, field: Protobuf.Field): string {
  const keyType = (field as unknown as Protobuf.MapField).keyType
  if (!keyType.endsWith('64') || key.length !== 8 || /^-?[0-9]{1,8}$/.test(key)) return key
  const bits = [...key].reduceRight((sum, char) => sum * 256n + BigInt(char.charCodeAt(0)), 0n)
  return String(
    keyType.startsWith('u') || keyType.startsWith('fixed') ? bits : BigInt.asIntN(64, bits)
  )
}

/** What an absent value is read as; undefined where it is missing. */
function zeroOfWire(type: Type, field: Protobuf.Field): unknown {
  if (field.hasPresence && field.partOf !== null) return undefined
  if (isScalar(type) && type.kind !== 'timestamp') {
    if (type.kind === 'string' || type.kind === 'decimal') return ''
    if (type.kind === 'bytes') return Buffer.alloc(0)
    return type.kind === 'bool' ? false : 0
  }
  if (type.kind === 'timestamp') return field.resolvedType === null ? 0 : undefined
  return type.kind === 'enum' && isPlainEnum(type) ? 0 : undefined
}

function isZero(raw: unknown): boolean {
  if (raw instanceof Uint8Array) return raw.length === 0
  if (typeof raw === 'object' && raw !== null) {
    const { low, high } = raw as Int64
    return low === 0 && high === 0
  }
  return raw === '' || raw === false || Object.is(raw, 0)
}

/** A 64-bit number as protobufjs takes and gives it. */
interface Int64 {
  readonly low: number
  readonly high: number
  readonly unsigned: boolean
}

function int64Of(value: number | bigint, unsigned: boolean): Int64 {
  const bits = BigInt.asUintN(64, BigInt(value))
  return {
    low: Number(BigInt.asIntN(32, bits)),
    high: Number(BigInt.asIntN(32, bits >> 32n)),
    unsigned
  }
}

function bigintOf(raw: unknown): bigint {
  if (typeof raw === 'number') return BigInt(raw)
  const { low, high, unsigned } = raw as Int64
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  return unsigned ? bits : BigInt.asIntN(64, bits)
}

function scalarForm(type: ScalarType, field: Protobuf.Field): ValueForm {
  const isWide = field.type.endsWith('64')
  const unsigned = field.type === 'uint64' || field.type === 'fixed64'
  switch (type.kind) {
    case 'string':
    case 'decimal':
      return { to: checkedText, from: raw => raw }
    case 'bytes':
      return {
        to: value => Buffer.from(value as Uint8Array),
        from: raw => new Uint8Array(raw as Uint8Array)
      }
    case 'null':
      return nullForm(field)
    case 'bool':
    case 'f32':
    case 'f64':
      return { to: value => value, from: raw => raw }
    case 'timestamp':
      return field.resolvedType === null ? WIDE_TIME : TIMESTAMP
    default:
      return {
        to: value => {
          return isWide ? int64Of(value as number, unsigned) : Number(value as number)
        },
        from: raw => (type.bigint ? bigintOf(raw) : Number(bigintOf(raw)))
      }
  }
}

/** NullValue, an enum, or an empty message. */
function nullForm(field: Protobuf.Field): ValueForm {
  const isEnum = field.resolvedType !== null && 'valuesById' in field.resolvedType
  return { to: () => (isEnum ? 0 : {}), from: () => null }
}

const WIDE_TIME: ValueForm = {
  to: ms => int64Of(ms as number, false),
  from: raw => Number(bigintOf(raw))
}

/** Seconds and nanoseconds, which are cut to milliseconds. */
const TIMESTAMP: ValueForm = {
  to: value => {
    const ms = value as number
    const seconds = Math.floor(ms / 1000)
    return { seconds: int64Of(seconds, false), nanos: (ms - seconds * 1000) * 1_000_000 }
  },
  from: raw => {
    const { seconds, nanos } = raw as { readonly seconds: unknown; readonly nanos: number }
    return Number(bigintOf(seconds)) * 1000 + Math.floor(nanos / 1_000_000)
  }
}
