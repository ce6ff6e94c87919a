// Functions in this process: what the files of `--functions` export.
import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { messageOf, moduleHint, silenceExperimentalNotices } from '../../base/index.ts'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import type { StatefulFunction } from '../../functions/index.ts'
import { fileError } from '../files/file-error.ts'

/** What users import to write functions in their own files. */
const SDK_SPECIFIER = 'millrace/functions'

/** Functions of several files, and what is wrong with them. */
export interface LoadedFunctions {
  readonly functions: readonly StatefulFunction[]
  readonly diagnostics: readonly Diagnostic[]
}

/** Imports the files; each must export at least one function, alone or in a list. */
export async function loadFunctions(files: readonly string[]): Promise<LoadedFunctions> {
  const functions: StatefulFunction[] = []
  const diagnostics: Diagnostic[] = []
  const places = new Map<string, string>()
  for (const file of files) {
    const exported = await importFile(file, diagnostics)
    if (exported === null) continue
    const found = [...new Set(Object.values(exported).flat().filter(isStatefulFunction))]
    if (found.length === 0) diagnostics.push(nothingExported(file))
    for (const fn of found) {
      const other = places.get(fn.typename)
      if (other === undefined) functions.push(fn)
      else diagnostics.push(definedTwice(file, fn.typename, other))
      places.set(fn.typename, file)
    }
  }
  return { functions, diagnostics }
}

async function importFile(
  file: string,
  diagnostics: Diagnostic[]
): Promise<Record<string, unknown> | null> {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isFile() !== true) {
    const message = `--functions ${file}: there is no such file`
    diagnostics.push(fileError('FILE_NOT_FOUND', file, message, null))
    return null
  }
  shareSdk()
  const speak = silenceExperimentalNotices()
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  } catch (error) {
    const message = `${file} fails to load: ${messageOf(error)}`
    diagnostics.push(fileError('FUNCTIONS_FAILED', file, message, moduleHint(error)))
    return null
  } finally {
    speak()
  }
}

let shared = false

/** Lets users' files import the SDK where millrace is not installed beside them (npx), and always this one. */
function shareSdk(): void {
  if (shared) return
  shared = true
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../functions/sdk/index.${extension}`, import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === SDK_SPECIFIER ? { url, shortCircuit: true } : next(specifier, context)
  })
}

function isStatefulFunction(value: unknown): value is StatefulFunction {
  if (typeof value !== 'object' || value === null) return false
  const { typename, specs, handler } = value as Partial<StatefulFunction>
  return typeof typename === 'string' && Array.isArray(specs) && typeof handler === 'function'
}

function nothingExported(file: string): Diagnostic {
  return fileError(
    'FUNCTIONS_NONE',
    file,
    `${file} exports no stateful function`,
    `Write export const greeter = statefulFunction({ … }), imported from ${SDK_SPECIFIER}.`
  )
}

function definedTwice(file: string, typename: string, other: string): Diagnostic {
  const message = `the function type ${typename} is exported here and in ${other}`
  return fileError('FUNCTION_DUPLICATE', file, message, 'Rename or remove one of them.')
}
