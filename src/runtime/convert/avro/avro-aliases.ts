// Names of a writer's records as aliases of the reader's: what stands at one place is one thing, whatever it is called.
//
// As Avro's readers in Java do it. Only where a union has several records do their names tell them apart.
import {
  type AvroDefinition,
  type AvroField,
  type AvroSchema,
  isAvroUnion
} from '../../../dataflow/index.ts'

type Named = AvroDefinition & { readonly name: string; aliases?: string[] }
type Names = ReadonlyMap<string, Named>

/** `own` with the names that `writer` has for the same places as aliases. */
export function withAliases(own: AvroSchema, writer: AvroSchema): AvroSchema {
  const reader = structuredClone(own)
  new Comparison(namesIn(reader), namesIn(writer)).pair(reader, writer)
  return reader
}

class Comparison {
  readonly #own: Names
  readonly #writer: Names
  readonly #seen = new Map<Named, Set<Named>>()

  constructor(own: Names, writer: Names) {
    this.#own = own
    this.#writer = writer
  }

  /** Whatever does not belong together is left to the reader, which says so. */
  pair(own: AvroSchema, writer: AvroSchema): void {
    if (isAvroUnion(own) || isAvroUnion(writer)) return this.#unions(listOf(own), listOf(writer))
    const one = definitionOf(own, this.#own)
    const other = definitionOf(writer, this.#writer)
    if (one === null || other === null || one.type !== other.type) return
    if (one.items !== undefined && other.items !== undefined)
      return this.pair(one.items, other.items)
    if (one.values !== undefined && other.values !== undefined) {
      return this.pair(one.values, other.values)
    }
    if (isNamed(one) && isNamed(other)) this.#named(one, other)
  }

  #unions(own: readonly AvroSchema[], writer: readonly AvroSchema[]): void {
    const ours = own.filter(one => nameOf(one, this.#own) !== null)
    const theirs = writer.filter(one => nameOf(one, this.#writer) !== null)
    const isOnly = ours.length === 1 && theirs.length === 1
    for (const other of theirs) {
      const name = nameOf(other, this.#writer)
      const one = isOnly ? ours[0] : ours.find(each => nameOf(each, this.#own) === name)
      if (one !== undefined) this.pair(one, other)
    }
    for (const kind of ['array', 'map']) {
      const [one, other] = [own, writer].map(list => list.find(each => kindOf(each) === kind))
      if (one !== undefined && other !== undefined) this.pair(one, other)
    }
  }

  #named(one: Named, other: Named): void {
    const seen = this.#seen.get(one) ?? new Set()
    if (seen.has(other)) return
    this.#seen.set(one, seen.add(other))
    const name = unqualified(other.name)
    if (name !== unqualified(one.name)) one.aliases = [...(one.aliases ?? []), name]
    for (const field of one.fields ?? []) {
      const found = other.fields?.find(each => each.name === field.name)
      if (found !== undefined) this.pair(field.type, found.type)
    }
  }
}

/** All definitions of a schema by their names without namespace. */
function namesIn(schema: AvroSchema): Names {
  const names = new Map<string, Named>()
  const open: AvroSchema[] = [schema]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isAvroUnion(next)) open.push(...next)
    if (isAvroUnion(next) || typeof next === 'string') continue
    if (isNamed(next)) names.set(unqualified(next.name), next)
    const { type, items, values, fields = [] } = next
    const inner = [type, items, values, ...fields.map(({ type: of }: AvroField) => of)]
    open.push(...inner.filter(one => one !== undefined && typeof one !== 'string'))
  }
  return names
}

/** Null for a scalar. */
function definitionOf(schema: AvroSchema, names: Names): AvroDefinition | null {
  if (typeof schema === 'string') return names.get(unqualified(schema)) ?? null
  if (isAvroUnion(schema)) return null
  return typeof schema.type === 'string' ? schema : definitionOf(schema.type, names)
}

function nameOf(schema: AvroSchema, names: Names): string | null {
  const found = definitionOf(schema, names)
  return found !== null && isNamed(found) ? unqualified(found.name) : null
}

function kindOf(schema: AvroSchema): AvroSchema | null {
  return typeof schema === 'string' || isAvroUnion(schema) ? null : schema.type
}

function isNamed(definition: AvroDefinition): definition is Named {
  const { type, name } = definition
  return name !== undefined && (type === 'record' || type === 'enum' || type === 'fixed')
}

function listOf(schema: AvroSchema): readonly AvroSchema[] {
  return isAvroUnion(schema) ? schema : [schema]
}

function unqualified(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
