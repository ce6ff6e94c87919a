// Reads YAML text into a tree, refusing what could harm before it does: size, depth, aliases, tags, merge keys.
//
// The library's lexer and parser are iterative, its composer recursive. So tokens are driven through the parser by
// hand: depth and token count are checked while they arrive, and the composer only sees what is small enough.
import type { CST, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import {
  YAML_ALIASES_MAX,
  YAML_BYTES_MAX,
  YAML_DEPTH_MAX,
  YAML_DOCUMENTS_MAX,
  YAML_NODES_MAX
} from '../../base/index.ts'
import { yamlLibrary } from '../libraries.ts'
import type { Report, Span } from '../report.ts'
import { quoted, type Entry, type MapNode, type ScalarStyle, type TreeNode } from './tree.ts'

/** Lexical tokens per node: separators, spaces, comments and line ends come on top of the values. */
const TOKENS_MAX = YAML_NODES_MAX * 4
/** Syntax errors and documents after which reading stops. */
const ERROR_TOKENS_MAX = 20
const TAGS_PLAIN = new Set(['!', '!!str', 'tag:yaml.org,2002:str'])
const KEYS_FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/** The text's tree; null when it is empty or nothing sensible can be read. Everything wrong goes to `report`. */
export function readTree(report: Report): TreeNode | null {
  const document = composed(report, 1)?.[0]
  // What the composer makes of a broken text only leads to findings that are not the user's.
  if (document?.contents == null || report.hasErrors) return null
  return new TreeReader(report).read(document.contents as Node)
}

/** The trees of all documents of the text that hold something. Everything wrong goes to `report`. */
export function readTrees(report: Report): TreeNode[] {
  const documents = composed(report, YAML_DOCUMENTS_MAX) ?? []
  if (report.hasErrors) return []
  const trees: TreeNode[] = []
  for (const { contents } of documents) {
    if (contents === null) continue
    const tree = new TreeReader(report).read(contents as Node)
    if (tree !== null && !(tree.kind === 'scalar' && tree.value === null)) trees.push(tree)
  }
  return trees
}

/** The text's documents, at most `documentsMax`; null when a limit keeps them from being read. */
function composed(report: Report, documentsMax: number): Document[] | null {
  const bytes = Buffer.byteLength(report.text)
  if (bytes > YAML_BYTES_MAX) {
    const message = `the file has ${bytes} bytes; at most ${YAML_BYTES_MAX} are read`
    report.error(
      'YAML_TOO_LARGE',
      { start: 0, end: 1 },
      message,
      'Move functions to modules and name them by "uses".'
    )
    return null
  }
  const tokens = tokensOf(report, documentsMax)
  return tokens === null ? null : documentsOf(tokens, report, documentsMax)
}

/** The parser's tokens, or null when depth or number of tokens exceed their limits. */
function tokensOf(report: Report, documentsMax: number): CST.Token[] | null {
  const { Lexer, Parser } = yamlLibrary()
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let count = 0
  let errors = 0
  let documents = 0
  for (const lexeme of new Lexer().lex(report.text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token)
      if (token.type === 'error') errors++
      if (token.type === 'document') documents++
    }
    // What is wrong is known by now; the composer gets what was read so far.
    if (errors >= ERROR_TOKENS_MAX || documents > documentsMax + 1) return tokens
    // The stack holds the document and, for a value in progress, one item more than the nesting.
    if (parser.stack.length > YAML_DEPTH_MAX + 2) {
      const at = { start: parser.offset, end: parser.offset + 1 }
      report.error('YAML_TOO_DEEP', at, `the file nests more than ${YAML_DEPTH_MAX} levels deep`)
      return null
    }
    if (++count > TOKENS_MAX) {
      const at = { start: parser.offset, end: parser.offset + 1 }
      report.error('YAML_TOO_MANY_NODES', at, `the file has more than ${TOKENS_MAX} tokens`)
      return null
    }
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

/** The documents that the tokens make; one too many is a finding. */
function documentsOf(tokens: CST.Token[], report: Report, documentsMax: number): Document[] {
  // No `merge` and no tags beyond the core schema; duplicate keys are found by our reader, which knows both places.
  const { Composer } = yamlLibrary()
  const composer = new Composer({
    uniqueKeys: false,
    merge: false,
    logLevel: 'silent',
    stringKeys: false
  })
  const documents = [...composer.compose(tokens, true, report.text.length)] as Document[]
  const extra = documents[documentsMax]
  for (const document of documents.slice(0, documentsMax + 1)) {
    for (const error of document.errors) {
      const [start, end] = error.pos
      report.error('YAML_SYNTAX', { start, end }, `not valid YAML: ${sentenceOf(error.message)}`)
    }
  }
  if (extra !== undefined) {
    const start = extra.range?.[0] ?? 0
    const isOne = documentsMax === 1
    const message = isOne
      ? 'the file holds more than one YAML document; exactly one is expected'
      : `the file holds more than ${documentsMax} YAML documents`
    const hint = isOne ? 'Put each dataflow into its own file.' : 'Split the file.'
    report.error('YAML_DOCUMENTS', { start, end: start + 3 }, message, hint)
  }
  return documents.slice(0, documentsMax)
}

function sentenceOf(message: string): string {
  return message.replace(/\s+at line \d+, column \d+:?[\s\S]*$/, '')
}

/** Turns the library's nodes into ours. */
class TreeReader {
  readonly #yaml = yamlLibrary()
  readonly #report: Report
  readonly #anchors = new Map<string, TreeNode | null>()
  /** Nodes below and including one, aliases counted as often as they are used. */
  readonly #sizes = new Map<TreeNode, number>()
  #aliases = 0
  #isBroken = false

  constructor(report: Report) {
    this.#report = report
  }

  read(node: Node): TreeNode | null {
    const tree = this.#node(node, { start: 0, end: 1 })
    return this.#isBroken ? null : tree
  }

  #node(node: Node | null, absentAt: Span): TreeNode {
    if (node === null) return this.#sized(nothingAt(absentAt), 1)
    if (this.#yaml.isAlias(node)) return this.#alias(node.source, spanOf(node, absentAt))
    this.#checkTag(node as Scalar, absentAt)
    const anchor = (node as Scalar).anchor
    if (anchor !== undefined) this.#anchors.set(anchor, null)
    const tree = this.#collection(node, spanOf(node, absentAt))
    if (anchor !== undefined) this.#anchors.set(anchor, tree)
    return tree
  }

  #collection(node: Node, span: Span): TreeNode {
    if (this.#yaml.isScalar(node)) return this.#sized(scalarOf(node, span), 1)
    if (this.#yaml.isMap(node)) return this.#map(node as YAMLMap<Node | null, Node | null>, span)
    let size = 1
    const items: TreeNode[] = []
    for (const item of (node as YAMLSeq<Node | null>).items) {
      const at = { start: span.start, end: span.start + 1 }
      const tree = this.#yaml.isPair(item)
        ? this.#pairMap(item as Pair<Node | null, Node | null>, at)
        : this.#node(item, at)
      items.push(tree)
      size += this.#sizes.get(tree) ?? 1
    }
    return this.#sized({ kind: 'list', ...span, items }, size)
  }

  #map(node: YAMLMap<Node | null, Node | null>, span: Span): MapNode {
    const entries: Entry[] = []
    const places = new Map<string, Span>()
    let size = 1
    for (const pair of node.items) {
      const entry = this.#entry(pair, span)
      if (entry === null) continue
      size += 1 + (this.#sizes.get(entry.value) ?? 1)
      const before = places.get(entry.key)
      if (before !== undefined) {
        const line = this.#report.lines.placeOf(before.start).line
        this.#report.error(
          'DUPLICATE_KEY',
          entry.keySpan,
          `the key ${quoted(entry.key)} is already on line ${line}`
        )
        continue
      }
      places.set(entry.key, entry.keySpan)
      entries.push(entry)
    }
    return this.#sized({ kind: 'map', ...span, entries }, size)
  }

  #pairMap(pair: Pair<Node | null, Node | null>, span: Span): MapNode {
    const entry = this.#entry(pair, span)
    const size = 2 + (entry === null ? 0 : (this.#sizes.get(entry.value) ?? 1))
    return this.#sized({ kind: 'map', ...span, entries: entry === null ? [] : [entry] }, size)
  }

  /** One pair; null after a finding about its key. */
  #entry(pair: Pair<Node | null, Node | null>, around: Span): Entry | null {
    const keyNode = pair.key
    const keySpan =
      keyNode === null ? { start: around.start, end: around.start + 1 } : spanOf(keyNode, around)
    const value = this.#node(pair.value, { start: keySpan.end, end: keySpan.end + 1 })
    if (keyNode === null || !this.#yaml.isScalar(keyNode) || textOf(keyNode) === '') {
      const message = 'a key must be a plain word here, not a collection, an alias or nothing'
      this.#report.error('YAML_KEY', keySpan, message)
      return null
    }
    this.#checkTag(keyNode, keySpan)
    const key = textOf(keyNode)
    if (key === '<<' && keyNode.type === 'PLAIN') {
      const message = 'merge keys ("<<") are not read: what a section holds must stand in it'
      this.#report.error(
        'YAML_MERGE_KEY',
        keySpan,
        message,
        'Write the keys out, or use an alias for a whole value.'
      )
      return null
    }
    if (KEYS_FORBIDDEN.has(key)) {
      const message = `the key ${quoted(key)} is not allowed: JavaScript objects use it for themselves`
      this.#report.error('FORBIDDEN_KEY', keySpan, message, 'Choose another name.')
      return null
    }
    return { key, keySpan, value }
  }

  #alias(name: string, span: Span): TreeNode {
    this.#aliases++
    if (this.#aliases === YAML_ALIASES_MAX + 1) {
      const message = `the file uses more than ${YAML_ALIASES_MAX} aliases`
      this.#report.error('YAML_TOO_MANY_ALIASES', span, message)
      this.#isBroken = true
    }
    const target = this.#anchors.get(name)
    if (target === undefined || target === null) {
      const why = target === null ? 'stands inside its own anchor' : 'has no anchor before it'
      this.#report.error('YAML_ALIAS', span, `the alias "*${name}" ${why}`)
      this.#isBroken = true
      return this.#sized(nothingAt(span), 1)
    }
    return target
  }

  #checkTag(node: Scalar | YAMLMap | YAMLSeq, around: Span): void {
    const tag = node.tag
    if (tag === undefined || TAGS_PLAIN.has(tag)) return
    const implied = this.#yaml.isScalar(node)
      ? null
      : this.#yaml.isMap(node)
        ? 'tag:yaml.org,2002:map'
        : 'tag:yaml.org,2002:seq'
    if (tag === implied) return
    const message = `the tag ${quoted(tag)} is not read: a file holds plain values only`
    this.#report.error(
      'YAML_TAG',
      tagSpan(this.#report.text, spanOf(node, around)),
      message,
      'Remove the tag.'
    )
  }

  #sized<T extends TreeNode>(node: T, size: number): T {
    this.#sizes.set(node, size)
    if (size > YAML_NODES_MAX && !this.#isBroken) {
      this.#isBroken = true
      const message = `the file has more than ${YAML_NODES_MAX} values, aliases counted where they are used`
      this.#report.error('YAML_TOO_MANY_NODES', { start: node.start, end: node.start + 1 }, message)
    }
    return node
  }
}

