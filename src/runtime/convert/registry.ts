// Records in the wire format of Confluent: what a schema registry calls their schema stands in front of the value.
//
//   byte 0        bytes 1…4             protobuf only                                  the rest
//   0, the magic  schema id, u32 (BE)   the message's indexes in the file, as varints  the value
//
// The indexes are a count and each index, zigzag; a single 0 stands for the file's first message.
import { type ByteWriter, MillraceError, assert, messageOf } from '../../base/index.ts'
import type { ValuePlan } from '../../dataflow/plan.ts'
import type { AvroFormat } from './avro/avro.ts'
import type { RecordConverter } from './contract.ts'
import { avroFormat, protobufFormat } from './convert.ts'
import { undecodable } from './errors.ts'
import type { ProtobufFormat } from './protobuf/protobuf.ts'
import type { RegisteredSchema, RegistryClient } from './registry-client.ts'
import { isScalar } from './scalars.ts'

const MAGIC = 0
/** Bytes before the value; in Protobuf before the indexes. */
export const HEAD_LENGTH = 5
/** Writers' schemas that a topic keeps ready. */
const READERS_MAX = 1_000
const INDEXES_MAX = 64

/** Gives the values behind the head of a record, by one writer's schema. */
type Read = (bytes: Buffer, start: number, end: number) => unknown

/** What one schema language has to do with a registry. */
interface RegistryFormat {
  readonly own: RegisteredSchema
  /** Writes what stands between the id and the value. */
  writeHead(into: ByteWriter): void
  encode(value: unknown, into: ByteWriter): void
  /** @throws SCHEMA_INCOMPATIBLE */
  readerOf(writerText: string): Read
}

let unequal = 0

/**
 * The converter of a topic whose plan names a registry. `decode` is for bytes that `prepare` has seen.
 * @throws TYPE_UNSUPPORTED
 */
export function registryConverter(
  value: ValuePlan,
  topic: string,
  registry: RegistryClient
): RecordConverter {
  const { type, converter } = value
  const format =
    converter === 'avro'
      ? avroInRegistry(avroFormat(value, topic))
      : protobufInRegistry(protobufFormat(value, topic))
  const readers = new Map<number, Read>()
  let ownId = -1
  const load = async (id: number, signal: AbortSignal): Promise<void> => {
    const reader = await readerOf(format, id, registry, signal)
    if (readers.size >= READERS_MAX) readers.delete(readers.keys().next().value!)
    readers.set(id, reader)
  }
  return {
    immutable: isScalar(type) && type.kind !== 'bytes',
    // Bytes of another writer are never those that encoding would give.
    fingerprint: `${converter} of a registry ${++unequal}`,
    prepare: (bytes, start, end, signal) => {
      const id = writerIdOf(bytes, start, end)
      return id === null || readers.has(id) ? null : load(id, signal)
    },
    decode: (bytes, start, end) => {
      const id = idOf(bytes, start, end)
      const read = readers.get(id)
      assert(read !== undefined, 'prepare has seen the bytes')
      try {
        return read(bytes, start + HEAD_LENGTH, end)
      } catch (error) {
        // An id that nobody knows may be registered later.
        if (error instanceof MillraceError && error.code === 'SCHEMA_UNKNOWN') readers.delete(id)
        throw error
      }
    },
    encode: (item, into) => {
      assert(ownId >= 0, 'the writer was opened')
      const before = into.length
      into.u8(MAGIC)
      into.u32be(ownId)
      format.writeHead(into)
      try {
        format.encode(item, into)
      } catch (error) {
        into.length = before
        throw error
      }
    },
    openWriter: async () => {
      if (ownId < 0) ownId = await registry.register(`${topic}-value`, format.own)
    }
  }
}

