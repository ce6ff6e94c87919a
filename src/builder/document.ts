// From the builder's data to the tree of a dataflow file.
import { isIdentifier, toCamel, toKebab } from '../dataflow/index.ts'
import { aggregateTree } from './aggregate.ts'
import type { SinkNode, StreamNode, WindowPart } from './chain.ts'
import { describedTree } from './condition.ts'
import type { DataflowNode, ErrorOptions, ServiceNode } from './dataflow.ts'
import { fieldTree, functionOf, type GivenNode } from './fields.ts'
import { type FunctionText, type FunctionTraits, ownName, textOf } from './function-text.ts'
import { joinTree } from './join.ts'
import { migrateTree, stateMigrateTree } from './migrate.ts'
import type { SourcePlace } from './place.ts'
import { type ScheduleNode, scheduleTree } from './schedule.ts'
import { type AnyFunction, type AnyStep, referenceOf, type StepNode } from './step.ts'
import type { StateNode, TopicNode } from './topic.ts'
import { annotationOf, returnAnnotation } from './type-annotation.ts'
import type { TypeNode } from './types.ts'
import { TypeSet, typesOf, typeTree, wordTree } from './type-tree.ts'
import type { TimeNode, WatermarkOptions } from './window.ts'
import { Code, defined, Entries, nameOf, Placed, type Tree } from './yaml-text.ts'

/** What the tree is for. */
export interface DocumentOptions {
  /** Whether it is for people: blanks that types left behind are taken out. */
  readonly isTidy: boolean
  /** The name under which a file exports `fn`, as `uses` says it; null where none does. */
  referenceTo(fn: AnyFunction): string | null
  /** Where the text of a function stands that was given at `at`. */
  placeOf(original: string, at: SourcePlace | null): SourcePlace | null
}

/** A step with its function's text; null for functions that have none. */
export interface StepText {
  readonly step: StepNode
  readonly name: string
  readonly text: FunctionText | null
}

