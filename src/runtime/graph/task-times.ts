// Event time of all services of a task, and the work that begins with the clock instead of a record: idle inputs,
// windows by processing time, early results, the end of time, and warnings of windows that stay open.
import type { Clock, Timer } from '../../base/index.ts'
import type { LogLine, TimeMetrics } from '../contract.ts'
import type { LateRecords } from '../operators/late-records.ts'
import type { EpochOutputs } from '../task/outputs.ts'
import type { TaskWork } from '../task/program.ts'
import { after, inTurn } from '../time/in-turn.ts'
import type { Windows } from '../windows/contract.ts'
import type { Mark } from '../operators/repartition.ts'
import type { ServiceTime, ToldTime } from './service-time.ts'

/** How long event time may stand still, by the clock, with windows open before somebody is told. */
const STALL_MS = 60_000
/** Timers of the platform that wait longer fire at once. */
const DELAY_MS_MAX = 2_000_000_000

/** The windows of a service with what the clock does to them. */
export interface ClockedWindows {
  readonly service: string
  readonly windows: Windows
  readonly late: LateRecords
  /** Null for processing time. */
  readonly time: ServiceTime | null
  readonly earlyMs: number | null
  /** Whether its windows end with time at all. */
  readonly endsWithTime: boolean
  /** Whether they are the buckets of a join. */
  readonly isJoin: boolean
}

interface Clocked extends ClockedWindows {
  earlyAt: number
  /** The watermark at the last look, since when it stands, and whether that was said. */
  watermark: number
  stalledAt: number
  isSaid: boolean
  /** When to look again, also after it was said: time may have moved on and stand still anew. */
  lookAt: number
}

/** What {@link TaskTimes} is made from. */
export interface TaskTimesOptions {
  readonly clock: Clock
  readonly outputs: EpochOutputs
  onLog(line: LogLine): void
}

/** The clock's work in a task. */
export class TaskTimes implements TaskWork {
  units = 0
  readonly #options: TaskTimesOptions
  readonly #times: ServiceTime[] = []
  readonly #windows: Clocked[] = []
  #timer: Timer | null = null
  #armedAt = Number.POSITIVE_INFINITY
  #isDue = false
  #ending: ReadonlySet<string> | null = null
  #wake: () => void = () => {}
  #isBusy: (topic: string, partition: number) => boolean = () => false
  #isStopped = false
  /** What other tasks told of services, with whether their records are processed up to there. */
  #told: { readonly time: ServiceTime; readonly what: ToldTime; isReached(): boolean }[] = []
  #barrier: (topic: string) => (() => boolean)[] = () => []

  constructor(options: TaskTimesOptions) {
    this.#options = options
  }

  addTime(time: ServiceTime): void {
    this.#times.push(time)
    time.arriving.onReturn = () => this.want(time.idleAt())
  }

