// The event time of one service in one task: inputs, what is kept of them, and what other tasks are told.
//
//   partitions of the sources ─┐                        ┌─▶ windows
//   services before it ────────┴─▶ arriving ─(assign-key)─▶ owned ─┴─▶ services behind it
//                                     └──── marks ────▶ owned of the other tasks
//
// Without other tasks, or without assign-key, `arriving` and `owned` are the same.
import type { KeyedState } from '../../state/contract.ts'
import type { Mark } from '../operators/repartition.ts'
import { EventTime, TimeInput } from '../time/event-time.ts'
import { after } from '../time/in-turn.ts'
import type { Windows } from '../windows/contract.ts'
import { type TimedService, outputDelayMs } from './time-flow.ts'

/** A service whose time another one takes. */
export interface ServiceInput {
  readonly service: string
  readonly task: number
  /** The topics between them. */
  readonly topics: readonly string[]
  /** What its time is now; null in another task, which tells it. */
  readonly exact: (() => number) | null
}

/** What another task has told, to be taken once its records are. */
export interface ToldTime {
  readonly input: TimeInput
  readonly mark: Mark
  readonly topics: readonly string[]
}

/** What a {@link ServiceTime} is made from. */
export interface ServiceTimeOptions {
  readonly timed: TimedService
  readonly task: number
  /** Partitions of the sources' topics that belong to this task and give time. */
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
  /** Services that give time, in this task and in others. */
  readonly services: readonly ServiceInput[]
  /** Tasks that send records to this one over the repartition topic; null where none does. */
  readonly tasks: readonly number[] | null
  /** `[number]` by name. */
  readonly kept: KeyedState<readonly number[]>
}

const WATERMARK = 'watermark'
const OWNED = 'owned watermark'
const FLOOR = 'closed'

