// Makes writers of messages from their layouts, one for each version.
import { FrameWriter } from './frame-writer.ts'
import { isInVersion, isNullable, isTagged, ZEROS, type Field, type Primitive } from './layout.ts'

/** A message to write: what is not given is written as its default. */
export type SparseMessage = Readonly<Record<string, unknown>>
export type MessageWriter = (writer: FrameWriter, message: SparseMessage) => void
type ValueWriter = (writer: FrameWriter, value: unknown) => void

interface FieldWriter {
  readonly name: string
  readonly write: ValueWriter
}

/** Writes messages of `fields` in `version`. Fields that the version lacks are left out. */
export function messageWriter(
  fields: readonly Field[],
  version: number,
  isFlexible: boolean
): MessageWriter {
  const present = fields.filter(field => isInVersion(field, version))
  const inOrder: FieldWriter[] = present
    .filter(field => !isTagged(field, version))
    .map(field => ({ name: field.name, write: fieldWriter(field, version, isFlexible) }))
  const tagged = present
    .filter(field => isTagged(field, version))
    .toSorted((a, b) => a.tag! - b.tag!)
    .map(field => ({ field, write: fieldWriter(field, version, isFlexible) }))
  return (writer, message) => {
    for (const field of inOrder) field.write(writer, message[field.name])
    if (!isFlexible) return
    const given = tagged.filter(each => isGiven(each.field, message[each.field.name]))
    writer.varuint(given.length)
    for (const { field, write } of given)
      writeTagged(writer, field.tag!, write, message[field.name])
  }
}

/** Tagged fields are written only when they say something. */
function isGiven(field: Field, value: unknown): boolean {
  const absent = field.default === undefined ? zeroOf(field) : field.default
  if (value === undefined || value === absent) return false
  return !(Array.isArray(value) && value.length === 0)
}

const zeroOf = (field: Field): unknown =>
  field.array === true || typeof field.type !== 'string' ? null : ZEROS[field.type]

function writeTagged(writer: FrameWriter, tag: number, write: ValueWriter, value: unknown): void {
  const inner = new FrameWriter(64)
  write(inner, value)
  writer.varuint(tag)
  writer.varuint(inner.length)
  writer.bytes(inner.buffer, 0, inner.length)
}

function fieldWriter(field: Field, version: number, isFlexible: boolean): ValueWriter {
  const mayBeNull = isNullable(field, version)
  if (field.array === true) {
    const write = elementWriter(field, version, isFlexible)
    const absent = field.default === null && mayBeNull ? null : []
    return (writer, value) => {
      const items = (value === undefined ? absent : value) as readonly unknown[] | null
      if (items === null && mayBeNull) return writeLength(writer, -1, isFlexible)
      writeLength(writer, items?.length ?? 0, isFlexible)
      for (const item of items ?? []) write(writer, item)
    }
  }
  if (typeof field.type === 'string') return primitiveFieldWriter(field, mayBeNull, isFlexible)
  const write = messageWriter(field.type, version, isFlexible)
  if (!mayBeNull) return (writer, value) => write(writer, (value ?? {}) as SparseMessage)
  return (writer, value) => {
    const isNull = value === null || value === undefined
    writer.u8(isNull ? 0xff : 1)
    if (!isNull) write(writer, value as SparseMessage)
  }
}

function elementWriter(field: Field, version: number, isFlexible: boolean): ValueWriter {
  if (typeof field.type === 'string') return primitiveWriter(field.type, false, isFlexible)
  const write = messageWriter(field.type, version, isFlexible)
  return (writer, value) => write(writer, value as SparseMessage)
}

function primitiveFieldWriter(field: Field, mayBeNull: boolean, isFlexible: boolean): ValueWriter {
  const type = field.type as Primitive
  const write = primitiveWriter(type, mayBeNull, isFlexible)
  const given = field.default === undefined ? ZEROS[type] : field.default
  const absent = given === null && !mayBeNull ? ZEROS[type] : given
  return (writer, value) => {
    const isAbsent = value === undefined || (value === null && !mayBeNull)
    write(writer, isAbsent ? absent : value)
  }
}

function writeLength(writer: FrameWriter, length: number, isFlexible: boolean): void {
  if (isFlexible) writer.varuint(length + 1)
  else writer.i32be(length)
}

function primitiveWriter(type: Primitive, mayBeNull: boolean, isFlexible: boolean): ValueWriter {
  switch (type) {
    case 'bool':
      return (writer, value) => writer.u8(value === true ? 1 : 0)
    case 'int8':
      return (writer, value) => writer.u8((value as number) & 0xff)
    case 'int16':
      return (writer, value) => writer.i16be(value as number)
    case 'uint16':
      return (writer, value) => writer.i16be(((value as number) << 16) >> 16)
    case 'int32':
      return (writer, value) => writer.i32be(value as number)
    case 'int64':
      return (writer, value) => writer.i64be(value as number)
    case 'float64':
      return (writer, value) => writer.f64be(value as number)
    case 'uuid':
      return (writer, value) => writer.bytes(Buffer.from(value as string, 'hex'))
    case 'string':
      return (writer, value) => writeText(writer, value as string | null, isFlexible)
    case 'bytes':
    case 'records':
      return (writer, value) => {
        const bytes = value as Uint8Array | null
        if (bytes === null) return writeLength(writer, mayBeNull ? -1 : 0, isFlexible)
        writeLength(writer, bytes.length, isFlexible)
        if (type === 'records') writer.attach(bytes)
        else writer.bytes(bytes)
      }
  }
}

function writeText(writer: FrameWriter, text: string | null, isFlexible: boolean): void {
  if (text === null) {
    if (isFlexible) writer.varuint(0)
    else writer.i16be(-1)
    return
  }
  const bytes = Buffer.from(text)
  if (isFlexible) writer.varuint(bytes.length + 1)
  else writer.i16be(bytes.length)
  writer.bytes(bytes)
}
