// The composition root: a data directory with its log, and the dataflows and functions of a run over it.
//
// Order of a start: lock and recover the log, create missing topics, start dataflows and functions. Order of a stop:
// these (each commits its running epoch), then the log, then a temporary data directory is removed.
import { MillraceError, SystemClock, SystemDisk, SystemRandom } from '../base/index.ts'
import type { Clock } from '../base/index.ts'
import { openDiskLog } from '../log/index.ts'
import type { Log } from '../log/index.ts'
import type { Topic } from '../log/log.ts'
import {
  type ReadTopic,
  Trimmer,
  groupName,
  requiredTopics,
  writtenTopicIds
} from '../runtime/index.ts'
import type { LoadedApplication } from './functions/application.ts'
import type { DataFolder } from './data-folder.ts'
import type { LoadedDataflow } from './files/dataflow-files.ts'
import { drainAll } from './drain.ts'
import type { Drainable } from './drain.ts'
import { EngineDataflow } from './engine-dataflow.ts'
import type { EngineDataflowOptions } from './engine-dataflow.ts'
import {
  EngineFunctions,
  applicationTasks,
  applicationTopics,
  readByApplication
} from './functions/engine-functions.ts'
import { describeLogEvent } from './log-events.ts'
import type { LogNotice } from './log-events.ts'
import { ServedLog } from './served-log.ts'
import type { Protection } from './served-log.ts'
import { SqlService } from './sql/index.ts'
import { TopicTable } from './topic-table.ts'
import { compareAll } from './upgrade/index.ts'

/** How often `settle` looks. */
const SETTLE_MS = 3

/** What an engine is opened with. */
export interface EngineOptions extends EngineDataflowOptions {
  readonly dataflows: readonly LoadedDataflow[]
  /** The functions of the run's module files; null without any. */
  readonly application: LoadedApplication | null
  /** Partitions of topics that are created and declare none; null is one per worker, at least one. */
  readonly partitions: number | null
  /** How far a drain moves the time of the functions on, ms; null for not at all. */
  readonly advanceMs?: number | null
  /** Whether the log will be served to Kafka's clients, by {@link Engine.served}. Default false. */
  readonly isServed?: boolean
  /** Who may come in where it is served; not given: everybody on this machine. */
  readonly protection?: Protection
  /** A log that is open already and stays open: not given, the engine opens and closes that of the folder. */
  readonly shared?: SharedLog
  /** Makes what must be in the log before anything runs. */
  prepare?(log: Log): Promise<void>
  onLogEvent(notice: LogNotice): void
}

/** A log that several engines work on. */
export interface SharedLog {
  readonly served: ServedLog
  /** What this engine reads and writes of it. */
  readonly log: Log
}

/** A run: its log, its topics, its dataflows. */
export class Engine {
  readonly folder: DataFolder
  readonly served: ServedLog
  /** What dataflows read and write: with a broker beside them, committed records only. */
  readonly log: Log
  readonly clock: Clock
  readonly topics: TopicTable
  readonly dataflows: readonly EngineDataflow[]
  readonly functions: EngineFunctions | null
  /** Queries over the states of the dataflows, also after a drain. */
  readonly sql: SqlService
  readonly #trimmer: Trimmer
  readonly #isShared: boolean
  #stopping: Promise<void> | null = null
  #ending = false

  private constructor(
    folder: DataFolder,
    parts: Parts,
    dataflows: readonly EngineDataflow[],
    functions: EngineFunctions | null
  ) {
    this.folder = folder
    this.served = parts.served
    this.log = parts.log
    this.clock = parts.clock
    this.topics = parts.topics
    this.#trimmer = parts.trimmer
    this.#isShared = parts.isShared
    this.dataflows = dataflows
    this.functions = functions
    this.sql = new SqlService({
      log: parts.log,
      clock: parts.clock,
      plans: dataflows.map(dataflow => dataflow.loaded.plan),
      windows: (name, state) =>
        dataflows.find(dataflow => dataflow.name === name)!.running.windowRows(state)
    })
  }

