// Finds package files for the compiler: by their path, or as npm packages from the importing file's folder upwards.
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'

import type { PackageRequest, PackageSource } from '../../dataflow/index.ts'

/** Names of package files; the last is that of packages for Fluvio's tool. */
export const PACKAGE_NAMES: readonly string[] = ['package.yaml', 'package.yml', 'sdf-package.yaml']

/** Files of these versions have functions and states at the top beside their operations, and there are no packages. */
const WITHOUT_PACKAGES = /^apiVersion\s*:\s*["']?0\.[123]\./m

/** Whether a file is a package: by its name, or because it has functions, types or states, but no services. */
export function isPackageFile(file: string, text: string): boolean {
  if (PACKAGE_NAMES.includes(basename(file))) return true
  if (!/^apiVersion\s*:/m.test(text) || WITHOUT_PACKAGES.test(text)) return false
  if (/^(services|topics)\s*:/m.test(text)) return false
  return /^(functions|types|states)\s*:/m.test(text) && !/^kind\s*:/m.test(text)
}

/** Finds packages that the file of an absolute `folder` imports. */
export function packageReader(folder: string): (request: PackageRequest) => PackageSource {
  return ({ path, npmName, from }) => {
    const start = resolve(folder, from)
    const file = path === null ? findInstalled(start, npmName) : findAt(resolve(start, path))
    if (file === null) {
      return path === null
        ? {
            kind: 'missing',
            message: `no node_modules from ${start} upwards holds ${npmName} with a ${PACKAGE_NAMES[0]!}`,
            hint: `Install it (npm install ${npmName}), or say "path" for a folder or "package" for another npm name.`
          }
        : {
            kind: 'missing',
            message: `${resolve(start, path)} is no package file and no folder with a ${PACKAGE_NAMES[0]!}`,
            hint: `"path" counts from ${start}.`
          }
    }
    return sourceOf(folder, file)
  }
}

function sourceOf(folder: string, file: string): PackageSource {
  const text = readText(file)
  if (text === null) {
    const message = `${file} cannot be read as UTF-8 text`
    return { kind: 'missing', message, hint: 'Save it as UTF-8.' }
  }
  const real = dirname(realpathSync(file))
  const below = relative(realpathSync(folder), real).split(sep).join('/')
  const isInstalled = real.split(sep).includes('node_modules')
  return { kind: 'found', file, folder: below === '' ? '.' : below, isInstalled, text }
}

function findInstalled(start: string, npmName: string): string | null {
  if (!/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(npmName)) return null
  for (let at = start; ; at = dirname(at)) {
    const found = findAt(join(at, 'node_modules', npmName))
    if (found !== null) return found
    if (dirname(at) === at) return null
  }
}

/** The package file of a folder, or the file itself. */
function findAt(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return null
  if (found.isFile()) return path
  const files = PACKAGE_NAMES.map(name => join(path, name))
  return files.find(file => statSync(file, { throwIfNoEntry: false })?.isFile() === true) ?? null
}

/** The text of a file; null when it cannot be read as UTF-8. */
export function readText(path: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch {
    return null
  }
}
