// Writes a plan as the builder's TypeScript: the way back from a file to code.
//
// Functions lose the types of their signatures: the builder infers them, and `typed` says what is declared.
import { typeFingerprint } from '../../dataflow/index.ts'
import type {
  OperatorKind,
  Plan,
  ServicePlan,
  SinkPlan,
  StatePlan,
  StateMigration,
  StepPlan,
  TopicPlan
} from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import {
  aggregateCall,
  dedupCall,
  describedCall,
  givenText,
  joinCall,
  withoutCode
} from './code-builtins.ts'
import { CodeNames, WORDS } from './code-names.ts'
import { silentText } from './code-old.ts'
import { fileMigration, serviceOptions } from './code-options.ts'
import { topicText } from './code-topics.ts'
import { CodeTypes } from './code-types.ts'
import { timeOptions, watermarkText, windowCalls } from './code-windows.ts'
import { hasLongTemplate, tidied } from '../function-text.ts'
import { durationText, options, property, quoted } from './literals.ts'

const METHODS: Partial<Record<OperatorKind, string>> = {
  map: 'map',
  filter: 'filter',
  'filter-map': 'filterMap',
  'flat-map': 'flatMap'
}
/** The plan of a file as a module. Pure. */
export function printCode(plan: Plan): string {
  return new CodePrinter(plan).print()
}

/** Writes one module. */
class CodePrinter {
  readonly types: CodeTypes
  readonly #plan: Plan
  readonly #names = new CodeNames()
  readonly #topics = new Map<string, string>()
  readonly #states = new Map<string, string>()

