// A running dataflow: its hosts as one, its life from starting to stopped or failed.
import type { Plan } from '../dataflow/plan.ts'
import type { LogData } from '../log/log.ts'
import type {
  DataflowMetrics,
  DataflowStatus,
  LogLine,
  RunningDataflow,
  StateEntry,
  StateSummary,
  TimeMetrics,
  WindowRows
} from './contract.ts'
import { declaredStates } from './graph/service-states.ts'
import { closingRounds } from './graph/time-flow.ts'
import { type EntriesOptions, type TaskHost, type TaskReport, stateUnknown } from './host.ts'
import type { ScheduleFeeder } from './schedule/schedule-feeder.ts'
import { operatorIds, quantile, sum, sumOperators } from './task/counters.ts'
import { lagOf } from './task/lag.ts'

/** What a running dataflow is made from. */
export interface RunningOptions {
  readonly plan: Plan
  readonly log: LogData
  readonly tasks: number
  readonly hosts: readonly TaskHost[]
  /** Topics that tasks read. */
  readonly inputs: readonly string[]
  /** Gives the ticks of schedules; null where there are none. */
  readonly feeder: ScheduleFeeder | null
  onLog(line: LogLine): void
}

/** The dataflow as server and command line see it. */
export class Running implements RunningDataflow {
  readonly plan: Plan
  readonly tasks: number
  readonly finished: Promise<void>
  status: DataflowStatus = 'starting'
  readonly #options: RunningOptions
  #finish!: (error: unknown) => void
  #ending: Promise<void> | null = null
  #draining: Promise<void> | null = null

  constructor(options: RunningOptions) {
    this.#options = options
    this.plan = options.plan
    this.tasks = options.tasks
    this.finished = new Promise((resolve, reject) => {
      this.#finish = error => (error === null ? resolve() : reject(error))
    })
    // Whoever does not wait for it hears of a failure through drain, stop or the status.
    this.finished.catch(() => {})
  }

  /** Starts the hosts; on an error those that run are stopped. */
  async open(): Promise<void> {
    const { hosts } = this.#options
    const starts = await Promise.allSettled(hosts.map(host => host.start()))
    const failed = starts.find(start => start.status === 'rejected')
    if (failed !== undefined) {
      this.status = 'failed'
      await Promise.all(
        hosts.filter((_, at) => starts[at]!.status === 'fulfilled').map(host => host.stop())
      )
      throw failed.reason
    }
    this.status = 'running'
    this.#ending = this.#watch()
    await this.#startFeeder()
  }

  async #startFeeder(): Promise<void> {
    try {
      await this.#options.feeder?.start()
    } catch (error) {
      await this.stop()
      this.status = 'failed'
      throw error
    }
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  async settle({ endTime = false }: { readonly endTime?: boolean } = {}): Promise<void> {
    await this.#options.feeder?.flush()
    await this.#settle()
    if (endTime) await this.#endTime()
  }

  async stop(): Promise<void> {
    await this.#options.feeder?.stop()
    await Promise.all(this.#options.hosts.map(host => host.stop()))
    await this.#ending
  }

  async metrics(): Promise<DataflowMetrics> {
    const { log, inputs } = this.#options
    const reports = await this.#reports()
    const samples = reports.flatMap(report => [...report.commitMs]).toSorted((a, b) => a - b)
    return {
      operators: sumOperators(operatorIds(this.plan), reports),
      recordsIn: sum(reports, report => report.recordsIn),
      recordsOut: sum(reports, report => report.recordsOut),
      failed: sum(reports, report => sum([...report.failed], count => count)),
      deadLetters: sum(reports, report => report.deadLetters),
      commits: sum(reports, report => report.commits),
      commitMsP50: quantile(samples, 0.5),
      commitMsP99: quantile(samples, 0.99),
      lag: await lagOf(log, inputs, () => reports.flatMap(report => report.positions)),
      times: timesOf(reports.map(report => report.times))
    }
  }

  async states(): Promise<readonly StateSummary[]> {
    const { hosts } = this.#options
    const keys = await Promise.all(hosts.map(host => host.stateKeys()))
    return declaredStates(this.plan).map(({ service, plan }, at) => ({
      name: plan.name,
      service,
      keys: sum(keys, counts => counts[at]!),
      kind: kindOf(plan.value.kind)
    }))
  }

  async stateEntries(name: string, options: EntriesOptions): Promise<readonly StateEntry[]> {
    const full = this.#fullName(name)
    const { hosts } = this.#options
    const parts = await Promise.all(hosts.map(host => host.stateEntries(full, options)))
    const entries = parts.flat()
    return options.limit === undefined ? entries : entries.slice(0, options.limit)
  }

  /** Rounds until one in which no task found anything: what a task sends to another comes in the next. */
  async #drain(): Promise<void> {
    if (this.status === 'running') this.status = 'draining'
    try {
      await this.#stopFeeder()
      await this.#settle()
      await this.#endTime()
    } catch (error) {
      // Tasks that ended cannot settle: what ended them is the news.
      await this.#ending
      await this.finished
      throw error
    }
    await this.stop()
    await this.finished
  }

