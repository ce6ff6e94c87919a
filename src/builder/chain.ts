// What is behind all stages of a stream: the parts of a service as data, and the calls that add to them.
import {
  type AggregateMap,
  type AggregatesNode,
  aggregatesOf,
  type WindowAggregateWords
} from './aggregate.ts'
import { type AnyCondition, type Literal, pickStep, whereStep } from './condition.ts'
import { type Constant, type GivenNode, givenOf } from './fields.ts'
import type { JoinNode } from './join.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { Schedule, ScheduleNode } from './schedule.ts'
import { type AnyFunction, type AnyStep, type StepNode, type StepOptions, stepOf } from './step.ts'
import type { DedupOptions, Stream, StreamHandle } from './stream.ts'
import type { State, StateNode, Topic, TopicFor, TopicNode } from './topic.ts'
import type { TypeNode, TypeValue } from './types.ts'
import type { EarlyOptions, TimeNode, WatermarkOptions, WindowNode } from './window.ts'

/** A topic that a service reads. */
export interface SourceNode {
  readonly topic: TopicNode | ScheduleNode
  readonly steps: readonly AnyStep[]
  readonly at: SourcePlace | null
}

/** Where a service writes. */
export type SinkNode =
  | {
      readonly kind: 'topic'
      readonly topic: TopicNode
      readonly steps: readonly AnyStep[]
      readonly at: SourcePlace | null
    }
  | {
      readonly kind: 'function'
      readonly typename: string
      readonly valueType: string | null
      readonly assignId: GivenNode | null
      readonly steps: readonly AnyStep[]
      readonly at: SourcePlace | null
    }

/** The window of a service. */
export interface WindowPart {
  readonly shape: WindowNode
  readonly isProcessingTime: boolean
  readonly time: TimeNode
  readonly steps: readonly AnyStep[]
  readonly merge: StepNode | null
  readonly flush: StepNode | null
  readonly flushKey: StepNode | null
  readonly early: EarlyOptions | null
  readonly late: TopicNode | null
  readonly at: SourcePlace | null
}

/** A service without its name, as plain data with functions. */
export interface StreamNode {
  readonly sources: readonly SourceNode[]
  readonly states: Readonly<Record<string, StateNode>>
  readonly steps: readonly AnyStep[]
  readonly time: TimeNode | null
  readonly join: JoinNode | null
  readonly window: WindowPart | null
  readonly assignKey: GivenNode | null
  readonly dedup: DedupOptions | null
  readonly keyedSteps: readonly AnyStep[]
  readonly updateState: StepNode | null
  readonly aggregate: AggregatesNode | null
  readonly sinks: readonly SinkNode[]
}

type Options = StepOptions & { readonly output?: TypeValue<unknown> }
/** A key, a time or an id as users give it. */
type Given = AnyFunction | string | readonly string[] | Constant
interface TimeOptions {
  readonly timestamp?: AnyFunction | string
  readonly timestampOptions?: StepOptions
  readonly watermark?: WatermarkOptions
}
interface WindowSaid extends TimeOptions {
  readonly time?: 'event' | 'processing'
  readonly early?: EarlyOptions
  readonly late?: TopicFor<never>
}

const EMPTY: StreamNode = {
  sources: [],
  states: {},
  steps: [],
  time: null,
  join: null,
  window: null,
  assignKey: null,
  dedup: null,
  keyedSteps: [],
  updateState: null,
  aggregate: null,
  sinks: []
}

/** Begins a stream with a topic, or with the ticks of a schedule. */
export function from<K, V>(topic: Topic<K, V>): Stream<V, K, unknown>
export function from(ticks: Schedule): Stream<number, null, unknown>
export function from(topic: { readonly node: TopicNode | ScheduleNode }): unknown {
  const source = { topic: topic.node, steps: [], at: placeOfCaller(from) }
  return new Chain({ ...EMPTY, sources: [source] })
}

type Merged<P extends readonly unknown[]> = Stream<
  { [I in keyof P]: P[I] extends Stream<infer V, infer _K, infer _S> ? V : never }[number],
  { [I in keyof P]: P[I] extends Stream<infer _V, infer K, infer _S> ? K : never }[number],
  unknown
>

/** A stream that has come to no window and no key. */
interface Part {
  readonly stream: StreamHandle
  readonly window: unknown
}

/** Begins a stream with several topics; the steps that each has already are those of the source. */
export function merge<P extends readonly Part[]>(...parts: P): Merged<P> {
  const nodes = parts.map(part => chainOf(part).node)
  const states = Object.assign({}, ...nodes.map(node => node.states))
  return new Chain({ ...EMPTY, sources: nodes.flatMap(sourcesOf), states }) as unknown as Merged<P>
}

/** The sources of a stream, with its steps as those of each. */
export function sourcesOf({ sources, steps }: StreamNode): SourceNode[] {
  return sources.map(source => ({ ...source, steps: [...source.steps, ...steps] }))
}

/** The data behind a stream. */
export function chainOf(stream: unknown): Chain {
  return stream as Chain
}

/** Every stage of a stream at once; the types in stream.ts say what may be called when. */
export class Chain {
  readonly $stream = 'millrace.stream'
  readonly node: StreamNode
  /** Of what the next operator gives. */
  readonly #output: TypeNode | null

