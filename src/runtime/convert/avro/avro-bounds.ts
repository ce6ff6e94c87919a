// Steps over the bytes of an Avro value before avsc reads it: avsc believes the number of items that an array or a
// map names, so that ten bytes could ask for a billion of them.
import type * as Avsc from 'avsc'
import { undecodable } from '../errors.ts'

/** Items without any bytes (nulls, empty records) that one array may have. */
const EMPTY_ITEMS_MAX = 100_000
const DEPTH_MAX = 200

type Skip = (at: number, depth: number) => number

/** The bounds of one writer's schema. */
export class AvroBounds {
  readonly #skips = new Map<Avsc.Type, Skip>()
  #bytes: Buffer = Buffer.alloc(0)
  readonly #root: Skip

  private constructor(type: Avsc.Type) {
    this.#root = this.#of(type)
  }

  /** null for schemas without arrays and maps, where avsc keeps within the bytes by itself. */
  static of(type: Avsc.Type): AvroBounds | null {
    return hasItems(type, new Set()) ? new AvroBounds(type) : null
  }

  /** @throws RECORD_UNDECODABLE the value does not end where the bytes do */
  check(bytes: Buffer): void {
    this.#bytes = bytes
    const end = this.#root(0, 0)
    if (end !== bytes.length) throw outside(end, bytes.length)
  }

  #of(type: Avsc.Type): Skip {
    const known = this.#skips.get(type)
    if (known !== undefined) return known
    // A record may hold itself.
    let made: Skip | null = null
    this.#skips.set(type, (at, depth) => {
      if (depth > DEPTH_MAX) throw undecodable(`nested more than ${DEPTH_MAX} levels deep`)
      return made!(at, depth + 1)
    })
    made = this.#make(type as AnyType)
    return this.#skips.get(type)!
  }

  #make(type: AnyType): Skip {
    switch (type.typeName) {
      case 'null':
        return at => at
      case 'boolean':
        return at => this.#within(at + 1)
      case 'int':
      case 'long':
      case 'abstract:long':
      case 'enum':
        return at => this.#number(at).end
      case 'float':
        return at => this.#within(at + 4)
      case 'double':
        return at => this.#within(at + 8)
      case 'fixed':
        return at => this.#within(at + type.size)
      case 'array':
        return this.#items(this.#of(type.itemsType))
      case 'map': {
        const value = this.#of(type.valuesType)
        return this.#items((at, depth) => value(this.#length(at), depth))
      }
      case 'record':
      case 'error': {
        const fields = type.fields.map(field => this.#of(field.type))
        return (at, depth) => fields.reduce((end, skip) => skip(end, depth), at)
      }
      default:
        if (!('types' in type)) return at => this.#length(at)
        return this.#union(type.types.map(each => this.#of(each)))
    }
  }

  #union(branches: readonly Skip[]): Skip {
    return (at, depth) => {
      const { value, end } = this.#number(at)
      const branch = branches[value]
      if (branch === undefined)
        throw undecodable(`branch ${value} of a union of ${branches.length}`)
      return branch(end, depth)
    }
  }

  /** Blocks of items: a count, or a negative count and the block's bytes; 0 ends them. */
  #items(item: Skip): Skip {
    return (start, depth) => {
      let at = start
      let empty = 0
      for (;;) {
        const count = this.#number(at)
        at = count.end
        if (count.value === 0) return at
        if (count.value < 0) at = this.#number(at).end
        for (let left = Math.abs(count.value); left > 0; left--) {
          const end = item(at, depth)
          if (end === at && ++empty > EMPTY_ITEMS_MAX) {
            throw undecodable(`more than ${EMPTY_ITEMS_MAX} items without bytes`)
          }
          at = end
        }
      }
    }
  }

  #length(at: number): number {
    const { value, end } = this.#number(at)
    if (value < 0) throw undecodable(`a length of ${value}`)
    return this.#within(end + value)
  }

  /** A zigzag number of variable length. */
  #number(at: number): { readonly value: number; readonly end: number } {
    let value = 0
    let scale = 1
    for (let end = at; end < at + 10; end++) {
      const byte = this.#bytes[end]
      if (byte === undefined) throw outside(end + 1, this.#bytes.length)
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80)
        return { value: value % 2 === 0 ? value / 2 : -(value + 1) / 2, end: end + 1 }
    }
    throw undecodable('a number of more than 10 bytes')
  }

  #within(end: number): number {
    if (end > this.#bytes.length) throw outside(end, this.#bytes.length)
    return end
  }
}

/** What avsc's types have beside what its declarations say. */
type AnyType = Avsc.Type & {
  readonly size: number
  readonly itemsType: Avsc.Type
  readonly valuesType: Avsc.Type
  readonly fields: readonly { readonly type: Avsc.Type }[]
  readonly types: readonly Avsc.Type[]
}

function hasItems(type: Avsc.Type, seen: Set<Avsc.Type>): boolean {
  if (seen.has(type)) return true
  seen.add(type)
  const { typeName, fields, types } = type as AnyType
  if (typeName === 'array' || typeName === 'map') return true
  if (typeName.startsWith('union')) return types.some(each => hasItems(each, seen))
  return typeName === 'record' && fields.some(field => hasItems(field.type, seen))
}

function outside(end: number, length: number): Error {
  return undecodable(`the value ends at byte ${end} of ${length}`)
}
