// Writes a plan as the builder's TypeScript: the way back from a file to code.
//
// Functions lose the types of their signatures: the builder infers them, and `typed` says what is declared.
import { MillraceError } from '../base/index.ts'
import { isScalarType, typeFingerprint } from '../dataflow/index.ts'
import type {
  ErrorPolicy,
  OperatorKind,
  Plan,
  ServicePlan,
  SinkPlan,
  StatePlan,
  StepPlan,
  TopicPlan
} from '../dataflow/plan.ts'
import type { Type } from '../dataflow/types.ts'
import { CodeNames } from './code-names.ts'
import { CodeTypes, property } from './code-types.ts'
import { timeOptions, windowCalls } from './code-windows.ts'
import { hasLongTemplate, tidied } from './function-text.ts'
import { durationText, options, quoted } from './literals.ts'

const METHODS: Partial<Record<OperatorKind, string>> = {
  map: 'map',
  filter: 'filter',
  'filter-map': 'filterMap',
  'flat-map': 'flatMap'
}
const DEFAULT_ERRORS: ErrorPolicy = {
  policy: 'dead-letter',
  retries: 0,
  backoffMs: 100,
  backoffMaxMs: 10_000
}

/** The plan of a file of the current version as a module. Pure. */
export function printCode(plan: Plan): string {
  return new CodePrinter(plan).print()
}

/** Writes one module. */
export class CodePrinter {
  readonly types: CodeTypes
  readonly #plan: Plan
  readonly #names = new CodeNames()
  readonly #topics = new Map<string, string>()
  readonly #states = new Map<string, string>()

