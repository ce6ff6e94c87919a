// Finds, reads and checks the packages that a file imports, and those that they import.
//
// Owns: which package an import means (--dev first, then packages in the file, then its path, then npm), circles,
// versions, the names that are taken over. Does not own: reading files, which the caller's `readPackage` does.
//
// P1  Every package is read once, however many import it.
// P2  A package with errors gives its own diagnostics and one error where it is imported.
import type { Diagnostic } from '../diagnostics.ts'
import { nearestWord, toKebab } from '../names.ts'
import { Report, type Span } from '../report.ts'
import { IMPORT, IMPORTED_NAME } from '../sections/package-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { typeFingerprint } from '../type-text.ts'
import { readTree } from '../yaml/read-tree.ts'
import { quoted, valueAt, type ScalarNode, type TreeNode } from '../yaml/tree.ts'
import { readDevImports, type DevImport } from './dev.ts'
import { aliasHint } from './imported-names.ts'
import type {
  Imported,
  Imports,
  PackageFunction,
  PackageModel,
  PackageRequest,
  PackageSource,
  PackageState,
  PackageType
} from './model.ts'
import { readPackageName, type PackageName } from './package-name.ts'
import { joinSpecifier, readPackage } from './read-package.ts'
import { renameTypes } from './rename-types.ts'
import { isInRange } from './version-range.ts'

/** How packages and modules are reached. */
export interface LoaderOptions {
  /** Whether the sections `dev` count. */
  readonly dev: boolean
  readPackage: ((request: PackageRequest) => PackageSource) | undefined
  /** The text of a module, by its specifier from the root file's folder. */
  readModule: ((specifier: string) => string | null) | undefined
  /** The text of a schema file, by its specifier from the root file's folder. */
  readSchema: ((specifier: string) => string | null) | undefined
}

/** A file that imports. */
interface Importer {
  /** Relative to the root file's folder. */
  readonly folder: string
  /** Packages on the way from the root to here, the importer itself last. */
  readonly way: readonly { readonly identity: string; readonly name: string }[]
}

/** A package where it was found. */
interface Located {
  /** The same for every import of the same package. */
  readonly identity: string
  readonly folder: string
  readonly isInstalled: boolean
  readonly report: Report
  readonly tree: TreeNode | null
}

interface Collected {
  readonly types: Map<string, Imported<PackageType> | null>
  readonly states: Map<string, Imported<PackageState> | null>
  readonly functions: Map<string, Imported<PackageFunction> | null>
}

/** The packages of one compilation. */
export class PackageLoader {
  readonly #options: LoaderOptions
  readonly #located = new Map<string, Located>()
  readonly #packages = new Map<string, PackageModel | null>()
  readonly #inline = new Map<string, Located>()
  readonly #dev: DevImport[] = []

  constructor(options: LoaderOptions) {
    this.#options = options
  }

  /** Whether the sections `dev` count. */
  get isDev(): boolean {
    return this.#options.dev
  }

