// A dataflow in its other form: a file as code, code as a file.
import { resolve } from 'node:path'
import { printCode } from '../builder/index.ts'
import type { Diagnostic } from '../dataflow/diagnostics.ts'
import type { Plan } from '../dataflow/plan.ts'
import { isBuiltFile, yamlOfBuiltFile } from './built-dataflows.ts'
import { hasErrors, loadFiles, nameOf, readText } from './dataflow-files.ts'
import { fileError } from './file-error.ts'

/** What a dataflow comes to in its other form. */
export interface ConvertedFile {
  /** Empty iff a diagnostic is an error. */
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
  /** Texts of the files, by the names in the diagnostics. */
  readonly texts: ReadonlyMap<string, string>
}

/** Reads a dataflow file or a module with one dataflow, and writes the other. Never throws for what users wrote. */
export function convertFile(file: string): ConvertedFile {
  if (isBuiltFile(file)) {
    const texts = new Map<string, string>()
    const read = (path: string): string | null => {
      const text = readText(path)
      if (text !== null) texts.set(nameOf(path), text)
      return text
    }
    read(resolve(file))
    const { text, diagnostics } = yamlOfBuiltFile(resolve(file), { nameOf, readText: read })
    return { text: hasErrors(diagnostics) ? '' : text, diagnostics, texts }
  }
  const { dataflows, diagnostics, texts } = loadFiles([file])
  const [first] = dataflows
  if (first === undefined || hasErrors(diagnostics)) return { text: '', diagnostics, texts }
  const { plan } = first
  const problem = problemOf(plan)
  if (problem !== null) return { text: '', diagnostics: [...diagnostics, problem], texts }
  return { text: printCode(plan), diagnostics, texts }
}

/** What code cannot say: older files drop what update-state returns, and schemas of other systems are files' only. */
function problemOf({ apiVersion, file, topics }: Plan): Diagnostic | null {
  if (apiVersion !== '1.0.0') {
    const message = `the file has apiVersion ${apiVersion}; code can only say what files of 1.0.0 say`
    const hint = 'Write apiVersion: 1.0.0, run millrace check, and convert it then.'
    return fileError('CONVERT_UNABLE', file, message, hint)
  }
  const imported = Object.values(topics).find(
    ({ value }) => value.schema !== undefined || value.registry !== undefined
  )
  if (imported === undefined) return null
  const message = `the topic ${imported.id} has an imported schema or a registry, which code cannot say`
  const { line, column } = imported.at
  return { ...fileError('CONVERT_UNABLE', file, message, 'Keep the file.'), line, column }
}
