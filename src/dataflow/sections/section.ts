// Checks one section against its declaration and gives typed access to what is valid in it.
import type { ApiVersion } from '../plan.ts'
import type { Imports } from '../packages/model.ts'
import { nearestWord } from '../names.ts'
import type { Report, Span } from '../report.ts'
import {
  kindOf,
  quoted,
  type Entry,
  type MapNode,
  type ScalarNode,
  type TreeNode
} from '../yaml/tree.ts'
import { isIn, type KeySpec, type SectionSpec, type ValueShape } from './declare.ts'
import { parseDuration, parseSize } from './units.ts'

/** What every reader of a file needs. */
export interface ReadContext {
  readonly report: Report
  readonly apiVersion: ApiVersion
  /** What the file imports from packages; absent until that is read. */
  readonly imports?: Imports
}

/** A section whose keys were checked: what was wrong is reported and reads as absent. */
export class Section {
  readonly node: MapNode
  readonly #values: ReadonlyMap<string, Entry>

  constructor(node: MapNode, values: ReadonlyMap<string, Entry>) {
    this.node = node
    this.#values = values
  }

  /** The node under a key, whatever its kind. */
  value(key: string): TreeNode | null {
    return this.#values.get(key)?.value ?? null
  }

  /** Where the key stands, or else where the section begins. */
  keySpan(key: string): Span {
    return this.#values.get(key)?.keySpan ?? startOf(this.node)
  }

  scalar(key: string): ScalarNode | null {
    const node = this.value(key)
    return node?.kind === 'scalar' ? node : null
  }

  text(key: string): string | null {
    return this.scalar(key)?.text ?? null
  }

  number(key: string): number | null {
    const value = this.scalar(key)?.value
    return typeof value === 'number' ? value : null
  }

  boolean(key: string): boolean {
    return this.scalar(key)?.value === true
  }

  duration(key: string): number | null {
    const text = this.text(key)
    return text === null ? null : parseDuration(text)
  }

  size(key: string): number | null {
    const text = this.text(key)
    return text === null ? null : parseSize(text)
  }

  entries(key: string): readonly Entry[] {
    const node = this.value(key)
    return node?.kind === 'map' ? node.entries : []
  }

  items(key: string): readonly TreeNode[] {
    const node = this.value(key)
    return node?.kind === 'list' ? node.items : []
  }
}

/** The first character of a node: where a missing key is reported. */
export function startOf(span: Span): Span {
  return { start: span.start, end: span.start + 1 }
}

/** Checks `node` against `spec`. null when it is no mapping, which is reported. `at` names the place for people. */
export function readSection(
  context: ReadContext,
  node: TreeNode,
  spec: SectionSpec,
  at: Span = node
): Section | null {
  const { report } = context
  if (node.kind !== 'map') {
    const span = node.end > node.start ? node : at
    const keys = spec.keys.filter(key => isIn(key, context.apiVersion)).map(key => key.key)
    const message = `${spec.name} must be a mapping, but is ${kindOf(node)}`
    report.error(
      'WRONG_KIND',
      span,
      message,
      keys.length > 0 ? `Its keys are ${keys.join(', ')}.` : null
    )
    return null
  }
  const values = new Map<string, Entry>()
  for (const entry of node.entries) {
    const key = keySpecOf(context, entry, spec)
    if (key === null) continue
    if (values.has(key.key)) {
      report.error(
        'DUPLICATE_KEY',
        entry.keySpan,
        `${quoted(entry.key)} says the same as ${quoted(key.key)}, which is there too`
      )
    } else if (isValueValid(context, entry, key)) values.set(key.key, entry)
  }
  reportMissing(context, node, spec, at)
  return new Section(node, values)
}

/** A key that stands there misspelt is told as that, and not as missing besides. */
function reportMissing(context: ReadContext, node: MapNode, spec: SectionSpec, at: Span): void {
  const meantBy = (word: string): string | null => nearestWord(word, validKeys(context, spec))
  for (const key of spec.keys) {
    if (key.required !== true || !isIn(key, context.apiVersion)) continue
    const names = [key.key, ...(key.aliases ?? [])]
    if (node.entries.some(({ key: word }) => names.includes(word) || meantBy(word) === key.key))
      continue
    const hint = key.example === undefined ? null : `For example ${key.key}: ${key.example}`
    const span = at === node ? startOf(node) : at
    context.report.error('MISSING_KEY', span, `${spec.name} needs the key ${quoted(key.key)}`, hint)
  }
}

function validKeys(context: ReadContext, spec: SectionSpec): readonly string[] {
  return spec.keys
    .filter(key => isIn(key, context.apiVersion) && key.value.kind !== 'unavailable')
    .map(key => key.key)
}

