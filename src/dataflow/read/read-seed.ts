// Reads the first layout (0.1.0): functions, states with interfaces, and operations at the top level.
import { nearestWord, toCamel, toKebab } from '../names.ts'
import type { OperatorKind } from '../plan.ts'
import { SEED_FILE, SEED_FUNCTION, SEED_OPERATION, SEED_STATE } from '../sections/old-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { scalarOf } from '../type-text.ts'
import type { Type } from '../types.ts'
import {
  kindOf,
  quoted,
  valueAt,
  type Entry,
  type MapNode,
  type ScalarNode,
  type TreeNode
} from '../yaml/tree.ts'
import type {
  FileModel,
  IoModel,
  ServiceModel,
  StateModel,
  StepModel,
  TopicModel
} from './model.ts'
import { placeSteps } from './place-steps.ts'
import { checkName, checkStateProperty } from './read-names.ts'
import { readAnySteps } from './read-old-services.ts'
import { ERRORS_DEFAULT, withoutTwins } from './read-services.ts'
import { operatorOf, stepOf } from './read-steps.ts'
import { readMeta, readShared } from './read-shared.ts'
import { topicValueOf, undeclaredTopic, type TopicDefaults } from './read-topics.ts'
import type { TypeTable } from './read-types.ts'

const OPERATION_KEYS = new Set(
  SEED_OPERATION.keys.flatMap(key => [key.key, ...(key.aliases ?? [])])
)
const STATE_KEYS = new Set(SEED_STATE.keys.map(key => key.key))

/** A state of the section `states`, with its interfaces. */
interface DeclaredState {
  readonly name: string
  readonly interfaces: ReadonlySet<string>
  readonly key: Type | null
  readonly value: Type | null
  owner: string | null
}

/** Everything that operations refer to. */
interface Declared {
  readonly types: TypeTable
  readonly topics: Map<string, TopicModel>
  readonly defaults: TopicDefaults
  readonly functions: ReadonlyMap<string, StepModel | null>
  readonly states: readonly DeclaredState[]
}

/** Whether a file of 0.1.0 has the first layout: operations instead of services. */
export function isSeedLayout(tree: MapNode): boolean {
  return !tree.entries.some(entry => entry.key === 'services') && tree.entries.some(isOperation)
}

function isOperation(entry: Entry): boolean {
  if (SEED_FILE.keys.some(key => key.key === entry.key)) return entry.key === 'functions'
  return (
    entry.value.kind === 'map' && entry.value.entries.some(inner => OPERATION_KEYS.has(inner.key))
  )
}

/** Reads a file of the first layout. */
export function readSeedFile(context: ReadContext, tree: MapNode): FileModel | null {
  const operations = tree.entries.filter(entry => entry.key !== 'functions' && isOperation(entry))
  const rest = { ...tree, entries: tree.entries.filter(entry => !operations.includes(entry)) }
  const file = readSection(context, rest, SEED_FILE)
  if (file === null) return null
  if (operations.length === 0) {
    context.report.error(
      'MISSING_KEY',
      { start: tree.start, end: tree.start + 1 },
      'the file needs at least one operation',
      'An operation is a mapping with source, steps and sink.'
    )
  }
  const shared = readShared(context, file)
  const functions = new Map(
    file
      .entries('functions')
      .map(entry => [toKebab(entry.key), readFunction(context, shared.types, entry)])
  )
  const states = file
    .entries('states')
    .flatMap(entry => readDeclaredState(context, shared.types, entry))
  const declared: Declared = { ...shared, functions, states }
  const services: ServiceModel[] = []
  assignOwners(operations, states)
  for (const entry of operations) {
    const service = readOperation(context, declared, entry)
    if (service === null) continue
    if (services.some(other => other.name === service.name)) {
      context.report.error(
        'NAME_DUPLICATE',
        entry.keySpan,
        `there is already an operation ${quoted(service.name)}`
      )
    } else services.push(service)
  }
  return {
    apiVersion: context.apiVersion,
    ...readMeta(context, file),
    types: shared.types,
    topics: shared.topics,
    services
  }
}

