// Packages of npm that a deployment needs, as they are installed here: each with its files and its own dependencies.
//
// One version of a name stands in node_modules of the bundle; where another package needs another version of it, that
// one stands in the package's own node_modules, as npm does it.
import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { MillraceError } from '../../../base/index.ts'
import { BUNDLE_BYTES_MAX, BUNDLE_FILES_MAX } from '../contract.ts'
import type { BundledFile } from '../contract.ts'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Packages for one bundle. */
export class InstalledPackages {
  readonly files: BundledFile[] = []
  /** Where a package was taken from, by its place in the bundle. */
  readonly #taken = new Map<string, string>()
  #bytes = 0

  /** `root` is the folder whose node_modules come first for names that several places have. */
  constructor(root: string) {
    this.#root = root
  }

  readonly #root: string

  /** Adds what code in `from` gets for `name`. @throws BUNDLE_PACKAGE it is not installed · DEPLOYMENT_TOO_LARGE */
  add(name: string, from: string): void {
    const found = findPackage(name, from) ?? findPackage(name, this.#root)
    if (found === null) throw notInstalled(name, from)
    this.#place(name, found, 'node_modules')
  }

  #place(name: string, folder: string, into: string): void {
    const shared = `node_modules/${name}`
    const there = this.#taken.get(shared)
    if (there === folder) return
    const place = there === undefined ? shared : `${into}/${name}`
    if (this.#taken.get(place) === folder) return
    this.#taken.set(place, folder)
    this.#copy(folder, place)
    const manifest = readManifest(folder)
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const found = findPackage(dependency, folder)
      if (found === null) throw notInstalled(dependency, folder)
      this.#place(dependency, found, `${place}/node_modules`)
    }
    const optional = { ...manifest.optionalDependencies, ...manifest.peerDependencies }
    for (const dependency of Object.keys(optional)) {
      const found = dependency === 'millrace' ? null : findPackage(dependency, folder)
      if (found !== null) this.#place(dependency, found, `${place}/node_modules`)
    }
  }

  #copy(folder: string, place: string): void {
    for (const entry of readdirSync(folder)) {
      if (entry === 'node_modules' || entry === '.git') continue
      const full = join(folder, entry)
      const found = statSync(full, { throwIfNoEntry: false })
      if (found?.isDirectory() === true) this.#copy(full, `${place}/${entry}`)
      else if (found?.isFile() === true) this.#add(`${place}/${entry}`, readFileSync(full))
    }
  }

  #add(path: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes > BUNDLE_BYTES_MAX || this.files.length >= BUNDLE_FILES_MAX) {
      throw new MillraceError(
        'DEPLOYMENT_TOO_LARGE',
        `the packages of npm that are imported have more than ${BUNDLE_FILES_MAX} files or ${BUNDLE_BYTES_MAX} ` +
          'bytes; import less, or bundle the code into one file before it is deployed'
      )
    }
    this.files.push({ path, bytes })
  }
}

/** The real folder of a package, as Node finds it from a folder; null: it is not installed. */
function findPackage(name: string, from: string): string | null {
  for (let at = from; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name)
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return realpathSync(path)
    if (dirname(at) === at) return null
  }
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return {}
  }
}

function notInstalled(name: string, from: string): MillraceError {
  return new MillraceError(
    'BUNDLE_PACKAGE',
    `the package ${name} is imported in ${from}, and no node_modules from there upwards has it; ` +
      `install it: npm install ${name}`
  )
}
