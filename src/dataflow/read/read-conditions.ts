// Reads conditions, and objects of chosen fields: what filters, maps and sinks say without code.
import { COMPARISONS, CONDITION, PICKED } from '../sections/condition-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import type { OperatorKind } from '../plan.ts'
import type { Span } from '../report.ts'
import { quoted, type Entry, type ScalarNode, type TreeNode } from '../yaml/tree.ts'
import type {
  CodeModel,
  ConditionModel,
  IoModel,
  PathModel,
  PickedModel,
  StepModel,
  TestModel
} from './model.ts'
import { pathAt, readPath } from './read-builtins.ts'

/** Aliases can make a short text a large tree. */
const CONDITIONS_MAX = 1_000
const TESTS = [...COMPARISONS, 'in', 'matches', 'exists'] as const
const GROUPS = ['all', 'any', 'not'] as const
/** Which of the keys stand for the function of which operator. */
const OPERATOR_OF: Readonly<Record<string, OperatorKind>> = {
  where: 'filter',
  field: 'map',
  fields: 'map'
}

/** Stands for a condition with a finding. */
const NOTHING: ConditionModel = { kind: 'all', of: [] }

/** What a step says instead of `run` and `uses`; null when it says nothing of the kind. */
export function readInsteadOfStep(
  context: ReadContext,
  section: Section,
  operator: OperatorKind
): CodeModel | null {
  const { report } = context
  const [key, second] = Object.keys(OPERATOR_OF).filter(one => section.value(one) !== null)
  if (key === undefined) return null
  const span = section.keySpan(key)
  const wanted = OPERATOR_OF[key]!
  if (operator !== wanted) {
    const message = `${quoted(key)} is what a ${wanted} says, but the operator is ${operator}`
    report.error('OPERATOR_PLACE', span, message, `Write operator: ${wanted}, or give a function.`)
  }
  const other = second ?? ['run', 'uses'].find(word => section.value(word) !== null)
  if (other !== undefined) {
    const message = `${quoted(key)} and ${quoted(other)} both say what ${operator} gives; one of them must go`
    report.error('CODE_TWICE', section.keySpan(other), message)
  }
  if (key === 'field') {
    const path = pathAt(context, section, key)
    const paths = path === null ? [] : [path]
    return { kind: 'builtin', call: { name: 'fields', paths, isList: false }, span }
  }
  if (key === 'fields') {
    const properties = readPicked(context, section.entries(key), span)
    return { kind: 'builtin', call: { name: 'pick', properties }, span }
  }
  return whereOf(readCondition(context, section, key) ?? NOTHING, span)
}

/** What a sink says of the records that it takes. */
export function readBranch(
  context: ReadContext,
  sink: Section
): { readonly when?: ConditionModel | 'otherwise' } {
  const isOtherwise = sink.boolean('otherwise')
  if (sink.value('when') === null) return isOtherwise ? { when: 'otherwise' } : {}
  if (isOtherwise) {
    const message = 'a sink has either "when" or "otherwise", not both'
    context.report.error('WRONG_VALUE', sink.keySpan('otherwise'), message)
  }
  const when = readCondition(context, sink, 'when')
  return when === null ? {} : { when }
}

/** Sinks with their branches as filters in front of their own steps. */
export function branched(context: ReadContext, sinks: readonly IoModel[]): IoModel[] {
  const conditions = sinks.flatMap(({ when }) =>
    when === undefined || when === 'otherwise' ? [] : [when]
  )
  return sinks.map(sink => {
    const { when, at } = sink
    if (when === undefined) return sink
    if (when === 'otherwise' && conditions.length === 0) {
      const message = '"otherwise" takes what no "when" is true of, but no sink beside it has one'
      context.report.error('WRONG_VALUE', at, message, 'Add "when" to another sink.')
      return sink
    }
    const condition: ConditionModel =
      when === 'otherwise' ? { kind: 'not', of: { kind: 'any', of: conditions } } : when
    return { ...sink, steps: [filterBy(condition, at), ...sink.steps] }
  })
}

function filterBy(condition: ConditionModel, at: Span): StepModel {
  const none = { with: {}, declaredInput: null, declaredOutput: null }
  return { operator: 'filter', code: whereOf(condition, at), ...none, at }
}

function whereOf(condition: ConditionModel, span: Span): CodeModel {
  return { kind: 'builtin', call: { name: 'where', condition }, span }
}

