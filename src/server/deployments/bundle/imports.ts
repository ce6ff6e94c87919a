// Which files modules import from each other, and which packages of npm; the manifests that say how they are read.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, extname, join, resolve, sep } from 'node:path'

import { MillraceError, silenceExperimentalNotices } from '../../../base/index.ts'
import { importsOf, isOfPackage, packageOf } from '../../files/module-imports.ts'

/** A package and a folder from which it is found. */
export interface PackageUse {
  readonly name: string
  readonly from: string
}

/** Files that belong together. */
export class ImportedFiles {
  readonly #files = new Set<string>()
  readonly #packages = new Map<string, PackageUse>()

  get files(): readonly string[] {
    return [...this.#files].toSorted()
  }

  get packages(): readonly PackageUse[] {
    return [...this.#packages.values()]
  }

  /** A file as it is. */
  addOther(path: string): void {
    this.#files.add(path)
  }

  /** A file, or a folder with everything in it but node_modules and hidden names. @throws BUNDLE_FILE */
  addTree(path: string): void {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) throw missing(path, '--include')
    if (!found.isDirectory()) return this.addOther(path)
    for (const name of readdirSync(path)) {
      if (name !== 'node_modules' && !name.startsWith('.')) this.addTree(join(path, name))
    }
  }

  /** A package that a file in `from` or above uses. */
  addPackage(name: string, from: string): void {
    if (name !== 'millrace') this.#packages.set(`${name}\n${from}`, { name, from })
  }

  /** A module with all that it imports. @throws BUNDLE_FILE */
  addModule(path: string, from = 'the deployment'): void {
    if (this.#files.has(path)) return
    if (!existsSync(path)) throw missing(path, from)
    this.#files.add(path)
    this.#addManifest(dirname(path))
    if (extname(path) === '.json') return
    for (const specifier of specifiersOf(path)) {
      if (specifier.startsWith('.')) this.addModule(resolve(dirname(path), specifier), path)
      else if (isOfPackage(specifier)) this.addPackage(packageOf(specifier), dirname(path))
    }
  }

  /** The nearest package.json says whether modules are of the new or the old kind. */
  #addManifest(folder: string): void {
    for (let at = folder; ; at = dirname(at)) {
      const path = join(at, 'package.json')
      if (existsSync(path)) {
        const text = readFileSync(path, 'utf8')
        // Others would only make the folder larger that all files have in common.
        if (/"(type|imports)"\s*:/.test(text)) this.#files.add(path)
        return
      }
      if (dirname(at) === at || at.split(sep).at(-1) === 'node_modules') return
    }
  }
}

function specifiersOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const code = /\.[mc]?ts$/.test(path) ? withoutTypes(text) : text
  return importsOf(code).map(({ specifier }) => specifier)
}

/** What cannot be stripped is told when it is loaded. */
function withoutTypes(text: string): string {
  const speak = silenceExperimentalNotices()
  try {
    return stripTypeScriptTypes(text)
  } catch {
    return ''
  } finally {
    speak()
  }
}

function missing(path: string, from: string): MillraceError {
  return new MillraceError(
    'BUNDLE_FILE',
    `${from} takes ${path}, and there is no such file; correct the path, or create it`
  )
}
