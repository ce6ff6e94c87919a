// Reads test files: cases with their records, expectations and places.
import type { Diagnostic } from '../diagnostics.ts'
import { Report, type Span } from '../report.ts'
import {
  CASE,
  DEAD_LETTER,
  EXPECTED,
  FUNCTION_CASE,
  RECORD,
  TEST_FILE
} from '../sections/test-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { parseDuration } from '../sections/units.ts'
import { readTree } from '../yaml/read-tree.ts'
import { entryAt, kindOf, quoted, type Entry, type TreeNode } from '../yaml/tree.ts'
import type {
  CaseRecord,
  DataflowCase,
  ExpectedLetter,
  ExpectedTopic,
  FunctionCase,
  PlainValue,
  StateEntries,
  TestCase,
  TestFile,
  Turn
} from './model.ts'

/** Reads a test file; null when there is an error. Never throws on any text. */
export function readTestFile(
  text: string,
  file: string
): { readonly test: TestFile | null; readonly diagnostics: readonly Diagnostic[] } {
  const report = new Report(file, text)
  const tree = readTree(report)
  if (tree === null && !report.hasErrors) {
    report.error('EMPTY', { start: 0, end: 1 }, 'the file is empty', 'Begin with "cases:".')
  }
  const test = tree === null ? null : new CaseReader(report).file(tree)
  return { test: report.hasErrors ? null : test, diagnostics: report.diagnostics() }
}

class CaseReader {
  readonly #report: Report
  readonly #context: ReadContext

  constructor(report: Report) {
    this.#report = report
    this.#context = { report, apiVersion: '1.0.0' }
  }