/** A reader of a schema, or one that says why there is none. @throws the reason of `signal` */
async function readerOf(
  format: RegistryFormat,
  id: number,
  registry: RegistryClient,
  signal: AbortSignal
): Promise<Read> {
  try {
    const { type, text } = await registry.schema(id, signal)
    if (type !== format.own.type) {
      throw new MillraceError(
        'SCHEMA_INCOMPATIBLE',
        `schema ${id} is ${type}; expected ${format.own.type}, the converter of the topic; correct the converter`
      )
    }
    return format.readerOf(text)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const { code } = error
    return () => {
      throw new MillraceError(code, `schema ${id}: ${messageOf(error)}`, { cause: error })
    }
  }
}

/** The id of the schema by which bytes were written; null: they have no head of a registry. */
export function writerIdOf(bytes: Buffer, start: number, end: number): number | null {
  const hasHead = end - start >= HEAD_LENGTH && bytes[start] === MAGIC
  return hasHead ? bytes.readUInt32BE(start + 1) : null
}

function idOf(bytes: Buffer, start: number, end: number): number {
  const id = writerIdOf(bytes, start, end)
  if (id !== null) return id
  const found = end === start ? 'no bytes' : `${end - start} bytes that begin with ${bytes[start]}`
  throw undecodable(
    `${found}; expected the byte 0 and the id of a schema, as the serializers of a registry write them`
  )
}

function avroInRegistry(format: AvroFormat): RegistryFormat {
  return {
    own: { type: 'AVRO', text: format.schemaText },
    writeHead: () => {},
    encode: (value, into) => format.encode(value, into),
    readerOf: text => {
      const reader = format.readerOf(text)
      return (bytes, start, end) => format.decode(bytes, start, end, reader)
    }
  }
}

function protobufInRegistry(format: ProtobufFormat): RegistryFormat {
  return {
    own: { type: 'PROTOBUF', text: format.schemaText },
    writeHead: into => writeIndexes(format.indexes, into),
    encode: (value, into) => format.encode(value, into),
    readerOf: text => {
      // A file has several messages; each is compared once.
      const checked = new Map<string, unknown>()
      return (bytes, start, end) => {
        const { indexes, at } = readIndexes(bytes, start, end)
        const key = indexes.join('.')
        if (!checked.has(key))
          checked.set(
            key,
            problemOf(() => format.checkWriter(text, indexes))
          )
        const problem = checked.get(key)
        if (problem !== null) throw problem
        return format.decode(bytes, at, end)
      }
    }
  }
}

function problemOf(check: () => void): unknown {
  try {
    check()
    return null
  } catch (error) {
    return error
  }
}

function writeIndexes(indexes: readonly number[], into: ByteWriter): void {
  if (indexes.length === 1 && indexes[0] === 0) {
    into.u8(0)
    return
  }
  for (const number of [indexes.length, ...indexes]) writeZigzag(number, into)
}

/** Numbers here are small and never negative. */
function writeZigzag(value: number, into: ByteWriter): void {
  let left = value * 2
  while (left >= 0x80) {
    into.u8((left & 0x7f) | 0x80)
    left = Math.floor(left / 0x80)
  }
  into.u8(left)
}

/** The place of the message in its file, and where the value begins. @throws RECORD_UNDECODABLE */
export function readIndexes(
  bytes: Buffer,
  start: number,
  end: number
): { readonly indexes: readonly number[]; readonly at: number } {
  let at = start
  const next = (): number => {
    let value = 0
    for (let shift = 1; shift <= 2 ** 28; shift *= 128) {
      if (at >= end) break
      const byte = bytes[at++]!
      value += (byte & 0x7f) * shift
      if (byte < 0x80) return value / 2
    }
    throw undecodable(
      'the indexes of the message do not end; expected them behind the id of the schema'
    )
  }
  const count = next()
  if (count === 0) return { indexes: [0], at }
  if (!Number.isInteger(count) || count > INDEXES_MAX) {
    throw undecodable(`${count} indexes of a message; expected at most ${INDEXES_MAX}`)
  }
  return { indexes: Array.from({ length: count }, next), at }
}
