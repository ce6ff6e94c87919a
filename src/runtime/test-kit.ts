// Plans without files, and a log around them: for the tests and benches of this folder.
import { stripTypeScriptTypes } from 'node:module'
import { type Clock, SeededRandom, SimulatedClock } from '../base/index.ts'
import type {
  ErrorPolicy,
  OperatorKind,
  PartitionPlan,
  Plan,
  Position,
  ServicePlan,
  SinkPlan,
  SourcePlan,
  StatePlan,
  StepPlan,
  TimePlan,
  TopicPlan,
  WindowPlan,
  WindowShape
} from '../dataflow/plan.ts'
import type { ObjectType, ScalarType, Type } from '../dataflow/types.ts'
import { type Log, openMemoryLog } from '../log/index.ts'
import {
  BatchBuilder,
  RecordCursor,
  type RecordHeader,
  batchByteLength,
  partitionForKey
} from '../record/index.ts'
import { MemoryStore, type StateStore } from '../state/index.ts'
import type { DataflowOptions, LogLine, RunningDataflow } from './contract.ts'
import { requiredTopics } from './graph/required-topics.ts'
import { startDataflow } from './start.ts'

const AT: Position = { file: 'dataflow.yaml', line: 1, column: 1 }

/** Types by short names. */
export const string: ScalarType = { kind: 'string' }
export const u32: ScalarType = { kind: 'u32', bigint: false }
export const f64: ScalarType = { kind: 'f64' }
export const bool: ScalarType = { kind: 'bool' }

/** An object type of required fields. */
export function object(name: string, fields: Record<string, Type>): ObjectType {
  return {
    kind: 'object',
    name,
    fields: Object.entries(fields).map(([field, type]) => ({
      name: field,
      readName: field,
      writeName: field,
      optional: false,
      type
    }))
  }
}

/** A topic: text by default. */
export function topic(
  id: string,
  type: Type = string,
  options: Partial<TopicPlan> = {}
): TopicPlan {
  return {
    id,
    name: id,
    partitions: 1,
    key: string,
    value: { type, converter: type.kind === 'object' ? 'json' : 'raw' },
    start: { position: 'beginning', value: 0 },
    compression: 'none',
    retentionMs: null,
    retentionBytes: null,
    cleanup: null,
    at: AT,
    ...options
  }
}

