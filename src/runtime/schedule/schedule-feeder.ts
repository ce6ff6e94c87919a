// Gives the ticks of a dataflow's schedules: one record for each, in the internal topic that stands for the schedule.
//
// Owns: when a tick is given, and that each is given once. Does not own: what it leads to (tasks read the topic).
//   T1  The record of a tick and the time up to which ticks were given are one commit: a restart gives none twice.
//   T2  Ticks are taken in the timer itself, commits follow in their order: a clock that jumps from timer to timer
//       leaves none out.
//   T3  The first start gives nothing that was due before it.
import { type Clock, MillraceError, type Timer, assert } from '../../base/index.ts'
import type { Plan, TopicPlan } from '../../dataflow/plan.ts'
import type { CommitBatch, CommitOffset, LogData } from '../../log/log.ts'
import { BatchBuilder } from '../../record/index.ts'
import { scheduleGroupName } from '../graph/names.ts'
import { Ticks } from './ticks.ts'

/** Timers end at the latest after so long, so that a clock which was set is seen, and no wait is too long for one. */
const LOOK_MS = 60_000
/** Ticks of a schedule in one commit; finding them takes 0.1 ms each, and nothing else runs meanwhile. */
const TICKS_MAX = 200
const VALUE_BYTES = 8

/** What a {@link ScheduleFeeder} is made from. */
export interface ScheduleFeederOptions {
  readonly plan: Plan
  readonly log: LogData
  readonly clock: Clock
}

interface Schedule {
  readonly topic: string
  readonly ticks: Ticks
  /** Offset of the next tick's record. */
  offset: number
}

/** The topics that stand for schedules. */
export function scheduleTopics(plan: Plan): readonly TopicPlan[] {
  return Object.values(plan.topics).filter(topic => topic.schedule !== undefined)
}

/** The clockwork of one dataflow. */
export class ScheduleFeeder {
  /** Resolves when it was stopped; rejects when ticks cannot be written. */
  readonly finished: Promise<void>
  readonly #options: ScheduleFeederOptions
  readonly #schedules: Schedule[] = []
  readonly #builder = new BatchBuilder()
  #timer: Timer | null = null
  #isStopped = false
  /** All commits that were begun. */
  #written: Promise<void> = Promise.resolve()
  #finish!: (error: unknown) => void

  constructor(options: ScheduleFeederOptions) {
    this.#options = options
    this.finished = new Promise((resolve, reject) => {
      this.#finish = error => (error === null ? resolve() : reject(error))
    })
    // Whoever does not wait for it hears of a failure through `flush` and `stop`.
    this.finished.catch(() => {})
  }

  /** Finds out what was given before, and begins to give ticks. */
  async start(): Promise<void> {
    const { plan, log, clock } = this.#options
    const group = scheduleGroupName(plan)
    const positions = await log.positions(group)
    const nowMs = clock.now()
    const fresh: CommitOffset[] = []
    for (const { name, schedule } of scheduleTopics(plan)) {
      assert(schedule !== undefined, 'a topic of a schedule has one')
      const { status } = await log.describeTopic(name)
      const offset = status.partitions[0]!.endOffset
      const before = positions.find(position => position.topic === name)
      const untilMs = before === undefined ? nowMs : ticksGivenUntil(name, before.metadata)
      if (before === undefined) fresh.push(positionOf(group, name, offset, nowMs))
      this.#schedules.push({ topic: name, ticks: new Ticks(schedule, untilMs), offset })
    }
    if (fresh.length > 0) await log.commit({ batches: [], offsets: fresh })
    if (!this.#isStopped) this.#look()
  }

  /** Resolves when all ticks that were due by now can be read. @throws why they cannot be written */
  async flush(): Promise<void> {
    while (this.#isDue()) {
      this.#look()
      await this.#written
    }
    await this.#written
  }

  /** Gives no more ticks; resolves when those that were taken are written, or cannot be. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#written.catch(() => {})
    this.#finish(null)
  }

  #isDue(): boolean {
    const nowMs = this.#options.clock.now()
    return (
      !this.#isStopped && this.#schedules.some(({ ticks }) => (ticks.next ?? Infinity) <= nowMs)
    )
  }

  /** Takes what is due (T2), and looks again when the next tick is. */
  #look(): void {
    this.#timer?.cancel()
    const { clock } = this.#options
    const nowMs = clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const schedule of this.#schedules) {
      this.#take(schedule, nowMs)
      next = Math.min(next, schedule.ticks.next ?? next)
    }
    if (next === Number.POSITIVE_INFINITY) return
    const delayMs = Math.min(Math.max(next - nowMs, 0), LOOK_MS)
    this.#timer = clock.timer(delayMs, () => this.#look(), { unref: true })
  }

  #take(schedule: Schedule, nowMs: number): void {
    const { topic, ticks } = schedule
    const before = ticks.until
    const times = ticks.take(nowMs, TICKS_MAX)
    if (ticks.until === before) return
    schedule.offset += times.length
    const group = scheduleGroupName(this.#options.plan)
    const position = positionOf(group, topic, schedule.offset, ticks.until)
    this.#commit(times.length === 0 ? [] : [this.#batchOf(topic, times)], position)
  }

  /** Records of ticks: the time as a value, eight bytes, and as the timestamp. */
  #batchOf(topic: string, times: readonly number[]): CommitBatch {
    const builder = this.#builder
    for (const time of times) {
      const value = Buffer.alloc(VALUE_BYTES)
      value.writeBigInt64BE(BigInt(time))
      builder.append(time, null, value, [])
    }
    return { topic, partition: 0, batch: builder.build() }
  }

  /** T1. Behind the commits before it. */
  #commit(batches: readonly CommitBatch[], position: CommitOffset): void {
    const { log } = this.#options
    this.#written = this.#written.then(async () => {
      await log.commit({ batches, offsets: [position] })
    })
    this.#written.catch((error: unknown) => {
      this.#isStopped = true
      this.#timer?.cancel()
      this.#finish(error)
    })
  }
}

function positionOf(group: string, topic: string, offset: number, untilMs: number): CommitOffset {
  return { group, topic, partition: 0, offset, metadata: JSON.stringify({ until: untilMs }) }
}

/** Up to when ticks were given, ms since 1970, as the position in a schedule's topic says. @throws POSITION_INVALID */
export function ticksGivenUntil(topic: string, metadata: string): number {
  try {
    const { until } = JSON.parse(metadata) as { until?: unknown }
    if (typeof until === 'number' && Number.isSafeInteger(until)) return until
  } catch {
    // Said below.
  }
  throw new MillraceError(
    'POSITION_INVALID',
    `the position of the schedule in ${topic} says ${JSON.stringify(metadata)}; expected {"until": <ms since 1970>}; ` +
      `delete the topic, and the schedule begins anew`,
    { details: { topic } }
  )
}
