// Checks the TypeScript of files with functions, and of dataflows as code, with the user's own compiler.
import { mkdtempSync, realpathSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Diagnostic } from '../../dataflow/index.ts'
import { typeDiagnostics } from '../../runtime/index.ts'
import type { CheckTypesOptions } from './check-types.ts'
import {
  compilerFailed,
  compilerMissing,
  configuration,
  findTsc,
  nodeTypes,
  runTsc
} from './check-types.ts'

/** Nothing is generated: all places are the user's own. */
const NO_DECLARATIONS = { text: '', map: { placeOf: () => null } }

/**
 * Type errors in the TypeScript files among `files` and in what they import, under the names that the caller gave.
 * Without a compiler: one warning that says how to install it.
 */
export async function checkFunctionTypes(
  files: readonly string[],
  options: CheckTypesOptions = {}
): Promise<Diagnostic[]> {
  const checked = files.filter(file => /\.[mc]?ts$/.test(file))
  const [first] = checked
  if (first === undefined) return []
  const folder = dirname(resolve(first))
  const tsc = options.tsc === undefined ? await findTsc(folder) : options.tsc
  if (tsc === null) return [compilerMissing(first)]
  const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-check-')))
  try {
    const paths = {
      'millrace/functions': [publicModule('functions/sdk')],
      'millrace/dataflow': [publicModule('builder')]
    }
    const sources = checked.map(file => resolve(file))
    const project = configuration(nodeTypes(folder), { paths }, sources)
    await writeFile(join(temporary, 'tsconfig.json'), JSON.stringify(project))
    const run = await runTsc(tsc, temporary)
    const found = typeDiagnostics(run.output, {
      declarations: NO_DECLARATIONS,
      isGenerated: () => false,
      nameOf: path => nameOf(resolve(temporary, path)),
      fallback: { file: first, line: 1, column: 1 }
    })
    const failed = run.status !== 0 && found.length === 0
    return failed ? [compilerFailed(first, tsc, run.output)] : [...found]
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** What users' files import: the same modules that the files get when they are loaded. */
function publicModule(folder: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'd.ts'
  return fileURLToPath(new URL(`../../${folder}/index.${extension}`, import.meta.url))
}

/** The user's files as seen from here; null for packages and for our own. */
function nameOf(path: string): string | null {
  const own = fileURLToPath(new URL('../..', import.meta.url))
  if (path.startsWith(own) || path.includes(`${sep}node_modules${sep}`)) return null
  return relative('', path)
}