  /** A drain waits for no tick: those that are due are the last. */
  async #stopFeeder(): Promise<void> {
    await this.#options.feeder?.flush()
    await this.#options.feeder?.stop()
  }

  /** Event time is at its end: windows close, those before others first. */
  async #endTime(): Promise<void> {
    const { hosts } = this.#options
    for (const services of closingRounds(this.plan)) {
      await Promise.all(hosts.map(host => host.endTime(services)))
      await this.#settle()
    }
  }

  async #settle(): Promise<void> {
    for (;;) {
      const counts = await Promise.all(this.#options.hosts.map(host => host.settle()))
      if (counts.every(count => count === 0)) return
    }
  }

  /** Ends the dataflow when all its parts have ended; the first failure stops the others. */
  async #watch(): Promise<void> {
    const { hosts, feeder } = this.#options
    const parts: readonly Pick<TaskHost, 'finished' | 'stop'>[] = [
      ...hosts,
      ...(feeder === null ? [] : [feeder])
    ]
    const errors: unknown[] = []
    await Promise.all(
      parts.map(async part => {
        try {
          await part.finished
        } catch (error) {
          errors.push(error)
          await Promise.allSettled(parts.map(other => other.stop()))
        }
      })
    )
    if (errors.length === 0) {
      this.status = 'stopped'
      this.#finish(null)
    } else {
      this.status = 'failed'
      this.#finish(errors[0])
    }
  }

  async windowRows(name: string): Promise<WindowRows> {
    const full = this.#fullName(name)
    const { hosts } = this.#options
    const parts = await Promise.all(hosts.map(host => host.windowRows(full)))
    const flushed = parts.flatMap(part => part.flushed)
    const service = declaredStates(this.plan).find(one => one.name === full)!.service
    const { shape } = this.plan.services.find(one => one.name === service)!.window!
    const isPerKey = shape.kind === 'session' || shape.kind === 'count'
    // A task without keys in the last window still has an earlier one.
    const newest = flushed.reduce((most, { end }) => Math.max(most, end), -Infinity)
    return {
      open: parts.flatMap(part => part.open),
      flushed: isPerKey ? flushed : flushed.filter(({ end }) => end === newest)
    }
  }

  async #reports(): Promise<readonly TaskReport[]> {
    const { hosts } = this.#options
    const parts = await Promise.all(hosts.map(host => host.reports()))
    return parts.flat()
  }

  #fullName(name: string): string {
    const declared = declaredStates(this.plan)
    const known = declared.map(state => state.name)
    if (known.includes(name)) return name
    const matches = declared.filter(state => state.plan.name === name)
    if (matches.length === 1) return matches[0]!.name
    throw stateUnknown(name, known)
  }
}

/** The times of all tasks as one: the least watermark, and sums. */
function timesOf(tasks: readonly (readonly TimeMetrics[])[]): TimeMetrics[] {
  const [first, ...others] = tasks
  return (first ?? []).map((time, index) =>
    others.reduce((all, task) => together(all, task[index]!), time)
  )
}

function together(one: TimeMetrics, other: TimeMetrics): TimeMetrics {
  const isLess =
    other.watermark !== null && (one.watermark === null || other.watermark < one.watermark)
  return {
    ...(isLess ? other : one),
    openWindows: one.openWindows + other.openWindows,
    closedWindows: one.closedWindows + other.closedWindows,
    late: one.late + other.late
  }
}

function kindOf(kind: string): StateSummary['kind'] {
  if (kind === 'arrow-row') return 'row'
  return kind === 'object' || kind === 'list' || kind === 'map' ? 'object' : 'scalar'
}
