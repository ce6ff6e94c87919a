// The modules that a dataflow or package names, with everything below its folder that they import, as JavaScript.
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, extname, isAbsolute, join, relative, sep } from 'node:path'

import { MillraceError, messageOf, silenceExperimentalNotices } from '../../base/index.ts'
import { importsOf, isOfPackage, packageOf } from '../files/module-imports.ts'

/** A file of the result, by its path from the result's folder, and packages that its text imports. */
export interface BuiltModule {
  readonly path: string
  readonly text: string
}

/** What modules came to. */
export interface BuiltModules {
  readonly files: readonly BuiltModule[]
  /** npm packages that they import, without those of Node. */
  readonly packages: ReadonlySet<string>
}

/**
 * Collects `entries`, paths below `folder`, and what they import from each other. TypeScript stands in the result
 * twice: as it is, which says the types, and without types beside it, which runs from node_modules too.
 * @throws BUILD_MODULE a file is missing, lies outside the folder, or holds TypeScript that cannot be stripped
 */
export function collectModules(folder: string, entries: readonly string[]): BuiltModules {
  const files = new Map<string, string>()
  const packages = new Set<string>()
  const open = entries.map(path => ({ path, from: 'the file' }))
  const seen = new Set<string>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, from } = next
    if (seen.has(path)) continue
    seen.add(path)
    const text = readModule(folder, path, from)
    files.set(path, text)
    if (extname(path) === '.json') continue
    const code = isTypeScript(path) ? stripped(folder, path, text) : text
    if (isTypeScript(path)) files.set(asJavaScript(path), withJavaScriptImports(code))
    for (const { specifier } of importsOf(code)) {
      if (specifier.startsWith('.')) {
        open.push({ path: join(dirname(path), specifier), from: path })
      } else if (isOfPackage(specifier)) packages.add(packageOf(specifier))
    }
    for (const specifier of isTypeScript(path) ? typeImportsOf(text) : []) {
      const beside = join(dirname(path), specifier)
      if (isBelow(folder, beside) && existsSync(join(folder, beside)))
        open.push({ path: beside, from: path })
    }
  }
  packages.delete('millrace')
  return { files: [...files].map(([path, text]) => ({ path: slashed(path), text })), packages }
}

/**
 * The files whose types alone a module may import: the compiler wants them where the module is imported. A comment may
 * look like an import.
 */
function typeImportsOf(text: string): string[] {
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*(['"])(\.[^'"\n]+)\1/g)].map(
    found => found[2]!
  )
}

/** `./lib.ts` as `./lib.js`. */
export function asJavaScript(path: string): string {
  return path.replace(/\.(m?)ts$/, '.$1js')
}

function readModule(folder: string, path: string, from: string): string {
  const full = join(folder, path)
  if (!isBelow(folder, path)) {
    throw new MillraceError(
      'BUILD_MODULE',
      `${from} imports ${path}, which lies outside ${folder}; a build takes what is below its folder: ` +
        'move the file there, or make it a package'
    )
  }
  if (existsSync(full)) return readFileSync(full, 'utf8')
  throw new MillraceError(
    'BUILD_MODULE',
    `${from} imports ${path}, and there is no such file below ${folder}; correct the import`
  )
}

function isBelow(folder: string, path: string): boolean {
  const below = relative(folder, join(folder, path))
  return !below.startsWith('..') && !isAbsolute(below)
}

function stripped(folder: string, path: string, text: string): string {
  const speak = silenceExperimentalNotices()
  try {
    return stripTypeScriptTypes(text)
  } catch (error) {
    throw new MillraceError(
      'BUILD_MODULE',
      `${join(folder, path)}: its types cannot be stripped: ${messageOf(error)}; use only syntax that disappears`,
      { cause: error }
    )
  } finally {
    speak()
  }
}

function withJavaScriptImports(code: string): string {
  let result = code
  for (const { specifier, start, end } of importsOf(code).toReversed()) {
    if (!specifier.startsWith('.')) continue
    const quote = code[start]!
    result = `${result.slice(0, start)}${quote}${asJavaScript(specifier)}${quote}${result.slice(end)}`
  }
  return result
}

const isTypeScript = (path: string): boolean => /\.m?ts$/.test(path)
const slashed = (path: string): string => path.split(sep).join('/')
