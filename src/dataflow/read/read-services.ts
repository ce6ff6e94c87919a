// Reads services of the layout with sources, states, transforms, partition and sinks (0.4.0 and later).
import type { ErrorPolicy } from '../plan.ts'
import { toCamel } from '../names.ts'
import { importedState } from '../packages/imported-names.ts'
import type { Span } from '../report.ts'
import { ERRORS } from '../sections/file-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import type { SectionSpec } from '../sections/declare.ts'
import { PARTITION, SERVICE, SINK, SOURCE, STATE } from '../sections/service-sections.ts'
import { quoted, type Entry, type TreeNode } from '../yaml/tree.ts'
import type { IoModel, PartitionModel, ServiceModel, StateModel, StepModel } from './model.ts'
import { readAggregate, readDedup } from './read-builtins.ts'
import { branched, readBranch } from './read-conditions.ts'
import { isFunctionSink, readFunctionSink } from './read-function-sink.ts'
import { readJoin } from './read-join.ts'
import { readServiceMigrate, readStateMigrate } from './read-migrate.ts'
import { checkName, checkStateProperty } from './read-names.ts'
import { readScheduleSource } from './read-schedules.ts'
import { onlySteps, readPlacedFunction, readStep, readSteps } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'
import { graceOf, muted, readServiceTime, readWindow } from './read-window.ts'

export const ERRORS_DEFAULT: ErrorPolicy = {
  policy: 'dead-letter',
  retries: 0,
  backoffMs: 100,
  backoffMaxMs: 10_000
}

/** Reads one entry of the section `services`; null after a finding about it as a whole. */
export function readService(
  context: ReadContext,
  entry: Entry,
  types: TypeTable,
  errors: ErrorPolicy
): ServiceModel | null {
  const name = checkName(context, entry, 'service')
  const section = readSection(context, entry.value, SERVICE, entry.keySpan)
  if (name === null || section === null) return null
  const sourcesNode = section.value('sources')
  if (sourcesNode !== null && section.items('sources').length === 0) {
    context.report.error(
      'MISSING_KEY',
      section.keySpan('sources'),
      `the service ${quoted(name)} needs at least one source`
    )
  }
  const read = readWindow(context, types, section, {
    states: window => readStates(context, types, window),
    partition: (window, spec) => readPartition(context, types, window, spec)
  })
  const partition = readPartition(context, types, section)
  if (read !== null && partition !== null) {
    const message = 'the partition of a service with a window stands in the window'
    context.report.error('WRONG_VALUE', section.keySpan('partition'), message)
  }
  const states = [...readStates(context, types, section), ...(read?.states ?? [])]
  return {
    name,
    sources: readIo(context, types, section, 'sources', SOURCE),
    states: withoutTwins(context, states),
    steps: readSteps(context, types, section, 'transforms'),
    time: readServiceTime(context, types, section) ?? read?.time ?? null,
    window: read?.window ?? null,
    join: readJoin(context, section, graceOf({ ...context, report: muted(context) }, section)),
    partition: read === null ? partition : read.partition,
    sinks: readIo(context, types, section, 'sinks', SINK),
    errors: readErrors(context, section, errors),
    isPartial: hasUnavailable(section, SERVICE),
    migrate: readServiceMigrate(context, section),
    at: entry.keySpan
  }
}

/** Reads the key `errors` of the file or a service; what is left out is as in `fallback`. */
export function readErrors(
  context: ReadContext,
  parent: Section,
  fallback: ErrorPolicy
): ErrorPolicy {
  const node = parent.value('errors')
  const section =
    node === null ? null : readSection(context, node, ERRORS, parent.keySpan('errors'))
  if (section === null) return fallback
  const policy = section.text('policy') as ErrorPolicy['policy'] | null
  const backoffMs = section.duration('backoff') ?? fallback.backoffMs
  const backoffMaxMs = section.duration('backoff-max') ?? Math.max(fallback.backoffMaxMs, backoffMs)
  if (backoffMs > backoffMaxMs) {
    const message = `the first wait of ${backoffMs} ms is longer than the longest of ${backoffMaxMs} ms`
    context.report.error('WRONG_VALUE', section.keySpan('backoff-max'), message)
  }
  return {
    policy: policy ?? fallback.policy,
    retries: section.number('retries') ?? fallback.retries,
    backoffMs,
    backoffMaxMs
  }
}

/** Whether a section has keys that are not part of this version, such as `window`. */
export function hasUnavailable(section: Section, spec: SectionSpec): boolean {
  const keys = spec.keys.filter(key => key.value.kind === 'unavailable').map(key => key.key)
  return section.node.entries.some(entry => keys.includes(entry.key))
}

