// Makes of a dataflow or package a folder that runs and can be published elsewhere, with what it takes by path.
//
// Owns: which files belong to it, the rewriting of its YAML, its package.json. Modules are not bundled: they are copied
// with their imports, so that places in messages and stack traces are those of the sources.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, posix, relative, resolve } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import { readTrees, Report, valueAt, type ScalarNode, type TreeNode } from '../../dataflow/index.ts'
import { packageOf } from '../files/module-imports.ts'
import { packageReader } from '../files/package-files.ts'
import { asJavaScript, collectModules } from './modules.ts'

/** What is built. */
export interface BuildRequest {
  /** Absolute path of the file. */
  readonly path: string
  readonly kind: 'dataflow' | 'package'
  readonly name: string
  readonly namespace: string
  readonly version: string
  /** The version of millrace that it needs. */
  readonly millraceVersion: string
  /** Whether packages come from where the section dev says: then the result runs with --dev. */
  readonly dev: boolean
}

/** A file of the result; paths are relative to its folder, with slashes. */
export interface BuiltFile {
  readonly path: string
  readonly text: string
}

/**
 * The files of a build, sorted; nothing is written.
 * @throws BUILD_MODULE see {@link collectModules} · BUILD_SCHEMA two schema files would be one
 */
export function build(request: BuildRequest): readonly BuiltFile[] {
  const builder = new Builder(request.dev)
  const folder = dirname(request.path)
  const target = request.kind === 'dataflow' ? 'dataflow.yaml' : 'package.yaml'
  builder.add(request.path, '', target)
  for (const name of ['README.md', 'LICENSE']) {
    const file = join(folder, name)
    if (existsSync(file)) builder.files.set(name, readFileSync(file, 'utf8'))
  }
  builder.files.set('package.json', `${JSON.stringify(manifest(request, builder), null, 2)}\n`)
  const files = [...builder.files].map(([path, text]) => ({ path, text }))
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** Replaces a part of a text. */
interface Edit {
  readonly node: ScalarNode
  readonly text: string
}

class Builder {
  readonly files = new Map<string, string>()
  /** npm packages that modules and imports need, with the folder from which they are found. */
  readonly needs = new Map<string, string>()
  /** Folders of the result by the package files that they came from. */
  readonly #packages = new Map<string, string>()
  readonly #dev: boolean
  /** Packages, as `namespace/name`, that come from where a section dev says. */
  readonly #overridden = new Set<string>()

  constructor(dev: boolean) {
    this.#dev = dev
  }

  /** Adds the file at `path` as `target` in the folder `into` of the result, with its modules and packages. */
  add(path: string, into: string, target: string): void {
    const folder = dirname(path)
    const text = readFileSync(path, 'utf8')
    const [tree] = readTrees(new Report(basename(path), text))
    const edits: Edit[] = []
    const modules: string[] = []
    for (const node of usesOf(tree!)) {
      const [specifier = '', name = ''] = node.text.split('#')
      if (specifier.startsWith('.')) modules.push(specifier)
      else if (name !== '') this.needs.set(packageOf(specifier), folder)
      edits.push({ node, text: `${asJavaScript(specifier)}${name === '' ? '' : `#${name}`}` })
    }
    for (const node of schemasOf(tree!)) this.#schema(folder, into, node, edits)
    for (const item of this.#dev ? itemsOf(valueAt(valueAt(tree!, 'dev'), 'imports')) : []) {
      this.#overridden.add(identityOf(item))
      this.#import(folder, into, item, edits)
    }
    for (const item of itemsOf(valueAt(tree!, 'imports'))) {
      const isOverridden = this.#overridden.has(identityOf(item))
      if (!isOverridden || valueAt(item, 'path') !== null) this.#import(folder, into, item, edits)
    }
    this.files.set(join(into, target), withEdits(text, edits))
    const collected = collectModules(
      folder,
      modules.map(module => join('.', module))
    )
    for (const file of collected.files) this.files.set(join(into, file.path), file.text)
    for (const name of collected.packages) this.needs.set(name, folder)
  }

  /** A schema file comes along; one that lies outside of the folder into a folder of its own. */
  #schema(folder: string, into: string, node: ScalarNode, edits: Edit[]): void {
    const isBelow = !posix.normalize(node.text).startsWith('..')
    const place = isBelow ? posix.normalize(node.text) : `schemas/${basename(node.text)}`
    const target = join(into, place)
    const text = readFileSync(join(folder, node.text), 'utf8')
    const before = this.files.get(target)
    if (before !== undefined && before !== text) {
      throw new MillraceError(
        'BUILD_SCHEMA',
        `two schema files would be ${target} in the result, one of them ${join(folder, node.text)}; rename one`
      )
    }
    this.files.set(target, text)
    if (!isBelow) edits.push({ node, text: `./${place}` })
  }

  /** A package by path comes along; one of npm becomes a dependency. */
  #import(folder: string, into: string, item: TreeNode, edits: Edit[]): void {
    const path = valueAt(item, 'path')
    const pkg = valueAt(item, 'pkg')
    const npm = valueAt(item, 'package')
    const [name = ''] = pkg?.kind === 'scalar' ? pkg.text.split('@') : []
    if (path?.kind !== 'scalar') {
      const npmText = npm?.kind === 'scalar' ? npm.text : `@${name}`
      const source = packageReader(folder)({ path: null, npmName: npmText, from: '.' })
      if (source.kind === 'found') this.needs.set(npmText, folder)
      return
    }
    const source = packageReader(folder)({ path: path.text, npmName: '', from: '.' })
    if (source.kind !== 'found') return
    const file = resolve(source.file)
    let target = this.#packages.get(file)
    if (target === undefined) {
      target = join('packages', name.replace('/', '-'))
      // One package may come from two places: from its own, and from where --dev takes it.
      while ([...this.#packages.values()].includes(target)) target += '-dev'
      this.#packages.set(file, target)
      this.add(file, target, 'package.yaml')
    }
    const from = relative(into, target)
    edits.push({ node: path, text: from.startsWith('.') ? from : `./${from}` })
  }
}

function withEdits(text: string, edits: readonly Edit[]): string {
  let result = text
  for (const { node, text: by } of edits.toSorted((a, b) => b.node.start - a.node.start)) {
    const written = node.style === 'plain' ? by : JSON.stringify(by)
    result = result.slice(0, node.start) + written + result.slice(node.end)
  }
  return result
}

/** Every `uses` of the tree that names a module; imported functions and states have no `#`. */
function usesOf(root: TreeNode): ScalarNode[] {
  const found = new Map<number, ScalarNode>()
  const open: TreeNode[] = [root]
  const seen = new Set<TreeNode>()
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    open.push(...itemsOf(node))
    for (const { key, value } of node.kind === 'map' ? node.entries : []) {
      if (key !== 'uses') open.push(value)
      else if (value.kind === 'scalar' && value.text.includes('#')) found.set(value.start, value)
    }
  }
  return [...found.values()]
}

/** Every `import` of a type that names a schema file. */
function schemasOf(tree: TreeNode): ScalarNode[] {
  const types = valueAt(tree, 'types')
  const entries = types?.kind === 'map' ? types.entries : []
  return entries.flatMap(({ value }) => {
    const node = valueAt(value, 'import')
    return node?.kind === 'scalar' ? [node] : []
  })
}

/** `namespace/name` of an import. */
function identityOf(item: TreeNode): string {
  const pkg = valueAt(item, 'pkg')
  return pkg?.kind === 'scalar' ? pkg.text.split('@')[0]! : ''
}

function itemsOf(node: TreeNode | null): readonly TreeNode[] {
  return node?.kind === 'list' ? node.items : []
}

interface Manifest {
  readonly name?: string
  readonly description?: string
  readonly license?: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The package.json: as the one beside the file says, for the rest from meta. */
function manifest(request: BuildRequest, { files, needs }: Builder): Record<string, unknown> {
  const own = readManifest(join(dirname(request.path), 'package.json')) ?? {}
  const dependencies = [...needs].map(([name, folder]): [string, string] => [
    name,
    own.dependencies?.[name] ?? `^${installedVersion(name, folder)}`
  ])
  const { name, namespace, version, kind, millraceVersion } = request
  return {
    name: own.name ?? `@${namespace}/${name}`,
    version,
    ...(own.description === undefined ? {} : { description: own.description }),
    ...(own.license === undefined ? {} : { license: own.license }),
    type: 'module',
    keywords: ['millrace', kind],
    files: [...new Set([...files.keys()].map(path => path.split('/')[0]!))].toSorted(),
    peerDependencies: { millrace: `>=${millraceVersion}` },
    ...(dependencies.length === 0
      ? {}
      : { dependencies: Object.fromEntries(dependencies.toSorted()) })
  }
}

function installedVersion(name: string, folder: string): string {
  const { paths = [] } = {
    paths: createRequire(join(folder, 'package.json')).resolve.paths(name) ?? []
  }
  for (const path of paths) {
    const found = readManifest(join(path, name, 'package.json'))?.version
    if (found !== undefined) return found
  }
  return '0.0.0'
}

function readManifest(path: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest
  } catch {
    return null
  }
}
