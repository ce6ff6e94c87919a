// From the paths of a command line to checked dataflows and modules: finds the files, reads and compiles them.
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

import {
  compile,
  compilePackage,
  describeType,
  isScalarType,
  nearestWord
} from '../../dataflow/index.ts'
import type { PackageModel, PackageRequest } from '../../dataflow/index.ts'
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import type { Plan, StepPlan, TopicPlan } from '../../dataflow/plan.ts'
import { combineModules, compileModule, type ModulePlan } from '../../functions/index.ts'
import { compileBuiltFile, isBuiltFile } from './built-dataflows.ts'
import { fileError, withShortName } from './file-error.ts'
import { PACKAGE_NAMES, isPackageFile, packageReader, readText } from './package-files.ts'

/** A dataflow file that compiled. */
export interface LoadedDataflow {
  readonly plan: Plan
  /** Absolute path of the file. */
  readonly path: string
  /** Absolute folder of the file: `uses` files are found from here. */
  readonly folder: string
  /** The functions themselves, by the plan's steps, of a dataflow that code made; null of one in YAML. */
  readonly functions: ReadonlyMap<StepPlan, (...args: never[]) => unknown> | null
}

/** A module file that compiled. */
export interface LoadedModule {
  readonly plan: ModulePlan
  /** Absolute path of the file. */
  readonly path: string
  /** As diagnostics name it. */
  readonly file: string
}

/** A module file with errors. */
export interface BrokenModule extends LoadedModule {
  /** Whether no endpoint is missing in its plan. */
  readonly hasAllEndpoints: boolean
}

/** A package file that compiled. */
export interface LoadedPackage {
  readonly package: PackageModel
  /** Absolute path of the file. */
  readonly path: string
  /** Absolute folder of the file. */
  readonly folder: string
  /** As diagnostics name it. */
  readonly file: string
}

/** What the paths came to. */
export interface LoadedFiles {
  readonly dataflows: readonly LoadedDataflow[]
  /** Package files that were named themselves, or stand alone in a folder that was. */
  readonly packages: readonly LoadedPackage[]
  /** Module files; their components fit together when there is no error among the diagnostics. */
  readonly modules: readonly LoadedModule[]
  /** Module files with errors, as far as they could be read: for further findings. */
  readonly brokenModules: readonly BrokenModule[]
  readonly diagnostics: readonly Diagnostic[]
  /** Text of each file that was read, by the name in diagnostics. For code frames. */
  readonly texts: ReadonlyMap<string, string>
}

const STANDARD_NAMES = ['dataflow.yaml', 'dataflow.yml', 'dataflow.ts', 'dataflow.js']
const MODULE_NAMES = ['module.yaml', 'module.yml']

/** How files are read. */
export interface LoadOptions {
  /** Whether the sections `dev` count; by default they do not. */
  readonly dev?: boolean
  /** Whether the modules of functions are read for what they export; by default they are. */
  readonly modules?: boolean
  /** Told of the absolute path of each file that is read: schemas, modules, packages and the files themselves. */
  onRead?(path: string): void
}

/** Reads and compiles what `paths` name; with none, the current folder. Never throws for what users wrote. */
export function loadFiles(paths: readonly string[], options: LoadOptions = {}): LoadedFiles {
  const diagnostics: Diagnostic[] = []
  const texts = new Map<string, string>()
  const dataflows: LoadedDataflow[] = []
  const modules: LoadedModule[] = []
  const brokenModules: BrokenModule[] = []
  const packages: LoadedPackage[] = []
  const seen = new Set<string>()
  const left: LeftFile[] = []
  for (const path of paths.length === 0 ? ['.'] : paths) {
    for (const file of filesOf(path, diagnostics, left)) {
      const full = resolve(file)
      if (seen.has(full)) continue
      seen.add(full)
      options.onRead?.(full)
      if (isBuiltFile(file)) {
        dataflows.push(...loadBuiltFile(file, texts, diagnostics))
        continue
      }
      const loaded = loadFile(file, texts, diagnostics, options)
      if (loaded === null) continue
      if ('package' in loaded) packages.push(loaded)
      else if ('folder' in loaded) dataflows.push(loaded)
      else if ('hasAllEndpoints' in loaded) brokenModules.push(loaded)
      else modules.push(loaded)
    }
  }
  for (const one of left) if (!seen.has(resolve(one.file))) diagnostics.push(leftOut(one))
  checkUnique(dataflows, diagnostics)
  checkSharedTopics(dataflows, diagnostics)
  const plans = [...modules, ...brokenModules].map(module => module.plan)
  diagnostics.push(...combineModules(plans).diagnostics)
  return { dataflows, packages, modules, brokenModules, diagnostics, texts }
}

/** Whether there is an error among the diagnostics. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(diagnostic => diagnostic.severity === 'error')
}

/** A dataflow or module in a folder that is not among the files that the folder means. */
interface LeftFile {
  readonly file: string
  /** The names of those. */
  readonly taken: readonly string[]
}

function leftOut({ file, taken }: LeftFile): Diagnostic {
  const message = `${nameOf(file)} is not part of this: its folder stands for ${taken.join(' and ')} alone`
  const hint = `Name it, too, if it is to be: ${nameOf(dirname(file))} ${nameOf(file)}`
  return { ...fileError('FILE_SKIPPED', nameOf(file), message, hint), severity: 'warning' }
}

