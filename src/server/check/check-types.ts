// Checks the TypeScript of a dataflow with the user's own compiler, in a process of its own.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../base/index.ts'
import type { Diagnostic, Plan, StepPlan } from '../../dataflow/index.ts'
import { withShortName } from '../files/file-error.ts'
import {
  allSteps,
  type Declarations,
  generateDeclarations,
  typeDiagnostics
} from '../../runtime/index.ts'

const GENERATED = 'dataflow.mts'
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024

/** What to check with. */
export interface CheckTypesOptions {
  /** The compiler's JavaScript file, null for none. Default: that of the dataflow's folder, then millrace's. */
  readonly tsc?: string | null
}

/**
 * Type errors of all functions that `plan` has or uses, at their places in the user's files. `folder` is the
 * absolute folder of the dataflow file. Without a compiler: one warning that says how to install it.
 */
export async function checkTypes(
  plan: Plan,
  folder: string,
  options: CheckTypesOptions = {}
): Promise<Diagnostic[]> {
  if ([...allSteps(plan), ...migrationsOf(plan)].length === 0) return []
  const tsc = options.tsc === undefined ? await findTsc(folder) : options.tsc
  if (tsc === null) return [compilerMissing(plan.file)]
  const temporary = realpathSync(await mkdtemp(join(tmpdir(), 'millrace-check-')))
  try {
    const declarations = await writeProject(plan, folder, temporary)
    const run = await runTsc(tsc, temporary)
    const found = typeDiagnostics(run.output, {
      declarations,
      isGenerated: path => resolve(temporary, path) === join(temporary, GENERATED),
      nameOf: path => nameOf(resolve(temporary, path), plan, folder),
      fallback: { file: plan.file, line: 1, column: 1 }
    })
    const failed = run.status !== 0 && found.length === 0
    if (failed)
      return [foreignErrors(plan.file, run.output) ?? compilerFailed(plan.file, tsc, run.output)]
    return found.map(withShortName)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

function migrationsOf({ services }: Plan): StepPlan[] {
  return services.flatMap(({ states }) =>
    states.flatMap(state => (state.kind === 'owned' ? (state.migrate?.step ?? []) : []))
  )
}

/** The compiler that the folder's packages have, else millrace's own. */
export async function findTsc(folder: string): Promise<string | null> {
  for (const from of [join(folder, 'package.json'), import.meta.url]) {
    try {
      const manifest = createRequire(from).resolve('typescript/package.json')
      const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin?: { tsc?: string } }
      if (bin?.tsc !== undefined) return join(dirname(manifest), bin.tsc)
    } catch {
      // Not installed there.
    }
  }
  return null
}

async function writeProject(plan: Plan, folder: string, temporary: string): Promise<Declarations> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'd.ts'
  const userModule = fileURLToPath(new URL(`../../runtime/code/user.${extension}`, import.meta.url))
  const declarations = generateDeclarations(plan, {
    userModule: 'millrace/dataflow',
    resolve: specifier => (specifier.startsWith('.') ? join(folder, specifier) : specifier)
  })
  const packages = nearestPackages(folder)
  if (packages !== null) await symlink(packages, join(temporary, 'node_modules'), 'junction')
  await writeFile(join(temporary, GENERATED), declarations.text)
  await writeFile(
    join(temporary, 'tsconfig.json'),
    JSON.stringify(
      configuration(
        nodeTypes(folder),
        { rootDirs: [temporary, folder], paths: { 'millrace/dataflow': [userModule] } },
        [GENERATED]
      )
    )
  )
  return declarations
}

/** The folder's own node_modules, or that of a folder above. */
function nearestPackages(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const packages = join(at, 'node_modules')
    if (existsSync(packages)) return packages
    if (dirname(at) === at) return null
  }
}

/** The folder that holds `node`, the types of Node's globals; null where they are not installed. */
export function nodeTypes(folder: string): string | null {
  for (const from of [join(folder, 'package.json'), import.meta.url]) {
    try {
      return dirname(dirname(createRequire(from).resolve('@types/node/package.json')))
    } catch {
      // Not installed there.
    }
  }
  return null
}

/** Strict, with Node's globals; where their types are not installed, with those of web workers. */
export function configuration(
  nodeTypesRoot: string | null,
  options: Readonly<Record<string, unknown>>,
  files: readonly string[]
): unknown {
  const environment =
    nodeTypesRoot === null
      ? { lib: ['es2024', 'webworker'], types: [] }
      : { lib: ['es2024'], typeRoots: [nodeTypesRoot], types: ['node'] }
  return {
    compilerOptions: {
      ...environment,
      target: 'es2024',
      module: 'esnext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      skipLibCheck: true,
      ...options
    },
    files
  }
}

/** How the compiler ended, and what it printed. */
export interface TscRun {
  readonly status: number | null
  readonly output: string
}

/** Runs the compiler on the project in a folder. */
export function runTsc(tsc: string, temporary: string): Promise<TscRun> {
  return new Promise(done => {
    const arguments_ = [tsc, '--project', temporary, '--noEmit', '--pretty', 'false']
    const child = spawn(process.execPath, arguments_, {
      cwd: temporary,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let output = ''
    const take = (chunk: string): void => {
      if (output.length < OUTPUT_BYTES_MAX) output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', error => done({ status: 1, output: messageOf(error) }))
    child.on('close', status => done({ status, output }))
  })
}

/** A file below the dataflow's folder, with that folder as the caller wrote it; null for one of a package. */
function nameOf(path: string, plan: Plan, folder: string): string | null {
  const below = relative(realpathSync(folder), path)
  if (isAbsolute(below) || path.includes('node_modules')) return null
  return below.startsWith('..') ? path : join(dirname(plan.file), below)
}

/** A warning that nothing was checked. */
export function compilerMissing(file: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'TYPESCRIPT_MISSING',
    message: 'the types of functions are not checked: the package typescript is not installed',
    hint: 'Run npm install --save-dev typescript beside the file.',
    file,
    line: 1,
    column: 1,
    length: 1
  }
}

/** An error for types that are wrong in packages alone; null where the compiler told of no types. */
function foreignErrors(file: string, output: string): Diagnostic | null {
  const lines = output.split('\n').filter(line => /\berror TS\d+/.test(line))
  if (lines.length === 0) return null
  return {
    severity: 'error',
    code: 'PACKAGE_TYPES',
    message: `the types of packages that are imported have errors: ${lines.slice(0, 3).join('; ')}`,
    hint: 'Mend or update the package, or leave the check out with --no-types.',
    file,
    line: 1,
    column: 1,
    length: 1
  }
}

/** An error for a compiler that says nothing of types. */
export function compilerFailed(file: string, tsc: string, output: string): Diagnostic {
  return {
    severity: 'error',
    code: 'TYPESCRIPT_FAILED',
    message: `the compiler ${tsc} failed: ${output.trim().slice(0, 500) || 'it printed nothing'}`,
    hint: 'Check that the package typescript beside the file is 5.7 or later and whole.',
    file,
    line: 1,
    column: 1,
    length: 1
  }
}