  constructor(plan: Plan) {
    this.#plan = plan
    const topics = Object.values(plan.topics)
    this.types = new CodeTypes({ types: plan.types, topics }, this.#names)
  }

  print(): string {
    const { name, namespace, version, services, migrate } = this.#plan
    const topics = Object.values(this.#plan.topics).filter(topic => topic.function === undefined)
    const topicLines = topics.map(topic => this.#topic(topic))
    const stateLines = services.flatMap(service => this.#owned(service))
    const streams = services.map(service => {
      const constant = this.#names.take(service.name, 'Service')
      const text = `const ${constant} = ${this.#stream(service)}`
      return {
        text,
        call: `.service(${[quoted(service.name), constant, ...serviceOptions(service)].join(', ')})`
      }
    })
    const declared = this.types.rest().map(constant => `.type(${constant})`)
    const spare = this.#spareTopics(topics).map(constant => `.topic(${constant})`)
    const calls = [...declared, ...spare, ...streams.map(({ call }) => call)]
    const said = options({
      namespace: quoted(namespace),
      version: quoted(version),
      migrate: migrate === undefined ? null : fileMigration(migrate)
    })
    const head = `dataflow(${quoted(name)}, ${said})`
    const body = [
      ...this.types.lines,
      '',
      ...topicLines,
      ...(stateLines.length === 0 ? [] : ['', ...stateLines]),
      ...streams.flatMap(({ text }) => ['', text]),
      '',
      `export const flow: Dataflow = ${[head, ...calls].join('\n  ')}`
    ].join('\n')
    return `// The dataflow ${name}.\n${importOf(body)}\n\n${body.trimStart()}\n`
  }

  /** One step behind a stream: the type that leaves, and the call. */
  step(step: StepPlan, method: string = METHODS[step.operator]!): string[] {
    const described = describedCall(step)
    if (described !== null) return [described]
    const { output, outputKey } = step
    const isSilent = method === 'filter' || output === null
    const typed = isSilent ? [] : [`.typed(${this.#outgoing(output, outputKey)})`]
    return [...typed, `.${method}(${[functionOf(step), ...stepOptions(step)].join(', ')})`]
  }

  /** The constant of a topic. */
  topicName(id: string): string {
    return this.#topics.get(id)!
  }

  #outgoing(value: Type, key: Type | null): string {
    const inner = this.types.of(value)
    return key === null ? inner : `t.keyValue(${this.types.of(key)}, ${inner})`
  }

  #topic(topic: TopicPlan): string {
    const constant = this.#names.take(topic.id, 'Topic')
    this.#topics.set(topic.id, constant)
    return `const ${constant} = ${topicText(topic, this.types)}`
  }

  #spareTopics(topics: readonly TopicPlan[]): string[] {
    const used = new Set(
      this.#plan.services.flatMap(({ sources, sinks, window, join }) => [
        ...[...sources, ...sinks].map(({ topic }) => topic),
        ...[window?.lateTopic, join?.left.lateTopic, join?.right.lateTopic].filter(
          late => typeof late === 'string'
        )
      ])
    )
    return topics.filter(({ id }) => !used.has(id)).map(({ id }) => this.topicName(id))
  }

  #owned(service: ServicePlan): string[] {
    return service.states.flatMap(state => {
      if (state.kind !== 'owned' || isOfAggregate(service, state)) return []
      const isShared = this.#plan.services.some(({ states }) =>
        states.some(
          other =>
            other.kind === 'reference' &&
            other.service === service.name &&
            other.state === state.name
        )
      )
      if (!isShared) return []
      const constant = this.#names.take(`${service.name}-${state.name}`, 'State')
      this.#states.set(`${service.name}.${state.name}`, constant)
      return [`const ${constant} = ${this.#state(state, service)}`]
    })
  }

  #state(state: Extract<StatePlan, { kind: 'owned' }>, service: ServicePlan): string {
    const { key, value, ttlMs, ttlAfter, windowed, migrate, result } = state
    const said = options({
      ttl: ttlMs === null ? null : quoted(durationText(ttlMs)),
      ttlAfter: ttlAfter === undefined ? null : quoted(ttlAfter),
      windowed: service.window !== null && !windowed ? 'false' : null,
      migrate: migrate === undefined ? null : this.#migration(migrate)
    })
    const types = [this.types.of(key), this.types.of(result?.type ?? value)]
    return `state(${[...types, ...(said === '' ? [] : [said])].join(', ')})`
  }

  #migration({ renameFrom, drop, defaults, step }: StateMigration): string {
    const fields = Object.entries(defaults).map(([name, json]) => `${property(name)}: ${json}`)
    const stored = step?.input ? [this.types.of(step.input)] : []
    const said = options({
      renameFrom: renameFrom === null ? null : quoted(`${renameFrom.service}.${renameFrom.state}`),
      defaults: fields.length === 0 ? null : `{ ${fields.join(', ')} }`,
      change: step === null ? null : `change(${[...stored, functionOf(step)].join(', ')})`,
      drop: drop ? 'true' : null
    })
    return said === '' ? '{}' : said
  }

  #statesOf(service: ServicePlan): string[] {
    const entries = service.states.flatMap(state => {
      if (isOfAggregate(service, state)) return []
      const value =
        state.kind === 'reference'
          ? this.#reference(state)
          : (this.#states.get(`${service.name}.${state.name}`) ?? this.#state(state, service))
      return [`${property(state.property)}: ${value}`]
    })
    return entries.length === 0 ? [] : [`.states({ ${entries.join(', ')} })`]
  }

  /** Where it is read: the service that keeps it may stand behind. */
  #stateOfAggregate(reference: Extract<StatePlan, { kind: 'reference' }>): string {
    const owner = this.#plan.services.find(({ name }) => name === reference.service)!
    const found = owner.states.find(({ name }) => name === reference.state)!
    return this.#state(found as Extract<StatePlan, { kind: 'owned' }>, owner)
  }

  #stream(service: ServicePlan): string {
    const { partition, window, join } = service
    const states = this.#statesOf(service)
    if (join !== undefined) {
      const steps = [...service.steps, ...partition!.steps]
      // Its state has its place among the others.
      const isLookUp = join.right.type === 'state'
      return [
        joinCall(service, join, {
          streamOf: topic => this.#side(service, topic, isLookUp ? states : []),
          referenceOf: name => this.#referenceOf(service, name),
          lateOf: topic => this.topicName(topic),
          watermark: watermarkText(service.time, join.gracePeriodMs)
        }),
        ...(isLookUp ? [] : states),
        ...steps.flatMap(step => this.step(step)),
        ...service.sinks.map(sink => this.#sink(sink))
      ].join('\n  ')
    }
    const { time } = service
    const eventTime = window === null && time !== null ? timeOptions(time, functionOf) : null
    const aggregate = aggregateCall(service)
    const dedup = dedupCall(service)
    const calls = [
      ...states,
      ...service.steps.flatMap(step => this.step(step)),
      ...(eventTime === null ? [] : [`.eventTime(${eventTime})`]),
      ...(window === null ? [] : windowCalls(this, service, window, functionOf)),
      ...(partition === null ? [] : [this.#keyBy(service, partition.assignKey)]),
      ...(dedup === null ? [] : [dedup]),
      ...(partition?.steps ?? []).flatMap(step => this.step(step)),
      ...(aggregate === null ? this.#changes(service) : [aggregate]),
      ...(window?.flush ? this.step(window.flush, 'flush') : []),
      ...service.sinks.map(sink => this.#sink(sink))
    ]
    return [this.#beginning(service, states), ...calls].join('\n  ')
  }

  /** What functions do with the states of a key. */
  #changes({ partition, window }: ServicePlan): string[] {
    return [
      ...(partition?.updateState ? this.#updateState(partition.updateState) : []),
      ...(window?.merge ? this.step(window.merge, 'merge') : []),
      ...(window?.flushKey ? this.step(window.flushKey, 'flushKey') : [])
    ]
  }

  #updateState(step: StepPlan): string[] {
    if (this.#plan.apiVersion === '1.0.0') return this.step(step, 'updateState')
    const fn = silentText(functionOf(step), step)
    return [`.updateState(${[fn, ...stepOptions(step)].join(', ')})`]
  }

  #beginning({ sources }: ServicePlan, states: readonly string[]): string {
    const [first] = sources
    const isSingle = sources.length === 1 && first!.steps.length === 0
    if (isSingle) return `from(${this.topicName(first!.topic)})`
    const parts = sources.map(({ topic, steps }) => indented(this.#source(topic, steps, states)))
    return `merge(\n${parts.join(',\n')}\n)`
  }

  #source(topic: string, steps: readonly StepPlan[], states: readonly string[]): string {
    const calls = steps.flatMap(step => this.step(step))
    const lines = calls.length === 0 ? [] : [...states, ...calls]
    return [`from(${this.topicName(topic)})`, ...lines].join('\n  ')
  }

  /** The source of one side of a join, without the step that says the side. */
  #side({ sources }: ServicePlan, topic: string, states: readonly string[]): string {
    const { steps } = sources.find(source => source.topic === topic)!
    const calls = [...states, ...steps.slice(0, -1).flatMap(step => this.step(step))]
    const text = [`from(${this.topicName(topic)})`, ...calls].join('\n  ')
    return indented(text).trimStart()
  }

  #referenceOf({ states }: ServicePlan, name: string): string {
    const state = states.find(one => one.name === name)
    return this.#reference(state as Extract<StatePlan, { kind: 'reference' }>)
  }

  #reference(state: Extract<StatePlan, { kind: 'reference' }>): string {
    const place = `${state.service}.${state.state}`
    return `${this.#states.get(place) ?? this.#stateOfAggregate(state)}.from(${quoted(place)})`
  }

  #keyBy(service: ServicePlan, step: StepPlan): string {
    const given = givenText(step)
    if (given !== null) return `.keyBy(${given})`
    const keys = service.states.flatMap(state =>
      state.kind === 'owned' ? [typeFingerprint(state.key)] : []
    )
    const { outputKey } = step
    const isInferred =
      outputKey !== null && new Set(keys).size === 1 && keys[0] === typeFingerprint(outputKey)
    const said = options({
      output: outputKey === null || isInferred ? null : this.types.of(outputKey),
      with: Object.keys(step.with).length === 0 ? null : JSON.stringify(step.with)
    })
    return `.keyBy(${[functionOf(step), ...(said === '' ? [] : [said])].join(', ')})`
  }

  #idOptions(step: StepPlan): string | null {
    if (step.code.kind !== 'inline' || step.outputKey === null) return stepOptions(step)[0] ?? null
    const { with: given, outputKey } = step
    return options({
      output: this.types.of(outputKey),
      with: Object.keys(given).length === 0 ? null : JSON.stringify(given)
    })
  }

  #sink({ topic, steps }: SinkPlan): string {
    const target = this.#plan.topics[topic]?.function
    const assignId = steps.find(step => step.operator === 'assign-id')
    const own = steps.filter(step => step !== assignId).flatMap(step => this.step(step))
    const transforms =
      own.length === 0 ? [] : [`stream =>\n${indented(indented(['stream', ...own].join('\n  ')))}`]
    if (target === undefined) return `.to(${[this.topicName(topic), ...transforms].join(', ')})`
    const said = options({
      valueType: quoted(target.valueType),
      assignId: assignId === undefined ? null : (givenText(assignId) ?? functionOf(assignId)),
      assignIdOptions: assignId === undefined ? null : this.#idOptions(assignId)
    })
    return `.toFunction(${[quoted(target.typename), said, ...transforms].join(', ')})`
  }
}