/** Reads sources or sinks that are lists. */
export function readIo(
  context: ReadContext,
  types: TypeTable,
  parent: Section,
  key: string,
  spec: SectionSpec
): IoModel[] {
  const read = parent.items(key).flatMap(item => readIoItem(context, types, item, spec))
  return spec === SINK ? branched(context, read) : read
}

/** Reads one source or sink. */
export function readIoItem(
  context: ReadContext,
  types: TypeTable,
  item: TreeNode,
  spec: SectionSpec,
  at: Span = item
): IoModel[] {
  if (spec === SINK && isFunctionSink(item)) return readFunctionSink(context, types, item, at)
  const section = readSection(context, item, spec, at)
  const id = section?.scalar('id') ?? null
  // Of another kind than a topic, or with a finding: nothing that could be checked further.
  if (section === null || id === null || section.value('type') === null) return []
  if (section.text('type') === 'schedule') return readScheduleSource(context, types, section, id)
  return [
    {
      topic: id.text,
      topicSpan: id,
      steps: readSteps(context, types, section, 'transforms'),
      ...(spec === SINK ? readBranch(context, section) : {}),
      at: id
    }
  ]
}

function readPartition(
  context: ReadContext,
  types: TypeTable,
  service: Section,
  spec: SectionSpec = PARTITION
): PartitionModel | null {
  const node = service.value('partition')
  const at = service.keySpan('partition')
  const section = node === null ? null : readSection(context, node, spec, at)
  if (section === null) return null
  const assignKey = readPlacedFunction(context, types, section, 'assign-key')
  const updateState = readPlacedFunction(context, types, section, 'update-state')
  const aggregate = readAggregate(context, section)
  // 0.4.0 had update-state at the end of the transforms.
  if (context.apiVersion === '0.4.0' && updateState === null) {
    const all = section.items('transforms').flatMap(item => readStep(context, types, item) ?? [])
    const last = all.at(-1)?.operator === 'update-state' ? all.pop()! : null
    const steps = onlySteps(context, all, 'transforms')
    return { assignKey, steps, updateState: last, aggregate, at }
  }
  const steps = readSteps(context, types, section, 'transforms')
  return { assignKey, steps, updateState, aggregate, dedup: readDedup(context, section), at }
}

/** Reads states: a mapping by name, or in older files also a list of items with names. */
export function readStates(
  context: ReadContext,
  types: TypeTable,
  service: Section,
  key = 'states'
): StateModel[] {
  const node = service.value(key)
  if (node === null) return []
  if (node.kind === 'list' && context.apiVersion === '1.0.0') {
    context.report.error(
      'WRONG_KIND',
      service.keySpan(key),
      '"states" must be a mapping from names to states, but is a list'
    )
    return []
  }
  const entries =
    node.kind === 'map'
      ? node.entries
      : node.kind === 'list'
        ? node.items.flatMap(item => namedItem(context, item))
        : []
  const states: StateModel[] = []
  for (const entry of entries) {
    const state = readState(context, types, entry)
    if (state === null) continue
    const twin = states.find(other => other.property === state.property)
    if (twin === undefined) states.push(state)
    else
      context.report.error(
        'NAME_DUPLICATE',
        entry.keySpan,
        `there is already a state ${quoted(twin.name)}, ctx.state.${twin.property}`
      )
  }
  return states
}

/** An item of a list of states as an entry: its name, or that of the state it refers to. */
function namedItem(context: ReadContext, item: TreeNode): Entry[] {
  const read = (key: string) =>
    item.kind === 'map' ? item.entries.find(entry => entry.key === key)?.value : undefined
  const name = read('name')
  if (name?.kind === 'scalar' && name.text !== '')
    return [{ key: name.text, keySpan: name, value: item }]
  const from = read('from')
  if (from?.kind === 'scalar' && from.text !== '')
    return [{ key: from.text.split('.').at(-1)!, keySpan: from, value: item }]
  context.report.error('MISSING_KEY', item, 'a state in a list needs the key "name"')
  return []
}