  /** Whether a package has errors. */
  get hasErrors(): boolean {
    return [...this.#located.values()].some(({ report }) => report.hasErrors)
  }

  /** What was found in package files, file by file. */
  diagnostics(): Diagnostic[] {
    return [...this.#located.values()].flatMap(({ report }) => report.diagnostics())
  }

  /** What the root file imports. `way` names it when it is a package itself. */
  importsOf(context: ReadContext, file: Section, way: Importer['way'] = []): Imports {
    for (const node of file.items('packages')) this.#addInline(context, node)
    return this.#imports(context, file, { folder: '.', way })
  }

  #addInline(context: ReadContext, tree: TreeNode): void {
    const { report } = context
    const word = (key: string, standard: string): string => {
      const node = valueAt(valueAt(tree, 'meta'), key)
      return node?.kind === 'scalar' ? node.text : standard
    }
    const name = `${word('namespace', 'default')}/${word('name', '')}`
    if (this.#inline.has(name)) {
      report.error('NAME_DUPLICATE', tree, `there is already a package ${quoted(name)} in the file`)
      return
    }
    const identity = `in the file: ${name}`
    this.#inline.set(name, { identity, folder: '.', isInstalled: false, report, tree })
  }

  #imports(context: ReadContext, file: Section, importer: Importer): Imports {
    const dev = readDevImports(context, file, importer.folder)
    // The root file's overrides come first, so that they win over those of packages.
    if (this.#options.dev) this.#dev.push(...dev)
    const collected: Collected = { types: new Map(), states: new Map(), functions: new Map() }
    for (const item of file.items('imports')) this.#import(context, item, importer, collected)
    // Those that nobody imports are checked all the same.
    if (importer.way.length === 0 && importer.folder === '.') {
      for (const [name, located] of this.#inline) this.#package(located, name, importer)
    }
    return collected
  }

  #import(context: ReadContext, item: TreeNode, importer: Importer, into: Collected): void {
    const section = readSection(context, item, IMPORT)
    const node = section?.scalar('pkg') ?? null
    const named = node === null ? null : readPackageName(context, node)
    if (section === null || node === null) return
    const located = named === null ? null : this.#locate(context, section, node, named, importer)
    const found = located === null ? null : this.#checked(context, node, named!, located, importer)
    this.#take(context, section, found, into)
  }

  /** The package of an import; null after a finding. */
  #locate(
    context: ReadContext,
    section: Section,
    node: ScalarNode,
    named: PackageName,
    importer: Importer
  ): Located | null {
    const path = section.scalar('path')
    const npm = section.scalar('package')
    if (path !== null && npm !== null) {
      const message = '"path" and "package" both say where the package is; one of them must go'
      context.report.error('WRONG_VALUE', section.keySpan('package'), message)
      return null
    }
    const override = this.#dev.find(one => one.package === named.package)
    const inline = this.#inline.get(named.package)
    if (override === undefined && path === null && npm === null && inline !== undefined)
      return inline
    const request: PackageRequest = {
      path: override?.path ?? path?.text ?? null,
      npmName: npm?.text ?? `@${named.package}`,
      from: override?.from ?? importer.folder
    }
    const source = this.#options.readPackage?.(request) ?? NOT_READ
    if (source.kind === 'missing') {
      const message = `the package ${quoted(named.package)} is not there: ${source.message}`
      context.report.error('PACKAGE_NOT_FOUND', path ?? npm ?? node, message, source.hint)
      return null
    }
    const identity = joinSpecifier(source.folder, '.')
    const known = this.#located.get(identity)
    if (known !== undefined) return known
    const { folder, isInstalled } = source
    const { readSchema } = this.#options
    const report = new Report(
      source.file,
      source.text,
      readSchema === undefined ? null : specifier => readSchema(joinSpecifier(folder, specifier))
    )
    const located = { identity, folder, isInstalled, report, tree: readTree(report) }
    this.#located.set(identity, located)
    return located
  }

  /** The package, when it is the one that the import names, and whole. */
  #checked(
    context: ReadContext,
    node: ScalarNode,
    named: PackageName,
    located: Located,
    importer: Importer
  ): PackageModel | null {
    const { report } = context
    const start = importer.way.findIndex(({ identity }) => identity === located.identity)
    if (start >= 0) {
      const circle = [...importer.way.slice(start).map(({ name }) => name), named.package]
      const message = `packages import each other in a circle: ${circle.join(' → ')}`
      const hint = 'Move what both need to a package of its own.'
      report.error('IMPORT_CYCLE', node, message, hint)
      return null
    }
    const found = this.#package(located, named.package, importer)
    const { file } = located.report
    if (found === null) {
      const where = located.report === report ? 'in this file' : `in ${file}`
      const message = `the package ${quoted(named.package)} has errors, ${where}`
      report.error('PACKAGE_INVALID', node, message)
      return null
    }
    const name = `${found.namespace}/${found.name}`
    if (name !== named.package) {
      const message = `the package in ${file} is ${quoted(name)}, but ${quoted(named.package)} is imported`
      report.error('PACKAGE_MISMATCH', node, message, `Write pkg: ${name}@${found.version}`)
      return null
    }
    const range = this.#dev.find(one => one.package === name)?.range ?? named.range
    if (isInRange(found.version, range) !== true) {
      const message = `the package ${quoted(name)} has version ${found.version}, but ${quoted(range)} is imported`
      const hint = `Install a version that fits, or write pkg: ${name}@${found.version}`
      report.error('PACKAGE_VERSION', node, message, hint)
      return null
    }
    return found
  }

  #package(located: Located, name: string, importer: Importer): PackageModel | null {
    const { identity, folder, isInstalled, report, tree } = located
    const known = this.#packages.get(identity)
    if (known !== undefined) return known
    const way = [...importer.way, { identity, name }]
    const { readModule } = this.#options
    const errorsBefore = report.errors
    const found =
      tree === null
        ? null
        : readPackage(tree, report, {
            folder,
            isInstalled,
            readModule:
              readModule === undefined
                ? undefined
                : specifier => moduleText(readModule, joinSpecifier(folder, specifier)),
            imports: (context, section) => this.#imports(context, section, { folder, way })
          })
    if (tree === null && !report.hasErrors)
      report.error('EMPTY', START, 'the package file is empty')
    const whole = report.errors > errorsBefore ? null : found
    this.#packages.set(identity, whole)
    return whole
  }

  /** Takes over the names of an import; without the package they are known, and unknown is what they are. */
  #take(context: ReadContext, section: Section, from: PackageModel | null, into: Collected): void {
    const chosen = (key: string): Chosen[] =>
      section.items(key).flatMap(item => readChosen(context, item) ?? [])
    const types = chosen('types')
    const names = new Map(types.map(({ name, local }) => [name, local]))
    const renamed = (type: PackageType['type']) => renameTypes(type, names)
    const owner = from === null ? '' : `${from.namespace}/${from.name}`
    const add = <T>(kind: Kind<T>, what: readonly Chosen[]): void => {
      for (const one of what) addName(context, kind, one, owner, from)
    }
    add<PackageType>(
      {
        word: 'type',
        into: into.types,
        known: from?.types,
        taken: value => ({ ...value, type: renamed(value.type) }),
        isSame: (a, b) => typeFingerprint(a.type) === typeFingerprint(b.type)
      },
      types
    )
    add<PackageState>(
      {
        word: 'state',
        into: into.states,
        known: from?.states,
        taken: value => ({ ...value, value: renamed(value.value) }),
        isSame: (a, b) =>
          a.property === b.property && typeFingerprint(a.value) === typeFingerprint(b.value)
      },
      chosen('states')
    )
    add<PackageFunction>(
      {
        word: 'function',
        into: into.functions,
        known: from?.functions,
        taken: value => value,
        isSame: (a, b) => a === b
      },
      chosen('functions')
    )
  }
}

