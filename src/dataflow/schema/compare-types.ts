// What changes when a type becomes another: each difference with its reason, and who can still read whom.
//
//   backward  the new type reads what the old one wrote: what is stored stays readable
//   forward   the old type reads what the new one writes: readers that are not changed yet go on
import type { Converter } from '../plan.ts'
import { accepts } from '../type-match.ts'
import { describeType, isScalarType, typeFingerprint } from '../type-text.ts'
import type { EnumType, Field, ObjectType, RowType, Type } from '../types.ts'
import { fieldNumbers } from './proto-schema.ts'

/** One difference. */
export interface TypeDifference {
  /** `value.lines[].item`. */
  readonly path: string
  /** What changed and what that does, in a sentence without a full stop. */
  readonly reason: string
  readonly backward: boolean
  readonly forward: boolean
}

/** All differences from `before` to `after` for records of a converter; none for equal types. Pure. */
export function compareTypes(
  before: Type,
  after: Type,
  converter: Converter = 'json'
): readonly TypeDifference[] {
  if (typeFingerprint(before) === typeFingerprint(after) && converter !== 'protobuf') return []
  const found: TypeDifference[] = []
  new Comparison(converter, found).types(before, after, 'value')
  return found
}

class Comparison {
  readonly #converter: Converter
  readonly #found: TypeDifference[]

  constructor(converter: Converter, found: TypeDifference[]) {
    this.#converter = converter
    this.#found = found
  }

