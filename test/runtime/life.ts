// A dataflow that lives through records, pauses in which inputs fall idle, and deaths; what happened goes to an oracle.
import type { Plan } from '../../src/dataflow/plan.ts'
import { type RunningDataflow, groupName } from '../../src/runtime/index.ts'
import { Bench, type Line } from '../../src/runtime/test-kit.ts'
import { type CrashPoint, type CrashingLog, TickingClock } from './crashing-log.ts'
import { MortalDataflow } from './mortal-dataflow.ts'

export const IDLENESS_MS = 1_000

/** Records that come, and how long nothing comes behind them. */
export interface Step<Row> {
  readonly rows: readonly Row[]
  readonly pauseMs: number
}

/** What happened. */
export type LifeEvent<Row, Input> =
  | { readonly kind: 'row'; readonly row: Row }
  /** These inputs have become idle. */
  | { readonly kind: 'idle'; readonly inputs: readonly Input[] }
  /** The process died, and another one goes on. */
  | { readonly kind: 'restart' }
  /** Event time is at its end. */
  | { readonly kind: 'end' }

/** What lives: a plan with an idleness of {@link IDLENESS_MS} over topics of one partition. */
export interface LifeOptions<Row, Input> {
  readonly plan: Plan
  readonly crashes: readonly CrashPoint[]
  /** The topic of each input. */
  readonly inputs: ReadonlyMap<Input, string>
  inputOf(row: Row): Input
  lineOf(row: Row, timestamp: number): Line
}

interface Process {
  readonly running: RunningDataflow
  readonly log: CrashingLog
}

/** Processes one after the other over one log. */
export class Life<Row, Input> {
  readonly bench: Bench
  readonly events: LifeEvent<Row, Input>[] = []
  readonly #options: LifeOptions<Row, Input>
  readonly #inputs: readonly Input[]
  readonly #clock = new TickingClock()
  readonly #dataflow: MortalDataflow
  #process: Process | null = null
  /** All records in the order in which they are taken, and how many are among the events. */
  readonly #rows: Row[] = []
  #told = 0
  readonly #seen = new Map<Input, number>()
  readonly #idle = new Set<Input>()

  constructor(options: LifeOptions<Row, Input>) {
    this.#options = options
    this.#inputs = [...options.inputs.keys()]
    this.bench = new Bench({ clock: this.#clock })
    this.#dataflow = new MortalDataflow(options.plan, this.bench, options.crashes)
  }

  /** Lives through all steps, and comes to the end of event time. */
  async live(steps: readonly Step<Row>[]): Promise<void> {
    await this.bench.createTopics(this.#options.plan)
    for (const { rows, pauseMs } of steps) {
      await this.#feed(rows)
      while (!(await this.#settle())) await this.#die()
      this.#tell(this.#rows.length)
      await this.#pause(pauseMs)
    }
    const { running, log } = this.#process!
    log.isSafe = true
    await running.drain()
    this.events.push({ kind: 'end' })
  }

  async #feed(rows: readonly Row[]): Promise<void> {
    const { inputs, inputOf, lineOf } = this.#options
    for (const [input, topic] of inputs) {
      const lines = rows.flatMap((row, index) => {
        const timestamp = 1_000 + this.#rows.length + index
        return inputOf(row) === input ? [lineOf(row, timestamp)] : []
      })
      if (lines.length > 0) await this.bench.feed(topic, lines)
    }
    this.#rows.push(...rows)
  }

  /** Processes and commits what is there; false at a death. */
  async #settle(): Promise<boolean> {
    this.#process ??= await this.#start()
    if (this.#process === null) return false
    const { running, log } = this.#process
    return Promise.race([running.settle().then(() => true), log.crashed.then(() => false)])
  }

  /** null where it dies before it runs. */
  async #start(): Promise<Process | null> {
    const log = this.#dataflow.nextLog()
    const started = this.#dataflow.start(log)
    for (const input of this.#inputs) this.#seen.set(input, this.#clock.now())
    const running = await Promise.race([started, log.crashed.then(() => null)])
    return running === null ? null : { running, log }
  }

  /** What was committed has happened; a new process waits for both inputs again. */
  async #die(): Promise<void> {
    this.#process = null
    this.#dataflow.die()
    const topics = [...this.#options.inputs.values()]
    let read = 0
    for (const { topic, offset } of await this.bench.log.positions(groupName(this.#options.plan))) {
      if (topics.includes(topic)) read += offset
    }
    this.#tell(read)
    this.events.push({ kind: 'restart' })
    this.#idle.clear()
  }

  /** The first `count` records were taken. */
  #tell(count: number): void {
    for (const row of this.#rows.slice(this.#told, count)) {
      this.events.push({ kind: 'row', row })
      const input = this.#options.inputOf(row)
      this.#seen.set(input, this.#clock.now())
      this.#idle.delete(input)
    }
    this.#told = Math.max(this.#told, count)
  }

  /** From one time that an input falls idle to the next; nobody dies meanwhile. */
  async #pause(pauseMs: number): Promise<void> {
    const { running, log } = this.#process!
    log.isSafe = true
    for (let left = pauseMs; left > 0;) {
      const now = this.#clock.now()
      const waiting = this.#inputs.filter(input => !this.#idle.has(input))
      const due = waiting.map(input => this.#seen.get(input)! + IDLENESS_MS - now)
      const step = Math.min(left, ...due)
      left -= step
      await this.#clock.advance(step)
      await running.settle()
      const inputs = waiting.filter(
        input => this.#clock.now() - this.#seen.get(input)! >= IDLENESS_MS
      )
      for (const input of inputs) this.#idle.add(input)
      if (inputs.length > 0) this.events.push({ kind: 'idle', inputs })
    }
    log.isSafe = false
  }
}
