// Reads schema files of others into types: Avro (.avsc), Protobuf (.proto) and JSON Schema (.json).
import { toKebab } from '../names.ts'
import type { Report } from '../report.ts'
import { readTree } from '../yaml/read-tree.ts'
import { importAvro } from './import-avro.ts'
import { importJsonSchema } from './import-json-schema.ts'
import { importProto } from './import-proto.ts'
import { FILE_START, ImportContext, Refused, type ImportedTypes } from './imported.ts'

/** Reads the file of `report`; null after a finding, which is noted there. `message` is one of a .proto file. */
export function importSchema(report: Report, message: string | null = null): ImportedTypes | null {
  const context = new ImportContext(report)
  try {
    const imported = read(context, message)
    context.named.forEach((type, name) => {
      if (type === imported.type) context.named.delete(name)
    })
    return imported
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return null
  }
}

function read(context: ImportContext, message: string | null): ImportedTypes {
  const { report, named } = context
  if (report.file.endsWith('.proto')) {
    const imported = importProto(context, message)
    const schema = { format: 'protobuf' as const, text: report.text, message: imported.message }
    return { type: imported.type, named, schema }
  }
  if (message !== null) context.refuse(FILE_START, 'only a .proto file has messages to choose from')
  if (!report.file.endsWith('.avsc') && !report.file.endsWith('.json')) {
    context.refuse(FILE_START, 'the name of a schema file ends in .avsc, .proto or .json')
  }
  try {
    JSON.parse(report.text)
  } catch (error) {
    const at = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? 0)
    context.refuse({ start: at, end: at + 1 }, `no JSON: ${(error as Error).message}`)
  }
  // JSON is YAML, whose reader knows places.
  const tree = readTree(report)
  if (tree === null) throw new Refused()
  if (report.file.endsWith('.avsc')) {
    const type = importAvro(context, tree)
    return { type, named, schema: { format: 'avro', text: report.text, message: '' } }
  }
  const base = report.file.slice(report.file.lastIndexOf('/') + 1)
  const name = toKebab(base.replace(/(\.schema)?\.json$/, '')) || 'value'
  return { type: importJsonSchema(context, tree, name), named, schema: null }
}
