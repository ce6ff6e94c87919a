// Reads a message of a .proto file into types. Numbers of fields stay those of the file.
import type { Enum, Field as ProtoField, NamespaceBase, OneOf, Type as Message } from 'protobufjs'
import { messageOf } from '../../base/index.ts'
import { nearestWord, toKebab } from '../names.ts'
import type { Span } from '../report.ts'
import type { Field, ScalarType, Type, Variant } from '../types.ts'
import type { ImportContext } from './imported.ts'
import { FILE_START } from './imported.ts'
import { readProto, type ProtoFile } from './proto-file.ts'

const SCALARS: Readonly<Record<string, ScalarType>> = {
  double: { kind: 'f64' },
  float: { kind: 'f32' },
  bool: { kind: 'bool' },
  string: { kind: 'string' },
  bytes: { kind: 'bytes' },
  int32: { kind: 's32', bigint: false },
  sint32: { kind: 's32', bigint: false },
  sfixed32: { kind: 's32', bigint: false },
  uint32: { kind: 'u32', bigint: false },
  fixed32: { kind: 'u32', bigint: false },
  int64: { kind: 's64', bigint: false },
  sint64: { kind: 's64', bigint: false },
  sfixed64: { kind: 's64', bigint: false },
  uint64: { kind: 'u64', bigint: false },
  fixed64: { kind: 'u64', bigint: false }
}

/** The type of a message, with the message's full name. Refuses what types cannot say, at its place. */
export function importProto(
  context: ImportContext,
  wanted: string | null
): { readonly type: Type; readonly message: string } {
  const file = parsed(context)
  const message = chosen(context, file, wanted)
  const type = new ProtoReader(context).message(message, FILE_START)
  return { type, message: message.fullName.slice(1) }
}

function parsed(context: ImportContext): ProtoFile {
  let file: ProtoFile
  try {
    file = readProto(context.report.text)
  } catch (error) {
    const message = messageOf(error)
    const line = Number(/\(line (\d+)\)/.exec(message)?.[1] ?? 1)
    const { lines } = context.report
    const span = { start: lines.startOf(line), end: lines.startOf(line + 1) }
    return context.refuse(span, message.replace(/ \(line \d+\)/, ''))
  }
  const [foreign] = file.foreign
  if (foreign === undefined) return file
  return context.refuse(
    placeOf(context, `"${foreign}"`),
    `the import of ${foreign} is not followed; only google/protobuf/… is known`,
    'Put the messages into one file.'
  )
}

function chosen(context: ImportContext, file: ProtoFile, wanted: string | null): Message {
  const all = messagesIn(file.space)
  if (wanted === null) {
    const [first] = all
    return first ?? context.refuse(FILE_START, 'the file has no message')
  }
  const found = all.find(({ name, fullName }) => name === wanted || fullName === `.${wanted}`)
  if (found !== undefined) return found
  const nearest = nearestWord(
    wanted,
    all.map(message => message.name)
  )
  return context.refuse(
    FILE_START,
    `the file has no message ${wanted}`,
    nearest === null ? null : `Did you mean "${nearest}"?`
  )
}

function messagesIn(space: NamespaceBase): Message[] {
  return space.nestedArray.flatMap(part =>
    'encode' in part ? [part as Message, ...messagesIn(part as Message)] : []
  )
}

/** Where a text stands as a word of its own. */
function placeOf(context: ImportContext, text: string): Span {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const found = new RegExp(`(?<!\\w)${escaped}(?!\\w)`).exec(context.report.text)
  return found === null ? FILE_START : { start: found.index, end: found.index + text.length }
}

class ProtoReader {
  readonly #context: ImportContext

  constructor(context: ImportContext) {
    this.#context = context
  }

  message(message: Message, span: Span): Type {
    return this.#context.define(message.name, span, () => ({
      kind: 'object',
      name: toKebab(message.name),
      fields: this.#fields(message)
    }))
  }

  /** Fields in the file's order; a oneof stands where its first field does. */
  #fields(message: Message): Field[] {
    const groups = new Set<OneOf>()
    return message.fieldsArray.flatMap((field): Field[] => {
      const group = field.partOf
      if (group === null || group.isProto3Optional) return [this.#field(field)]
      if (groups.has(group)) return []
      groups.add(group)
      return [this.#oneof(group)]
    })
  }

  #field(field: ProtoField): Field {
    const name = field.name
    const names = { name, readName: name, writeName: name, number: field.id }
    const inner = this.#single(field)
    if (field.map) {
      const keyType = (field as unknown as { readonly keyType: string }).keyType
      const type: Type = { kind: 'map', key: SCALARS[keyType]!, value: inner }
      return { ...names, optional: false, type }
    }
    if (field.repeated) return { ...names, optional: false, type: { kind: 'list', items: inner } }
    const isMessage = field.resolvedType !== null && 'fieldsArray' in field.resolvedType
    const isGroup = field.partOf !== null
    const isRequired = field.required
    return {
      ...names,
      optional: !isRequired && (isMessage || isGroup || Boolean(field.hasPresence)),
      type: inner
    }
  }

  #oneof(group: OneOf): Field {
    const variants: Variant[] = group.fieldsArray.map(field => {
      const type = this.#single(field)
      const name = field.name
      return { name, readName: name, writeName: name, number: field.id, type }
    })
    const name = group.name
    const type: Type = { kind: 'enum', name: null, tagging: 'external', variants }
    return { name, readName: name, writeName: name, optional: true, type }
  }

  #single(field: ProtoField): Type {
    const resolved = field.resolvedType
    if (resolved === null) {
      const scalar = SCALARS[field.type]
      return scalar ?? this.#refuse(field, `has the kind ${field.type}`)
    }
    if (resolved.fullName === '.google.protobuf.Timestamp') return { kind: 'timestamp' }
    if (resolved.fullName === '.google.protobuf.NullValue') return { kind: 'null' }
    if (resolved.fullName.startsWith('.google.protobuf.')) {
      return this.#refuse(field, `is a ${resolved.fullName.slice(1)}, which no type stands for`)
    }
    const span = placeOf(this.#context, field.name)
    return 'fieldsArray' in resolved ? this.message(resolved, span) : this.#enum(resolved, span)
  }

  #enum(declared: Enum, span: Span): Type {
    const names = Object.keys(declared.values)
    return this.#context.define(declared.name, span, () => ({
      kind: 'enum',
      name: toKebab(declared.name),
      tagging: 'external',
      variants: names.map(name => ({ name, readName: name, writeName: name, type: null }))
    }))
  }

  #refuse(field: ProtoField, problem: string): never {
    return this.#context.refuse(
      placeOf(this.#context, field.name),
      `the field ${field.name} ${problem}`
    )
  }
}