/** The tag before a node, with an anchor perhaps between them; nodes begin behind both. */
function tagSpan(text: string, node: Span): Span {
  const before = text.slice(Math.max(0, node.start - 300), node.start)
  const match = /(![^\s]*)\s*(?:&\S+\s*)?$/.exec(before)
  if (match === null) return node
  const start = node.start - before.length + match.index
  return { start, end: start + match[1]!.length }
}

function nothingAt(span: Span): TreeNode {
  return { kind: 'scalar', value: null, text: '', style: 'plain', start: span.start, end: span.end }
}

function spanOf(node: Node, fallback: Span): Span {
  const range = node.range
  return range == null ? fallback : { start: range[0], end: Math.max(range[1], range[0]) }
}

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single-quoted',
  QUOTE_DOUBLE: 'double-quoted',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded'
}

function scalarOf(node: Scalar, span: Span): TreeNode {
  const value = node.value
  const simple =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  const text = textOf(node)
  return {
    kind: 'scalar',
    value: simple ? value : text,
    text,
    style: STYLES[node.type ?? 'PLAIN'] ?? 'plain',
    ...span
  }
}

/** Plain scalars as they were written (`1.10` stays `1.10`), all others unescaped. */
function textOf(node: Scalar): string {
  if (typeof node.value === 'string') return node.value
  return node.source ?? String(node.value ?? '')
}
