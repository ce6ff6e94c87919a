// Protobuf's encoding of declared types, by protobufjs: bare, or behind the id of its schema in a registry.
import type * as Protobuf from 'protobufjs'
import { type ByteWriter, MillraceError, messageOf } from '../../../base/index.ts'
import { protoSchemaOf, readProto, type ProtoSchema } from '../../../dataflow/index.ts'
import type { Type } from '../../../dataflow/types.ts'
import type { ValueForm } from '../avro/avro-values.ts'
import type { RecordConverter } from '../contract.ts'
import { undecodable, valueError } from '../errors.ts'
import { compileCheck } from '../json/json.ts'
import { ProtobufValues } from './protobuf-values.ts'
import { isScalar } from '../scalars.ts'

/** The Protobuf form of a declared type. */
export class ProtobufFormat {
  /** The text of the .proto file: what is registered. */
  readonly schemaText: string
  /** The place of the message in the file: indexes from the top, as the wire format of registries names it. */
  readonly indexes: readonly number[]
  readonly #message: Protobuf.Type
  readonly #form: ValueForm
  readonly #check: (value: unknown) => unknown

  /** `imported`: the file that the type was read from; null makes one. @throws TYPE_UNSUPPORTED */
  constructor(type: Type, imported: ProtoSchema | null, name: string) {
    const { text, message } = imported ?? made(type, name)
    const root = rootOf(text)
    this.schemaText = text
    this.#message = root.lookupType(message)
    this.indexes = indexesOf(this.#message)
    this.#form = new ProtobufValues().root(type, this.#message)
    this.#check = compileCheck(type)
  }

  /**
   * Checks that what the message at `indexes` of `writerText` wrote can be read: fields of one number have one way on
   * the wire. @throws SCHEMA_INCOMPATIBLE
   */
  checkWriter(writerText: string, indexes: readonly number[]): void {
    const problem = writerProblem(this.#message, writerText, indexes)
    if (problem === null) return
    throw new MillraceError(
      'SCHEMA_INCOMPATIBLE',
      `${problem}; expected a writer’s schema that keeps the numbers and kinds of ${this.#message.name}; change the ` +
        'numbers of the type, or import the writer’s .proto'
    )
  }

  /** @throws RECORD_UNDECODABLE, RECORD_VALUE */
  decode(bytes: Buffer, start: number, end: number): unknown {
    let raw: unknown
    try {
      raw = this.#message.decode(bytes.subarray(start, end))
    } catch (error) {
      throw undecodable(
        `${end - start} bytes are no ${this.#message.name}: ${messageOf(error)}`,
        error
      )
    }
    return this.#check(this.#form.from(raw))
  }

  /** @throws RECORD_VALUE */
  encode(value: unknown, into: ByteWriter): void {
    const raw = this.#form.to(this.#check(value)) as Record<string, unknown>
    let bytes: Uint8Array
    try {
      bytes = this.#message.encode(raw).finish()
    } catch (error) {
      throw valueError('value', `${messageOf(error)}; expected a value of ${this.#message.name}`)
    }
    into.bytes(bytes)
  }
}

/** The converter of topics without a registry. */
export function protobufConverter(format: ProtobufFormat, type: Type): RecordConverter {
  return {
    immutable: isScalar(type) && type.kind !== 'bytes',
    fingerprint: `protobuf ${format.indexes.join('.')} ${format.schemaText}`,
    decode: (bytes, start, end) => format.decode(bytes, start, end),
    encode: (value, into) => format.encode(value, into)
  }
}

function made(type: Type, name: string): ProtoSchema {
  const result = protoSchemaOf(type, name)
  if (result.kind === 'schema') return result.schema
  throw new MillraceError('TYPE_UNSUPPORTED', `${result.path}: ${result.problem}`)
}

function rootOf(text: string): Protobuf.Root {
  try {
    return readProto(text).root
  } catch (error) {
    const problem = `no .proto file: ${messageOf(error)}; expected one by the rules of proto2 or proto3`
    throw new MillraceError('TYPE_UNSUPPORTED', problem, { cause: error })
  }
}

/** The message types that a file or message declares, in its order. */
function messagesIn(parent: Protobuf.NamespaceBase): Protobuf.Type[] {
  return parent.nestedArray.filter(
    (each): each is Protobuf.Type => 'fieldsArray' in each && 'encode' in each
  )
}

/** @returns such as [0] of the first message, [1, 0] of the first one inside the second */
function indexesOf(message: Protobuf.Type): number[] {
  const parent = message.parent!
  const index = messagesIn(parent).indexOf(message)
  return 'encode' in parent ? [...indexesOf(parent as Protobuf.Type), index] : [index]
}

function writerProblem(
  reader: Protobuf.Type,
  writerText: string,
  indexes: readonly number[]
): string | null {
  let file
  try {
    file = readProto(writerText)
  } catch (error) {
    return messageOf(error)
  }
  const writer = messageIn(file.space, indexes)
  if (writer === null) return `there is no message ${indexes.join('.')} in the schema`
  try {
    return differenceOf(reader, writer, new Set())
  } catch (error) {
    // What the file imports of others is not known; most fields can do without.
    return `${messageOf(error)}, for what ${file.foreign.join(', ')} declares is not looked up`
  }
}

/** The full name of the message at `indexes` of a file. @throws SCHEMA_INVALID there is none */
export function messageAt(text: string, indexes: readonly number[]): string {
  const message = messageIn(readProto(text).space, indexes)
  if (message !== null) return message.fullName.slice(1)
  throw new MillraceError(
    'SCHEMA_INVALID',
    `there is no message ${indexes.join('.')} in the schema; expected the place of one; see what wrote the record`
  )
}

function messageIn(
  space: Protobuf.NamespaceBase,
  indexes: readonly number[]
): Protobuf.Type | null {
  let found: Protobuf.Type | null = null
  for (const index of indexes) {
    found = messagesIn(found ?? space)[index] ?? null
    if (found === null) return null
  }
  return found
}

function differenceOf(
  reader: Protobuf.Type,
  writer: Protobuf.Type,
  seen: Set<Protobuf.Type>
): string | null {
  if (seen.has(reader)) return null
  seen.add(reader)
  for (const field of reader.fieldsArray) {
    const other = writer.fieldsById[field.id]
    if (other === undefined) continue
    const [mine, theirs] = [field.resolve(), other.resolve()]
    if (kindOnWire(mine) !== kindOnWire(theirs) || mine.map !== theirs.map) {
      const where = `number ${field.id} of ${writer.name}`
      return `${where} is ${other.name}, ${other.type}, and ${field.name}, ${field.type}, of the topic’s type`
    }
    const inner = mine.resolvedType
    const outer = theirs.resolvedType
    if (inner === null || outer === null || !('fieldsArray' in inner)) continue
    const problem = differenceOf(inner, outer as Protobuf.Type, seen)
    if (problem !== null) return problem
  }
  return null
}

/** Kinds that read each other's bytes as the same value have the same word. */
function kindOnWire({ type, resolvedType }: Protobuf.Field): string {
  if (resolvedType !== null) return 'fieldsArray' in resolvedType ? 'message' : 'varint'
  if (/^(u?int(32|64)|bool)$/.test(type)) return 'varint'
  if (/^sint(32|64)$/.test(type)) return 'zigzag'
  return type === 'bytes' || type === 'string' ? 'text' : type
}