/** Each state is owned by the first operation that lists and updates it, or else by the first that lists it. */
function assignOwners(operations: readonly Entry[], states: readonly DeclaredState[]): void {
  for (const state of states) {
    const listing = operations.filter(entry => listsState(entry, state))
    const owner = listing.find(updatesState) ?? listing[0]
    state.owner = owner === undefined ? null : toKebab(owner.key)
  }
}

function listsState(entry: Entry, state: DeclaredState): boolean {
  const items = itemsAt(entry.value, ['states', 'state'])
  return items.some(item => item.kind === 'scalar' && state.interfaces.has(toKebab(item.text)))
}

function updatesState(entry: Entry): boolean {
  return itemsAt(entry.value, ['steps']).some(step => {
    const operator = valueAt(step, 'operator')
    return (
      operator?.kind === 'scalar' &&
      (operator.text === 'update-state' || operator.text === 'process')
    )
  })
}

function itemsAt(node: TreeNode, keys: readonly string[]): readonly TreeNode[] {
  return keys.flatMap(key => {
    const value = valueAt(node, key)
    return value?.kind === 'list' ? value.items : []
  })
}

/** A declared function as a step that is not yet in its place; null after a finding. */
function readFunction(context: ReadContext, types: TypeTable, entry: Entry): StepModel | null {
  const section = readSection(context, entry.value, SEED_FUNCTION, entry.keySpan)
  const type = section?.scalar('type') ?? null
  if (section === null || type === null) return null
  const operator = operatorOf(context, type)
  if (operator === null) return null
  const hasCode = section.node.entries.some(item => item.key === 'run' || item.key === 'uses')
  if (hasCode) return stepOf(context, types, section, operator, entry.keySpan)
  const code = {
    kind: 'module' as const,
    specifier: './functions.ts',
    exportName: toCamel(entry.key),
    span: entry.keySpan
  }
  return stepOf(context, types, section, operator, entry.keySpan, code)
}

function readDeclaredState(context: ReadContext, types: TypeTable, entry: Entry): DeclaredState[] {
  const name = checkName(context, entry, 'state')
  if (name === null) return []
  const node = entry.value
  const interfaces =
    node.kind === 'map' ? node.entries.filter(item => !STATE_KEYS.has(item.key)) : []
  for (const item of interfaces) {
    checkStateProperty(context, toCamel(item.key), item.keySpan)
    const isEmpty =
      item.value.kind === 'scalar'
        ? item.value.value === null
        : item.value.kind === 'map' && item.value.entries.length === 0
    if (!isEmpty)
      context.report.warning(
        'KEY_WITHOUT_EFFECT',
        item.keySpan,
        `what the interface ${quoted(item.key)} says beyond its name changes nothing in millrace`
      )
  }
  const known: TreeNode =
    node.kind === 'map'
      ? { ...node, entries: node.entries.filter(item => STATE_KEYS.has(item.key)) }
      : node
  const section = readSection(context, known, SEED_STATE, entry.keySpan)
  if (section === null) return []
  const names = new Set([name, ...interfaces.map(item => toKebab(item.key))])
  return [{ name, interfaces: names, ...stateTypes(types, section), owner: null }]
}

function stateTypes(types: TypeTable, section: Section): { key: Type | null; value: Type | null } {
  const type = section.scalar('type')
  if (type === null) return { key: null, value: null }
  if (section.value('properties') !== null) return types.keyAndValue(section, 'state')
  return { key: scalarOf('string'), value: types.read(type, type).type }
}

