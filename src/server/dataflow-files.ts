// From the paths of a command line to checked dataflows: finds the files, reads and compiles them.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

import { compile, describeType, isScalarType } from '../dataflow/index.ts'
import type { Diagnostic } from '../dataflow/diagnostics.ts'
import type { Plan, TopicPlan } from '../dataflow/plan.ts'

/** A dataflow file that compiled. */
export interface LoadedDataflow {
  readonly plan: Plan
  /** Absolute path of the file. */
  readonly path: string
  /** Absolute folder of the file: `uses` files are found from here. */
  readonly folder: string
}

/** What the paths came to. */
export interface LoadedFiles {
  readonly dataflows: readonly LoadedDataflow[]
  readonly diagnostics: readonly Diagnostic[]
  /** Text of each file that was read, by the name in diagnostics. For code frames. */
  readonly texts: ReadonlyMap<string, string>
}

const STANDARD_NAMES = ['dataflow.yaml', 'dataflow.yml']
const MODULE_NAMES = ['module.yaml', 'module.yml']

/** Reads and compiles what `paths` name; with none, the current folder. Never throws for what users wrote. */
export function loadDataflows(paths: readonly string[]): LoadedFiles {
  const diagnostics: Diagnostic[] = []
  const texts = new Map<string, string>()
  const dataflows: LoadedDataflow[] = []
  const seen = new Set<string>()
  for (const path of paths.length === 0 ? ['.'] : paths) {
    for (const file of filesOf(path, diagnostics)) {
      const full = resolve(file)
      if (seen.has(full)) continue
      seen.add(full)
      const loaded = loadFile(file, texts, diagnostics)
      if (loaded !== null) dataflows.push(loaded)
    }
  }
  checkUnique(dataflows, diagnostics)
  checkSharedTopics(dataflows, diagnostics)
  return { dataflows, diagnostics, texts }
}

/** Whether there is an error among the diagnostics. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(diagnostic => diagnostic.severity === 'error')
}

function filesOf(path: string, diagnostics: Diagnostic[]): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    diagnostics.push(fileError('FILE_NOT_FOUND', path, `${path} does not exist`, nearestHint(path)))
    return []
  }
  if (!found.isDirectory()) {
    if (!MODULE_NAMES.includes(basename(path))) return [path]
    diagnostics.push(moduleError(path))
    return []
  }
  const names = readdirSync(path).toSorted()
  const standard = STANDARD_NAMES.find(name => names.includes(name))
  if (standard !== undefined) return [join(path, standard)]
  const files = names.filter(name => /\.ya?ml$/.test(name)).map(name => join(path, name))
  const dataflows = files.filter(file => isDataflow(readText(file) ?? ''))
  if (dataflows.length > 0) return dataflows
  const module = MODULE_NAMES.find(name => names.includes(name))
  diagnostics.push(
    module === undefined
      ? fileError(
          'FILE_NOT_FOUND',
          path,
          `the folder ${path} holds no dataflow: no dataflow.yaml and no other .yaml file with apiVersion and services`,
          'Name a dataflow file, or create a starter: millrace init my-flow'
        )
      : moduleError(join(path, module))
  )
  return []
}

function loadFile(
  file: string,
  texts: Map<string, string>,
  diagnostics: Diagnostic[]
): LoadedDataflow | null {
  const text = readText(file)
  if (text === null) {
    diagnostics.push(
      fileError('FILE_UNREADABLE', file, `${file} cannot be read as UTF-8 text`, null)
    )
    return null
  }
  const name = relative('', file) || file
  texts.set(name, text)
  const folder = dirname(resolve(file))
  const result = compile(text, {
    file: name,
    readModule: specifier => readText(join(folder, specifier))
  })
  diagnostics.push(...result.diagnostics)
  return result.plan === null ? null : { plan: result.plan, path: resolve(file), folder }
}

function readText(path: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch {
    return null
  }
}

function isDataflow(text: string): boolean {
  return /^apiVersion\s*:/m.test(text) && /^services\s*:/m.test(text)
}

/** Two dataflows of one name would share positions, changelog and dead letters. */
function checkUnique(dataflows: readonly LoadedDataflow[], diagnostics: Diagnostic[]): void {
  const first = new Map<string, LoadedDataflow>()
  for (const dataflow of dataflows) {
    const { name, file } = dataflow.plan
    const other = first.get(name)
    if (other === undefined) {
      first.set(name, dataflow)
      continue
    }
    diagnostics.push(
      fileError(
        'DATAFLOW_DUPLICATE',
        file,
        `the dataflow is called "${name}", and so is that of ${other.plan.file}`,
        'Give each dataflow of a run its own name under meta.'
      )
    )
  }
}

/** Warns of a topic whose bytes one dataflow takes for another kind of value than the next. */
function checkSharedTopics(dataflows: readonly LoadedDataflow[], diagnostics: Diagnostic[]): void {
  const first = new Map<string, { readonly form: string; readonly file: string }>()
  for (const { plan } of dataflows) {
    for (const topic of Object.values(plan.topics)) {
      const form = formOf(topic)
      const other = first.get(topic.name)
      if (form === null || other?.form === form) continue
      if (other === undefined) {
        first.set(topic.name, { form, file: plan.file })
        continue
      }
      diagnostics.push({
        severity: 'warning',
        code: 'TOPIC_TYPES_DIFFER',
        message: `the topic ${topic.name} has values as ${form} here, and as ${other.form} in ${other.file}`,
        hint: 'Declare it alike in both, or give one of them another name.',
        ...topic.at,
        length: 1
      })
    }
  }
}

/** What a topic's values are as bytes; JSON is a text like others, and bytes, null, may be anything. */
function formOf({ value: { type, converter } }: TopicPlan): string | null {
  if (converter === 'json' || !isScalarType(type)) return 'text'
  if (type.kind === 'bytes') return null
  return type.kind === 'string' || type.kind === 'decimal' ? 'text' : `raw ${describeType(type)}`
}

function nearestHint(path: string): string | null {
  const folder = dirname(path)
  try {
    const names = readdirSync(folder).filter(name => /\.ya?ml$/.test(name))
    return names.length === 0 ? null : `There is ${names.slice(0, 5).join(', ')} in ${folder}.`
  } catch {
    return null
  }
}

function moduleError(path: string): Diagnostic {
  return fileError(
    'MODULE_UNSUPPORTED',
    path,
    `${path} declares stateful functions; this release runs dataflow files only`,
    'Leave it away for now; CHANGELOG.md says what each release runs.'
  )
}

function fileError(code: string, file: string, message: string, hint: string | null): Diagnostic {
  return { severity: 'error', code, message, hint, file, line: 1, column: 1, length: 1 }
}