/** null after a finding. */
function readCondition(context: ReadContext, parent: Section, key: string): ConditionModel | null {
  const reader = new ConditionReader(context)
  return reader.read(parent.value(key)!, parent.keySpan(key))
}

class ConditionReader {
  readonly #context: ReadContext
  #count = 0

  constructor(context: ReadContext) {
    this.#context = context
  }

  read(node: TreeNode, at: Span): ConditionModel | null {
    const { report } = this.#context
    if (++this.#count > CONDITIONS_MAX) {
      if (this.#count === CONDITIONS_MAX + 1) {
        const message = `there are more than ${CONDITIONS_MAX} conditions in one`
        report.error('WRONG_VALUE', at, message, 'Write a function instead.')
      }
      return null
    }
    const section = readSection(this.#context, node, CONDITION, at)
    if (section === null) return null
    const named = [...GROUPS, ...TESTS].filter(word => section.value(word) !== null)
    const groups = GROUPS.filter(word => section.value(word) !== null)
    const [group] = groups
    if (group !== undefined) {
      const beside = [...named, 'field'].find(
        word => word !== group && section.value(word) !== null
      )
      if (beside !== undefined) {
        const message = `${quoted(group)} stands alone, but ${quoted(beside)} stands beside it`
        report.error('WRONG_VALUE', section.keySpan(beside), message, 'Put both into "all".')
      }
      return this.#group(section, group)
    }
    if (named.length === 0) {
      // An unknown or invalid key has its own finding.
      if (section.node.entries.every(one => section.value(one.key) !== null)) {
        const hint = `It has a field and one of ${TESTS.join(', ')}; or all, any or not.`
        report.error('WRONG_VALUE', at, 'the condition tests nothing', hint)
      }
      return null
    }
    const tests = TESTS.flatMap(test => this.#test(section, test))
    return { kind: 'tests', field: pathAt(this.#context, section, 'field'), tests, at }
  }

  #group(section: Section, group: (typeof GROUPS)[number]): ConditionModel | null {
    if (group === 'not') {
      const of = this.read(section.value(group)!, section.keySpan(group))
      return of === null ? null : { kind: 'not', of }
    }
    const items = section.items(group)
    if (items.length === 0) {
      this.#context.report.error('WRONG_VALUE', section.keySpan(group), `${quoted(group)} is empty`)
    }
    return { kind: group, of: items.flatMap(item => this.read(item, item) ?? []) }
  }

  #test(section: Section, test: TestModel['test']): TestModel[] {
    const node = section.value(test)
    if (node === null) return []
    const at = section.keySpan(test)
    const nodes = test === 'in' ? section.items(test) : [node]
    const literals = nodes.flatMap(one => this.#literal(one, test))
    if (nodes.length === 0) this.#context.report.error('WRONG_VALUE', at, '"in" names nothing')
    return literals.length === 0 ? [] : [{ test, literals, at }]
  }

  #literal(node: TreeNode, test: string): ScalarNode[] {
    if (node.kind === 'scalar' && node.value !== null) return [node]
    const message = `${quoted(test)} compares with a text, a number or a boolean`
    const hint = node.kind === 'scalar' ? 'Whether a field is absent says exists: false.' : null
    this.#context.report.error('WRONG_KIND', node, message, hint)
    return []
  }
}

function readPicked(context: ReadContext, entries: readonly Entry[], at: Span): PickedModel[] {
  if (entries.length === 0) {
    const message = '"fields" names no property'
    context.report.error('WRONG_VALUE', at, message, 'For example fields: { id: order.id }')
  }
  return entries.flatMap(({ key, keySpan, value }): PickedModel[] => {
    if (!/^[A-Za-z_][\w-]*$/.test(key)) {
      const message = `the name of a property must be letters, digits and hyphens, but is ${quoted(key)}`
      context.report.error('NAME_INVALID', keySpan, message)
      return []
    }
    const from =
      value.kind === 'map' ? constantOf(context, value, keySpan) : readPath(context, value)
    return from === null ? [] : [{ name: key, from, isConstant: value.kind === 'map', at: keySpan }]
  })
}

function constantOf(context: ReadContext, node: TreeNode, at: Span): PathModel | ScalarNode | null {
  const constant = readSection(context, node, PICKED, at)?.value('constant') ?? null
  if (constant === null) return null
  if (constant.kind === 'scalar' && constant.value !== null) return constant
  const message = 'a constant is a text, a number or a boolean'
  context.report.error('WRONG_KIND', constant, message)
  return null
}
