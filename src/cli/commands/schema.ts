// `millrace schema`: types from and to schemas of others, and what a changed type means for what is stored.
import { readFileSync } from 'node:fs'
import { MillraceError, messageOf } from '../../base/index.ts'
import {
  Report,
  avroSchemaOf,
  importSchema,
  jsonSchemaOf,
  nearestWord,
  protoSchemaOf,
  toKebab,
  typesYaml
} from '../../dataflow/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import { checkStoredTypes, hasErrors, loadFiles, typesText } from '../../server/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { note, print } from '../output/output.ts'

export interface SchemaImportOptions {
  readonly message?: string
  readonly name?: string
}

export interface SchemaExportOptions {
  readonly type?: string
  readonly format: 'avro' | 'protobuf' | 'json-schema' | 'typescript'
}

/** Prints the types of a schema file as YAML; 2 when it cannot be read as types. */
export function schemaImport(file: string, options: SchemaImportOptions): number {
  const report = new Report(file, textOf(file))
  const imported = importSchema(report, options.message ?? null)
  printDiagnostics(report.diagnostics(), new Map([[file, report.text]]))
  if (imported === null) return 2
  const { type, named } = imported
  const own = 'name' in type ? type.name : null
  const name = options.name ?? own ?? toKebab(file.replace(/^.*\//, '').replace(/\..*$/, ''))
  const root: Type = 'name' in type ? { ...type, name } : type
  print(typesYaml(new Map([[name, root], ...named])).trimEnd())
  return 0
}

/** Prints a type of a dataflow as a schema. @throws USAGE no such type · TYPE_UNSUPPORTED it has no form there */
export function schemaExport(path: string, options: SchemaExportOptions): number {
  const plan = planOf(path)
  if (plan === null) return 2
  if (options.format === 'typescript') {
    print(typesText(plan, plan.file).trimEnd())
    return 0
  }
  const [name, type] = typeOf(plan, options.type)
  if (options.format === 'json-schema') {
    print(JSON.stringify(jsonSchemaOf(type), null, 2))
    return 0
  }
  const made = options.format === 'avro' ? avroSchemaOf(type, name) : protoSchemaOf(type, name)
  if (made.kind === 'problem') {
    throw new MillraceError('TYPE_UNSUPPORTED', `${name}: ${made.path}: ${made.problem}`)
  }
  const { schema } = made
  const isProto = typeof schema === 'object' && 'message' in schema
  print(isProto ? (schema.text as string).trimEnd() : JSON.stringify(schema, null, 2))
  return 0
}

/** Says what the types of a file change against a data directory; 1 when what is stored cannot be read any more. */
export async function schemaCheck(
  path: string,
  { dataDir }: { readonly dataDir: string }
): Promise<number> {
  const plan = planOf(path)
  if (plan === null) return 2
  const changes = await checkStoredTypes(dataDir, plan)
  if (changes === null) {
    note(`${dataDir} has no types yet: no dataflow was started there`)
    return 0
  }
  for (const { place, part, differences } of changes) {
    for (const { path, reason, backward, forward } of differences) {
      const word = backward
        ? forward
          ? 'compatible'
          : 'backward'
        : forward
          ? 'forward'
          : 'incompatible'
      print(
        `${place}, ${part === 'key' ? path.replace(/^value/, 'key') : path}: ${word}: ${reason}`
      )
    }
  }
  const broken = changes.filter(change => change.differences.some(({ backward }) => !backward))
  if (broken.length > 0) {
    note(`what is stored cannot be read any more: ${broken.map(({ place }) => place).join(', ')}`)
    return 1
  }
  note(changes.length === 0 ? 'OK: no type has changed' : 'OK: what is stored can be read')
  return 0
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `${file} cannot be read: ${messageOf(error)}; name a schema file`
    )
  }
}

/** The plan of one dataflow file; null after findings, which are printed. */
function planOf(path: string): Plan | null {
  const { dataflows, diagnostics, texts } = loadFiles([path])
  printDiagnostics(diagnostics, texts)
  if (hasErrors(diagnostics)) return null
  const [first] = dataflows
  if (first !== undefined) return first.plan
  throw new MillraceError('USAGE', `${path} holds no dataflow; name a file with types`)
}

function typeOf(plan: Plan, wanted: string | undefined): [string, Type] {
  const names = Object.keys(plan.types)
  const name = wanted === undefined && names.length === 1 ? names[0]! : toKebab(wanted ?? '')
  const type = Object.hasOwn(plan.types, name) ? plan.types[name] : undefined
  if (type !== undefined) return [name, type]
  const nearest = wanted === undefined ? null : nearestWord(wanted, names)
  const found = wanted === undefined ? 'no --type is given' : `there is no type "${wanted}"`
  const hint =
    nearest !== null
      ? `did you mean "${nearest}"?`
      : names.length === 0
        ? 'the file declares no types'
        : `expected one of ${names.join(', ')}`
  throw new MillraceError('USAGE', `${found}; ${hint}`)
}