  constructor(node: StreamNode, output: TypeNode | null = null) {
    this.node = node
    this.#output = output
  }

  /** The beginning of what is behind a join. */
  static joined(join: JoinNode, time: TimeNode): Chain {
    const { left, right } = join
    const sources = [...left.sources, ...right.sources]
    const states = { ...left.states, ...right.states }
    return new Chain({
      ...EMPTY,
      sources,
      states,
      join,
      time: time.watermark === null ? null : time
    })
  }

  get stream(): StreamHandle {
    return this as unknown as StreamHandle
  }

  typed(output: TypeValue<unknown>): Chain {
    return new Chain(this.node, output.node)
  }

  filter(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#step(stepOf('filter', fn, options, this.filter))
  }

  map(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#step(stepOf('map', fn, { ...options, output: this.#output }, this.map))
  }

  filterMap(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#step(
      stepOf('filter-map', fn, { ...options, output: this.#output }, this.filterMap)
    )
  }

  flatMap(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#step(stepOf('flat-map', fn, { ...options, output: this.#output }, this.flatMap))
  }

  where(condition: AnyCondition): Chain {
    return this.#step(whereStep(condition, this.where))
  }

  pick(picked: string | Readonly<Record<string, string | Constant<Literal>>>): Chain {
    return this.#step(pickStep(picked, this.pick))
  }

  states(declared: Readonly<Record<string, State<unknown>>>): Chain {
    const added = Object.entries(declared).map(([name, { node }]) => [name, node] as const)
    return this.#with({ states: { ...this.node.states, ...Object.fromEntries(added) } })
  }

  eventTime(options: TimeOptions): Chain {
    return this.#with({ time: timeOf(options, this.eventTime) })
  }

  window(shape: WindowNode, options: WindowSaid = {}): Chain {
    const window: WindowPart = {
      shape,
      isProcessingTime: options.time === 'processing',
      time: timeOf(options, this.window),
      steps: [],
      merge: null,
      flush: null,
      flushKey: null,
      early: options.early ?? null,
      late: options.late?.node ?? null,
      at: placeOfCaller(this.window)
    }
    return this.#with({ window })
  }

  keyBy(key: Given, options: Options = {}): Chain {
    return this.#with({ assignKey: givenOf('assign-key', key, options, this.keyBy) })
  }

  dedup(bounds: DedupOptions): Chain {
    return this.#with({ dedup: bounds })
  }

  aggregate(describe: (of: WindowAggregateWords<never, never>) => AggregateMap): Chain {
    return this.#with({ aggregate: aggregatesOf(describe, this.aggregate) })
  }

  updateState(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#with({
      updateState: stepOf(
        'update-state',
        fn,
        { ...options, output: this.#output },
        this.updateState
      )
    })
  }

  merge(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#window({ merge: stepOf('merge', fn, options, this.merge) })
  }

  flush(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#window({
      flush: stepOf('flush', fn, { ...options, output: this.#output }, this.flush)
    })
  }

  flushKey(fn: AnyFunction, options: StepOptions = {}): Chain {
    return this.#window({
      flushKey: stepOf('flush', fn, { ...options, output: this.#output }, this.flushKey)
    })
  }

  to(topic: TopicFor<never>, transforms: (stream: Chain) => Chain = stream => stream): Chain {
    const at = placeOfCaller(this.to)
    const { steps } = transforms(new Chain(EMPTY)).node
    return this.#sink({ kind: 'topic', topic: topic.node, steps, at })
  }

  toFunction(
    typename: string,
    options: {
      readonly valueType?: string
      readonly assignId?: Given
      readonly assignIdOptions?: Options
    } = {},
    transforms: (stream: Chain) => Chain = stream => stream
  ): Chain {
    const at = placeOfCaller(this.toFunction)
    const { steps } = transforms(new Chain(EMPTY)).node
    const { valueType = null, assignId, assignIdOptions = {} } = options
    const id =
      assignId === undefined
        ? null
        : givenOf('assign-id', assignId, assignIdOptions, this.toFunction)
    return this.#sink({ kind: 'function', typename, valueType, assignId: id, steps, at })
  }

  /** A step belongs where the stream is: behind the key, in the window, or before both. */
  #step(step: AnyStep): Chain {
    const { assignKey, keyedSteps, window, steps } = this.node
    if (assignKey !== null) return this.#with({ keyedSteps: [...keyedSteps, step] })
    if (window !== null) return this.#window({ steps: [...window.steps, step] })
    return this.#with({ steps: [...steps, step] })
  }

  #sink(sink: SinkNode): Chain {
    return this.#with({ sinks: [...this.node.sinks, sink] })
  }

  #window(part: Partial<WindowPart>): Chain {
    const { window } = this.node
    return window === null ? this : this.#with({ window: { ...window, ...part } })
  }

  #with(part: Partial<StreamNode>): Chain {
    return new Chain({ ...this.node, ...part })
  }
}

function timeOf(
  { timestamp, timestampOptions = {}, watermark }: TimeOptions,
  called: AnyFunction
): TimeNode {
  const assignTimestamp =
    timestamp === undefined
      ? null
      : givenOf('assign-timestamp', timestamp, timestampOptions, called)
  return { assignTimestamp, watermark: watermark ?? null }
}
