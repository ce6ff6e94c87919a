// A dataflow of a run, over all times that it was started.
import { SystemRandom } from '../base/index.ts'
import type { Clock } from '../base/index.ts'
import type { Plan } from '../dataflow/plan.ts'
import type { Log } from '../log/index.ts'
import type { DataflowMetrics, LogLine, RunningDataflow, StateEntry } from '../runtime/contract.ts'
import { requiredTopics, startDataflow } from '../runtime/index.ts'
import { openLevelStore } from '../state/index.ts'
import { stateFolder } from './data-folder.ts'
import type { DataFolder } from './data-folder.ts'
import type { LoadedDataflow } from './files/dataflow-files.ts'
import { topicEnd } from './dead-letters.ts'

/** How dataflows run. */
export interface EngineDataflowOptions {
  readonly folder: DataFolder
  readonly workers: number
  /** `ctx.env` of the functions. */
  readonly env: Readonly<Record<string, string>>
  onLog(dataflow: string, line: LogLine): void
}

/** Where the dead letters of this run begin in their topic; null when the dataflow has none. */
export interface DeadLetterStart {
  readonly topic: string | null
  readonly from: number
}

/** A dataflow with its starts. */
export class EngineDataflow {
  readonly loaded: LoadedDataflow
  /** The present or last start. */
  running: RunningDataflow
  readonly deadLetters: DeadLetterStart
  readonly startedAtMs: number
  readonly #start: (options?: { readonly givesTicks: boolean }) => Promise<RunningDataflow>
  #before: DataflowMetrics | null = null

  private constructor(
    parts: Pick<EngineDataflow, 'loaded' | 'running' | 'deadLetters' | 'startedAtMs'>,
    start: (options?: { readonly givesTicks: boolean }) => Promise<RunningDataflow>
  ) {
    this.loaded = parts.loaded
    this.running = parts.running
    this.deadLetters = parts.deadLetters
    this.startedAtMs = parts.startedAtMs
    this.#start = start
  }

  /** Starts a dataflow. */
  static async start(
    loaded: LoadedDataflow,
    log: Log,
    clock: Clock,
    options: EngineDataflowOptions
  ): Promise<EngineDataflow> {
    const start = ({ givesTicks } = { givesTicks: true }): Promise<RunningDataflow> =>
      startOne(loaded, log, clock, options, givesTicks)
    const topic = requiredTopics(loaded.plan).find(one => one.role === 'dead-letter')?.name ?? null
    const deadLetters = { topic, from: topic === null ? 0 : await topicEnd(log, topic) }
    return new EngineDataflow(
      { loaded, running: await start(), deadLetters, startedAtMs: clock.now() },
      start
    )
  }

  get name(): string {
    return this.loaded.plan.name
  }

  /** Counters since the beginning of the run. */
  async metrics(): Promise<DataflowMetrics> {
    const metrics = await this.running.metrics()
    return this.#before === null ? metrics : addMetrics(this.#before, metrics)
  }

  /** Processes everything that is there and stops; starts anew when it has stopped before. */
  async drain(): Promise<void> {
    if (this.running.status === 'stopped') {
      this.#before = await this.metrics()
      this.running = await this.#start()
    }
    await this.running.drain()
  }

  /** All entries of `service.state`, also after the dataflow stopped: it is opened once more for that. */
  async stateEntries(state: string): Promise<readonly StateEntry[]> {
    const options = { limit: Number.MAX_SAFE_INTEGER }
    if (this.running.status !== 'stopped') return this.running.stateEntries(state, options)
    const running = await this.#start({ givesTicks: false })
    try {
      return await running.stateEntries(state, options)
    } finally {
      await running.stop()
    }
  }
}

async function startOne(
  loaded: LoadedDataflow,
  log: Log,
  clock: Clock,
  options: EngineDataflowOptions,
  givesTicks: boolean
): Promise<RunningDataflow> {
  const storeFolder = stateFolder(options.folder.path, loaded.plan)
  const running = await startDataflow({
    plan: loaded.plan,
    folder: loaded.folder,
    log,
    clock,
    random: new SystemRandom(),
    workers: options.workers,
    openStore: index => openLevelStore(`${storeFolder}/${index}`),
    storeFolder,
    env: { ...registryEnv(loaded.plan), ...options.env },
    functions: loaded.functions ?? undefined,
    givesTicks,
    onLog: line => options.onLog(loaded.plan.name, line)
  })
  // Whoever runs the engine watches `failure`; a start that nobody watches yet must not end the process.
  running.finished.catch(() => {})
  return running
}

/** What the plan's registries name in the environment. */
function registryEnv(plan: Plan): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { value } of Object.values(plan.topics)) {
    const name = value.registry?.authEnv ?? null
    const text = name === null ? undefined : process.env[name]
    if (name !== null && text !== undefined) found[name] = text
  }
  return found
}

/** Sums counters of two starts of one dataflow; what is a present value is the second's. */
function addMetrics(before: DataflowMetrics, now: DataflowMetrics): DataflowMetrics {
  const operators = now.operators.map(operator => {
    const old = before.operators.find(
      other => other.service === operator.service && other.operator === operator.operator
    )
    if (old === undefined) return operator
    return {
      ...operator,
      in: old.in + operator.in,
      out: old.out + operator.out,
      failed: old.failed + operator.failed,
      lastErrorOffset:
        operator.lastErrorOffset >= 0 ? operator.lastErrorOffset : old.lastErrorOffset,
      latencyMsMean: operator.latencyMsMean ?? old.latencyMsMean
    }
  })
  return {
    ...now,
    operators,
    recordsIn: before.recordsIn + now.recordsIn,
    recordsOut: before.recordsOut + now.recordsOut,
    failed: before.failed + now.failed,
    deadLetters: before.deadLetters + now.deadLetters,
    commits: before.commits + now.commits
  }
}
