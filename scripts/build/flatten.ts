// Inlines what a built module imports from this package, in place: loading one file takes a fraction of loading 200.
//
// Each module becomes a function that is called once, in the order in which Node would run the modules:
//
//     const $3 = (() => { const { assert } = $1; …the module's own text…; return { encode, decode } })()
//
// Packages stay imports unless they are named, import() stays import(), and `import.meta.url` stays the module's
// own. Node's modules are taken as they are: an import reads every property, which loads what Node itself loads when
// it is needed (streams of `node:fs` alone: 5 ms). What a function cannot express is refused: cycles, `export let`,
// default exports, top-level await.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type ExportNamedDeclaration,
  type ImportDeclaration,
  type ModuleDeclaration,
  type Node,
  type Program,
  type Statement,
  parse
} from 'acorn'

/**
 * Rewrites the module at `path` so that it imports no file of the package, nor of the `inlined` packages, which are
 * modules too; gives the files that it holds now.
 */
export function flatten(path: string, inlined: readonly string[] = []): readonly string[] {
  const bundle = new Bundle(path, inlined)
  const entry = bundle.add(path)
  const text = bundle.text(entry)
  parseModule(text)
  writeFileSync(path, text)
  return bundle.paths
}

/** What can be imported: the variable that holds it, and its names; null where only Node knows them. */
interface Imported {
  readonly variable: string
  readonly exported: readonly string[] | null
}

/** A module of the package as the text of a function. */
interface Part extends Imported {
  readonly text: string
  readonly exported: readonly string[]
}

class Bundle {
  readonly parts: Part[] = []
  readonly #entry: string
  readonly #inlined: readonly string[]
  /** By path; null while a module's imports are taken in. */
  readonly #byPath = new Map<string, Part | null>()
  /** Variables of packages and node: modules. */
  readonly #outside = new Map<string, string>()

  constructor(entry: string, inlined: readonly string[]) {
    this.#entry = entry
    this.#inlined = inlined
  }

  get paths(): readonly string[] {
    return [...this.#byPath.keys()]
  }

  /** Takes in a module, behind all that it imports. */
  add(path: string): Part {
    const known = this.#byPath.get(path)
    if (known === null) throw new Error(`${path} is part of an import cycle; take it apart`)
    if (known !== undefined) return known
    this.#byPath.set(path, null)
    const source = readFileSync(path, 'utf8')
    const rewriting = new Rewriting(path, this.#entry, from => this.#takeIn(path, from))
    const body = rewriting.module(source)
    const variable = `$${this.parts.length}`
    const exported = rewriting.exported
    const result = exported.map(([name, value]) => `${name}: ${value}`)
    const head = `// ${relative(dirname(this.#entry), path)}\nconst ${variable} = (() => {\n`
    const text = `${head}${body}\nreturn { ${result.join(', ')} };\n})();\n`
    const part: Part = { variable, text, exported: exported.map(([name]) => name) }
    this.#byPath.set(path, part)
    this.parts.push(part)
    return part
  }

  text({ variable, exported }: Part): string {
    const imports = [...this.#outside].map(([source, name]) =>
      source.startsWith('node:')
        ? `const ${name} = process.getBuiltinModule('${source}');\n`
        : `import * as ${name} from ${JSON.stringify(source)};\n`
    )
    const parts = this.parts.map(part => part.text)
    const exports =
      exported.length > 0 ? `export const { ${exported.join(', ')} } = ${variable};\n` : ''
    return `${imports.join('')}${parts.join('')}${exports}`
  }

  /** What `source` means in the module at `path`: another module, or something outside the package. */
  #takeIn(path: string, source: string): Imported {
    const file = resolve(dirname(path), source)
    if (source.endsWith('.cjs')) return this.#outsideOf(placed(file, this.#entry))
    if (source.startsWith('.')) return this.add(file)
    if (this.#inlined.includes(source)) return this.add(fileURLToPath(import.meta.resolve(source)))
    return this.#outsideOf(source)
  }

  #outsideOf(source: string): Imported {
    const variable = this.#outside.get(source) ?? `$outside${this.#outside.size}`
    this.#outside.set(source, variable)
    return { variable, exported: null }
  }
}

/** Turns the text of a module into the body of a function. */
class Rewriting {
  /** Exported names with what they stand for inside. */
  readonly exported: (readonly [name: string, value: string])[] = []
  readonly #path: string
  readonly #entry: string
  readonly #takeIn: (source: string) => Imported
  readonly #stars: Imported[] = []
  readonly #edits: { readonly start: number; readonly end: number; readonly text: string }[] = []

  constructor(path: string, entry: string, takeIn: (source: string) => Imported) {
    this.#path = path
    this.#entry = entry
    this.#takeIn = takeIn
  }