  /**
   * Opens the data directory and starts dataflows and functions.
   * @throws DISK_LOCKED another process uses the directory
   * @throws UPGRADE_REFUSED what is stored does not fit the files; nothing was touched
   * @throws MIGRATION_FAILED a stored value could not be migrated; the old state is still there
   * @throws TOPIC_INVALID a topic exists that does not fit
   * @throws LOG_DAMAGED and what else the log, the stores and the dataflows throw when they open
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const clock = new SystemClock()
    const { shared } = options
    const served = shared?.served ?? (await openLog(options, clock))
    const { log } = shared ?? served
    const { application, folder } = options
    const partitions = options.partitions ?? Math.max(1, options.workers)
    const started: EngineDataflow[] = []
    try {
      const tasks = application === null ? 1 : await applicationTasks(log, application, partitions)
      const compared = await compareAll(options, log, clock, partitions)
      const dataflows = compared.map(({ loaded }) => loaded)
      const topics = topicTableOf({ dataflows, application }, tasks)
      await topics.createMissing(log, partitions)
      await options.prepare?.(log)
      for (const { loaded, apply } of compared) {
        await apply()
        started.push(await EngineDataflow.start(loaded, log, clock, options))
      }
      const functions =
        application === null
          ? null
          : await EngineFunctions.start(
              {
                application,
                folder: folder.path,
                partitions,
                tasks,
                advanceMs: options.advanceMs ?? null,
                onLog: options.onLog
              },
              log,
              clock
            )
      const trimmer = new Trimmer(log, clock, readTopics({ ...options, dataflows }, tasks))
      const isShared = shared !== undefined
      const parts = { served, log, clock, topics, trimmer, isShared }
      return new Engine(folder, parts, started, functions)
    } catch (error) {
      for (const dataflow of started) await dataflow.running.stop()
      if (shared === undefined) await closeLog(served, log)
      throw error
    }
  }

  /** Rejects when a dataflow or the functions fail. Never resolves. */
  failure(): Promise<never> {
    return new Promise((_, reject) => {
      for (const dataflow of this.dataflows) dataflow.running.finished.catch(reject)
      this.functions?.running.finished.catch(reject)
    })
  }

