// Installs what a language's test needs, once, in a cache inside node_modules; says what is missing where it cannot.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { finished, ROOT } from '../command.ts'

/** How to start a language's functions. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
}

/** A program, or why there is none on this machine. */
export type Prepared = { readonly program: Program } | { readonly missing: string }

/** One language of an original SDK. */
export interface Toolchain {
  readonly language: string
  /** Resolves with a program; rejects when the installation fails for another reason than a missing tool or network. */
  prepare(): Promise<Prepared>
}

interface Recipe {
  readonly language: string
  /** Each must be there; what they print of their version is part of the cache's key. */
  readonly tools: readonly (readonly [string, ...string[]])[]
  /** Commands that fill `cache` from `source`. */
  install(source: string, cache: string): readonly (readonly [string, ...string[]])[]
  program(source: string, cache: string): Program
}

const CACHE = join(ROOT, 'node_modules/.cache/millrace-sdks')
/** What pip, go and Maven print when a registry cannot be reached. */
const UNREACHABLE = new RegExp(
  [
    'Temporary failure in name resolution',
    'Name or service not known',
    'NewConnectionError',
    'Network is unreachable',
    'no such host',
    'dial tcp',
    'i/o timeout',
    'Connection (refused|timed out)',
    'Could not transfer artifact'
  ].join('|'),
  'i'
)

/** The SDK of 2.x, whose functions are others. */
export const PYTHON_2: Toolchain = python('python-2')

/** The SDKs of 3.x that are not JavaScript. */
export const TOOLCHAINS: readonly Toolchain[] = [
  python('python'),
  toolchain({
    language: 'go',
    tools: [['go', 'version']],
    install: (source, cache) => [
      ['go', 'build', '-C', source, '-mod=readonly', '-o', join(cache, 'functions'), '.']
    ],
    program: (_, cache) => ({ command: join(cache, 'functions'), args: [] })
  })
]

function python(language: string): Toolchain {
  return toolchain({
    language,
    tools: [['python3', '--version']],
    install: (source, cache) => [
      ['python3', '-m', 'venv', cache],
      [
        join(cache, 'bin/pip'),
        'install',
        '--disable-pip-version-check',
        '--quiet',
        '--no-deps',
        '-r',
        join(source, 'requirements.txt')
      ]
    ],
    program: (source, cache) => ({
      command: join(cache, 'bin/python'),
      args: [join(source, 'functions.py')]
    })
  })
}

function toolchain(recipe: Recipe): Toolchain {
  return { language: recipe.language, prepare: () => prepare(recipe) }
}

async function prepare({ language, tools, install, program }: Recipe): Promise<Prepared> {
  const versions: string[] = []
  for (const tool of tools) {
    const { code, stdout, stderr } = await execute(tool)
    if (code !== 0) return { missing: `${tool[0]} is not installed: ${stderr.trim()}` }
    versions.push(stdout + stderr)
  }
  const source = resolve(import.meta.dirname, language)
  const cache = join(CACHE, `${language}-${digest(source, versions)}`)
  const done = join(cache, 'installed')
  if (!existsSync(done)) {
    rmSync(cache, { recursive: true, force: true })
    mkdirSync(cache, { recursive: true })
    for (const command of install(source, cache)) {
      const { code, stdout, stderr } = await execute(command)
      if (code === 0) continue
      const said = `${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`
      if (UNREACHABLE.test(said)) return { missing: `a registry cannot be reached: ${said}` }
      throw new Error(said)
    }
    writeFileSync(done, '')
  }
  return { program: program(source, cache) }
}

/** Of everything that decides what is installed. */
function digest(source: string, versions: readonly string[]): string {
  const hash = createHash('sha256').update(versions.join('\n'))
  for (const file of globSync('**/*', { cwd: source, withFileTypes: true })) {
    if (file.isFile()) hash.update(readFileSync(join(file.parentPath, file.name)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function execute([command, ...args]: readonly [string, ...string[]]): Promise<
  Awaited<ReturnType<typeof finished>>
> {
  try {
    return await finished(spawn(command, args, { env: { ...process.env, CGO_ENABLED: '0' } }))
  } catch (error) {
    return { code: -1, signal: null, stdout: '', stderr: String(error) }
  }
}