  types(before: Type, after: Type, path: string): void {
    if (before.kind !== 'option' && after.kind === 'option') {
      this.#note(path, 'may be null now, which old readers refuse', {
        backward: true,
        forward: false
      })
      return this.types(before, after.value, path)
    }
    if (before.kind === 'option' && after.kind !== 'option') {
      this.#note(path, 'must not be null any more, but stored values may be', {
        backward: false,
        forward: true
      })
      return this.types(before.value, after, path)
    }
    if (isScalarType(before) || isScalarType(after)) return this.#scalars(before, after, path)
    if (isObject(before) && isObject(after)) return this.#fields(before, after, path)
    if (before.kind === 'enum' && after.kind === 'enum') return this.#cases(before, after, path)
    if (before.kind === 'list' && after.kind === 'list') {
      return this.types(before.items, after.items, `${path}[]`)
    }
    if (before.kind === 'option' && after.kind === 'option') {
      return this.types(before.value, after.value, path)
    }
    const isPair = before.kind === 'map' || before.kind === 'key-value'
    if (
      isPair &&
      (after.kind === 'map' || after.kind === 'key-value') &&
      before.kind === after.kind
    ) {
      this.types(before.key, after.key, `${path} key`)
      return this.types(before.value, after.value, `${path}.*`)
    }
    this.#other(before, after, path)
  }

  #other(before: Type, after: Type, path: string): void {
    const reason = `is ${describeType(after)} and was ${describeType(before)}: neither reads the other`
    this.#note(path, reason, { backward: false, forward: false })
  }

  #scalars(before: Type, after: Type, path: string): void {
    if (typeFingerprint(before) === typeFingerprint(after)) return
    // A raw number has the width of its kind; in JSON digits are digits, whatever holds them.
    const isExact = this.#converter === 'raw'
    const plain = withoutBigint(before)
    const backward = !isExact && accepts(withoutBigint(after), plain)
    const forward = !isExact && accepts(plain, withoutBigint(after))
    if (!backward && !forward) return this.#other(before, after, path)
    const how =
      backward && forward
        ? 'both read each other'
        : backward
          ? 'which is wider'
          : 'which is narrower'
    const reason = `is ${describeType(after)} and was ${describeType(before)}, ${how}`
    this.#note(path, reason, { backward, forward })
  }

  #fields(before: ObjectType | RowType, after: ObjectType | RowType, path: string): void {
    // Columns that a row lacks are zero, so none of them is ever missing.
    const hasZeros = before.kind === 'arrow-row' && after.kind === 'arrow-row'
    const isImplicit = this.#converter === 'protobuf' || hasZeros
    const numbers = this.#numbers(before.fields, after.fields)
    const old = new Map(before.fields.map(field => [this.#keyOf(field, numbers.before), field]))
    const now = new Map(after.fields.map(field => [this.#keyOf(field, numbers.after), field]))
    for (const [key, field] of now) {
      const place = `${path}.${field.name}`
      const known = old.get(key)
      if (known !== undefined) this.#field(known, field, place)
      else if (field.optional || (isImplicit && isScalarType(field.type))) {
        this.#note(place, 'is new and may be absent', { backward: true, forward: true })
      } else {
        const reason = 'is new and must be there, but stored values lack it; make it optional'
        this.#note(place, reason, { backward: false, forward: true })
      }
    }
    for (const [key, field] of old) {
      if (now.has(key)) continue
      const forward = field.optional || (isImplicit && isScalarType(field.type))
      const reason = forward
        ? 'is gone; what is stored of it is not read'
        : 'is gone, but old readers need it'
      this.#note(`${path}.${field.name}`, reason, { backward: true, forward })
    }
  }

  #field(before: Field, after: Field, path: string): void {
    if (before.optional && !after.optional) {
      this.#note(path, 'must be there now, but stored values may lack it', {
        backward: false,
        forward: true
      })
    } else if (!before.optional && after.optional) {
      this.#note(path, 'may be absent now, which old readers refuse', {
        backward: true,
        forward: false
      })
    }
    this.types(before.type, after.type, path)
  }

  /** By what a member is found again: its number in Protobuf, what is read and written in JSON, else its name. */
  #keyOf(field: Field, numbers: ReadonlyMap<Field, number>): string {
    if (this.#converter === 'protobuf') return String(numbers.get(field))
    return this.#converter === 'json' ? field.readName : field.name
  }

  #numbers(
    before: readonly Field[],
    after: readonly Field[]
  ): { readonly before: Map<Field, number>; readonly after: Map<Field, number> } {
    const of = (fields: readonly Field[]): Map<Field, number> => {
      if (this.#converter !== 'protobuf') return new Map()
      const numbers = fieldNumbers(fields, 'value')
      return new Map(fields.map((field, index) => [field, numbers[index]!]))
    }
    return { before: of(before), after: of(after) }
  }

  #cases(before: EnumType, after: EnumType, path: string): void {
    if (before.tagging !== after.tagging) {
      return this.#note(path, `is ${after.tagging} and was ${before.tagging}`, {
        backward: false,
        forward: false
      })
    }
    const old = new Map(before.variants.map(variant => [variant.name, variant]))
    const now = new Map(after.variants.map(variant => [variant.name, variant]))
    for (const [name, variant] of now) {
      const known = old.get(name)
      const place = `${path}.${name}`
      if (known === undefined) {
        this.#note(place, 'is a new case, which old readers refuse', {
          backward: true,
          forward: false
        })
      } else if (known.type !== null && variant.type !== null) {
        this.types(known.type, variant.type, place)
      } else if (known.type !== variant.type) {
        const reason = variant.type === null ? 'has no value any more' : 'has a value now'
        this.#note(place, `${reason}: neither reads the other`, { backward: false, forward: false })
      }
    }
    for (const name of old.keys()) {
      if (now.has(name)) continue
      const reason = 'is no case any more, but stored values may have it'
      this.#note(`${path}.${name}`, reason, { backward: false, forward: true })
    }
  }

  #note(
    path: string,
    reason: string,
    { backward, forward }: { readonly backward: boolean; readonly forward: boolean }
  ): void {
    this.#found.push({ path, reason, backward, forward })
  }
}

function isObject(type: Type): type is ObjectType | RowType {
  return type.kind === 'object' || type.kind === 'arrow-row'
}

/** On disk and on the wire a bigint is the integer that it is. */
function withoutBigint(type: Type): Type {
  return 'bigint' in type ? { kind: type.kind, bigint: false } : type
}