  /** Drains dataflows and functions, upstream first; they are stopped then, the log is open. */
  async drain(): Promise<void> {
    const drainables = this.dataflows.map((dataflow): Drainable => {
      const topics = requiredTopics(dataflow.loaded.plan)
      const named = (...roles: string[]): string[] =>
        topics.filter(topic => roles.includes(topic.role)).map(topic => topic.name)
      return {
        name: dataflow.name,
        sources: named('source'),
        sinks: [...sinksOf(dataflow), ...named('dead-letter')],
        drain: () => (this.#ending ? Promise.reject(drainStopped()) : dataflow.drain())
      }
    })
    if (this.functions !== null) drainables.push(this.#functionsDrain(this.functions, drainables))
    await drainAll(drainables, async topic => endOf(await this.log.describeTopic(topic)))
  }

  /** Functions name the topics that they write when they do: any that is read may be among them. */
  #functionsDrain(functions: EngineFunctions, others: readonly Drainable[]): Drainable {
    const { name, application, deadLetters } = functions
    const egresses = application.egresses.length + application.http.egresses.length
    const read = egresses > 0 ? others.flatMap(one => one.sources) : []
    return {
      name,
      sources: application.ingresses.map(ingress => ingress.topic),
      sinks: [...read, deadLetters.topic],
      drain: () => (this.#ending ? Promise.reject(drainStopped()) : functions.drain())
    }
  }

  /**
   * Resolves when dataflows and functions have committed all that is in their inputs, when one ended, or at the
   * signal. They are looked at one after the other, and one may write to another that was looked at before: so all
   * must have been found settled twice, with nothing new in between.
   */
  async settle(signal?: AbortSignal): Promise<void> {
    for (let before: number | null = null; ;) {
      if (signal?.aborted === true || this.#hasEnded()) return
      const records = await this.#settledRecords()
      if (records !== null && records === before) return
      before = records
      await this.clock.sleep(SETTLE_MS)
    }
  }

  #hasEnded(): boolean {
    return this.dataflows.some(({ running }) => running.status !== 'running')
  }

  /** How many records all inputs had so far; null where some are not processed. */
  async #settledRecords(): Promise<number | null> {
    if (this.functions !== null && !(await this.functions.isSettled())) return null
    let records = 0
    for (const { loaded } of this.dataflows) {
      const read = new Set(requiredTopics(loaded.plan).map(({ name }) => name))
      for (const position of await this.log.positions(groupName(loaded.plan))) {
        // Earlier files may have read other topics.
        if (!read.has(position.topic)) continue
        const { status } = await this.log.describeTopic(position.topic)
        const found = status.partitions.find(one => one.partition === position.partition)
        if (found === undefined) continue
        if (position.offset < found.endOffset) return null
        records += found.endOffset
      }
    }
    for (const { topic } of this.functions?.application.ingresses ?? []) {
      records += endOf(await this.log.describeTopic(topic))
    }
    return records
  }

  /** Stops dataflows and functions and closes its own log; removes a temporary data directory. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** Stops dataflows and functions; the log stays open. What failed, `failure` has said already. */
  async stopDataflows(): Promise<void> {
    this.#ending = true
    const stopping = this.dataflows.map(dataflow => dataflow.running.stop())
    if (this.functions !== null) stopping.push(this.functions.stop())
    await Promise.allSettled(stopping)
  }

  async #stop(): Promise<void> {
    this.sql.close()
    try {
      await this.stopDataflows()
      await this.#trimmer.stop()
      if (!this.#isShared) await closeLog(this.served, this.log)
    } finally {
      this.folder.remove()
    }
  }
}

async function closeLog(served: ServedLog, log: Log): Promise<void> {
  await served.close()
  await log.close()
}

async function openLog(options: EngineOptions, clock: Clock): Promise<ServedLog> {
  const log = await openDiskLog({
    disk: new SystemDisk(),
    folder: options.folder.path,
    clock,
    random: new SystemRandom(),
    onEvent: event => options.onLogEvent(describeLogEvent(event))
  })
  try {
    return await ServedLog.open(log, clock, options.isServed ?? false, options.protection)
  } catch (error) {
    await log.close()
    throw error
  }
}

/** The topics of everything that a run has. */
export function topicTableOf(
  options: Pick<EngineOptions, 'dataflows' | 'application'>,
  tasks = 1
): TopicTable {
  const { dataflows, application } = options
  const others = application === null ? [] : applicationTopics(application, tasks)
  return new TopicTable(
    dataflows.map(loaded => loaded.plan),
    others
  )
}

interface Parts {
  readonly served: ServedLog
  readonly log: Log
  readonly clock: Clock
  readonly topics: TopicTable
  readonly trimmer: Trimmer
  readonly isShared: boolean
}

/** Topics that lead from tasks to tasks, and those of ticks. */
function readTopics({ dataflows, application }: EngineOptions, tasks: number): ReadTopic[] {
  const repartitioned = dataflows.flatMap(({ plan }) => {
    const names = [
      ...requiredTopics(plan).filter(({ role }) => role === 'repartition'),
      ...Object.values(plan.topics).filter(({ schedule }) => schedule !== undefined)
    ].map(({ name }) => name)
    return names.map(topic => ({ topic, group: groupName(plan) }))
  })
  return application === null
    ? repartitioned
    : [...repartitioned, ...readByApplication(application, tasks)]
}

/** How many records a topic has had. */
function endOf({ status }: Topic): number {
  return status.partitions.reduce((sum, partition) => sum + partition.endOffset, 0)
}

/** A drain that goes on while the run stops would start dataflows again. */
function drainStopped(): MillraceError {
  return new MillraceError(
    'RUN_STOPPED',
    'the run was stopped before everything was processed; start it again to go on'
  )
}

/** Names of the topics that a dataflow writes. */
function sinksOf(dataflow: EngineDataflow): readonly string[] {
  const { plan } = dataflow.loaded
  return plan.services.flatMap(service =>
    writtenTopicIds(service).map(id => plan.topics[id]?.name ?? id)
  )
}
