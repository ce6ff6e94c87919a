// A dataflow around one function: its input and its states come as records, what it gives goes to a topic.
import type {
  Plan,
  ServicePlan,
  SinkPlan,
  StatePlan,
  StepPlan,
  TopicPlan
} from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'

/** Topic of the input. */
export const INPUT = 'input'
/** Topic of what leaves. */
export const OUTPUT = 'output'
/** Topic of the entries that a state has before. */
export const givenTopic = (state: string): string => `given.${state}`

/** A function in its service. */
export interface TestedFunction {
  readonly plan: Plan
  readonly service: ServicePlan
  readonly step: StepPlan
}

type OwnedState = Extract<StatePlan, { readonly kind: 'owned' }>

/** Operators whose function is called with no record. */
const WITHOUT_RECORD = new Set(['flush', 'merge'])

/** Why a function cannot be called alone; null when it can. */
export function whyNotAlone({ step, service }: TestedFunction): string | null {
  if (WITHOUT_RECORD.has(step.operator)) {
    return `${step.operator} runs when windows close; test it with records, under "given"`
  }
  if (step.code.kind === 'closure') {
    return 'the function stands in code; call it there, or test it with millrace/testing'
  }
  if (step.input === null) return 'what it takes is not known; declare its parameter with a type'
  if (step.operator === 'assign-timestamp' && service.time?.timestampArgument === 'number') {
    return 'in files before 1.0.0 it gets a time beside the value; test it with records, under "given"'
  }
  return null
}

/** The states of a function's service, those of other services too, as if they were its own. */
export function statesOf({ plan, service }: TestedFunction): OwnedState[] {
  return service.states.flatMap(state => {
    if (state.kind === 'owned') return [{ ...state, windowed: false }]
    const owner = plan.services.find(({ name }) => name === state.service)
    const found = owner?.states.find(({ name }) => name === state.state)
    if (found?.kind !== 'owned') return []
    return [{ ...found, windowed: false, name: state.name, property: state.property }]
  })
}

/** What the function gives, where that is known: of assign-key the key, of filter whether the value passes. */
export function outputTypeOf({ step }: TestedFunction): Type | null {
  switch (step.operator) {
    case 'filter':
      return { kind: 'bool' }
    case 'assign-key':
    case 'assign-id':
      return step.outputKey ?? { kind: 'string' }
    case 'assign-timestamp':
      return { kind: 'f64' }
    default:
      return step.output
  }
}

/**
 * The dataflow. `isKeyed`: the function runs under a key, with its states. `file` is the absolute path of the tested
 * file.
 */
export function functionPlan(tested: TestedFunction, file: string, isKeyed: boolean): Plan {
  const { plan, service, step } = tested
  const states = statesOf(tested)
  const type = outputTypeOf(tested)
  const topics: TopicPlan[] = [
    topicOf(INPUT, step.input!, states[0]?.key ?? null, step),
    ...states.map(state => topicOf(givenTopic(state.name), state.value, state.key, step)),
    ...(type === null ? [] : [topicOf(OUTPUT, type, step.outputKey, step)])
  ]
  const sinks: SinkPlan[] = type === null ? [] : [{ topic: OUTPUT, steps: [], at: step.at }]
  const called = callable(step)
  const isUpdate = called.operator === 'update-state'
  const hasStates = isKeyed || isUpdate
  const inPartition = {
    assignKey: helper(step, 'assign-key', byKey(states[0]?.key)),
    steps: [helper(step, 'filter', keepGiven(states)), ...(isUpdate ? [] : [called])],
    updateState: isUpdate ? called : null
  }
  const only: ServicePlan = {
    ...service,
    sources: topics
      .filter(({ id }) => id !== OUTPUT)
      .map(({ id }) => ({ topic: id, steps: [], at: step.at })),
    states,
    steps: hasStates ? [] : [called],
    time: null,
    window: null,
    partition: hasStates ? inPartition : null,
    emitsFromUpdateState: true,
    sinks,
    errors: { ...service.errors, policy: 'dead-letter' },
    output: type
  }
  return {
    ...plan,
    file,
    topics: Object.fromEntries(topics.map(topic => [topic.id, topic])),
    services: [only]
  }
}

/** The key of the record; where it has none, the zero of the type. */
function byKey(type: Type | undefined): string {
  const zero =
    type === undefined || type.kind === 'string' ? '""' : type.kind === 'bool' ? 'false' : '0'
  return `function byKey(_, ctx) { return ctx.key ?? ${zero} }`
}

/** The step with the function in a place where what it returns leaves as a value. */
function callable(step: StepPlan): StepPlan {
  const gives = ['filter', 'assign-key', 'assign-id', 'assign-timestamp']
  return gives.includes(step.operator) ? { ...step, operator: 'map', outputKey: null } : step
}

/** A function that puts the entries of states where they belong and lets only the input pass. */
function keepGiven(states: readonly OwnedState[]): string {
  const properties = states.map(state => [givenTopic(state.name), state.property])
  return `function keepGiven(value, ctx) {
    const property = ${JSON.stringify(Object.fromEntries(properties))}[ctx.topic]
    if (property === undefined) return true
    ctx.state[property].set(value)
    return false
  }`
}

function helper(step: StepPlan, operator: StepPlan['operator'], source: string): StepPlan {
  const functionName = /function (\w+)/.exec(source)![1]!
  const { at } = step
  return {
    operator,
    name: `test-${operator}`,
    code: { kind: 'inline', source, javascript: source, at, indent: 0, functionName },
    with: {},
    input: null,
    output: null,
    outputKey: null,
    at
  }
}

function topicOf(id: string, type: Type, key: Type | null, { at }: StepPlan): TopicPlan {
  return {
    id,
    name: id,
    partitions: 1,
    key,
    value: { type, converter: 'json' },
    start: { position: 'beginning', value: 0 },
    compression: 'none',
    retentionMs: null,
    retentionBytes: null,
    cleanup: null,
    at
  }
}