/** Names that a function cannot have. */
const RESERVED: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum
  eval export extends false finally for function if implements import in instanceof
  interface keyed let new null package private protected public return static super switch
  this throw true try typeof var void while with yield`.split(/\s+/)
)

/** The file as a tree. Owners of its functions' texts are {@link StepText}. */
export function documentOf(node: DataflowNode, options: DocumentOptions): Entries {
  const types = new TypeSet()
  for (const type of node.types) types.add(type)
  const topics = topicsOf(node)
  for (const topic of topics) {
    if (topic.key !== null) types.add(topic.key)
    types.add(topic.value)
  }
  for (const { stream } of node.services) for (const type of typesOf(stream)) types.add(type)
  const { namespace, version, errors, migrate } = node.options
  const writer = (service: ServiceNode): Tree => new ServiceWriter(options).write(service)
  const parts: Readonly<Record<string, Tree | undefined>> = {
    apiVersion: '1.0.0',
    meta: new Placed(defined({ name: node.name, namespace, version }), node.at),
    errors: errors === undefined ? undefined : errorsTree(errors),
    topics: new Entries(topics.map(topic => [topic.id, new Placed(topicTree(topic), topic.at)])),
    migrate: migrate && migrateTree(migrate),
    types: types.tree(),
    schedule: schedulesTree(node),
    services: new Entries(
      node.services.map(service => [service.name, new Placed(writer(service), service.at)])
    )
  }
  return new Entries(
    Object.entries(parts).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))
  )
}

/** Every topic that is named, each once. */
function topicsOf(node: DataflowNode): TopicNode[] {
  const all = node.services.flatMap(({ stream }) => [
    ...stream.sources.flatMap(({ topic }) => ('schedule' in topic ? [] : [topic])),
    ...(stream.window?.late ? [stream.window.late] : []),
    ...[stream.join?.left.late, stream.join?.right.late].filter(
      late => late !== null && late !== undefined
    ),
    ...stream.sinks.flatMap(sink => (sink.kind === 'topic' ? [sink.topic] : []))
  ])
  return [...new Set([...node.topics, ...all])]
}

/** Every schedule that is a source, each once. */
function schedulesTree({ services }: DataflowNode): Tree | undefined {
  const all = services.flatMap(({ stream }) =>
    stream.sources.flatMap(({ topic }): ScheduleNode[] => ('schedule' in topic ? [topic] : []))
  )
  const entries = [...new Set(all)].map(node => [node.id, scheduleTree(node)] as const)
  return entries.length === 0 ? undefined : new Entries(entries)
}

function topicTree({ key, value, options }: TopicNode): Tree {
  const { name, partitions, converter, registry, start, compression, ...rest } = options
  const { retention, cleanup, migrate } = rest
  return defined({
    name,
    partitions,
    schema: defined({
      key: key === null ? undefined : wordTree(key),
      value: { ...wordTree(value), ...(converter === undefined ? {} : { converter }) }
    }),
    registry: registry && defined({ url: registry.url, 'auth-env': registry.authEnv }),
    consumer: start && { default_starting_offset: defined({ ...start }) },
    producer: compression && { compression },
    retention: retention && defined({ ...retention }),
    cleanup,
    migrate: migrate && defined({ ...migrate })
  })
}

function errorsTree({ policy, retries, backoff, backoffMax }: ErrorOptions): Tree {
  return defined({ policy, retries, backoff, 'backoff-max': backoffMax })
}

/** One service; names of its operators are made unique as they come. */
class ServiceWriter {
  readonly #options: DocumentOptions
  readonly #names = new Set<string>()

  constructor(options: DocumentOptions) {
    this.#options = options
  }

  write({ stream, errors, migrate }: ServiceNode): Tree {
    const { sources, states, steps, time, join, window, assignKey } = stream
    const named = Object.entries(states).map(
      ([name, node]) => [nameOf(name), new Placed(this.#state(node), node.at)] as const
    )
    return defined({
      migrate: migrate === null ? undefined : migrateTree(migrate),
      sources: sources.map(({ topic, steps: own, at }) => {
        const type = 'schedule' in topic ? 'schedule' : 'topic'
        return new Placed(defined({ type, id: topic.id, transforms: this.#steps(own) }), at)
      }),
      states: named.length === 0 ? undefined : new Entries(named),
      join: join === null ? undefined : joinTree(join),
      transforms: this.#steps(steps),
      ...(time === null ? {} : this.#time(time)),
      window: window === null ? undefined : this.#window(window, stream),
      partition: window === null && assignKey !== null ? this.#partition(stream) : undefined,
      sinks: stream.sinks.length === 0 ? undefined : stream.sinks.map(sink => this.#sink(sink)),
      errors: errors === null ? undefined : errorsTree(errors)
    })
  }

  #steps(steps: readonly AnyStep[]): Tree | undefined {
    if (steps.length === 0) return undefined
    return steps.map(step =>
      'described' in step
        ? describedTree(step)
        : new Placed({ operator: step.operator, ...this.#function(step) }, step.at)
    )
  }

  #place(step: GivenNode | null): Tree | undefined {
    if (step === null) return undefined
    return 'given' in step ? fieldTree(step) : new Placed(this.#function(step), step.at)
  }

  #time({ assignTimestamp, watermark }: TimeNode): Record<string, Tree> {
    return defined({
      watermark: watermark === null ? undefined : watermarkTree(watermark),
      'assign-timestamp': this.#place(assignTimestamp)
    })
  }

  #window(window: WindowPart, stream: StreamNode): Tree {
    const { shape, isProcessingTime, time, early, late, at } = window
    const { kind, ...bounds } = shape
    const given = Object.entries(bounds).filter(([, value]) => value !== null)
    const tree = {
      [kind]: Object.fromEntries(given),
      time: isProcessingTime ? 'processing' : undefined,
      ...this.#time(time),
      transforms: this.#steps(window.steps),
      partition: this.#partition(stream, window),
      flush: this.#place(window.flush),
      early: early === null ? undefined : defined({ ...early }),
      late: late === null ? undefined : { type: 'topic', id: late.id }
    }
    return new Placed(defined(tree), at)
  }

  #partition(stream: StreamNode, window: WindowPart | null = null): Tree {
    const { assignKey, dedup, keyedSteps, updateState, aggregate } = stream
    const fn = functionOf(assignKey)
    const key = fn === null ? assignKey : { ...fn, output: fn.output ?? keyType(stream) }
    return defined({
      'assign-key': this.#place(key),
      dedup: dedup === null ? undefined : defined({ ...dedup }),
      transforms: this.#steps(keyedSteps),
      'update-state': this.#place(updateState),
      aggregate: aggregate === null ? undefined : aggregateTree(aggregate),
      merge: this.#place(window?.merge ?? null),
      flush: this.#place(window?.flushKey ?? null)
    })
  }

  #sink(sink: SinkNode): Tree {
    const transforms = this.#steps(sink.steps)
    if (sink.kind === 'topic') {
      return new Placed(defined({ type: 'topic', id: sink.topic.id, transforms }), sink.at)
    }
    const { typename, valueType, assignId, at } = sink
    const tree = {
      type: 'function',
      function: typename,
      'value-type': valueType ?? undefined,
      'assign-id': this.#place(assignId),
      transforms
    }
    return new Placed(defined(tree), at)
  }

  #state(node: StateNode): Tree {
    if (node.kind === 'reference') return { from: node.from }
    const { key, value, options, migrate } = node
    const made = migrate?.change ?? null
    const step = made === null ? null : { ...made.step, output: value }
    const code = step === null ? {} : this.#function(step, made?.stored ?? null)
    return defined({
      type: 'keyed-state',
      properties: { key: typeTree(key), value: typeTree(value) },
      ttl: options.ttl,
      'ttl-after': options.ttlAfter,
      windowed: options.windowed,
      migrate: migrate === null ? undefined : stateMigrateTree(migrate, code)
    })
  }

  /** `run` or `uses`, and what else is said of a function. */
  #function(step: StepNode, input: TypeNode | null = null): Record<string, Tree> {
    const { operator, fn, output } = step
    const reference = referenceOf(fn)
    const common = { with: Object.keys(step.with).length === 0 ? undefined : step.with }
    if (reference !== null) return defined({ uses: reference, ...common })
    const name = this.#nameOf(step)
    const parameter = input === null ? null : annotationOf(input)
    const returned = ({ isAsync, isSilent }: FunctionTraits): string | null => {
      if (output !== null) return returnAnnotation(output, { operator, isAsync })
      if (!isSilent || !['update-state', 'flush', 'merge'].includes(operator)) return null
      return isAsync ? 'Promise<void>' : 'void'
    }
    const text = textOf(fn, name, returned, parameter)
    const exported = text?.captures.length === 0 ? null : this.#options.referenceTo(fn)
    if (exported !== null) return defined({ uses: exported, ...common })
    const owner: StepText = { step, name, text }
    const code = text?.declaration ?? `function ${name}(first) {}`
    const at = text === null ? step.at : this.#options.placeOf(text.original, step.at)
    const run = new Code(
      text === null ? code : this.#options.isTidy ? text.tidied() : code,
      at,
      owner
    )
    return defined({ run, ...common })
  }

  #nameOf({ operator, fn, name }: StepNode): string {
    const taken = name === null ? this.#freeName(operator, fn) : identifierOf(name)
    this.#names.add(toKebab(taken))
    return taken
  }

  /** The function's own name or that of the operator, and a number where another has it. */
  #freeName(operator: StepNode['operator'], fn: AnyFunction): string {
    const own = ownName(fn)
    const base = own === null || RESERVED.has(own) ? toCamel(operator) : own
    let free = base
    for (let count = 2; this.#names.has(toKebab(free)); count++) free = `${base}${count}`
    return free
  }
}

/** A name that is said as one that a function can have; the operator is called the same. */
function identifierOf(name: string): string {
  const camel = isIdentifier(name) ? name : toCamel(name)
  const begun = /^[A-Za-z_$]/.test(camel) ? camel : `_${camel}`
  return RESERVED.has(begun) ? `${begun}_` : begun
}

/** The key of the owned states, where they agree. */
function keyType(stream: StreamNode): StepNode['output'] {
  const keys = Object.values(stream.states).flatMap(node =>
    node.kind === 'owned' ? [node.key] : []
  )
  const words = new Set(keys.map(key => JSON.stringify(typeTree(key))))
  return words.size === 1 ? keys[0]! : null
}

function watermarkTree(watermark: WatermarkOptions): Tree {
  const { outOfOrderness, idleness, gracePeriod, futureBound } = watermark
  return defined({
    'out-of-orderness': outOfOrderness,
    idleness,
    'grace-period': gracePeriod,
    'future-bound': futureBound
  })
}
