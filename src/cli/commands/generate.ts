// `millrace generate`: TypeScript from what a dataflow or package declares: types, stubs of functions, a package.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import { planOfPackage } from '../../dataflow/index.ts'
import type { Plan } from '../../dataflow/index.ts'
import {
  hasErrors,
  loadFiles,
  packageSkeleton,
  stubModules,
  TYPES_MODULE,
  typesText
} from '../../server/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, note, print } from '../output/output.ts'

export interface GenerateTypesOptions {
  readonly out?: string
}

export interface GeneratePackageOptions {
  readonly name?: string
  readonly namespace?: string
}

/** Writes the types of a file as a TypeScript module, to stdout or `out`. */
export function generateTypes(path: string, { out }: GenerateTypesOptions): number {
  const target = load(path)
  if (target === null) return 2
  const text = typesText(target.plan, basename(target.path))
  if (out === undefined) print(text.trimEnd())
  else write(resolve(out), text)
  return 0
}

/** Writes a stub for every function that a file names in a module and that is not there, and the types beside it. */
export function generateFunctions(path: string): number {
  const target = load(path)
  if (target === null) return 2
  const { plan, folder } = target
  const modules = stubModules(plan, folder)
  for (const module of modules) {
    write(module.path, module.text)
    note(`  ${counted(module.functions.length, 'function')}: ${module.functions.join(', ')}`)
  }
  const types = join(folder, TYPES_MODULE)
  const isNeeded = modules.some(({ text }) => text.includes(TYPES_MODULE))
  if (isNeeded) {
    const text = typesText(plan, basename(target.path))
    const isOurs =
      !existsSync(types) || readFileSync(types, 'utf8').includes('made by millrace generate')
    if (!isOurs) {
      throw new MillraceError(
        'USAGE',
        `${types} is there and was written by hand; rename it, or write the types yourself`
      )
    }
    write(types, text)
  }
  if (modules.length === 0) note('every function that is named in a module is there')
  return 0
}

/** Makes a package of a dataflow's types, states and inline functions in a new folder. */
export function generatePackage(
  path: string,
  folder: string,
  options: GeneratePackageOptions
): number {
  const target = load(path)
  if (target === null) return 2
  const full = resolve(folder)
  if (existsSync(full) && readdirSync(full).length > 0) {
    throw new MillraceError(
      'USAGE',
      `${folder} is not empty; a package is made in a new folder: name another`
    )
  }
  const { name = target.plan.name, namespace = target.plan.namespace } = options
  for (const word of [name, namespace]) {
    if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(word)) continue
    throw new MillraceError(
      'USAGE',
      `"${word}" is no name for a package; expected lower-case words with hyphens`
    )
  }
  for (const [file, text] of packageSkeleton(target.plan, { name, namespace }))
    write(join(full, file), text)
  return 0
}

interface Target {
  readonly plan: Plan
  readonly path: string
  readonly folder: string
}

/** The dataflow or package of a path; functions that are not written yet are no finding here. null after one. */
function load(path: string): Target | null {
  const { dataflows, packages, diagnostics, texts } = loadFiles([path], { modules: false })
  printDiagnostics(diagnostics, texts)
  if (hasErrors(diagnostics)) return null
  const [packaged] = packages
  const [dataflow] = dataflows
  if (packaged !== undefined) {
    return { plan: planOfPackage(packaged.package), path: packaged.path, folder: packaged.folder }
  }
  if (dataflow !== undefined) return dataflow
  throw new MillraceError('USAGE', `${path} holds no dataflow and no package; name a file of one`)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const was = existsSync(path) ? 'changed' : 'created'
  writeFileSync(path, text)
  note(`${was} ${relative('', path)}`)
}
