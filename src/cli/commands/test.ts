// `millrace test`: runs the cases of test files in memory and prints what was not as expected.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

import { MillraceError, sendConsoleToStderr } from '../../base/index.ts'
import { planOfPackage, readTestFile } from '../../dataflow/index.ts'
import type { Diagnostic, Position, TestFile } from '../../dataflow/index.ts'
import { hasErrors, loadFiles } from '../../server/index.ts'
import { runCase, type CaseResult, type TestTarget } from '../../testing/cases/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, formatDuration, note, print, serialise, styled } from '../output/output.ts'

export interface TestOptions {
  readonly only?: string
  readonly dev?: boolean
  readonly output: 'text' | 'json' | 'yaml'
}

/** A test file with what it tests. */
interface Suite {
  /** As diagnostics name it. */
  readonly file: string
  readonly test: TestFile
  readonly target: TestTarget
}

/** Runs what `paths` name; 0 when all cases passed, 1 when one failed, 2 when a file is wrong or there is no case. */
export async function test(paths: readonly string[], options: TestOptions): Promise<number> {
  sendConsoleToStderr()
  const texts = new Map<string, string>()
  const found: Diagnostic[] = []
  const suites: Suite[] = []
  for (const file of testFiles(paths)) {
    const suite = load(file, options, texts, found)
    if (suite !== null) suites.push(suite)
  }
  if (hasErrors(found)) {
    if (options.output === 'text') printDiagnostics(found, texts)
    else
      print(
        await serialise({ passed: 0, failed: 0, diagnostics: found, cases: [] }, options.output)
      )
    return 2
  }
  const startedAt = performance.now()
  const results: Result[] = []
  for (const { file, test: cases, target } of suites) {
    for (const one of cases.cases) {
      if (options.only !== undefined && !one.name.includes(options.only)) continue
      const result = { file, ...(await runCase(cases, target, one)) }
      results.push(result)
      if (options.output === 'text') noteResult(result)
    }
  }
  if (results.length === 0) throw noCases(paths, options)
  const failed = results.filter(({ failures }) => failures.length > 0).length
  const passed = results.length - failed
  if (options.output === 'text') {
    const time = formatDuration(performance.now() - startedAt)
    note(`${counted(passed, 'case')} passed${failed === 0 ? '' : `, ${failed} failed`} in ${time}`)
  } else {
    const cases = results.map(described)
    print(await serialise({ passed, failed, diagnostics: found, cases }, options.output))
  }
  return failed === 0 ? 0 : 1
}

type Result = CaseResult & { readonly file: string }

/** The test files that paths name: files as they are, of folders all below them. @throws USAGE a path is not there */
function testFiles(paths: readonly string[]): string[] {
  const files = (paths.length === 0 ? ['.'] : paths).flatMap(path => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) {
      throw new MillraceError(
        'USAGE',
        `${path} does not exist; name a test file or a folder with some`
      )
    }
    return found.isDirectory() ? below(path) : [path]
  })
  const unique = [...new Map(files.map(file => [resolve(file), file])).values()]
  if (unique.length > 0) return unique
  throw new MillraceError(
    'USAGE',
    `${paths.join(', ') || 'the current folder'} holds no test file; expected files that end with .test.yaml`
  )
}

function below(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) =>
    a.name < b.name ? -1 : 1
  )
  return entries.flatMap(entry => {
    if (entry.isDirectory()) {
      const isOurs = entry.name !== 'node_modules' && !entry.name.startsWith('.')
      return isOurs ? below(join(folder, entry.name)) : []
    }
    return /\.test\.ya?ml$/.test(entry.name) ? [join(folder, entry.name)] : []
  })
}

/** Reads a test file and compiles what it tests; null after a finding. */
function load(
  path: string,
  options: TestOptions,
  texts: Map<string, string>,
  found: Diagnostic[]
): Suite | null {
  const file = relative('', path) || path
  const text = readFileSync(path, 'utf8')
  texts.set(file, text)
  const read = readTestFile(text, file)
  found.push(...read.diagnostics)
  if (read.test === null) return null
  const { test: cases } = read
  const folder = dirname(path)
  const loaded = loadFiles([cases.file === null ? folder : join(folder, cases.file)], {
    dev: options.dev === true
  })
  for (const [name, content] of loaded.texts) texts.set(name, content)
  found.push(...loaded.diagnostics)
  if (hasErrors(loaded.diagnostics)) return null
  const target = targetOf(loaded)
  if (target !== null) return { file, test: cases, target }
  found.push(notOne(cases.fileAt, loaded.dataflows.length))
  return null
}

function targetOf({ dataflows, packages }: ReturnType<typeof loadFiles>): TestTarget | null {
  const [dataflow, other] = dataflows
  const [only] = packages
  if (dataflow !== undefined && other === undefined) {
    const { plan, path, functions } = dataflow
    // What code made has functions that only its file gives.
    return { plan, path, source: functions === null ? { ...plan, file: path } : path }
  }
  if (only === undefined || dataflow !== undefined) return null
  return { plan: planOfPackage(only.package), path: only.path, source: null }
}

function notOne(at: Position, count: number): Diagnostic {
  const message = `a test file is about one dataflow or package, but this one has ${count} dataflows`
  const hint = 'Say which by "file: dataflow.yaml".'
  return { severity: 'error', code: 'TEST_TARGET', message, hint, ...at, length: 1 }
}

function noCases(paths: readonly string[], { only }: TestOptions): MillraceError {
  const where = paths.join(', ') || 'the current folder'
  return new MillraceError(
    'USAGE',
    `no case of ${where} has ${JSON.stringify(only ?? '')} in its name; expected one to run`
  )
}

const placeOf = ({ file, line, column }: Position): string => `${file}:${line}:${column}`

function noteResult({ name, at, failures }: Result): void {
  if (failures.length === 0) return note(`${styled('green', '✔')} ${name}`)
  note(`${styled('red', '✖')} ${name} (${placeOf(at)})`)
  for (const failure of failures) {
    note(`  ${failure.message} (${placeOf(failure.at)})`)
    for (const { sign, text } of failure.diff) {
      const line = `    ${sign} ${text}`
      note(sign === '-' ? styled('red', line) : sign === '+' ? styled('green', line) : line)
    }
  }
}

function described({ file, name, at, failures }: Result): Readonly<Record<string, unknown>> {
  return {
    file,
    name,
    line: at.line,
    column: at.column,
    passed: failures.length === 0,
    failures: failures.map(failure => ({
      message: failure.message,
      line: failure.at.line,
      column: failure.at.column,
      diff: failure.diff.map(({ sign, text }) => `${sign} ${text}`)
    }))
  }
}