function filesOf(path: string, diagnostics: Diagnostic[], left: LeftFile[]): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    diagnostics.push(fileError('FILE_NOT_FOUND', path, `${path} does not exist`, nearestHint(path)))
    return []
  }
  if (!found.isDirectory()) return [path]
  const names = readdirSync(path).toSorted()
  const standard = [STANDARD_NAMES, MODULE_NAMES].flatMap(
    known => known.find(name => names.includes(name)) ?? []
  )
  const files = names.filter(name => /\.ya?ml$/.test(name)).map(name => join(path, name))
  const known = files.filter(file => {
    const text = readText(file) ?? ''
    return isDataflow(text) || isModule(file, text)
  })
  if (standard.length > 0) {
    const taken = standard.map(name => join(path, name))
    const others = known.filter(file => !taken.includes(file))
    left.push(...others.map(file => ({ file, taken: standard })))
    return taken
  }
  const packaged = PACKAGE_NAMES.find(name => names.includes(name))
  if (packaged !== undefined) return [join(path, packaged)]
  if (known.length > 0) return known
  diagnostics.push(
    fileError(
      'FILE_NOT_FOUND',
      path,
      `the folder ${path} holds no dataflow and no module: no dataflow.yaml or dataflow.ts, no module.yaml and ` +
        'no other .yaml file ' +
        'with apiVersion and services, or with the kind of a component',
      'Name a file, or create a starter: millrace init my-flow'
    )
  )
  return []
}

function loadFile(
  file: string,
  texts: Map<string, string>,
  diagnostics: Diagnostic[],
  { dev = false, modules = true, onRead }: LoadOptions
): LoadedDataflow | LoadedModule | BrokenModule | LoadedPackage | null {
  const text = readText(file)
  if (text === null) {
    diagnostics.push(
      fileError('FILE_UNREADABLE', file, `${file} cannot be read as UTF-8 text`, null)
    )
    return null
  }
  const name = relative('', file) || file
  texts.set(name, text)
  if (isModule(file, text)) {
    const compiled = compileModule(text, { file: name })
    const { plan, readable, hasAllEndpoints } = compiled
    diagnostics.push(...compiled.diagnostics)
    const place = { path: resolve(file), file: name }
    return plan === null ? { plan: readable, hasAllEndpoints, ...place } : { plan, ...place }
  }
  const folder = dirname(resolve(file))
  const read = (specifier: string): string | null => {
    const text = readText(join(folder, specifier))
    if (text !== null) onRead?.(join(folder, specifier))
    return text
  }
  const findPackage = packageReader(folder)
  const compileOptions = {
    file: name,
    dev,
    readSchema: (specifier: string) => {
      const text = read(specifier)
      if (text !== null) texts.set(join(dirname(name), specifier), text)
      return text
    },
    ...(modules ? { readModule: read } : {}),
    readPackage: (request: PackageRequest) => {
      const source = findPackage(request)
      if (source.kind === 'found') onRead?.(source.file)
      return source
    }
  }
  if (isPackageFile(file, text)) {
    const found = compilePackage(text, compileOptions)
    diagnostics.push(...found.diagnostics.map(withShortName))
    return found.package === null
      ? null
      : { package: found.package, path: resolve(file), folder, file: name }
  }
  const result = compile(text, compileOptions)
  diagnostics.push(...result.diagnostics.map(withShortName))
  const { plan } = result
  return plan === null ? null : { plan, path: resolve(file), folder, functions: null }
}

/** The dataflows that a module exports. */
function loadBuiltFile(
  file: string,
  texts: Map<string, string>,
  diagnostics: Diagnostic[]
): LoadedDataflow[] {
  const path = resolve(file)
  const read = (from: string): string | null => {
    const text = readText(from)
    if (text !== null) texts.set(nameOf(from), text)
    return text
  }
  read(path)
  return compileBuiltFile(path, { nameOf, readText: read }).flatMap(built => {
    diagnostics.push(...built.diagnostics)
    const { plan, functions } = built
    return plan === null ? [] : [{ plan, path, folder: dirname(path), functions }]
  })
}

/** A file's name in diagnostics. */
export function nameOf(path: string): string {
  return relative('', path) || path
}

function isDataflow(text: string): boolean {
  return /^apiVersion\s*:/m.test(text) && /^services\s*:/m.test(text)
}

/** By its name, or by components or the older layouts' section in it. */
function isModule(file: string, text: string): boolean {
  if (MODULE_NAMES.includes(basename(file))) return true
  return /^(?:kind\s*:\s*['"]?io\.|module\s*:|-\s+function\s*:)/m.test(text)
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
    const names = readdirSync(folder).filter(name => /\.(ya?ml|[mc]?[jt]s)$/.test(name))
    const nearest = nearestWord(basename(path), names)
    if (nearest !== null) return `Did you mean ${join(folder, nearest)}?`
    const shown = names.filter(name => /\.ya?ml$/.test(name)).slice(0, 5)
    const place = folder === '.' ? 'this folder' : `the folder ${folder}`
    return shown.length === 0 ? null : `In ${place} there is ${shown.join(', ')}.`
  } catch {
    return null
  }
}