/** Event time of one service in one task. */
export class ServiceTime {
  readonly timed: TimedService
  /** Of the records that arrive from the sources. */
  readonly arriving: EventTime
  /** Of the records that belong to this task. */
  readonly owned: EventTime
  windows: Windows | null = null
  /** Sends a mark to the other tasks; null where there are none. */
  sendMark: ((mark: Mark) => void) | null = null
  /** Sends the time of what this service writes to the other tasks; null where nobody takes it. */
  sendOut: ((mark: Mark) => void) | null = null
  /** Partition inputs with what they are of. */
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly input: TimeInput
  }[]
  readonly #task: number
  readonly #kept: KeyedState<readonly number[]>
  readonly #services: readonly (ServiceInput & { readonly input: TimeInput })[]
  readonly #told = new Map<string, readonly number[]>()
  readonly #written = new Map<string, number>()
  #sent: Mark | null = null
  #sentOut: Mark | null = null

  constructor(options: ServiceTimeOptions) {
    const { timed, tasks, task } = options
    this.timed = timed
    this.#task = task
    this.#kept = options.kept
    this.partitions = options.partitions.map(one => ({
      ...one,
      input: new TimeInput(`${one.topic}/${one.partition}`)
    }))
    this.#services = options.services.map(one => {
      const where = one.exact === null ? `, task ${one.task}` : ''
      return { ...one, input: new TimeInput(`service ${one.service}${where}`, one.exact) }
    })
    const inputs = [...this.partitions, ...this.#services].map(({ input }) => input)
    this.arriving = new EventTime(inputs, timed.outOfOrdernessMs)
    this.owned = tasks === null ? this.arriving : new EventTime(this.#taskInputs(tasks), 0)
    const own = this.owned.inputs.find(input => input.name === `task ${task}`)
    if (this.owned !== this.arriving && own !== undefined) link(this.arriving, this.owned, own, 0)
  }

  /** Takes over what the state holds, and begins to tell the windows; before any record. */
  restore(nowMs: number): void {
    for (const input of this.arriving.inputs) this.#restoreInput(input, nowMs)
    this.arriving.watermark = this.#read(WATERMARK)
    if (this.owned !== this.arriving) {
      for (const input of this.owned.inputs) this.#restoreInput(input, nowMs)
      this.owned.watermark = this.#read(OWNED)
    }
    const { windows } = this
    if (windows === null) return
    windows.floor = this.#read(FLOOR)
    windows.restore()
    // What windows send goes before the time that it is of.
    this.owned.listen(windows, { first: true })
  }

  /** The time of `name`, a service before this one, comes from `from`. */
  linkService(name: string, from: EventTime, delayMs: number): void {
    const own = this.#services.find(one => one.service === name && one.exact !== null)
    if (own !== undefined) link(from, this.arriving, own.input, delayMs)
  }

  /** What a mark of a service in another task means here; null when it is nothing to this service. */
  told(mark: Mark): ToldTime | null {
    const from = this.#services.find(
      one => one.exact === null && one.service === mark.service && one.task === mark.task
    )
    if (from === undefined) return null
    this.#told.set(from.input.name, [mark.watermark, mark.isIdle ? 1 : 0])
    return { input: from.input, mark, topics: from.topics }
  }

  /** What was told before the last stop, and may not have been taken. */
  toldBefore(): ToldTime[] {
    return this.#services.flatMap(({ service, task, topics, exact, input }) => {
      const kept = exact === null ? this.#kept.get(toldName(input.name)) : undefined
      if (kept === undefined) return []
      const mark = { service, task, watermark: kept[0]!, isIdle: kept[1] === 1 }
      return [{ input, mark, topics }]
    })
  }

  /** Takes what was told. */
  take({ input, mark }: ToldTime): void | Promise<void> {
    return after(this.arriving.observe(input, mark.watermark), () =>
      this.arriving.setIdle(input, mark.isIdle)
    )
  }

  /** Another task has told how far it is. */
  takeMark({ task, watermark, isIdle }: Mark): void | Promise<void> {
    const input = this.owned.inputs.find(one => one.name === `task ${task}`)
    if (input === undefined) return
    return after(this.owned.observe(input, watermark), () => this.owned.setIdle(input, isIdle))
  }

  /** Marks the inputs idle that had nothing since `before`; `isBusy` tells of records that wait to be taken. */
  checkIdle(
    nowMs: number,
    isBusy: (topic: string, partition: number) => boolean
  ): void | Promise<void> {
    const { idlenessMs } = this.timed
    if (idlenessMs === null) return
    const silent = this.partitions.filter(({ topic, partition, input }) => {
      if (isBusy(topic, partition)) input.seenMs = nowMs
      return nowMs - input.seenMs >= idlenessMs
    })
    return this.arriving.fallIdle(silent.map(({ input }) => input))
  }

  /** When {@link checkIdle} may have something to do. */
  idleAt(): number {
    const { idlenessMs } = this.timed
    let at = Number.POSITIVE_INFINITY
    if (idlenessMs === null) return at
    for (const { input } of this.partitions) {
      if (!input.isIdle) at = Math.min(at, input.seenMs + idlenessMs)
    }
    return at
  }

  /** Writes what an epoch must not lose, and tells the other tasks. */
  beforeSeal(): void {
    this.windows?.beforeSeal()
    for (const input of this.arriving.inputs) this.#write(input.name, input.reached)
    // Not as of the last look: idle inputs count again after a start, and it must not go back for that.
    this.#write(WATERMARK, this.arriving.exact())
    if (this.owned !== this.arriving) {
      for (const input of this.owned.inputs) this.#write(input.name, input.reached)
      this.#write(OWNED, this.owned.exact())
    }
    if (this.windows !== null) this.#write(FLOOR, this.windows.floor)
    for (const [name, told] of this.#told) this.#kept.set(toldName(name), told)
    this.#told.clear()
    if (this.sendMark !== null) this.#sent = this.#send(this.arriving, 0, this.#sent, this.sendMark)
    if (this.sendOut !== null) {
      const delayMs = outputDelayMs(this.timed.service)
      this.#sentOut = this.#send(this.owned, delayMs, this.#sentOut, this.sendOut)
    }
  }

  /** Tells how far `time` is, unless that is what was told last; gives what is told now. */
  #send(
    time: EventTime,
    delayMs: number,
    sent: Mark | null,
    send: (mark: Mark) => void
  ): Mark | null {
    if (time.inputs.length === 0) return sent
    const watermark = time.exact() - delayMs
    const { isIdle } = time
    const isNews =
      sent === null
        ? watermark > Number.NEGATIVE_INFINITY || isIdle
        : sent.watermark !== watermark || sent.isIdle !== isIdle
    if (!isNews) return sent
    const mark = { service: this.timed.service.name, task: this.#task, watermark, isIdle }
    send(mark)
    return mark
  }

  #taskInputs(tasks: readonly number[]): TimeInput[] {
    return tasks.map(
      task =>
        new TimeInput(`task ${task}`, task === this.#task ? () => this.arriving.exact() : null)
    )
  }

  #restoreInput(input: TimeInput, nowMs: number): void {
    input.reached = this.#read(input.name)
    input.seenMs = nowMs
  }

  #read(name: string): number {
    const value = this.#kept.get(name)?.[0] ?? Number.NEGATIVE_INFINITY
    this.#written.set(name, value)
    return value
  }

  #write(name: string, value: number): void {
    if (value === Number.NEGATIVE_INFINITY || this.#written.get(name) === value) return
    this.#written.set(name, value)
    this.#kept.set(name, [value])
  }
}

/** `input` of `to` follows `from`, `delayMs` behind it. */
function link(from: EventTime, to: EventTime, input: TimeInput, delayMs: number): void {
  const due = (): number => to.due + to.outOfOrdernessMs + delayMs
  from.listen({
    get due() {
      return due()
    },
    advance: watermark => to.observe(input, watermark - delayMs),
    idle: isIdle => to.setIdle(input, isIdle)
  })
  to.onWant(() => from.want(due()))
}

/** Under which name what another task told is kept until it is taken. */
function toldName(input: string): string {
  return `told by ${input}`
}