function functionOf({ code }: StepPlan): string {
  if (code.kind === 'module') return `uses(${quoted(`${code.specifier}#${code.exportName}`)})`
  if (code.kind === 'closure') return code.functionName
  if (code.kind === 'builtin') throw withoutCode(code.call.name)
  const text = indented(tidied(code.javascript).trim()).trimStart()
  // What follows must not become part of a comment behind the function.
  return /\/\/[^\n}]*$/.test(text) ? `${text}\n` : text
}

/** What is said of a function beside it. */
function stepOptions({ with: given }: StepPlan): string[] {
  return Object.keys(given).length === 0 ? [] : [`{ with: ${JSON.stringify(given)} }`]
}

/** Whether a state is that of the service's aggregate, which keeps it by itself. */
function isOfAggregate({ partition }: ServicePlan, state: StatePlan): boolean {
  const code = partition?.updateState?.code
  if (code?.kind !== 'builtin' || code.call.name !== 'aggregate') return false
  return state.kind === 'owned' && state.property === code.call.property
}

/** Two blanks before each line; texts over several lines keep theirs. */
function indented(text: string): string {
  return hasLongTemplate(text) ? text : text.replaceAll(/^(?=.)/gm, '  ')
}

function importOf(body: string): string {
  const used = WORDS.filter(word =>
    new RegExp(`(?<![.\\w]|function )${word}(?:\\(|\\.)`).test(body)
  )
  const types = body.includes('KeyValue<') ? 'type Dataflow, type KeyValue' : 'type Dataflow'
  return `import { ${types}, ${used.join(', ')} } from 'millrace/dataflow'`
}