const START: Span = { start: 0, end: 1 }
const NOT_READ: PackageSource = {
  kind: 'missing',
  message: 'packages are not looked for here',
  hint: 'Compile the file with millrace check.'
}

/** The text of a module; beside the JavaScript of a built package its TypeScript says the types. */
function moduleText(read: (specifier: string) => string | null, specifier: string): string | null {
  const source = /\.m?js$/.test(specifier) ? read(specifier.replace(/js$/, 'ts')) : null
  return source ?? read(specifier)
}

/** A name of a package and what it is called here. */
interface Chosen {
  readonly name: string
  readonly local: string
  readonly node: ScalarNode
}

function readChosen(context: ReadContext, item: TreeNode): Chosen | null {
  if (item.kind === 'scalar' && item.text !== '')
    return { name: toKebab(item.text), local: toKebab(item.text), node: item }
  const section = readSection(context, item, IMPORTED_NAME)
  const node = section?.scalar('name') ?? null
  if (section === null || node === null) return null
  const alias = section.scalar('alias')
  if (alias !== null && !/^[A-Za-z][A-Za-z0-9_-]*$/.test(alias.text)) {
    const message = `an alias must be letters, digits and hyphens, but is ${quoted(alias.text)}`
    context.report.error('NAME_INVALID', alias, message)
    return null
  }
  return { name: toKebab(node.text), local: toKebab(alias?.text ?? node.text), node }
}

/** One kind of things to import. */
interface Kind<T> {
  readonly word: string
  readonly into: Map<string, Imported<T> | null>
  readonly known: ReadonlyMap<string, T> | undefined
  taken(value: T): T
  isSame(a: T, b: T): boolean
}

function addName<T>(
  context: ReadContext,
  kind: Kind<T>,
  { name, local, node }: Chosen,
  owner: string,
  from: PackageModel | null
): void {
  if (from === null) {
    if (!kind.into.has(local)) kind.into.set(local, null)
    return
  }
  const { report } = context
  const found = kind.known?.get(name)
  if (found === undefined) {
    const nearest = nearestWord(name, kind.known?.keys() ?? [])
    const known = [...(kind.known?.keys() ?? [])]
    const hint =
      nearest !== null
        ? `Did you mean "${nearest}"?`
        : known.length === 0
          ? `It has no ${kind.word}s.`
          : `Its ${kind.word}s are ${known.slice(0, 10).join(', ')}.`
    report.error('NAME_UNKNOWN', node, `${owner} has no ${kind.word} ${quoted(name)}`, hint)
    kind.into.set(local, null)
    return
  }
  const value = kind.taken(found)
  const before = kind.into.get(local)
  if (before && !kind.isSame(before.value, value)) {
    const message = `the ${kind.word} ${quoted(local)} is imported from ${before.package} too`
    report.error('NAME_CONFLICT', node, message, aliasHint(name, owner))
    return
  }
  kind.into.set(local, { value, package: owner, name, at: node })
}
