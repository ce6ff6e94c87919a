// Joins the CommonJS files of a package, and of packages that it needs, into one: a start loads yaml, which has 72
// files, and each costs about 0.4 ms and some memory.
//
//     const files = [(module, exports) => { …the file's own text, with load(7) for its require('./seven')… }, …]
//
// Node's modules are required as ever; so is a file that asks where it lies, as the loader of a native addon does.
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { type Node, parse } from 'acorn'

/** Runs each file once, when it is first asked for; whoever asks again within a cycle gets what there is by then. */
const LOADER = `
const loaded = []
function load(index) {
  if (loaded[index] !== undefined) return loaded[index].exports
  const module = (loaded[index] = { exports: {} })
  files[index].call(module.exports, module, module.exports)
  return module.exports
}
module.exports = load(0)
`

/** Writes what `source` leads to into the file `target`, with its licences beside it; gives how many files it was. */
export function joinPackage(source: string, target: string): number {
  const joining = new Joining()
  joining.add(createRequire(import.meta.url).resolve(source))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, `const files = [${joining.texts.join(',')}]\n${LOADER}`)
  for (const path of joining.paths) copyLicense(path, dirname(target))
  return joining.texts.length
}

/** Copies the licence of the package that the file at `path` is part of. */
export function copyLicense(path: string, folder: string): void {
  const from = folderOf(path)
  const [license] = globSync('LICEN[CS]E*', { cwd: from })
  if (license === undefined) throw new Error(`${from} has no licence; expected a file LICENSE`)
  copyFileSync(join(from, license), join(folder, `LICENSE-${nameOf(from)!.replace('/', '-')}`))
}

/** Lets modules below `folder` load `target` where they say `require('source')` or import the default of `source`. */
export function requireInstead(folder: string, source: string, target: string): void {
  let places = 0
  for (const name of globSync('**/*.js', { cwd: folder })) {
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const changed = text.replaceAll(
      /(require\(|import [$\w]+ from )(['"])(.+?)\2/g,
      (whole, before: string, _, named: string) => {
        if (named !== source) return whole
        places++
        return before + JSON.stringify(relative(dirname(path), target))
      }
    )
    if (changed !== text) writeFileSync(path, changed)
  }
  if (places === 0)
    throw new Error(`no module in ${folder} loads ${source}; expected require('${source}')`)
}

class Joining {
  readonly texts: string[] = []
  readonly #indexes = new Map<string, number>()

  get paths(): Iterable<string> {
    return this.#indexes.keys()
  }

  /** Takes in a file and what it requires; gives its index. */
  add(path: string): number {
    const known = this.#indexes.get(path)
    if (known !== undefined) return known
    const index = this.texts.push('') - 1
    this.#indexes.set(path, index)
    const source = readFileSync(path, 'utf8')
    let text = ''
    let at = 0
    for (const call of requiresOf(source)) {
      text += source.slice(at, call.start) + this.#loading(path, call.source)
      at = call.end
    }
    this.texts[index] = `(module, exports) => {\n${text}${source.slice(at)}\n}`
    return index
  }

  /** The expression that stands for `require(source)` in the file at `path`. */
  #loading(path: string, source: string): string {
    if (isBuiltin(source)) return `require(${JSON.stringify(source)})`
    const found = createRequire(path).resolve(source)
    if (!/\b__dirname\b/.test(readFileSync(found, 'utf8'))) return `load(${this.add(found)})`
    const folder = folderOf(found)
    return `require(${JSON.stringify(`${nameOf(folder)}/${relative(folder, found)}`)})`
  }
}

/** All `require('…')` of a file, in order. */
function requiresOf(
  text: string
): { readonly start: number; readonly end: number; readonly source: string }[] {
  const calls: ReturnType<typeof requiresOf> = []
  const visit = (node: Node & Record<string, unknown>): void => {
    const { type, callee, start, end } = node
    const [argument] = (node['arguments'] ?? []) as readonly { readonly value?: unknown }[]
    const isRequire = (callee as { readonly name?: string } | undefined)?.name === 'require'
    if (type === 'CallExpression' && isRequire && typeof argument?.value === 'string') {
      calls.push({ start, end, source: argument.value })
    }
    for (const child of Object.values(node).flat()) {
      if (typeof (child as Node | null)?.type === 'string') visit(child as typeof node)
    }
  }
  const program: Node = parse(text, { ecmaVersion: 'latest', sourceType: 'commonjs' })
  visit(program as Parameters<typeof visit>[0])
  return calls.toSorted((one, other) => one.start - other.start)
}

/** The package that a file is part of. */
function folderOf(path: string): string {
  const folder = dirname(path)
  return existsSync(join(folder, 'package.json')) && nameOf(folder) !== undefined
    ? folder
    : folderOf(folder)
}

function nameOf(folder: string): string | undefined {
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  return (JSON.parse(text) as { readonly name?: string }).name
}