  module(source: string): string {
    const program = parseModule(source)
    for (const item of program.body) this.#item(item)
    for (const star of this.#stars) this.#exportAll(star)
    this.#expressions(program)
    let text = ''
    let at = 0
    for (const edit of this.#edits.toSorted((one, other) => one.start - other.start)) {
      text += source.slice(at, edit.start) + edit.text
      at = edit.end
    }
    return text + source.slice(at)
  }

  #item(item: Statement | ModuleDeclaration): void {
    switch (item.type) {
      case 'ImportDeclaration':
        return this.#replace(
          item,
          importsOf(item, this.#takeIn(String(item.source.value)).variable)
        )
      case 'ExportNamedDeclaration':
        return this.#export(item)
      case 'ExportAllDeclaration':
        if (item.exported) this.#refuse('export * as')
        this.#stars.push(this.#takeIn(String(item.source.value)))
        return this.#replace(item, '')
      case 'ExportDefaultDeclaration':
        return this.#refuse('export default')
    }
  }

  #export(item: ExportNamedDeclaration): void {
    const { declaration, source, specifiers } = item
    const from = source ? `${this.#takeIn(String(source.value)).variable}.` : ''
    for (const { local, exported } of specifiers) {
      this.exported.push([nameOf(exported), `${from}${nameOf(local)}`])
    }
    if (!declaration) return this.#replace(item, '')
    this.#edits.push({ start: item.start, end: declaration.start, text: '' })
    if (declaration.type !== 'VariableDeclaration') {
      const { name } = declaration.id
      this.exported.push([name, name])
      return
    }
    if (declaration.kind !== 'const') this.#refuse(`export ${declaration.kind}`)
    for (const { id } of declaration.declarations) {
      for (const name of boundBy(id)) this.exported.push([name, name])
    }
  }

  /** What the module exports itself goes before. */
  #exportAll({ variable, exported }: Imported): void {
    if (exported === null) return this.#refuse('export * from a package')
    for (const name of exported) {
      if (this.exported.some(([own]) => own === name)) continue
      this.exported.push([name, `${variable}.${name}`])
    }
  }

  /** Keeps `import.meta.url` and the places of import() as they were. */
  #expressions(node: Node): void {
    const { type, object, property, source } = node as Node & Record<string, Node | undefined>
    if (type === 'MemberExpression' && object?.type === 'MetaProperty') {
      if (nameOf(property!) !== 'url') this.#refuse('import.meta but its url')
      this.#replace(
        node,
        `new URL(${JSON.stringify(placed(this.#path, this.#entry))}, import.meta.url).href`
      )
    } else if (type === 'ImportExpression') {
      const { value } = source as Node & { readonly value?: unknown }
      if (typeof value !== 'string') return
      if (value.startsWith('.')) {
        this.#replace(
          source!,
          JSON.stringify(placed(resolve(dirname(this.#path), value), this.#entry))
        )
      }
    }
    for (const child of Object.values(node).flat()) {
      if (typeof (child as Node | null)?.type === 'string') this.#expressions(child as Node)
    }
  }

  #replace({ start, end }: Node, text: string): void {
    this.#edits.push({ start, end, text })
  }

  #refuse(what: string): never {
    throw new Error(`${this.#path} has ${what}, which cannot be flattened; write named exports`)
  }
}

/** A file as the module at `entry` names it. */
function placed(path: string, entry: string): string {
  const name = relative(dirname(entry), path)
  return name.startsWith('.') ? name : `./${name}`
}

/** A default import of a module of Node is the module itself. */
function importsOf(item: ImportDeclaration, variable: string): string {
  const isBuiltin = String(item.source.value).startsWith('node:')
  const bindings = item.specifiers.map(specifier => {
    const local = specifier.local.name
    if (specifier.type === 'ImportSpecifier') {
      return `{ ${nameOf(specifier.imported)}: ${local} } = ${variable}`
    }
    if (specifier.type === 'ImportNamespaceSpecifier') return `${local} = ${variable}`
    return `${local} = ${variable}${isBuiltin ? '' : '.default'}`
  })
  return bindings.length === 0 ? '' : `const ${bindings.join(', ')};`
}

/** Names that a declaration gives: its own, or those of `{ a, b: c }`. */
function boundBy(node: Node): string[] {
  if (node.type !== 'ObjectPattern') return [nameOf(node)]
  const { properties } = node as Node & { readonly properties: readonly { readonly value: Node }[] }
  return properties.map(({ value }) => nameOf(value))
}

function nameOf(node: Node): string {
  const { name, value } = node as Node & { readonly name?: string; readonly value?: unknown }
  if (name === undefined && typeof value !== 'string') throw new Error(`${node.type} has no name`)
  return name ?? String(value)
}

function parseModule(text: string): Program {
  return parse(text, { ecmaVersion: 'latest', sourceType: 'module' })
}