function readState(context: ReadContext, types: TypeTable, entry: Entry): StateModel | null {
  const { report } = context
  const name = checkName(context, entry, 'state')
  const section = readSection(context, entry.value, STATE, entry.keySpan)
  if (name === null || section === null) return null
  const property = toCamel(name)
  checkStateProperty(context, property, entry.keySpan)
  const from = section.scalar('from')
  const isTyped = section.value('type') !== null || section.value('properties') !== null
  const uses = section.scalar('uses')
  if (uses !== null) {
    if (!isTyped && from === null) {
      const windowed = section.value('windowed') === null ? null : section.boolean('windowed')
      const ttlMs = section.duration('ttl')
      const migrate = readStateMigrate(context, types, section)
      return importedState(context, uses, { name, at: entry.keySpan, ttlMs, windowed, migrate })
    }
    const message = 'the types of a state are imported ("uses") or stand here, not both'
    report.error('WRONG_VALUE', section.keySpan('uses'), message)
    return null
  }
  if (from === null) {
    if (section.value('type') !== null || section.value('properties') !== null)
      return readOwned(context, types, section, entry, name)
    if (
      section.node.entries.length === 0 ||
      !section.node.entries.some(item => item.key === 'system')
    ) {
      report.error(
        'MISSING_KEY',
        entry.keySpan,
        `the state ${quoted(entry.key)} needs "type: keyed-state" with properties, or "from"`
      )
    }
    return null
  }
  if (section.value('migrate') !== null)
    report.error(
      'WRONG_VALUE',
      section.keySpan('migrate'),
      'a state that is read ("from") has no "migrate"; it belongs to the service that owns it'
    )
  if (isTyped)
    report.error(
      'WRONG_VALUE',
      entry.keySpan,
      'a state is either owned ("type", "properties") or read ("from"), not both'
    )
  const match = /^([A-Za-z][\w-]*)\.([A-Za-z][\w-]*)$/.exec(from.text)
  if (match === null) {
    report.error('WRONG_VALUE', from, `"from" must be service.state, but is ${quoted(from.text)}`)
    return null
  }
  return {
    kind: 'reference',
    name,
    property,
    service: match[1]!,
    state: match[2]!,
    at: entry.keySpan,
    targetSpan: from
  }
}

function readOwned(
  context: ReadContext,
  types: TypeTable,
  section: Section,
  entry: Entry,
  name: string
): StateModel {
  for (const key of ['type', 'properties']) {
    if (section.node.entries.some(item => item.key === key)) continue
    context.report.error('MISSING_KEY', entry.keySpan, `state needs the key ${quoted(key)}`)
  }
  const { key, value } = types.keyAndValue(section, 'state')
  if (value?.kind === 'key-value')
    context.report.error(
      'WRONG_VALUE',
      section.keySpan('properties'),
      'a state’s value cannot be a key-value'
    )
  const rowTtl = value === null ? null : types.ttlOf(value)
  const ttl = section.duration('ttl')
  if (section.value('ttl-after') !== null && ttl === null && rowTtl === null)
    context.report.error(
      'WRONG_VALUE',
      section.keySpan('ttl-after'),
      '"ttl-after" says what a ttl counts from, but the state has none'
    )
  if (rowTtl !== null && ttl !== null)
    context.report.error(
      'WRONG_VALUE',
      section.keySpan('ttl'),
      'the state and its row both have a "ttl"; one of them must go'
    )
  return {
    kind: 'owned',
    name,
    property: toCamel(name),
    key,
    value,
    ttlMs: ttl ?? rowTtl,
    ttlAfter: section.text('ttl-after') === 'access' ? 'access' : 'write',
    windowed: section.value('windowed') === null ? null : section.boolean('windowed'),
    migrate: readStateMigrate(context, types, section),
    at: entry.keySpan
  }
}

/** All steps of a service, in the order in which a record meets them. */
export function stepsOf(service: ServiceModel): StepModel[] {
  const { partition, time, window } = service
  const placed = [
    time?.assignTimestamp,
    ...(window?.steps ?? []),
    ...(partition === null ? [] : [partition.assignKey, ...partition.steps, partition.updateState]),
    window?.merge,
    window?.flushKey,
    window?.flush
  ]
  return [
    ...service.sources.flatMap(io => io.steps),
    ...service.steps,
    ...placed.filter(step => step !== null && step !== undefined),
    ...service.sinks.flatMap(io => io.steps)
  ]
}

/** Refuses states that a service has twice. */
export function withoutTwins(context: ReadContext, states: readonly StateModel[]): StateModel[] {
  return states.filter((state, index) => {
    const isFirst =
      states.findIndex(other => other.property === state.property || other.name === state.name) ===
      index
    if (!isFirst)
      context.report.error(
        'NAME_DUPLICATE',
        state.at,
        `there is already a state ${quoted(state.name)} in this service`
      )
    return isFirst
  })
}