  file(tree: TreeNode): TestFile | null {
    const section = readSection(this.#context, tree, TEST_FILE)
    if (section === null) return null
    const cases = section.entries('cases')
    if (section.value('cases') !== null && cases.length === 0) {
      this.#report.error(
        'MISSING_KEY',
        section.keySpan('cases'),
        'the file needs at least one case'
      )
    }
    return {
      file: section.text('file'),
      fileAt: this.#report.position(section.scalar('file') ?? section.keySpan('file')),
      partitions: section.number('partitions') ?? 1,
      env: this.#texts(section, 'env') ?? {},
      cases: cases.flatMap(entry => this.#case(entry) ?? [])
    }
  }

  #case(entry: Entry): TestCase | null {
    const isFunction = entryAt(entry.value, 'function') !== null
    const spec = isFunction ? FUNCTION_CASE : CASE
    const section = readSection(this.#context, entry.value, spec, entry.keySpan)
    if (section === null) return null
    return isFunction ? this.#functionCase(entry, section) : this.#dataflowCase(entry, section)
  }

  #dataflowCase(entry: Entry, section: Section): DataflowCase {
    const given = section.value('given')
    const parts = given?.kind === 'list' ? given.items : given === null ? [] : [given]
    return {
      kind: 'dataflow',
      name: entry.key,
      at: this.#report.position(entry.keySpan),
      turns: parts.flatMap(part => this.#turns(part)),
      topics: section.entries('expect').flatMap(item => this.#expected(item) ?? []),
      states: this.#states(section, 'state'),
      deadLetters: section.items('dead-letters').flatMap(item => this.#letter(item) ?? [])
    }
  }

  #functionCase(entry: Entry, section: Section): FunctionCase | null {
    const name = section.scalar('function')
    const input = section.value('input')
    const output = section.value('output')
    if (name === null || input === null) return null
    const error = section.text('error')
    if (error !== null && output !== null) {
      const message = 'a function either gives an "output" or fails with an "error"'
      this.#report.error('WRONG_VALUE', section.keySpan('error'), message)
    }
    const key = section.value('key')
    return {
      kind: 'function',
      name: entry.key,
      at: this.#report.position(entry.keySpan),
      function: name.text,
      functionAt: this.#report.position(name),
      input: {
        value: plainOf(input),
        key: key === null ? undefined : plainOf(key),
        timestampMs: this.#time(section.value('timestamp')),
        headers: this.#texts(section, 'headers'),
        at: this.#report.position(section.keySpan('input'))
      },
      before: this.#states(section, 'given-state'),
      output: output === null ? undefined : plainOf(output),
      outputAt: this.#report.position(section.keySpan(output === null ? 'error' : 'output')),
      error,
      states: this.#states(section, 'state')
    }
  }

  #turns(part: TreeNode): Turn[] {
    if (part.kind !== 'map') {
      const message = `what is given is a mapping of topics to lists of records, but this is ${kindOf(part)}`
      this.#report.error('WRONG_KIND', part, message)
      return []
    }
    return part.entries.map(({ key, keySpan, value }): Turn => {
      const ms = key === 'advance' && value.kind === 'scalar' ? parseDuration(value.text) : null
      if (ms !== null) return { kind: 'advance', ms }
      const at = this.#report.position(keySpan)
      return { kind: 'records', topic: key, records: this.#records(value, keySpan), at }
    })
  }

  #records(node: TreeNode, at: Span): CaseRecord[] {
    if (node.kind === 'list') return node.items.flatMap(item => this.#record(item) ?? [])
    const message = `the records of a topic are a list, but this is ${kindOf(node)}`
    this.#report.error('WRONG_KIND', at, message, 'Begin each record with "- ".')
    return []
  }

  #record(item: TreeNode): CaseRecord | null {
    const at = this.#report.position(item)
    if (entryAt(item, 'value') === null) {
      const nothing = { key: undefined, timestampMs: undefined, headers: undefined }
      return { value: plainOf(item), ...nothing, at }
    }
    const section = readSection(this.#context, item, RECORD)
    if (section === null) return null
    const key = section.value('key')
    return {
      value: plainOf(section.value('value')!),
      key: key === null ? undefined : plainOf(key),
      timestampMs: this.#time(section.value('timestamp')),
      headers: this.#texts(section, 'headers'),
      at
    }
  }

  #expected({ key, keySpan, value }: Entry): ExpectedTopic | null {
    const at = this.#report.position(keySpan)
    if (value.kind !== 'map') {
      return { topic: key, how: 'exactly', records: this.#records(value, keySpan), at }
    }
    const section = readSection(this.#context, value, EXPECTED, keySpan)
    const how = (['any-order', 'contains'] as const).filter(word => section?.value(word))
    if (how.length === 1) {
      const list = section!.value(how[0]!)!
      return { topic: key, how: how[0]!, records: this.#records(list, keySpan), at }
    }
    const message = `what is expected of ${quoted(key)} is a list, or a list under "any-order" or "contains"`
    this.#report.error('WRONG_VALUE', keySpan, message)
    return null
  }

  #states(section: Section, key: string): StateEntries[] {
    return section.entries(key).flatMap(({ key: state, keySpan, value }) => {
      if (value.kind !== 'map') {
        const message = `the entries of a state are a mapping from keys to values, but this is ${kindOf(value)}`
        this.#report.error('WRONG_KIND', keySpan, message, 'Write {} for none.')
        return []
      }
      const entries = Object.fromEntries(value.entries.map(one => [one.key, plainOf(one.value)]))
      return [{ state, entries, at: this.#report.position(keySpan) }]
    })
  }

  #letter(item: TreeNode): ExpectedLetter | null {
    const section = readSection(this.#context, item, DEAD_LETTER)
    if (section === null) return null
    return {
      value: section.text('value'),
      operator: section.text('operator'),
      message: section.text('message'),
      at: this.#report.position(item)
    }
  }

  /** A mapping of texts; numbers and booleans are taken as they are written. */
  #texts(section: Section, key: string): Record<string, string> | undefined {
    if (section.value(key) === null) return undefined
    const texts: Record<string, string> = {}
    for (const { key: name, keySpan, value } of section.entries(key)) {
      if (value.kind === 'scalar') texts[name] = value.text
      else this.#report.error('WRONG_KIND', keySpan, `${quoted(name)} must be a text`)
    }
    return texts
  }

  #time(node: TreeNode | null): number | undefined {
    if (node === null) return undefined
    const time = timeOf(plainOf(node))
    if (time !== null) return time
    const message = `a timestamp is milliseconds or a time as 2026-01-01T00:00:00Z, but this is ${kindOf(node)}`
    this.#report.error('WRONG_VALUE', node, message)
    return undefined
  }
}

/** Milliseconds of a timestamp in a test file; null when it is none. */
export function timeOf(value: PlainValue): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : value
  return typeof time === 'number' && Number.isSafeInteger(time) && time >= 0 ? time : null
}

/** A node as a plain value. */
function plainOf(node: TreeNode): PlainValue {
  if (node.kind === 'list') return node.items.map(plainOf)
  if (node.kind === 'map') {
    return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainOf(value)]))
  }
  if (typeof node.value === 'number' && /^-?\d{16,}$/.test(node.text)) return BigInt(node.text)
  return node.value
}
