// Puts the files together that dataflows and modules need to run elsewhere: what they name and what that imports.
//
// Files keep their places to each other, below the folder that they have in common; npm packages stand in its
// node_modules, as they are installed.
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'

import { MillraceError, messageOf } from '../../../base/index.ts'
import type { Diagnostic } from '../../../dataflow/diagnostics.ts'
import type { ModulePlan } from '../../../functions/index.ts'
import { isBuiltFile } from '../../files/built-dataflows.ts'
import { hasErrors, loadFiles } from '../../files/dataflow-files.ts'
import type { LoadedFiles } from '../../files/dataflow-files.ts'
import type { Bundle, BundledFile } from '../contract.ts'
import { ImportedFiles } from './imports.ts'
import { InstalledPackages } from './packages.ts'

/** What is to be put together. */
export interface CollectRequest {
  /** As for a run. */
  readonly paths: readonly string[]
  readonly functionFiles: readonly string[]
  /** Further files and folders that the code reads by itself. */
  readonly include: readonly string[]
  readonly dev: boolean
}

/** What it came to. */
export interface Collected {
  /** null iff a diagnostic is an error. */
  readonly bundle: Bundle | null
  /** The folder that all files have in common: paths of the bundle count from there. */
  readonly root: string
  /** Names of what is deployed: dataflows first. */
  readonly names: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  readonly texts: ReadonlyMap<string, string>
}

/**
 * Collects the files of dataflows and modules.
 * @throws BUNDLE_FILE an import or an included file is missing
 */
export function collectBundle(request: CollectRequest): Collected {
  const read = new Set<string>()
  const files = loadFiles(request.paths, { dev: request.dev, onRead: path => read.add(path) })
  const { diagnostics, texts } = files
  const names = namesIn(files)
  if (hasErrors(diagnostics)) return { bundle: null, root: resolve('.'), names, diagnostics, texts }
  const entries = [...files.dataflows, ...files.modules].map(({ path }) => path)
  const functionFiles = request.functionFiles.map(file => resolve(file))
  const imports = new ImportedFiles()
  for (const path of [...read, ...modulesOf(files), ...functionFiles]) addFile(imports, path)
  for (const path of tlsFilesOf(files)) imports.addOther(path)
  for (const path of request.include) imports.addTree(resolve(path))
  const root = commonFolder(imports.files)
  const packages = new InstalledPackages(root)
  for (const { name, from } of imports.packages) packages.add(name, from)
  const own = imports.files.map(path => fileAt(path, slashed(relative(root, path))))
  const inRoot = (path: string): string => slashed(relative(root, path))
  const bundle: Bundle = {
    files: [...own, ...packages.files].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    entries: [...new Set(entries)].map(inRoot),
    functionFiles: functionFiles.map(inRoot)
  }
  return { bundle, root, names, diagnostics, texts }
}

/** Code is followed into what it imports; the rest is taken as it is. */
function addFile(imports: ImportedFiles, path: string): void {
  // Packages of millrace that npm installed come with their whole folder.
  const installed = installedName(path)
  if (installed !== null) imports.addPackage(installed.name, installed.from)
  else if (isBuiltFile(path)) imports.addModule(path)
  else imports.addOther(path)
}

/** `acme-words` of `/app/node_modules/acme-words/package.yaml`; null for files that nothing installed. */
function installedName(path: string): { readonly name: string; readonly from: string } | null {
  const words = path.split(sep)
  const at = words.lastIndexOf('node_modules')
  if (at < 0) return null
  const count = words[at + 1]!.startsWith('@') ? 2 : 1
  const name = words.slice(at + 1, at + 1 + count).join('/')
  return { name, from: words.slice(0, at).join(sep) || sep }
}

function namesIn({ dataflows, modules }: LoadedFiles): string[] {
  const applications = modules.flatMap(({ plan }) => plan.application?.name ?? [])
  const names = [...dataflows.map(({ plan }) => plan.name), ...applications]
  if (names.length > 0 || modules.length === 0) return [...new Set(names)]
  // A module file without a name is known by its folder.
  return [basename(dirname(modules[0]!.path))]
}

/** Modules that steps name: also those that the compiler did not look into. */
function modulesOf({ dataflows }: LoadedFiles): string[] {
  const found: string[] = []
  for (const { plan, folder } of dataflows) {
    JSON.stringify(plan.services, (_, value: unknown) => {
      const code = value as { readonly kind?: unknown; readonly specifier?: unknown } | null
      if (
        typeof code === 'object' &&
        code?.kind === 'module' &&
        typeof code.specifier === 'string'
      ) {
        found.push(...moduleFile(folder, code.specifier))
      }
      return value
    })
  }
  return found
}

function moduleFile(folder: string, specifier: string): string[] {
  if (specifier.startsWith('.')) return [join(folder, specifier)]
  // An installed package: any path within it leads to its name.
  return [join(folder, 'node_modules', specifier)]
}

/** Certificates and keys of endpoints. */
function tlsFilesOf({ modules }: LoadedFiles): string[] {
  return modules.flatMap(({ plan, path }) =>
    plan.endpoints.flatMap(endpoint => tlsOf(endpoint).map(file => resolve(dirname(path), file)))
  )
}

function tlsOf({ transport }: ModulePlan['endpoints'][number]): string[] {
  if (transport.kind !== 'async') return []
  const { trustCacerts, clientCert, clientKey, clientKeyPassword } = transport.tls
  return [trustCacerts, clientCert, clientKey, clientKeyPassword].filter(file => file !== null)
}

function commonFolder(files: readonly string[]): string {
  const all = files.map(file => dirname(file).split(sep))
  const first = all[0]!
  let length = first.length
  for (const words of all) {
    let same = 0
    while (same < length && words[same] === first[same]) same++
    length = same
  }
  return first.slice(0, length).join(sep) || sep
}

function fileAt(full: string, path: string): BundledFile {
  try {
    return { path, bytes: readFileSync(full) }
  } catch (error) {
    const what =
      statSync(full, { throwIfNoEntry: false })?.isDirectory() === true
        ? 'is a folder'
        : messageOf(error)
    throw new MillraceError('BUNDLE_FILE', `${full} cannot be deployed: ${what}; expected a file`)
  }
}

function slashed(path: string): string {
  return path.split(sep).join('/')
}