  constructor(plan: Plan) {
    this.#plan = plan
    this.types = new CodeTypes(plan.types, this.#names)
  }

  print(): string {
    const { name, namespace, version, services } = this.#plan
    const topics = Object.values(this.#plan.topics).filter(topic => topic.function === undefined)
    const topicLines = topics.map(topic => this.#topic(topic))
    const stateLines = services.flatMap(service => this.#owned(service))
    const streams = services.map(service => {
      const constant = this.#names.take(service.name, 'Service')
      const text = `const ${constant} = ${this.#stream(service)}`
      return {
        text,
        call: `.service(${[quoted(service.name), constant, ...errorsOf(service)].join(', ')})`
      }
    })
    const declared = this.types.rest().map(constant => `.type(${constant})`)
    const spare = this.#spareTopics(topics).map(constant => `.topic(${constant})`)
    const calls = [...declared, ...spare, ...streams.map(({ call }) => call)]
    const head = `dataflow(${quoted(name)}, ${options({ namespace: quoted(namespace), version: quoted(version) })})`
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
    const { output, outputKey } = step
    const isSilent = method === 'filter' || output === null
    const typed = isSilent ? [] : [`.typed(${this.#outgoing(output, outputKey)})`]
    const given =
      Object.keys(step.with).length === 0 ? [] : [`{ with: ${JSON.stringify(step.with)} }`]
    return [...typed, `.${method}(${[functionOf(step), ...given].join(', ')})`]
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
    const { id, name, partitions, key, value, start, compression, cleanup } = topic
    const constant = this.#names.take(id, 'Topic')
    this.#topics.set(id, constant)
    const type = this.types.of(value.type)
    const types = key === null ? type : `{ key: ${this.types.of(key)}, value: ${type} }`
    const usual = isScalarType(value.type) ? 'raw' : 'json'
    const isFromStart = start.position === 'beginning' && start.value === 0
    const { retentionMs, retentionBytes } = topic
    const said = options({
      name: name === id ? null : quoted(name),
      partitions: partitions === null ? null : String(partitions),
      converter: value.converter === usual ? null : quoted(value.converter),
      start: isFromStart
        ? null
        : options({ position: quoted(start.position), value: String(start.value) }),
      compression: compression === 'none' ? null : quoted(compression),
      retention:
        options({
          time: retentionMs === null ? null : quoted(durationText(retentionMs)),
          size: retentionBytes === null ? null : quoted(String(retentionBytes))
        }) || null,
      cleanup: cleanup === null ? null : quoted(cleanup)
    })
    return `const ${constant} = topic(${[quoted(id), types, ...(said === '' ? [] : [said])].join(', ')})`
  }

  #spareTopics(topics: readonly TopicPlan[]): string[] {
    const used = new Set(
      this.#plan.services.flatMap(({ sources, sinks, window }) => [
        ...[...sources, ...sinks].map(({ topic }) => topic),
        ...(window?.lateTopic ? [window.lateTopic] : [])
      ])
    )
    return topics.filter(({ id }) => !used.has(id)).map(({ id }) => this.topicName(id))
  }

  #owned(service: ServicePlan): string[] {
    return service.states.flatMap(state => {
      if (state.kind !== 'owned') return []
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
    const { key, value, ttlMs, windowed } = state
    const said = options({
      ttl: ttlMs === null ? null : quoted(durationText(ttlMs)),
      windowed: service.window !== null && !windowed ? 'false' : null
    })
    const types = [this.types.of(key), this.types.of(value)]
    return `state(${[...types, ...(said === '' ? [] : [said])].join(', ')})`
  }

  #statesOf(service: ServicePlan): string[] {
    if (service.states.length === 0) return []
    const entries = service.states.map(state => {
      const place =
        state.kind === 'owned' ? `${service.name}.${state.name}` : `${state.service}.${state.state}`
      const shared = this.#states.get(place)
      const value =
        state.kind === 'owned'
          ? (shared ?? this.#state(state, service))
          : `${shared!}.from(${quoted(place)})`
      return `${property(state.property)}: ${value}`
    })
    return [`.states({ ${entries.join(', ')} })`]
  }

  #stream(service: ServicePlan): string {
    const { sources, partition, window, time } = service
    const states = this.#statesOf(service)
    const [first] = sources
    const isSingle = sources.length === 1 && first!.steps.length === 0
    const beginning = isSingle
      ? `from(${this.topicName(first!.topic)})`
      : `merge(\n${sources
          .map(({ topic, steps }) => {
            const calls = steps.flatMap(step => this.step(step))
            const lines = calls.length === 0 ? [] : [...states, ...calls]
            return indented([`from(${this.topicName(topic)})`, ...lines].join('\n  '))
          })
          .join(',\n')}\n)`
    const eventTime = window === null && time !== null ? timeOptions(time, functionOf) : null
    const calls = [
      ...states,
      ...service.steps.flatMap(step => this.step(step)),
      ...(eventTime === null ? [] : [`.eventTime(${eventTime})`]),
      ...(window === null ? [] : windowCalls(this, service, window, functionOf)),
      ...(partition === null
        ? []
        : [
            this.#keyBy(service, partition.assignKey),
            ...partition.steps.flatMap(step => this.step(step)),
            ...(partition.updateState ? this.step(partition.updateState, 'updateState') : [])
          ]),
      ...(window?.merge ? [`.merge(${functionOf(window.merge)})`] : []),
      ...(window?.flushKey ? this.step(window.flushKey, 'flushKey') : []),
      ...(window?.flush ? this.step(window.flush, 'flush') : []),
      ...service.sinks.map(sink => this.#sink(sink))
    ]
    return [beginning, ...calls].join('\n  ')
  }

  #keyBy(service: ServicePlan, step: StepPlan): string {
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

  #sink({ topic, steps }: SinkPlan): string {
    const target = this.#plan.topics[topic]?.function
    const assignId = steps.find(step => step.operator === 'assign-id')
    const own = steps.filter(step => step !== assignId).flatMap(step => this.step(step))
    const transforms =
      own.length === 0 ? [] : [`stream =>\n${indented(indented(['stream', ...own].join('\n  ')))}`]
    if (target === undefined) return `.to(${[this.topicName(topic), ...transforms].join(', ')})`
    const said = options({
      valueType: quoted(target.valueType),
      assignId: assignId === undefined ? null : functionOf(assignId)
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

/** Joins and aggregates have no form in the builder yet. */
function withoutCode(name: string): MillraceError {
  return new MillraceError(
    'PLAN_WITHOUT_CODE',
    `the plan has a step without code (${name}), which the builder cannot say; expected functions only; ` +
      `keep the dataflow in YAML`
  )
}

/** Two blanks before each line; texts over several lines keep theirs. */
function indented(text: string): string {
  return hasLongTemplate(text) ? text : text.replaceAll(/^(?=.)/gm, '  ')
}

function errorsOf({ errors }: ServicePlan): string[] {
  if (JSON.stringify(errors) === JSON.stringify(DEFAULT_ERRORS)) return []
  const { policy, retries, backoffMs, backoffMaxMs } = errors
  const said = options({
    policy: quoted(policy),
    retries: String(retries),
    backoff: quoted(durationText(backoffMs)),
    backoffMax: quoted(durationText(backoffMaxMs))
  })
  return [`{ errors: ${said} }`]
}

function importOf(body: string): string {
  const words =
    'count dataflow from global keyed merge session sliding state t topic tumbling uses'.split(' ')
  const used = words.filter(word =>
    new RegExp(`(?<![.\\w]|function )${word}(?:\\(|\\.)`).test(body)
  )
  return `import { type Dataflow, ${used.join(', ')} } from 'millrace/dataflow'`
}