/** The declaration of an entry's key, if it may stand here. */
function keySpecOf(context: ReadContext, entry: Entry, spec: SectionSpec): KeySpec | null {
  const { report, apiVersion } = context
  const named = spec.keys.filter(key => key.key === entry.key || key.aliases?.includes(entry.key))
  const known = named.find(key => isIn(key, apiVersion)) ?? named[0]
  if (known === undefined) {
    const valid = validKeys(context, spec)
    const nearest = nearestWord(entry.key, valid)
    const hint =
      nearest === null ? `Valid here: ${valid.join(', ')}.` : `Did you mean "${nearest}"?`
    const message = `${quoted(entry.key)} is not a key of ${spec.name}`
    if (spec.ignoresUnknownKeys === true && nearest === null) {
      report.warning('UNKNOWN_KEY', entry.keySpan, `${message} and is ignored`, hint)
    } else report.error('UNKNOWN_KEY', entry.keySpan, message, hint)
    return null
  }
  if (known.value.kind === 'unavailable') {
    report.error('SECTION_UNAVAILABLE', entry.keySpan, unavailable(entry.key), known.doc)
    return null
  }
  if (!isIn(known, apiVersion)) {
    const range = known.since === undefined ? `up to ${known.until}` : `from ${known.since} on`
    const message = `"${entry.key}" belongs to files with apiVersion ${range}; this one has ${apiVersion}`
    report.error('KEY_VERSION', entry.keySpan, message)
    return null
  }
  if (known.withoutEffect === true) {
    report.warning(
      'KEY_WITHOUT_EFFECT',
      entry.keySpan,
      `"${entry.key}" is read but changes nothing in millrace`,
      known.doc
    )
  }
  return known
}

const unavailable = (word: string): string => `"${word}" is not part of this version of millrace`

function isValueValid(context: ReadContext, entry: Entry, spec: KeySpec): boolean {
  const problem = problemOf(entry.value, spec.value)
  if (problem === null) return true
  const { report } = context
  const span = entry.value.end > entry.value.start ? entry.value : entry.keySpan
  if (problem.code === 'SECTION_UNAVAILABLE') {
    report.error(problem.code, span, unavailable(problem.expected), problem.hint)
    return false
  }
  const message = `"${entry.key}" must be ${problem.expected}, but is ${kindOf(entry.value)}`
  report.error(problem.code, span, message, problem.hint)
  return false
}

interface ValueProblem {
  readonly code: 'WRONG_KIND' | 'WRONG_VALUE' | 'SECTION_UNAVAILABLE'
  readonly expected: string
  readonly hint: string | null
}

const wrongKind = (expected: string, hint: string | null = null): ValueProblem => ({
  code: 'WRONG_KIND',
  expected,
  hint
})
const wrongValue = (expected: string, hint: string | null = null): ValueProblem => ({
  code: 'WRONG_VALUE',
  expected,
  hint
})

/** What is wrong with a value for a shape; null when nothing is. */
function problemOf(node: TreeNode, shape: ValueShape): ValueProblem | null {
  switch (shape.kind) {
    case 'text':
      if (node.kind !== 'scalar' || node.value === null || node.text === '')
        return wrongKind('a text')
      return typeof node.value === 'string' ? null : wrongKind('a text', 'Put it in quotes.')
    case 'word':
      return node.kind === 'scalar' && node.text !== '' ? null : wrongKind('a word')
    case 'code':
      return node.kind === 'scalar' && typeof node.value === 'string'
        ? null
        : wrongKind('the text of a function', 'Write "run: |" and the function indented below it.')
    case 'boolean':
      return node.kind === 'scalar' && typeof node.value === 'boolean'
        ? null
        : wrongKind('true or false')
    case 'integer': {
      if (node.kind !== 'scalar' || typeof node.value !== 'number' || !Number.isInteger(node.value))
        return wrongKind('a whole number')
      return node.value >= shape.min && node.value <= shape.max
        ? null
        : wrongValue(`from ${shape.min} to ${shape.max}`)
    }
    case 'duration':
      if (node.kind !== 'scalar' || node.value === null)
        return wrongKind('a duration such as 20s or 1m 30s')
      return parseDuration(node.text) === null
        ? wrongValue('a duration such as 20s or 1m 30s', 'Units are ms, s, m, h, d and w.')
        : null
    case 'size':
      if (node.kind !== 'scalar' || node.value === null) return wrongKind('a size such as 64MiB')
      return parseSize(node.text) === null
        ? wrongValue('a size such as 64MiB', 'Units are B, KB, KiB, MB, MiB, GB, GiB, TB and TiB.')
        : null
    case 'choice':
      return choiceProblem(node, shape)
    case 'map':
      return node.kind === 'map' ? null : wrongKind('a mapping')
    case 'list':
      return node.kind === 'list' ? null : wrongKind('a list', 'Begin each item with "- ".')
    case 'list-or-map':
      return node.kind === 'scalar' ? wrongKind('a mapping or a list') : null
    // Sections and types are checked where they are read; unavailable ones never come here.
    case 'section':
    case 'type':
    case 'any':
    case 'unavailable':
      return null
  }
}

function choiceProblem(
  node: TreeNode,
  shape: Extract<ValueShape, { readonly kind: 'choice' }>
): ValueProblem | null {
  const expected = `one of ${shape.of.join(', ')}`
  if (node.kind !== 'scalar') return wrongKind(expected)
  if (shape.of.includes(node.text) || shape.also?.includes(node.text)) return null
  if (shape.unavailable?.includes(node.text)) {
    return { code: 'SECTION_UNAVAILABLE', expected: node.text, hint: null }
  }
  const nearest = nearestWord(node.text, shape.of)
  return wrongValue(expected, nearest === null ? null : `Did you mean "${nearest}"?`)
}