  addWindows(windows: ClockedWindows): void {
    const nowMs = this.#options.clock.now()
    this.#windows.push({
      ...windows,
      earlyAt: windows.earlyMs === null ? Number.POSITIVE_INFINITY : nowMs + windows.earlyMs,
      watermark: Number.NEGATIVE_INFINITY,
      stalledAt: nowMs,
      lookAt: nowMs + STALL_MS,
      isSaid: false
    })
  }

  /** Takes over what the state holds, and sets the clock going. */
  start(options: {
    wake(): void
    /** Whether a partition has records that wait to be taken. */
    isBusy(topic: string, partition: number): boolean
    /** For each partition of a topic what tells whether everything is processed that it has by now. */
    barrier(topic: string): (() => boolean)[]
  }): void {
    this.#wake = options.wake
    this.#isBusy = options.isBusy
    this.#barrier = options.barrier
    const nowMs = this.#options.clock.now()
    for (const time of this.#times) time.restore(nowMs)
    for (const { windows, time } of this.#windows) if (time === null) windows.restore()
    for (const time of this.#times) {
      for (const what of time.toldBefore()) this.#await(time, what)
    }
    this.#arm()
  }

  /** No timer fires any more. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** The clock has something to do at `at`: a window ends by processing time, or an input may be idle. */
  want(at: number): void {
    if (at < this.#armedAt) this.#armFor(at)
  }

  /** Event time is at its end for some services: all their windows close. */
  endTime(services: readonly string[]): void {
    this.#ending = new Set(services)
    this.#wake()
  }

  /** Another task has told how far a service is there: true of the records that it sent before. */
  takeMark(mark: Mark): void {
    for (const time of this.#times) {
      const what = time.told(mark)
      if (what !== null) this.#await(time, what)
    }
  }

  get isReady(): boolean {
    if (this.#isDue || this.#ending !== null) return true
    return this.#told.length > 0 && this.#told.some(told => told.isReached())
  }

  get isSettled(): boolean {
    return !this.isReady && this.#told.length === 0
  }

  process(): void | Promise<void> {
    this.#isDue = false
    const { outputs } = this.#options
    const before = this.#effects()
    const waiting = this.#told.length
    return after(this.#run(), () => {
      outputs.accept()
      if (this.#effects() !== before || this.#told.length < waiting) this.units++
      this.#arm()
    })
  }

  beforeSeal(): void {
    for (const time of this.#times) time.beforeSeal()
    for (const { windows, time } of this.#windows) if (time === null) windows.beforeSeal()
    this.#options.outputs.accept()
  }

  /** How far time is, service by service. */
  metrics(): TimeMetrics[] {
    return this.#windows.map(({ service, windows, late, time }) => {
      const watermark = time === null ? null : finite(time.owned.exact())
      return {
        service,
        watermark,
        heldBackBy: time === null ? null : (time.owned.slowest()?.name ?? null),
        openWindows: windows.open,
        closedWindows: windows.closed,
        late: late.count
      }
    })
  }

  #run(): void | Promise<void> {
    const nowMs = this.#options.clock.now()
    const reached = this.#told.filter(told => told.isReached())
    this.#told = this.#told.filter(told => !reached.includes(told))
    return after(
      inTurn([...reached, ...this.#times], one =>
        'what' in one ? one.time.take(one.what) : one.checkIdle(nowMs, this.#isBusy)
      ),
      () =>
        after(
          inTurn(this.#windows, one => this.#tick(one, nowMs)),
          () => this.#end()
        )
    )
  }

  #await(time: ServiceTime, what: ToldTime): void {
    const barriers = what.topics.flatMap(topic => this.#barrier(topic))
    this.#told.push({ time, what, isReached: () => barriers.every(isReached => isReached()) })
  }

  #tick(one: Clocked, nowMs: number): void | Promise<void> {
    this.#watch(one, nowMs)
    const isEarly = nowMs >= one.earlyAt
    if (isEarly) one.earlyAt = nowMs + one.earlyMs!
    const closing = one.time === null ? one.windows.advance(nowMs) : undefined
    return after(closing, () => (isEarly ? one.windows.giveEarly() : undefined))
  }

  #end(): void | Promise<void> {
    const ending = this.#ending
    if (ending === null) return
    this.#ending = null
    const ended = this.#windows.filter(({ service }) => ending.has(service))
    return inTurn(ended, ({ windows }) => windows.closeAll())
  }

  /** Tells once when windows are open and event time stands still. */
  #watch(one: Clocked, nowMs: number): void {
    if (one.time === null || !one.endsWithTime) return
    const watermark = one.time.owned.exact()
    if (watermark !== one.watermark || one.windows.open === 0) {
      one.watermark = watermark
      one.stalledAt = nowMs
      one.isSaid = false
    }
    one.lookAt = (one.isSaid ? nowMs : one.stalledAt) + STALL_MS
    if (!one.isSaid && nowMs - one.stalledAt >= STALL_MS) {
      one.isSaid = true
      one.lookAt = nowMs + STALL_MS
      const holder = one.time.owned.slowest()?.name ?? 'nothing'
      const arriving = one.time.arriving.slowest()?.name ?? holder
      const seconds = Math.round((nowMs - one.stalledAt) / 1_000)
      this.#options.onLog({
        level: 'warn',
        service: one.service,
        operator: '',
        message:
          `${one.windows.open} ${one.isJoin ? 'buckets of the join' : 'windows'} are open and event time has not ` +
          `moved for ${seconds} s; it waits for a record of ${holder.startsWith('task') ? arriving : holder}. ` +
          `Set watermark.idleness so that they close without one`
      })
    }
  }

  #effects(): number {
    let effects = this.#options.outputs.records
    for (const { windows } of this.#windows) effects += windows.closed
    return effects
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#armedAt = Number.POSITIVE_INFINITY
    let at = Number.POSITIVE_INFINITY
    for (const time of this.#times) at = Math.min(at, time.idleAt())
    for (const one of this.#windows) {
      at = Math.min(at, one.earlyAt)
      if (one.time === null) at = Math.min(at, one.windows.due)
      else if (one.endsWithTime) at = Math.min(at, one.lookAt)
    }
    if (at < Number.POSITIVE_INFINITY) this.#armFor(at)
  }

  #armFor(at: number): void {
    if (this.#isStopped) return
    this.#timer?.cancel()
    this.#armedAt = at
    const { clock } = this.#options
    const delayMs = Math.min(Math.max(at - clock.now(), 0), DELAY_MS_MAX)
    const act = (): void => {
      this.#timer = null
      this.#armedAt = Number.POSITIVE_INFINITY
      this.#isDue = true
      this.#wake()
    }
    this.#timer = clock.timer(delayMs, act, { unref: true })
  }
}

function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null
}
