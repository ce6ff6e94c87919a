// Values behind a registry as JSON, by the schemas of their writers alone: for who looks and declares no type.
import { ByteWriter, messageOf, MillraceError } from '../../base/index.ts'
import { importSchema, Report } from '../../dataflow/index.ts'
import type { ValuePlan } from '../../dataflow/plan.ts'
import { compileConverter, valueConverter } from './convert.ts'
import { messageAt } from './protobuf/protobuf.ts'
import type { RegisteredSchema, RegistryClient } from './registry-client.ts'
import { HEAD_LENGTH, readIndexes, writerIdOf } from './registry.ts'

/** Gives the JSON text of the bytes of a record, its head included. @throws they are no value of the schema */
type Print = (bytes: Buffer) => string

/** Schemas by which one reader prints. */
export class WriterSchemas {
  readonly #registry: RegistryClient
  readonly #onProblem: (message: string) => void
  /** null: the schema cannot be read. */
  readonly #prints = new Map<number, Print | null>()
  readonly #told = new Set<number>()

  /** `onProblem` is told once of each schema by which a value cannot be read. */
  constructor(registry: RegistryClient, onProblem: (message: string) => void) {
    this.#registry = registry
    this.#onProblem = onProblem
  }

  /** Whether the bytes begin as values behind a registry do. */
  has(bytes: Buffer): boolean {
    return writerIdOf(bytes, 0, bytes.length) !== null
  }

  /** Fetches the schema that the bytes name, until `signal` ends the wait; null: it is there. Never rejects. */
  prepare(bytes: Buffer, signal: AbortSignal): Promise<void> | null {
    const id = writerIdOf(bytes, 0, bytes.length)
    return id === null || this.#prints.has(id) ? null : this.#load(id, signal)
  }

  /** The JSON text of a value that `prepare` has seen; null: its schema does not explain it. */
  jsonText(bytes: Buffer): string | null {
    const id = writerIdOf(bytes, 0, bytes.length)
    const print = id === null ? null : this.#prints.get(id)
    if (print === null || print === undefined) return null
    try {
      return print(bytes)
    } catch (error) {
      this.#tell(id!, error)
      return null
    }
  }

  async #load(id: number, signal: AbortSignal): Promise<void> {
    try {
      this.#prints.set(id, printOf(await this.#registry.schema(id, signal), id))
    } catch (error) {
      if (signal.aborted || this.#prints.has(id)) return
      this.#prints.set(id, null)
      this.#tell(id, error)
    }
  }

  #tell(id: number, error: unknown): void {
    if (this.#told.has(id)) return
    this.#told.add(id)
    this.#onProblem(`values of schema ${id} are given as base64: ${messageOf(error)}`)
  }
}

/** @throws SCHEMA_INVALID */
function printOf({ type, text }: RegisteredSchema, id: number): Print {
  if (type === 'JSON') return jsonPrint
  if (type === 'AVRO') {
    const print = valuePrint(`schema-${id}.avsc`, text, null)
    return bytes => print(bytes, HEAD_LENGTH)
  }
  // A file has several messages; each is read once.
  const byPlace = new Map<string, ReturnType<typeof valuePrint>>()
  return bytes => {
    const { indexes, at } = readIndexes(bytes, HEAD_LENGTH, bytes.length)
    const place = indexes.join('.')
    let print = byPlace.get(place)
    if (print === undefined) {
      print = valuePrint(`schema-${id}.proto`, text, messageAt(text, indexes))
      byPlace.set(place, print)
    }
    return print(bytes, at)
  }
}

/** The text as it is, on one line. */
function jsonPrint(bytes: Buffer): string {
  const text = bytes.toString('utf8', HEAD_LENGTH)
  try {
    const value: unknown = JSON.parse(text)
    return /[\r\n]/.test(text) ? JSON.stringify(value) : text
  } catch (error) {
    throw new MillraceError('RECORD_UNDECODABLE', messageOf(error), { cause: error })
  }
}

/** Prints what begins at `start`. @throws SCHEMA_INVALID, TYPE_UNSUPPORTED types cannot say what the schema does */
function valuePrint(
  file: string,
  text: string,
  message: string | null
): (bytes: Buffer, start: number) => string {
  const report = new Report(file, text, null)
  const imported = importSchema(report, message)
  if (imported === null || report.hasErrors || imported.schema === null) {
    const [first] = report.diagnostics()
    const where = first === undefined ? '' : `:${first.line}:${first.column}: ${first.message}`
    throw new MillraceError('SCHEMA_INVALID', `${file}${where}; expected what types can say`)
  }
  const { type, schema } = imported
  const value: ValuePlan = { type, converter: schema.format, schema }
  const converter = valueConverter(value, 'value')
  const json = compileConverter(type, 'json')
  const writer = new ByteWriter(256)
  return (bytes, start) => {
    writer.clear()
    json.encode(converter.decode(bytes, start, bytes.length), writer)
    return writer.buffer.toString('utf8', 0, writer.length)
  }
}
