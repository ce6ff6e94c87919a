// Makes the published form smaller without changing what it says: comments and indentation of JavaScript, and
// declarations that no entry of the package leads to, are left out. Docstrings stay in the declarations. Characters
// beyond Latin-1 are escaped: one of them makes V8 keep two bytes for each character of its file.
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse, type Comment } from 'acorn'

/** A part of a text. */
interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Declarations that need Node's types say so, in their first line: a project whose tsconfig names no types, as
 * `tsc --init` writes it, would read a Buffer as any without a word.
 */
export function nameNodeTypes(folder: string): void {
  for (const name of globSync('**/*.d.ts', { cwd: folder })) {
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '')
    if (!/\bBuffer\b|\bNodeJS\.|['"]node:/.test(code)) continue
    writeFileSync(path, `/// <reference types="node" />\n${text}`)
  }
}

/** Rewrites all JavaScript below `folder`; gives the bytes that are saved. */
export function slimScripts(folder: string): number {
  let saved = 0
  for (const name of globSync('**/*.{js,cjs}', { cwd: folder })) {
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const slim = slimText(text)
    writeFileSync(path, slim)
    saved += text.length - slim.length
  }
  return saved
}

/** A script without comments and indentation. What stands in texts and templates stays. */
export function slimText(text: string): string {
  const comments: Comment[] = []
  const templates: Range[] = []
  parse(text, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowHashBang: true,
    onComment: comments,
    onToken: token => {
      if (token.type.label === 'template') templates.push({ start: token.start, end: token.end })
    }
  })
  let slim = ''
  let at = 0
  for (const template of templates) {
    slim += slimCode(text, { start: at, end: template.start }, comments)
    slim += text.slice(template.start, template.end)
    at = template.end
  }
  return escaped(slim + slimCode(text, { start: at, end: text.length }, comments))
}

/** They stand in texts, templates and patterns only, where the escape means the same. */
function escaped(text: string): string {
  return text.replaceAll(
    /[\u0100-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}

/** Code without templates in it. */
function slimCode(text: string, { start, end }: Range, comments: readonly Comment[]): string {
  let code = ''
  let at = start
  for (const comment of comments) {
    if (comment.start < start || comment.end > end) continue
    // A comment over several lines ends a line, as it does for the language.
    const stand = comment.type === 'Block' ? (comment.value.includes('\n') ? '\n' : ' ') : ''
    const isHashBang = comment.start === 0 && text.startsWith('#!')
    code += text.slice(at, comment.start) + (isHashBang ? text.slice(0, comment.end) : stand)
    at = comment.end
  }
  code += text.slice(at, end)
  return code.replaceAll(/[ \t]+(?=\n)/g, '').replaceAll(/\n[\s]+/g, '\n')
}

/** Removes declarations below `root` that no entry leads to; gives how many. */
export function pruneDeclarations(root: string, folder: string): number {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { readonly types?: string }>
  }
  const wanted = Object.values(exports).flatMap(entry =>
    typeof entry === 'object' && entry.types !== undefined ? [resolve(root, entry.types)] : []
  )
  const kept = new Set<string>()
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (kept.has(path) || !existsSync(path)) continue
    kept.add(path)
    const text = readFileSync(path, 'utf8')
    for (const [, target] of text.matchAll(/(?:from|import\(|import)\s*['"](\.[^'"]+)['"]/g)) {
      wanted.push(resolve(dirname(path), target!.replace(/\.[jt]s$/, '.d.ts')))
    }
  }
  const surplus = globSync('**/*.d.ts', { cwd: folder })
    .map(name => join(folder, name))
    .filter(path => !kept.has(path))
  for (const path of surplus) rmSync(path)
  return surplus.length
}