function readOperation(
  context: ReadContext,
  declared: Declared,
  entry: Entry
): ServiceModel | null {
  const name = checkName(context, entry, 'service')
  const section = readSection(context, entry.value, SEED_OPERATION, entry.keySpan)
  if (name === null || section === null) return null
  const steps = readAnySteps(context, declared.types, section, (node, operator) =>
    functionNamed(context, declared, node, operator)
  )
  const placed = placeSteps(context, steps)
  const { assignTimestamp } = placed.timed
  if (assignTimestamp !== null)
    context.report.error(
      'OPERATOR_PLACE',
      assignTimestamp.at,
      '"assign-timestamp" needs a window, which this layout has not',
      'Use apiVersion 1.0.0.'
    )
  return {
    name,
    sources: readTopics(context, declared, section, 'source'),
    states: withoutTwins(
      context,
      section.items('states').flatMap(item => readInterface(context, declared, item, name))
    ),
    ...placed.service,
    time: null,
    window: null,
    sinks: readTopics(context, declared, section, 'sink'),
    errors: ERRORS_DEFAULT,
    isPartial: false,
    at: entry.keySpan
  }
}

/** The function that a step uses by name. */
function functionNamed(
  context: ReadContext,
  declared: Declared,
  node: ScalarNode,
  operator: OperatorKind
): StepModel | null {
  const name = toKebab(node.text)
  const known = declared.functions.get(name)
  if (known === undefined) {
    const nearest = nearestWord(name, declared.functions.keys())
    const hint =
      nearest === null ? 'Declare it in the section "functions".' : `Did you mean "${nearest}"?`
    context.report.error(
      'FUNCTION_UNKNOWN',
      node,
      `there is no function ${quoted(node.text)}`,
      hint
    )
    return null
  }
  if (known !== null && known.operator !== operator) {
    context.report.error(
      'OPERATOR_PLACE',
      node,
      `the function ${quoted(node.text)} is declared for ${known.operator}, but used by ${operator}`
    )
    return null
  }
  return known
}

/** Topics of `source` or `sink`; the first mention of an undeclared one gives its type. */
function readTopics(
  context: ReadContext,
  declared: Declared,
  section: Section,
  key: 'source' | 'sink'
): IoModel[] {
  return section.entries(key).map(({ key: id, keySpan, value }) => {
    const isEmpty =
      value.kind === 'scalar'
        ? value.value === null
        : value.kind === 'map' && value.entries.length === 0
    const type = isEmpty ? scalarOf('string') : declared.types.read(value, keySpan).type
    if (!declared.topics.has(id) && type !== null) {
      // Without converters in the layout, each type has the one that suits it.
      const plan = topicValueOf(context, type, null, keySpan)
      if (plan !== null) {
        declared.topics.set(id, undeclaredTopic(context, id, keySpan, plan, declared.defaults))
      }
    }
    return { topic: id, topicSpan: keySpan, steps: [], at: keySpan }
  })
}

/** A state under the interface by which an operation lists it. */
function readInterface(
  context: ReadContext,
  declared: Declared,
  item: TreeNode,
  service: string
): StateModel[] {
  if (item.kind !== 'scalar' || item.text === '') {
    context.report.error(
      'WRONG_KIND',
      item,
      `an interface of a state is a name, but this is ${kindOf(item)}`
    )
    return []
  }
  const wanted = toKebab(item.text)
  const state = declared.states.find(candidate => candidate.interfaces.has(wanted))
  if (state === undefined) {
    const nearest = nearestWord(
      wanted,
      declared.states.flatMap(candidate => [...candidate.interfaces])
    )
    const hint =
      nearest === null ? 'Declare it in the section "states".' : `Did you mean "${nearest}"?`
    context.report.error(
      'STATE_UNKNOWN',
      item,
      `no state has the interface ${quoted(item.text)}`,
      hint
    )
    return []
  }
  const { name, key, value } = state
  const property = toCamel(wanted)
  const owner = state.owner ?? service
  if (owner === service)
    return [{ kind: 'owned', name, property, key, value, ttlMs: null, windowed: null, at: item }]
  return [
    { kind: 'reference', name, property, service: owner, state: name, at: item, targetSpan: item }
  ]
}
