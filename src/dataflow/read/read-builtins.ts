// Reads what a file describes instead of writing code: keys and times by fields, and aggregates.
import type { AggregateFunction, OperatorKind } from '../plan.ts'
import { nearestWord } from '../names.ts'
import { AGGREGATE, AGGREGATE_WORDS, DEDUP } from '../sections/aggregate-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { quoted, type Entry, type TreeNode } from '../yaml/tree.ts'
import type { AggregateModel, CodeModel, PathModel } from './model.ts'

/** Keys that stand in the place of a function. */
const INSTEAD_OF_CODE = ['field', 'fields', 'constant']
const FIELD_FUNCTIONS = ['count', 'sum', 'min', 'max', 'avg', 'distinct', 'first', 'last'] as const

/** What a section says instead of `run` and `uses`; null when it says nothing of the kind. */
export function readInsteadOfCode(
  context: ReadContext,
  section: Section,
  operator: OperatorKind
): CodeModel | null {
  const keys = INSTEAD_OF_CODE.filter(key => section.value(key) !== null)
  const [key, second] = keys
  if (key === undefined) return null
  const other = second ?? ['run', 'uses'].find(word => section.value(word) !== null)
  if (other !== undefined) {
    const message = `"${key}" and "${other}" both say what ${operator} gives; one of them must go`
    context.report.error('CODE_TWICE', section.keySpan(other), message)
  }
  const span = section.keySpan(key)
  if (key === 'constant') {
    return { kind: 'builtin', call: { name: 'constant', value: section.text(key)! }, span }
  }
  const nodes = key === 'field' ? [section.value(key)!] : section.items(key)
  if (nodes.length === 0) context.report.error('WRONG_VALUE', span, '"fields" names no field')
  const paths = nodes.flatMap(node => readPath(context, node) ?? [])
  return { kind: 'builtin', call: { name: 'fields', paths, isList: key === 'fields' }, span }
}

/** Reads `a` or `a.b`; null after a finding. */
export function readPath(context: ReadContext, node: TreeNode): PathModel | null {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    const path = node.text.split('.')
    if (path.every(name => name !== '' && name === name.trim())) return { path, span: node }
  }
  const message = 'a field must be a name, or several with dots between them'
  context.report.error('WRONG_VALUE', node, message, 'For example customer.id')
  return null
}

/** The path under a key; null when there is none, or after a finding. */
export function pathAt(context: ReadContext, section: Section, key: string): PathModel | null {
  const node = section.value(key)
  return node === null ? null : readPath(context, node)
}

/** Reads `aggregate` of a partition; null when it has none. */
export function readAggregate(
  context: ReadContext,
  partition: Section
): { readonly of: readonly AggregateModel[]; readonly at: { start: number; end: number } } | null {
  if (partition.value('aggregate') === null) return null
  const at = partition.keySpan('aggregate')
  const entries = partition.entries('aggregate')
  if (entries.length === 0) {
    const message = '"aggregate" says nothing that it gives'
    context.report.error('WRONG_VALUE', at, message, 'For example aggregate: { count: count }')
  }
  const of: AggregateModel[] = []
  for (const entry of entries) {
    const model = readOne(context, entry)
    if (model === null) continue
    if (of.some(other => other.name === model.name)) {
      const message = `there is already a property ${quoted(model.name)}`
      context.report.error('NAME_DUPLICATE', entry.keySpan, message)
    } else of.push(model)
  }
  return { of, at }
}

function readOne(context: ReadContext, { key, keySpan, value }: Entry): AggregateModel | null {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) {
    const message = `the name of a property must be letters, digits and hyphens, but is ${quoted(key)}`
    context.report.error('NAME_INVALID', keySpan, message)
    return null
  }
  const plain = {
    name: key,
    field: null,
    by: null,
    size: 0,
    order: 'descending',
    at: keySpan
  } as const
  if (value.kind === 'scalar') {
    const word = AGGREGATE_WORDS.find(one => one === value.text)
    if (word !== undefined) return { ...plain, function: word }
    const nearest = nearestWord(value.text, AGGREGATE_WORDS)
    const hint =
      nearest !== null
        ? `Did you mean "${nearest}"?`
        : `It is one of ${AGGREGATE_WORDS.join(', ')}, or a function with its field, such as { sum: amount }.`
    context.report.error('WRONG_VALUE', value, `${quoted(value.text)} is no aggregate`, hint)
    return null
  }
  const section = readSection(context, value, AGGREGATE, keySpan)
  if (section === null) return null
  const named = [...FIELD_FUNCTIONS, 'top' as const].filter(word => section.value(word) !== null)
  const [name, second] = named
  if (name === undefined || second !== undefined) {
    // An unknown or invalid key has its own finding.
    if (section.node.entries.every(one => section.value(one.key) !== null)) {
      const what = name === undefined ? 'names no function' : `has both "${name}" and "${second}"`
      context.report.error('WRONG_VALUE', keySpan, `the aggregate ${quoted(key)} ${what}`)
    }
    return null
  }
  return name === 'top'
    ? readTop(context, section, plain)
    : readField(context, section, plain, name)
}

type Plain = Pick<AggregateModel, 'name' | 'field' | 'by' | 'size' | 'order' | 'at'>

function readField(
  context: ReadContext,
  section: Section,
  plain: Plain,
  name: AggregateFunction
): AggregateModel | null {
  for (const key of ['by', 'of', 'order']) {
    if (section.value(key) === null) continue
    context.report.error('WRONG_VALUE', section.keySpan(key), `"${key}" belongs to "top"`)
  }
  const field = pathAt(context, section, name)
  return field === null ? null : { ...plain, function: name, field }
}

function readTop(context: ReadContext, section: Section, plain: Plain): AggregateModel | null {
  if (section.value('by') === null) {
    const message = '"top" needs "by", the field that orders the records'
    context.report.error('MISSING_KEY', section.keySpan('top'), message)
    return null
  }
  const by = pathAt(context, section, 'by')
  if (by === null) return null
  const order = section.text('order') === 'ascending' ? 'ascending' : 'descending'
  const size = section.number('top')!
  return { ...plain, function: 'top', field: pathAt(context, section, 'of'), by, size, order }
}

/** Reads `dedup` of a partition; null when it has none, or without bounds, which is a finding. */
export function readDedup(
  context: ReadContext,
  partition: Section
): { readonly count: number | null; readonly ageMs: number | null } | null {
  const node = partition.value('dedup')
  const at = partition.keySpan('dedup')
  const section = node === null ? null : readSection(context, node, DEDUP, at)
  if (section === null) return null
  const count = section.number('count')
  const ageMs = section.duration('age') || null
  if (count !== null || ageMs !== null) return { count, ageMs }
  if (section.node.entries.every(entry => section.value(entry.key) !== null)) {
    const message = '"dedup" has no bound: every key would have to be remembered for ever'
    context.report.error('DEDUP_UNBOUNDED', at, message, 'Say count, age (longer than 0) or both.')
  }
  return null
}
