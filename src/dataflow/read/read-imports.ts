// Reads the entries of `types` that stand in schema files beside the dataflow.
import { Report } from '../report.ts'
import { importSchema } from '../schema/import-schema.ts'
import type { ImportedTypes } from '../schema/imported.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { TYPE_IMPORT } from '../sections/type-sections.ts'
import type { Type } from '../types.ts'
import { quoted, valueAt, type Entry, type TreeNode } from '../yaml/tree.ts'

/** Whether an entry of `types` names a schema file. */
export function isImport(node: TreeNode): boolean {
  return valueAt(node, 'import') !== null
}

/** The types of the file that an entry names; null after a finding, here or in that file. */
export function readTypeImport(context: ReadContext, entry: Entry): ImportedTypes | null {
  const { report } = context
  const section = readSection(context, entry.value, TYPE_IMPORT, entry.keySpan)
  const path = section?.scalar('import') ?? null
  if (section === null || path === null) return null
  if (!path.text.startsWith('./') && !path.text.startsWith('../')) {
    const hint = `Write import: ./${path.text.replace(/^\/+/, '')}`
    report.error('SCHEMA_FILE', path, `${quoted(path.text)} must begin with ./ or ../`, hint)
    return null
  }
  const text = report.readFile?.(path.text) ?? null
  if (text === null) {
    const message = `the schema file ${quoted(path.text)} does not exist or cannot be read here`
    report.error('SCHEMA_FILE', path, message, 'The path is relative to this file.')
    return null
  }
  const inner = new Report(besides(report.file, path.text), text)
  const imported = importSchema(inner, section.text('message'))
  report.include(inner.diagnostics())
  if (imported === null || imported.schema === null) return imported
  return { ...imported, schema: { ...imported.schema, path: path.text } }
}

/** The name of a file that another one names by a relative path. */
function besides(file: string, specifier: string): string {
  const parts = file.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    const last = parts.at(-1)
    if (part === '..' && last !== undefined && last !== '..' && last !== '') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** The type under the name that the file gives it. */
export function withName(type: Type, name: string): Type {
  return 'name' in type ? { ...type, name } : { ...type }
}

/** The number of a field or case in Protobuf. */
export function numberOf(section: Section | null): { readonly number?: number } {
  const number = section?.number('number') ?? null
  return number === null ? {} : { number }
}
