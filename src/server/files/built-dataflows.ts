// Dataflows as code: loads a module, finds the dataflows that it exports, and compiles them.
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, moduleHint, silenceExperimentalNotices } from '../../base/index.ts'
import {
  type AnyFunction,
  type BuiltDataflow,
  compileBuilt,
  type CompileBuiltOptions,
  type DataflowNode,
  definitionOf,
  yamlOf
} from '../../builder/index.ts'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import { shareUserModule } from '../../runtime/index.ts'
import { fileError } from './file-error.ts'

/** How files are read and named. */
export interface BuiltFileOptions {
  nameOf(path: string): string
  readText(path: string): string | null
}

/** Whether a path is that of a module, by its ending. */
export function isBuiltFile(path: string): boolean {
  return /\.[mc]?[jt]s$/.test(path)
}

/** Compiles every dataflow that the module at the absolute `path` exports. Never throws for what users wrote. */
export function compileBuiltFile(path: string, options: BuiltFileOptions): BuiltDataflow[] {
  const found = definitionsOf(path, options)
  if ('diagnostic' in found)
    return [{ plan: null, functions: new Map(), diagnostics: [found.diagnostic] }]
  return found.definitions.map(node => compileBuilt(node, found.compileOptions))
}

/** The first dataflow of a module as YAML. */
export function yamlOfBuiltFile(
  path: string,
  options: BuiltFileOptions
): { readonly text: string; readonly diagnostics: readonly Diagnostic[] } {
  const found = definitionsOf(path, options)
  if ('diagnostic' in found) return { text: '', diagnostics: [found.diagnostic] }
  const compiled = found.definitions.map(node => compileBuilt(node, found.compileOptions))
  const errors = compiled.flatMap(({ diagnostics }) =>
    diagnostics.filter(({ severity }) => severity === 'error')
  )
  if (errors.length > 0) return { text: '', diagnostics: errors }
  if (found.definitions.length > 1) {
    const names = found.definitions.map(({ name }) => name).join(', ')
    const message = `the module exports ${found.definitions.length} dataflows: ${names}; expected one, for one file`
    const file = options.nameOf(path)
    return { text: '', diagnostics: [fileError('DATAFLOW_SEVERAL', file, message, null)] }
  }
  return yamlOf(found.definitions[0]!, found.compileOptions)
}

interface Definitions {
  readonly definitions: readonly DataflowNode[]
  readonly compileOptions: CompileBuiltOptions
}

/** Where an error says that it was thrown in the file at `path`: Node writes the file as its path or its URL. */
function placeInStack(
  error: unknown,
  path: string
): { readonly line: number; readonly column: number } | null {
  const stack = error instanceof Error ? String(error.stack) : ''
  for (const name of [pathToFileURL(path).href, path]) {
    const at = stack.indexOf(`${name}:`)
    if (at < 0) continue
    const [, line, column] = /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + name.length)) ?? []
    if (line !== undefined) return { line: Number(line), column: Number(column ?? 1) }
  }
  return null
}

function definitionsOf(
  path: string,
  { nameOf, readText }: BuiltFileOptions
): Definitions | { readonly diagnostic: Diagnostic } {
  const file = nameOf(path)
  const failed = (code: string, message: string, hint: string | null): Diagnostic =>
    fileError(code, file, message, hint)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    return { diagnostic: failed('FILE_NOT_FOUND', `${file} is no file`, null) }
  let exported: Record<string, unknown>
  shareUserModule()
  const speak = silenceExperimentalNotices()
  try {
    exported = createRequire(path)(path) as Record<string, unknown>
  } catch (error) {
    const message = `${file} fails to load: ${messageOf(error)}`
    const hint = `A dataflow as code is a module: import { dataflow, from } from 'millrace/dataflow'.`
    const place = placeInStack(error, path)
    const found = failed(
      'DATAFLOW_FAILED',
      message,
      moduleHint(error) ?? (place === null ? hint : null)
    )
    return { diagnostic: { ...found, ...place } }
  } finally {
    speak()
  }
  const values = Object.values(exported)
  const definitions = [...new Set(values.flatMap(value => definitionOf(value) ?? []))]
  if (definitions.length === 0) {
    const message = `${file} exports no dataflow`
    const hint = `Write export const flow = dataflow('my-flow')…, imported from millrace/dataflow.`
    return { diagnostic: failed('DATAFLOW_NONE', message, hint) }
  }
  const names = new Map(
    Object.entries(exported).flatMap(([name, value]) =>
      typeof value === 'function' ? [[value as AnyFunction, name] as const] : []
    )
  )
  const referenceTo = (fn: AnyFunction): string | null => {
    const name = names.get(fn)
    return name === undefined ? null : `./${basename(path)}#${name}`
  }
  const readModule = (specifier: string): string | null => readText(join(dirname(path), specifier))
  const readSchema = readModule
  return {
    definitions,
    compileOptions: { file, nameOf, readText, readModule, readSchema, referenceTo }
  }
}