/** A step from the text of one function declaration. */
export function step(
  operator: OperatorKind,
  source: string,
  types: Partial<StepPlan> = {}
): StepPlan {
  const functionName = /function\*? (\w+)/.exec(source)![1]!
  const javascript = stripTypeScriptTypes(source)
  return {
    operator,
    name: functionName.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`),
    code: { kind: 'inline', source, javascript, at: AT, indent: 0, functionName },
    with: {},
    input: null,
    output: null,
    outputKey: null,
    at: AT,
    ...types
  }
}

export function source(topicId: string, ...steps: StepPlan[]): SourcePlan {
  return { topic: topicId, steps, at: AT }
}

export function sink(topicId: string, ...steps: StepPlan[]): SinkPlan {
  return { topic: topicId, steps, at: AT }
}

/** An owned state; the property is its name. */
export function state(
  name: string,
  key: Type,
  value: Type,
  ttlMs: number | null = null
): StatePlan {
  return { kind: 'owned', name, property: name, key, value, ttlMs, windowed: false, at: AT }
}

/** An owned state that is kept for each window. */
export function windowedState(name: string, key: Type, value: Type): StatePlan {
  return { kind: 'owned', name, property: name, key, value, ttlMs: null, windowed: true, at: AT }
}

/** Event time: by default that of the records, in order. */
export function eventTime(options: Partial<TimePlan> = {}): TimePlan {
  return {
    assignTimestamp: null,
    timestampArgument: 'context',
    outOfOrdernessMs: 0,
    idlenessMs: null,
    futureBoundMs: 86_400_000,
    at: AT,
    ...options
  }
}

/** A window, by default without functions. */
export function window(shape: WindowShape, options: Partial<WindowPlan> = {}): WindowPlan {
  return {
    shape,
    time: 'event',
    gracePeriodMs: 0,
    steps: [],
    merge: null,
    flush: null,
    flushKey: null,
    early: null,
    lateTopic: null,
    at: AT,
    ...options
  }
}

/** A state of another service. */
export function reference(service: string, name: string): StatePlan {
  return { kind: 'reference', name, property: name, service, state: name, at: AT }
}

export const DEAD_LETTER: ErrorPolicy = {
  policy: 'dead-letter',
  retries: 0,
  backoffMs: 0,
  backoffMaxMs: 0
}

export function partition(
  assignKey: StepPlan,
  updateState: StepPlan | null = null,
  ...steps: StepPlan[]
): PartitionPlan {
  return { assignKey, steps, updateState }
}

/** A service; sources and sinks may be given as topic ids. */
export function service(
  name: string,
  parts: Partial<Omit<ServicePlan, 'sources' | 'sinks'>> & {
    readonly sources: readonly (string | SourcePlan)[]
    readonly sinks: readonly (string | SinkPlan)[]
  }
): ServicePlan {
  return {
    states: [],
    steps: [],
    time: null,
    window: null,
    partition: null,
    emitsFromUpdateState: true,
    errors: DEAD_LETTER,
    output: null,
    at: AT,
    ...parts,
    name,
    sources: parts.sources.map(one => (typeof one === 'string' ? source(one) : one)),
    sinks: parts.sinks.map(one => (typeof one === 'string' ? sink(one) : one))
  }
}

export function plan(
  topics: readonly TopicPlan[],
  services: readonly ServicePlan[],
  name = 'test'
): Plan {
  return {
    apiVersion: '1.0.0',
    name,
    namespace: 'examples',
    version: '0.1.0',
    file: 'dataflow.yaml',
    topics: Object.fromEntries(topics.map(one => [one.id, one])),
    types: {},
    services
  }
}

/** Counts the values of topic `in` by their last digit into topic `out`, as `digit:count`, keyed by digit. */
export function counting(options: {
  readonly partitions: number
  readonly crashAt?: string
}): Plan {
  const { partitions, crashAt = 'never' } = options
  const types = { input: string, outputKey: string }
  const byDigit = step('assign-key', 'function byDigit(text) { return text.at(-1) }', types)
  const countUp = step(
    'update-state',
    `function countUp(text, ctx) {
      if (text === '${crashAt}') process.exit(7)
      return keyed(ctx.key, ctx.key + ':' + ctx.state.counts.update(n => n + 1))
    }`
  )
  const states = [state('counts', string, u32)]
  const parts = { sources: ['in'], states, partition: partition(byDigit, countUp), sinks: ['out'] }
  const count = service('count', parts)
  return plan([topic('in', string, { partitions }), topic('out', string, { partitions })], [count])
}

/** The numbers from 0 on as records, spread by key. */
export function topicOfNumbers(count: number): Line[] {
  return Array.from({ length: count }, (_, n) => ({ key: `k${n % 17}`, value: String(n) }))
}

/** A record as tests write and read it. */
export interface Line {
  readonly key?: string | null
  readonly value: string | null
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A record that was read. */
export interface ReadLine {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string>>
  readonly partition: number
  readonly offset: number
}

/** A log with dataflows on it. Starting one again recovers what the one before left. */
export class Bench {
  readonly clock: Clock
  readonly log: Log
  readonly lines: LogLine[] = []
  #stores = new Map<number, Survivor>()

  constructor(options: { readonly clock?: Clock; readonly log?: Log } = {}) {
    this.clock = options.clock ?? new SimulatedClock()
    this.log = options.log ?? openMemoryLog({ clock: this.clock })
  }

  /** Creates what the plan needs, as the server does. */
  async createTopics(one: Plan): Promise<void> {
    const known = new Map(
      (await this.log.listTopics({ internal: true })).map(t => [t.name, t.spec.partitions])
    )
    for (const needed of requiredTopics(one, name => known.get(name) ?? null)) {
      if (known.has(needed.name)) continue
      const cleanup = needed.cleanup ?? 'delete'
      const partitions = needed.partitions ?? 1
      await this.log.createTopic(needed.name, { partitions, internal: needed.internal, cleanup })
    }
  }

  async start(one: Plan, options: Partial<DataflowOptions> = {}): Promise<RunningDataflow> {
    await this.createTopics(one)
    return startDataflow({
      plan: one,
      folder: '/',
      log: this.log,
      clock: this.clock,
      random: new SeededRandom(1),
      workers: 0,
      openStore: index => Promise.resolve(this.#store(index)),
      storeFolder: '/',
      env: {},
      onLog: line => void this.lines.push(line),
      ...options
    })
  }

  /** Starts, processes everything, stops. */
  async drain(one: Plan, options: Partial<DataflowOptions> = {}): Promise<RunningDataflow> {
    const running = await this.start(one, options)
    await running.drain()
    return running
  }

  /** Appends records, by key where there is one, else to `partition`. */
  async feed(name: string, lines: readonly (string | Line)[], partition = 0): Promise<void> {
    const { spec } = await this.log.describeTopic(name)
    const builders = new Map<number, BatchBuilder>()
    for (const given of lines) {
      const line = typeof given === 'string' ? { value: given } : given
      const key = line.key === undefined || line.key === null ? null : Buffer.from(line.key)
      const to = key === null ? partition : partitionForKey(key, 0, key.length, spec.partitions)
      let builder = builders.get(to)
      if (builder === undefined) builders.set(to, (builder = new BatchBuilder()))
      const headers = Object.entries(line.headers ?? {}).map(([name, value]): RecordHeader => ({
        key: name,
        value: Buffer.from(value)
      }))
      const value = line.value === null ? null : Buffer.from(line.value)
      builder.append(line.timestamp ?? 1_000, key, value, headers)
    }
    const batches = [...builders].map(([to, builder]) => ({
      topic: name,
      partition: to,
      batch: builder.build()
    }))
    await this.log.commit({ batches, offsets: [] })
  }

  /** All records of a topic, partition by partition. */
  async read(name: string): Promise<ReadLine[]> {
    const { status } = await this.log.describeTopic(name)
    const found: ReadLine[] = []
    for (const { partition } of status.partitions) {
      const cursor = new RecordCursor()
      for (let offset = 0; ;) {
        const { bytes, nextOffset } = await this.log.read({ topic: name, partition, offset })
        if (bytes.length === 0) break
        for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
          cursor.open(bytes, at)
          while (cursor.next()) found.push(lineOf(cursor, partition))
        }
        offset = nextOffset
      }
    }
    return found
  }

  /** The last value of each key of a topic. */
  async lastByKey(name: string): Promise<Record<string, string | null>> {
    const last: Record<string, string | null> = {}
    for (const line of await this.read(name)) last[line.key ?? ''] = line.value
    return Object.fromEntries(Object.entries(last).toSorted())
  }

  /** The values of a topic. */
  async values(name: string): Promise<(string | null)[]> {
    return (await this.read(name)).map(line => line.value)
  }

  #store(index: number): StateStore {
    let store = this.#stores.get(index)
    if (store === undefined) this.#stores.set(index, (store = new Survivor()))
    return store
  }
}

/** A store that outlives the dataflow that closes it. */
class Survivor extends MemoryStore {
  override close(): Promise<void> {
    return Promise.resolve()
  }
}

function lineOf(cursor: RecordCursor, partition: number): ReadLine {
  const headers: Record<string, string> = {}
  for (const { key, value } of cursor.headers())
    headers[key] = value === null ? '' : value.toString()
  return {
    key: cursor.key()?.toString() ?? null,
    value: cursor.value()?.toString() ?? null,
    timestamp: cursor.timestamp,
    headers,
    partition,
    offset: cursor.offset
  }
}
