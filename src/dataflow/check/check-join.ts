// Checks the join of a service, and gives the steps that it stands for.
//
// Both sources end with a step that says from which side a value comes; assign-key and the time know both sides. So a
// join has one stream, one key and one event time like every service with a partition.
import { nearestWord } from '../names.ts'
import type {
  BuiltinCall,
  JoinPlan,
  JoinSidePlan,
  OperatorKind,
  SourcePlan,
  StepPlan
} from '../plan.ts'
import type { FileModel, JoinModel, JoinSideModel, ServiceModel } from '../read/model.ts'
import { accepts, NUMBER } from '../type-match.ts'
import { describeType, isScalarType, isStateKey } from '../type-text.ts'
import type { Field, Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'
import { typeAt, withoutOption } from './field-types.ts'
import { AGGREGATE_STATE } from './check-states.ts'
import type { Flow } from './chain.ts'
import { checkLate } from './check-sinks.ts'
import type { StepContext } from './check-step.ts'

/** What a join comes to. */
export interface CheckedJoin {
  readonly plan: JoinPlan
  /** The sources, each with the step that says its side. */
  readonly sources: readonly SourcePlan[]
  readonly assignKey: StepPlan
  /** null: both sides have their records' times, or time does not count. */
  readonly assignTimestamp: StepPlan | null
  readonly flow: Flow
}

/** The plan of `join`, given what each source comes to; null after a finding. */
export function checkJoin(
  context: StepContext,
  file: FileModel,
  service: ServiceModel,
  join: JoinModel,
  sources: readonly SourcePlan[],
  flows: ReadonlyMap<string, Flow>
): CheckedJoin | null {
  const { report } = context
  checkKinds(context, join)
  checkBeside(context, service)
  checkSources(context, service, join)
  const left = sideOf(context, file, join.left, flows)
  const right =
    join.right.type === 'state'
      ? stateSideOf(context, file, service, join.right)
      : sideOf(context, file, join.right, flows)
  if (left === null || right === null) return null
  const key = keyOf(context, join, left.key, right.key)
  if (key === null) return null
  const at = report.position(join.at)
  const sided = sideType(left.plan.value, right.plan.value)
  const step = (
    operator: OperatorKind,
    name: string,
    call: BuiltinCall,
    types: Partial<StepPlan>
  ): StepPlan => ({
    operator,
    name,
    code: { kind: 'builtin', call, at },
    with: {},
    input: sided,
    output: sided,
    outputKey: null,
    at,
    ...types
  })
  const wrapped = sources.map((source): SourcePlan => {
    const side = source.topic === join.left.source ? 'left' : 'right'
    const input = flows.get(source.topic)!.value
    const wrap = step('map', `join-${side}`, { name: 'side', side }, { input })
    return { ...source, steps: [...source.steps, wrap] }
  })
  const paths = (of: 'key' | 'timestamp') => ({
    left: join.left[of]?.path ?? null,
    right: join.right[of]?.path ?? null
  })
  const hasTime = join.left.timestamp !== null || join.right.timestamp !== null
  return {
    plan: {
      kind: join.kind,
      left: left.plan,
      right: right.plan,
      beforeMs: join.within?.beforeMs ?? 0,
      afterMs: join.within?.afterMs ?? 0,
      gracePeriodMs: join.graceMs,
      isTimed: isTimed(join),
      at
    },
    sources: wrapped,
    assignKey: step(
      'assign-key',
      'join-key',
      { name: 'side-key', ...paths('key') },
      { outputKey: key }
    ),
    assignTimestamp: hasTime
      ? step('assign-timestamp', 'join-time', { name: 'side-time', ...paths('timestamp') }, {})
      : null,
    flow: { value: pairType(join, left.plan.value, right.plan.value), key }
  }
}

/** Whether it waits for event time: two streams, or a stream and versions. */
function isTimed({ left, right }: JoinModel): boolean {
  return left.type === 'stream' && (right.type === 'stream' || right.type === 'versions')
}

function checkKinds({ report }: StepContext, join: JoinModel): void {
  const { kind, left, right, within, withinSpan } = join
  const isStreams = left.type === 'stream' && right.type === 'stream'
  if (isStreams && within === null) {
    const message = 'a join of two streams has no bound: every event would have to be kept for ever'
    const hint =
      'Add within: { after: 10m }, or say type: table of the side whose last record holds.'
    report.error('JOIN_UNBOUNDED', join.at, message, hint)
  }
  if (!isStreams && within !== null) {
    const other = left.type === 'stream' ? right.type : left.type
    const message = `"within" bounds two streams, but a side is of the type ${other}`
    report.error('JOIN_KIND', withinSpan, message, 'Leave it out.')
  }
  if (left.type === 'state') {
    const message = 'the left side is a state, but something has to arrive there'
    report.error('JOIN_KIND', left.at, message, 'Put the state on the right.')
  } else if (left.type !== 'stream' && right.type !== left.type) {
    const message = `the left side is of the type ${left.type} and the right one a ${right.type}`
    report.error('JOIN_KIND', left.at, message, 'Put the stream on the left.')
  } else if (left.type === 'versions') {
    const message = 'both sides are versions, so neither says when'
    report.error('JOIN_KIND', left.at, message, 'One of them must be a stream, the left one.')
  }
  if (kind === 'outer' && left.type === 'stream' && right.type !== 'stream') {
    const message = `a ${right.type} is only looked up, so "outer" says nothing here`
    report.error('JOIN_KIND', join.at, message, 'Use kind: left.')
  }
  for (const side of [left, right]) {
    if (side.row !== null && side.type !== 'table') {
      report.error(
        'JOIN_KIND',
        side.row.span,
        `"row" is of tables, but this side is of the type ${side.type}`
      )
    }
  }
  for (const side of [left, right]) {
    if (side.late === null || isTimed(join)) continue
    const message = 'nothing is late in a join that does not wait for event time'
    report.error('JOIN_KIND', side.late.at, message, 'Leave "late" out.')
  }
}

/** What cannot stand in the service of a join. */
function checkBeside({ report }: StepContext, service: ServiceModel): void {
  const beside = service.window?.at ?? service.partition?.at
  if (beside !== undefined) {
    const message = `${service.window === null ? '"partition"' : '"window"'} cannot stand in the service of a join`
    report.error(
      'JOIN_BESIDE',
      beside,
      message,
      'Put it into a service behind, over a topic between them.'
    )
  }
  const owned = service.states.find(state => state.kind === 'owned')
  if (owned !== undefined) {
    const message = `the service of a join changes no states, but owns ${quoted(owned.name)}`
    report.error(
      'JOIN_BESIDE',
      owned.at,
      message,
      'Put it into a service behind, over a topic between them.'
    )
  }
  const timestamp = service.time?.assignTimestamp ?? null
  if (timestamp !== null) {
    const message = 'the sides of a join have values of two types: each says its own time'
    report.error(
      'JOIN_BESIDE',
      timestamp.at,
      message,
      'Say timestamp: field in "left" and "right".'
    )
  }
}

function checkSources({ report }: StepContext, service: ServiceModel, join: JoinModel): void {
  const known = service.sources.map(source => source.topic)
  for (const { source, sourceSpan, type } of [join.left, join.right]) {
    if (type === 'state' || known.includes(source)) continue
    const nearest = nearestWord(source, known)
    const hint =
      nearest === null ? `Its sources are ${known.join(', ')}.` : `Did you mean "${nearest}"?`
    report.error(
      'JOIN_SOURCE',
      sourceSpan,
      `${quoted(source)} is not a source of this service`,
      hint
    )
  }
  if (join.left.source === join.right.source) {
    const message = 'both sides are the same source'
    report.error(
      'JOIN_SOURCE',
      join.right.sourceSpan,
      message,
      'Send one of them to a topic of its own.'
    )
  }
  for (const { topic, topicSpan } of service.sources) {
    if (topic === join.left.source || topic === join.right.source) continue
    report.error('JOIN_SOURCE', topicSpan, `the source ${quoted(topic)} is no side of the join`)
  }
}

interface Side {
  readonly plan: JoinSidePlan
  readonly key: Type
}

function sideOf(
  context: StepContext,
  file: FileModel,
  side: JoinSideModel,
  flows: ReadonlyMap<string, Flow>
): Side | null {
  const { report } = context
  const flow = flows.get(side.source)
  if (flow === undefined) return null
  const { value } = flow
  if (value === null) {
    if (report.hasErrors) return null
    const message = `what ${quoted(side.source)} comes to has no declared type, which a join needs`
    report.error(
      'TYPE_UNKNOWN',
      side.sourceSpan,
      message,
      'Declare what the last function before it returns.'
    )
    return null
  }
  const key = side.key === null ? flow.key : typeAt(report, value, side.key)
  if (key === null) {
    if (side.key === null && !report.hasErrors) {
      const message = `the records of ${quoted(side.source)} have no declared key`
      report.error(
        'JOIN_KEY',
        side.at,
        message,
        'Say key: with a field of the value, or declare the topic’s key.'
      )
    }
    return null
  }
  const time = side.timestamp === null ? null : typeAt(report, value, side.timestamp)
  if (time !== null && !accepts(NUMBER, time)) {
    const message = `${quoted(side.timestamp!.path.join('.'))} is ${describeType(time)}, no number of milliseconds`
    report.error('TYPE_MISMATCH', side.timestamp!.span, message)
  }
  const told = side.row === null ? null : typeAt(report, value, side.row)
  if (told !== null && !isScalarType(withoutOption(told))) {
    report.error(
      'TYPE_MISMATCH',
      side.row!.span,
      `a row is told by a scalar, but this is ${describeType(told)}`
    )
  }
  const { source: topic, type, as, late } = side
  if (late !== null) checkLate(context, file, late, value, 'this side of the join')
  const lateTopic = late === null ? {} : { lateTopic: late.topic }
  const row = side.row?.path ?? null
  return { plan: { topic, type, as, row, value: withoutOption(value), ...lateTopic }, key }
}

/** The side of a state of another service: its key and its values are as its owner declares them. */
function stateSideOf(
  { report, aggregates }: StepContext,
  file: FileModel,
  service: ServiceModel,
  { state, sourceSpan, as }: JoinSideModel
): Side | null {
  const references = service.states.filter(one => one.kind === 'reference')
  const found = references.find(one => one.name === state)
  if (found === undefined) {
    const names = references.map(one => one.name)
    const nearest = nearestWord(state!, names)
    const isOwned = service.states.some(one => one.kind === 'owned' && one.name === state)
    const hint =
      nearest === null
        ? `Write states: { ${state}: { from: service.state } }`
        : `Did you mean "${nearest}"?`
    const what = isOwned ? 'belongs to this service, and a join' : 'is not among "states"; a join'
    const message = `the state ${quoted(state!)} ${what} looks up one that is read by "from"`
    report.error('JOIN_STATE', sourceSpan, message, hint)
    return null
  }
  const owner = file.services.find(one => one.name === found.service)
  const owned = owner?.states.find(one => one.kind === 'owned' && one.name === found.state)
  const aggregate = found.state === AGGREGATE_STATE ? aggregates.get(found.service) : undefined
  const kept = owned?.kind === 'owned' ? owned : aggregate
  // What is missing has its own finding.
  if (kept === undefined || kept.key === null || kept.value === null) return null
  const plan = { topic: '', type: 'state', state: found.name, as, row: null } as const
  return { plan: { ...plan, value: withoutOption(kept.value) }, key: kept.key }
}

function keyOf({ report }: StepContext, join: JoinModel, left: Type, right: Type): Type | null {
  const one = withoutOption(left)
  const other = withoutOption(right)
  if (isStateKey(one) && isStateKey(other)) {
    if (accepts(one, other)) return one
    if (accepts(other, one)) return other
  }
  const message = `the left key is ${describeType(left)} and the right one ${describeType(right)}`
  report.error(
    'TYPE_MISMATCH',
    join.right.key?.span ?? join.right.at,
    message,
    'Both must be one scalar type.'
  )
  return null
}

/** A value with the side that it comes from. */
function sideType(left: Type, right: Type): Type {
  const fields = [
    field('isLeft', { kind: 'bool' }),
    field('left', { kind: 'option', value: left }),
    field('right', { kind: 'option', value: right })
  ]
  return { kind: 'object', name: null, fields }
}

function optional(type: Type, may: boolean): Type {
  return may ? { kind: 'option', value: type } : type
}

function pairType({ kind, left, right }: JoinModel, one: Type, other: Type): Type {
  const fields = [
    field(left.as, optional(one, kind === 'outer')),
    field(right.as, optional(other, kind !== 'inner'))
  ]
  return { kind: 'object', name: null, fields }
}

function field(name: string, type: Type): Field {
  return { name, readName: name, writeName: name, optional: false, type }
}
