// The application of functions of a run, over all times that it was started, beside the dataflows on the same log.
import { AdvancingClock, MillraceError, isMillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { RemoteEndpoint, requiredFunctionTopics, startFunctions } from '../../functions/index.ts'
import {
  functionsChangelogName,
  functionsDeadLetterName,
  functionsGroupName,
  messagesTopicName
} from '../../functions/index.ts'
import type { FunctionsMetrics, RunningFunctions, TimeTravel } from '../../functions/index.ts'
import type { Log } from '../../log/index.ts'
import type { LogLine, RequiredTopic } from '../../runtime/contract.ts'
import type { ReadTopic } from '../../runtime/index.ts'
import { openLevelStore } from '../../state/index.ts'
import type { LoadedApplication } from './application.ts'
import { functionsFolder } from '../data-folder.ts'
import { topicEnd } from '../dead-letters.ts'
import { FunctionMeters } from './function-metrics.ts'
import type { ApplicationMetrics } from './function-metrics.ts'
import { addressReports } from './function-report.ts'
import type { AddressReport } from './function-report.ts'
import { httpParts, repliesTopic } from '../http/requests/specs.ts'

/** What {@link EngineFunctions} is started with. */
export interface EngineFunctionsOptions {
  readonly application: LoadedApplication
  /** Data directory. */
  readonly folder: string
  /** Partitions of topics that an egress names for the first time. */
  readonly partitions: number
  /** See {@link applicationTasks}. */
  readonly tasks: number
  /** How far a drain moves the functions' time on, ms; null leaves delayed messages that are not due. */
  readonly advanceMs: number | null
  onLog(dataflow: string, line: LogLine): void
}

/** Counters since the beginning of the run. */
export interface FunctionsTotals {
  readonly recordsIn: number
  readonly invocations: number
  readonly recordsOut: number
  readonly deadLetters: number
}

/** Topics that an application of so many tasks needs before it starts. */
export function applicationTopics(
  application: LoadedApplication,
  tasks: number
): readonly RequiredTopic[] {
  const { name, http } = application
  const parts = httpParts(name, http)
  const ingresses = [...application.ingresses, ...parts.ingresses]
  const required = requiredFunctionTopics({ name, ingresses, tasks })
  return [...required, ...parts.topics, ...egressTopics(application)]
}

/** Topics that egresses name; others come into being when functions name them. */
function egressTopics({ egresses }: LoadedApplication): readonly RequiredTopic[] {
  const names = new Set(egresses.flatMap(egress => egress.topics ?? []))
  const common = { partitions: null, cleanup: null, retentionMs: null, retentionBytes: null }
  return [...names].map(name => ({ ...common, name, internal: false, role: 'sink' }))
}

/** How many tasks an application has: as many as at its first start, which is a new one with `partitions`. */
export async function applicationTasks(
  log: Log,
  { name }: LoadedApplication,
  partitions: number
): Promise<number> {
  const changelog = functionsChangelogName(name)
  const found = (await log.listTopics({ internal: true })).find(topic => topic.name === changelog)
  return found?.spec.partitions ?? partitions
}

/** Topics that only the application reads: between its tasks, and from dataflows to it. */
export function readByApplication(
  { name, ingresses }: LoadedApplication,
  tasks: number
): ReadTopic[] {
  const group = functionsGroupName(name)
  const topics = ingresses.filter(ingress => ingress.internal === true).map(({ topic }) => topic)
  if (tasks > 1) topics.push(messagesTopicName(name))
  return topics.map(topic => ({ topic, group }))
}

/** An application of functions that runs. */
export class EngineFunctions {
  readonly application: LoadedApplication
  /** The present or last start. */
  running: RunningFunctions
  /** Where the dead letters of this run begin in their topic. */
  readonly deadLetters: { readonly topic: string; readonly from: number }
  readonly #endpoints: readonly RemoteEndpoint[]
  readonly #start: () => Promise<RunningFunctions>
  readonly #travel: (() => TimeTravel) | undefined
  readonly #meters: FunctionMeters
  /** What is read at the end of a drain, see {@link show}. */
  readonly #shown = new Map<string, readonly AddressReport[]>()
  #before: FunctionsTotals = { recordsIn: 0, invocations: 0, recordsOut: 0, deadLetters: 0 }

  private constructor(
    parts: Pick<EngineFunctions, 'application' | 'running' | 'deadLetters'>,
    endpoints: readonly RemoteEndpoint[],
    start: () => Promise<RunningFunctions>,
    options: { readonly clock: Clock; readonly travel: (() => TimeTravel) | undefined }
  ) {
    this.application = parts.application
    this.running = parts.running
    this.deadLetters = parts.deadLetters
    this.#endpoints = endpoints
    this.#start = start
    this.#travel = options.travel
    this.#meters = new FunctionMeters(() => this.running, options.clock)
  }

  /** Starts the application; its topics must exist. */
  static async start(
    options: EngineFunctionsOptions,
    log: Log,
    systemClock: Clock
  ): Promise<EngineFunctions> {
    const { application, advanceMs } = options
    // The log's time is not moved on: retention would drop what has just been written.
    const advancing = advanceMs === null ? null : new AdvancingClock(systemClock)
    const clock = advancing ?? systemClock
    const { allowPrivate } = application
    const endpoints = application.endpoints.map(
      ({ plan, tls }) => new RemoteEndpoint({ plan, clock, allowPrivate, tls })
    )
    const start = (): Promise<RunningFunctions> => startOne(options, endpoints, log, clock)
    const topic = functionsDeadLetterName(application.name)
    const deadLetters = { topic, from: await topicEnd(log, topic) }
    try {
      const parts = { application, running: await start(), deadLetters }
      const travel = advancing === null ? undefined : travelOf(advancing, advanceMs ?? 0)
      return new EngineFunctions(parts, endpoints, start, { clock: systemClock, travel })
    } catch (error) {
      await closeAll(endpoints)
      throw error
    }
  }

  get name(): string {
    return this.application.name
  }

  /** Counters of the application and each of its function types, with rates. */
  metrics(): Promise<ApplicationMetrics> {
    return this.#meters.metrics()
  }

  /** Lets drains keep the addresses of a type as they are at the end, for {@link shown}. */
  show(typename: string): void {
    this.#shown.set(typename, [])
  }

  /** All addresses of a type as of the end of the last drain. */
  shown(typename: string): readonly AddressReport[] {
    return this.#shown.get(typename) ?? []
  }

  async totals(): Promise<FunctionsTotals> {
    const now = totalsOf(await this.running.metrics())
    const before = this.#before
    return {
      recordsIn: before.recordsIn + now.recordsIn,
      invocations: before.invocations + now.invocations,
      recordsOut: before.recordsOut + now.recordsOut,
      deadLetters: before.deadLetters + now.deadLetters
    }
  }

  /**
   * Processes everything that is there, for as long as time is to be moved on, and stops; starts anew when it has
   * stopped before.
   */
  async drain(): Promise<void> {
    if (this.running.status === 'stopped') {
      this.#before = await this.totals()
      this.running = await this.#start()
    }
    const options = { limit: Number.MAX_SAFE_INTEGER, fits: () => true }
    await this.running.drain(this.#travel?.(), async () => {
      for (const typename of this.#shown.keys()) {
        this.#shown.set(typename, await addressReports(this, typename, options))
      }
    })
  }

  /** Whether it has processed all that is in its inputs, or has ended. */
  async isSettled(): Promise<boolean> {
    if (this.running.status !== 'running') return true
    const { lag, mailboxBytes, functions } = await this.running.metrics()
    return lag === 0 && mailboxBytes === 0 && functions.every(each => each.numBacklog === 0)
  }

  /** Stops it. Calls of remote functions that are under way are made again at the next start. */
  async stop(): Promise<void> {
    this.#meters.close()
    await this.running.stop()
    await closeAll(this.#endpoints)
  }
}

/** Time begins to be moved on when a first drain has processed all input; later drains go as far. */
function travelOf(clock: AdvancingClock, advanceMs: number): () => TimeTravel {
  let until: number | null = null
  return () => ({
    until: () => (until ??= clock.now() + advanceMs),
    advanceTo: time => clock.advanceTo(time)
  })
}

async function startOne(
  options: EngineFunctionsOptions,
  endpoints: readonly RemoteEndpoint[],
  log: Log,
  clock: Clock
): Promise<RunningFunctions> {
  const { application, folder, partitions, tasks, onLog } = options
  const { name, functions, ingresses, egresses, http, retries } = application
  const parts = httpParts(name, http)
  return startFunctions({
    name,
    functions: [...functions, ...parts.functions],
    endpoints,
    ingresses: [...ingresses, ...parts.ingresses],
    egresses: [...egresses, ...parts.egresses],
    ...(retries === undefined ? {} : { retries }),
    tasks,
    log,
    clock,
    heardTopics: parts.heardTopics,
    openStore: index => openLevelStore(`${functionsFolder(folder, name)}/${index}`),
    openTopic: topic => openTopic(log, topic, { partitions, own: repliesTopic(name) }),
    onLog: line => onLog(name, line)
  })
}

/** Partitions of a topic that an egress names; creates it when it is missing. `own` is the only internal one. */
async function openTopic(
  log: Log,
  name: string,
  { partitions, own }: { readonly partitions: number; readonly own: string }
): Promise<number> {
  try {
    const { spec } = await log.describeTopic(name)
    if (!spec.internal || name === own) return spec.partitions
  } catch (error) {
    if (!isMillraceError(error, 'TOPIC_UNKNOWN')) throw error
    const { spec } = await log.createTopic(name, { partitions })
    return spec.partitions
  }
  throw new MillraceError(
    'EGRESS_RECORD',
    `a record for ${name}, a topic in which the engine keeps its own state; expected another; correct the function`
  )
}

async function closeAll(endpoints: readonly RemoteEndpoint[]): Promise<void> {
  await Promise.all(endpoints.map(endpoint => endpoint.close()))
}

function totalsOf(metrics: FunctionsMetrics): FunctionsTotals {
  const { recordsIn, invocations, deadLetters, functions } = metrics
  const recordsOut = functions.reduce((sum, each) => sum + each.outEgress, 0)
  return { recordsIn, invocations, recordsOut, deadLetters }
}
