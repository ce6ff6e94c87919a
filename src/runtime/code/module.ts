// Functions that files and packages of the user export.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { constants, Script } from 'node:vm'
import { MillraceError, moduleHint, silenceExperimentalNotices } from '../../base/index.ts'
import type { CodePlan } from '../../dataflow/plan.ts'
import type { UserFunction } from './contract.ts'

type ModuleCode = Extract<CodePlan, { readonly kind: 'module' }>
type Import = (specifier: string) => Promise<Record<string, unknown>>

/** What users import to write functions in their own files. */
const USER_SPECIFIER = 'millrace/dataflow'
const FOUND_NOT = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_INVALID_MODULE_SPECIFIER',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED'
])

/**
 * Imports the file or package as a module in the dataflow's folder would, once per process and place.
 * @throws MODULE_NOT_FOUND there is no such file or package, or one that it imports is missing
 * @throws MODULE_FAILED it is there, but cannot be compiled or throws while it is loaded
 * @throws EXPORT_NOT_FOUND no function of that name is exported; the message has the nearest
 */
export async function loadModule(code: ModuleCode, folder: string): Promise<UserFunction> {
  const exports = await importFrom(code, folder)
  const found = exports[code.exportName]
  if (typeof found === 'function') return found as UserFunction
  throw await exportNotFound(code, exports, found)
}

async function importFrom(code: ModuleCode, folder: string): Promise<Record<string, unknown>> {
  shareUserModule()
  const speak = silenceExperimentalNotices()
  try {
    return await importerOf(folder)(code.specifier)
  } catch (error) {
    throw importFailed(code, folder, error)
  } finally {
    speak()
  }
}

/** Makes the loader ready for `import()` in inline functions, so that Node's notice of it comes now, unheard. */
export async function readyLoader(folder: string): Promise<void> {
  shareUserModule()
  const speak = silenceExperimentalNotices()
  try {
    await importerOf(folder)('node:path')
  } finally {
    speak()
  }
}

/** An `import()` that resolves like one in a file of `folder`: with the loader, its conditions and its cache. */
function importerOf(folder: string): Import {
  const script = new Script('specifier => import(specifier)', {
    filename: join(folder, 'dataflow.js'),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  })
  return script.runInThisContext() as Import
}

let shared = false

/**
 * Lets users' files import `millrace/dataflow` where millrace is not installed beside them (npx), too: the same copy
 * for all, and named by its place, because it stands above this layer.
 */
export function shareUserModule(): void {
  if (shared) return
  shared = true
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../builder/index.${extension}`, import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === USER_SPECIFIER ? { url, shortCircuit: true } : next(specifier, context)
  })
}

function importFailed(code: ModuleCode, folder: string, error: unknown): MillraceError {
  const place = `${code.at.file}:${code.at.line}:${code.at.column}`
  const reason = error instanceof Error ? error.message : String(error)
  if (FOUND_NOT.has(String((error as { readonly code?: unknown } | null)?.code))) {
    return new MillraceError(
      'MODULE_NOT_FOUND',
      `${place}: uses ${code.specifier}: ${reason}; ` +
        `expected a file below ${folder} or an installed package`,
      { details: { specifier: code.specifier }, cause: error }
    )
  }
  const hint = moduleHint(error)
  return new MillraceError(
    'MODULE_FAILED',
    `${place}: uses ${code.specifier}, which fails to load: ${reason}${placeInStack(error)}` +
      (hint === null ? '' : `. ${hint}`),
    { details: { specifier: code.specifier }, cause: error }
  )
}

/** Node heads the stack of a syntax error with the file and line. */
function placeInStack(error: unknown): string {
  const head =
    error instanceof SyntaxError ? /^(?:file:\S+|\/.*):\d+/.exec(String(error.stack)) : null
  return head === null ? '' : ` (${head[0]})`
}

async function exportNotFound(
  code: ModuleCode,
  exports: Record<string, unknown>,
  found: unknown
): Promise<MillraceError> {
  // Only for the message; tasks in threads need nothing else of the compiler.
  const { nearestWord } = await import('../../dataflow/index.ts')
  const place = `${code.at.file}:${code.at.line}:${code.at.column}`
  const functions = Object.keys(exports).filter(name => typeof exports[name] === 'function')
  const nearest = nearestWord(code.exportName, functions)
  const problem =
    found === undefined
      ? `${code.specifier} exports no ${code.exportName}`
      : `${code.exportName} of ${code.specifier} is a ${typeof found}, not a function`
  const advice =
    nearest !== null
      ? `did you mean ${nearest}?`
      : functions.length > 0
        ? `it exports ${functions.slice(0, 10).join(', ')}`
        : 'it exports no functions'
  return new MillraceError('EXPORT_NOT_FOUND', `${place}: ${problem}; ${advice}`, {
    details: { specifier: code.specifier, export: code.exportName, nearest }
  })
}
