// Avro's binary encoding of declared types, by avsc: bare, or behind the id of its schema in a registry.
import { createRequire } from 'node:module'
import type * as Avsc from 'avsc'
import { type ByteWriter, MillraceError, messageOf } from '../../../base/index.ts'
import { avroSchemaOf, isAvroUnion, type AvroSchema } from '../../../dataflow/index.ts'
import type { Type } from '../../../dataflow/types.ts'
import { withAliases } from './avro-aliases.ts'
import { AvroValues, type ValueForm } from './avro-values.ts'
import { AvroBounds } from './avro-bounds.ts'
import type { RecordConverter } from '../contract.ts'
import { undecodable, valueError } from '../errors.ts'
import { compileCheck } from '../json/json.ts'
import { isScalar } from '../scalars.ts'

const require = createRequire(import.meta.url)
let library: typeof Avsc | null = null

/** Loaded when the first Avro topic is: most runs have none. */
function avsc(): typeof Avsc {
  library ??= require('avsc') as typeof Avsc
  return library
}

/** A schema ready to read by: what avsc makes of it. */
export interface AvroReader {
  /** The value that avsc gives for bytes. @throws RECORD_UNDECODABLE */
  read(bytes: Buffer, start: number, end: number): unknown
}

/** The Avro form of a declared type. */
export class AvroFormat {
  /** The schema's JSON text: what is registered. */
  readonly schemaText: string
  readonly #schema: AvroSchema
  readonly #type: Avsc.Type
  readonly #form: ValueForm
  readonly #check: (value: unknown) => unknown
  readonly #own: AvroReader

  /** `schemaText`: the file that the type was imported from; null makes the schema. @throws TYPE_UNSUPPORTED */
  constructor(type: Type, schemaText: string | null, name: string) {
    const schema = schemaText === null ? made(type, name) : (JSON.parse(schemaText) as AvroSchema)
    this.schemaText = JSON.stringify(schema)
    this.#schema = schema
    this.#form = new AvroValues().form(type, schema)
    this.#type = this.#typeOf(schema)
    this.#check = compileCheck(type)
    this.#own = new SchemaReader(this.#type, undefined)
  }

  /** Reads what `writerText` wrote as this schema. @throws SCHEMA_INCOMPATIBLE with the first difference */
  readerOf(writerText: string): AvroReader {
    try {
      const written = JSON.parse(writerText) as AvroSchema
      const writer = this.#typeOf(written)
      const type = this.#typeOf(withAliases(this.#schema, written))
      const resolver = type.createResolver(writer, { ignoreNamespaces: true } as object)
      return new SchemaReader(type, resolver, writer)
    } catch (error) {
      throw new MillraceError(
        'SCHEMA_INCOMPATIBLE',
        `${messageOf(error)}; expected a writer’s schema that the schema of the topic can be read from; ` +
          'add a default, or change the type of the topic',
        { cause: error }
      )
    }
  }

  /** @throws RECORD_UNDECODABLE, RECORD_VALUE */
  decode(bytes: Buffer, start: number, end: number, reader: AvroReader = this.#own): unknown {
    return this.#check(this.#form.from(reader.read(bytes, start, end)))
  }

  /** @throws RECORD_VALUE */
  encode(value: unknown, into: ByteWriter): void {
    const raw = this.#form.to(this.#check(value))
    let bytes: Buffer
    try {
      bytes = this.#type.toBuffer(raw)
    } catch (error) {
      throw valueError('value', `${messageOf(error)}; expected a value of the Avro schema`)
    }
    into.bytes(bytes)
  }

  #typeOf(schema: AvroSchema): Avsc.Type {
    const registry = { long: bigLong() }
    try {
      return avsc().Type.forSchema(plain(schema) as Avsc.Schema, { wrapUnions: true, registry })
    } catch (error) {
      const problem = `no Avro schema: ${messageOf(error)}; expected one by the rules of Avro 1.11`
      throw new MillraceError('TYPE_UNSUPPORTED', problem, { cause: error })
    }
  }
}

class SchemaReader implements AvroReader {
  readonly #type: Avsc.Type
  readonly #resolver: object | undefined
  readonly #bounds: AvroBounds | null

  constructor(type: Avsc.Type, resolver: object | undefined, writer: Avsc.Type = type) {
    this.#type = type
    this.#resolver = resolver
    this.#bounds = AvroBounds.of(writer)
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    const part = bytes.subarray(start, end)
    try {
      this.#bounds?.check(part)
      return this.#type.fromBuffer(part, this.#resolver as never)
    } catch (error) {
      throw undecodable(
        `${end - start} bytes are no value of the Avro schema: ${messageOf(error)}`,
        error
      )
    }
  }
}

/** The converter of topics without a registry. */
export function avroConverter(format: AvroFormat, type: Type): RecordConverter {
  return {
    immutable: isScalar(type) && type.kind !== 'bytes',
    fingerprint: `avro ${format.schemaText}`,
    decode: (bytes, start, end) => format.decode(bytes, start, end),
    encode: (value, into) => format.encode(value, into)
  }
}

function made(type: Type, name: string): AvroSchema {
  const result = avroSchemaOf(type, name)
  if (result.kind === 'schema') return result.schema
  throw new MillraceError('TYPE_UNSUPPORTED', `${result.path}: ${result.problem}`)
}

/** A copy in which primitives are words: avsc takes our long for the word only. */
function plain(schema: AvroSchema): AvroSchema {
  if (typeof schema === 'string') return schema
  if (isAvroUnion(schema)) return schema.map(plain)
  const { type, fields, items, values } = schema
  const isWord = typeof type === 'string' && WORDS.has(type)
  if (isWord || typeof type === 'object') return plain(type)
  return {
    ...schema,
    ...(fields === undefined
      ? {}
      : { fields: fields.map(field => ({ ...field, type: plain(field.type) })) }),
    ...(items === undefined ? {} : { items: plain(items) }),
    ...(values === undefined ? {} : { values: plain(values) })
  }
}

const WORDS = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

let cachedLong: Avsc.Type | null = null

/** Longs as bigints: avsc's own lose the last digits of negative numbers beyond 2^52. */
function bigLong(): Avsc.Type {
  cachedLong ??= avsc().types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64LE(value)
      return bytes
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
  })
  return cachedLong
}
