// Makes readers of messages from their layouts, one for each version.
import type { FrameReader } from './frame-reader.ts'
import { isInVersion, isNullable, isTagged, ZEROS, type Field, type Primitive } from './layout.ts'
import { malformed } from './wire-error.ts'

/** What was read: plain objects with the names of the layout. */
export type Message = Readonly<Record<string, unknown>>
export type MessageReader = (reader: FrameReader) => Message
type ValueReader = (reader: FrameReader) => unknown

interface FieldReader {
  readonly name: string
  readonly read: ValueReader
}

/** Reads messages of `fields` in `version`; every field of the layout is there, absent ones with their default. */
export function messageReader(
  fields: readonly Field[],
  version: number,
  isFlexible: boolean
): MessageReader {
  const present = fields.filter(field => isInVersion(field, version))
  const inOrder: FieldReader[] = present
    .filter(field => !isTagged(field, version))
    .map(field => ({ name: field.name, read: fieldReader(field, version, isFlexible) }))
  const byTag = new Map(
    present
      .filter(field => isTagged(field, version))
      .map(field => [
        field.tag!,
        { name: field.name, read: fieldReader(field, version, isFlexible) }
      ])
  )
  const read = new Set(inOrder.map(field => field.name))
  const defaults = fields
    .filter(field => !read.has(field.name))
    .map(field => ({ name: field.name, make: defaultMaker(field) }))
  return reader => {
    const message: Record<string, unknown> = {}
    for (const field of inOrder) message[field.name] = field.read(reader)
    for (const field of defaults) message[field.name] ??= field.make()
    if (isFlexible) {
      reader.tags((tag, value) => {
        const known = byTag.get(tag)
        if (known !== undefined) message[known.name] = known.read(value)
        return known !== undefined
      })
    }
    return message
  }
}

/** What an absent field reads as. */
function defaultMaker(field: Field): () => unknown {
  const given = field.default
  if (given !== undefined) return () => given
  if (field.array === true) return () => []
  if (typeof field.type !== 'string') {
    const inner = field.type.map(each => ({ name: each.name, make: defaultMaker(each) }))
    return () => Object.fromEntries(inner.map(each => [each.name, each.make()]))
  }
  return () => ZEROS[field.type as Primitive]
}

function fieldReader(field: Field, version: number, isFlexible: boolean): ValueReader {
  const mayBeNull = isNullable(field, version)
  if (field.array === true) {
    return arrayReader(field.name, elementReader(field, version, isFlexible), mayBeNull, isFlexible)
  }
  if (typeof field.type === 'string') {
    return primitiveReader(field.name, field.type, mayBeNull, isFlexible)
  }
  const read = messageReader(field.type, version, isFlexible)
  if (!mayBeNull) return read
  return reader => (reader.int8() < 0 ? null : read(reader))
}

function elementReader(field: Field, version: number, isFlexible: boolean): ValueReader {
  return typeof field.type === 'string'
    ? primitiveReader(field.name, field.type, false, isFlexible)
    : messageReader(field.type, version, isFlexible)
}

function arrayReader(
  name: string,
  read: ValueReader,
  mayBeNull: boolean,
  isFlexible: boolean
): ValueReader {
  return reader => {
    const start = reader.position
    const count = reader.length(isFlexible)
    if (count < 0) return orNull(name, mayBeNull, start)
    reader.elements(name, count)
    const items: unknown[] = []
    for (let index = 0; index < count; index++) items.push(read(reader))
    return items
  }
}

function orNull(name: string, mayBeNull: boolean, position: number): null {
  if (!mayBeNull) throw malformed(`${name} is null`, position)
  return null
}

function primitiveReader(
  name: string,
  type: Primitive,
  mayBeNull: boolean,
  isFlexible: boolean
): ValueReader {
  switch (type) {
    case 'string':
      return reader => {
        const start = reader.position
        const length = reader.textLength(isFlexible)
        return length < 0 ? orNull(name, mayBeNull, start) : reader.text(length)
      }
    case 'bytes':
    case 'records':
      return reader => {
        const start = reader.position
        const length = reader.length(isFlexible)
        return length < 0 ? orNull(name, mayBeNull, start) : reader.view(length)
      }
    default:
      return reader => reader[type]()
  }
}
