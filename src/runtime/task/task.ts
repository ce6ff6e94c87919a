// A task: reads its partitions, works depth first, and commits what came of it, epoch by epoch.
//
// Owns: the epoch loop, the order of work, commits. Does not own: operators (graph/ builds them), state, log.
//   R1  Nothing runs concurrently inside a task: one record is under way, and its promise is awaited before
//       the next record is taken.
//   R2  A commit is sealed only between two records. It holds the outputs, dead letters and state changes of
//       exactly the records before the positions that it moves.
//   R3  At most one commit is under way. The next epoch runs meanwhile, up to EPOCH_BYTES_MAX and
//       EPOCH_RECORDS_MAX; then it waits.
//   R4  A chain of operators works on one record at a time; its frame is overwritten by the next.
//   R5  A chain is not entered again while a record of it is on its way down (loops take the log).
//   R6  After a commit failed nothing is committed any more.
//   R7  The task looks at the clock between records only every so often, adapting to how long they take.
//   R8  Of several inputs the record with the smallest timestamp comes next, as far as records are there; of equal
//       ones that of the input that stands first. While a read is under way nothing is taken before it answers.
//   R9  A program's own work (messages, times, results) counts as records do, and goes before them (W1).
import {
  type Clock,
  EPOCH_BYTES_MAX,
  EPOCH_RECORDS_MAX,
  TASK_SLICE_MS_MAX,
  type Timer,
  assert
} from '../../base/index.ts'
import type { CommitWriterOptions } from './commit-writer.ts'
import { CommitWriter } from './commit-writer.ts'
import { Abandoned, endsTask, reportable } from './failure.ts'
import type { TaskWork } from './program.ts'
import type { Budget, SourceReader } from './source-reader.ts'
import { Sweeper } from './sweeper.ts'

/** Positions alone are committed after so many records, or so many ms after the first of them. */
const POSITION_RECORDS_MAX = 10_000
const POSITION_DELAY_MS = 100
/** Records between two looks at the clock: the first stretch, and the longest. */
const STRIDE_FIRST = 32
const STRIDE_MAX = 1_024

/** What a task is made from. */
export interface TaskOptions extends Omit<CommitWriterOptions, 'wake'> {
  readonly index: number
  readonly controller: AbortController
  readonly time: { now: number }
  /** Shared with a program that counts its work against it; by default the task's own. */
  readonly budget?: Budget
  /** How often states with a time to live are swept, or null. */
  readonly sweepMs: number | null
}

interface Settling {
  readonly from: number
  resolve(records: number): void
  reject(error: unknown): void
}

/** One task; `run` is its whole life. */
export class Task {
  readonly #options: TaskOptions
  readonly #clock: Clock
  readonly #readers: readonly SourceReader[]
  readonly #writer: CommitWriter
  readonly #work: TaskWork | null
  readonly #budget: Budget
  readonly #sweeper: Sweeper
  #stride = STRIDE_FIRST
  #epochFrom = 0
  #stopping = false
  #error: Error | null = null
  #settling: Settling | null = null
  #settledAt = 0
  #positionTimer: Timer | null = null
  #positionsDue = false
  #isSignalled = false
  #resume: (() => void) | null = null

  constructor(options: TaskOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#readers = options.readers
    this.#work = options.program.work
    this.#budget = options.budget ?? { left: 0, until: Number.POSITIVE_INFINITY }
    this.#writer = new CommitWriter({ ...options, wake: () => this.wake() })
    this.#sweeper = new Sweeper({
      ...options,
      expiring: options.program.expiring,
      wake: () => this.wake(),
      failed: error => this.fail(error)
    })
  }

  /**
   * Works until {@link stop}. Resolves when the last epoch is durable and the state is closed.
   * @throws DATAFLOW_FAILED a record failed under the policy `fail`; what was before it is committed
   * @throws LOG_FENCED and others of the log and the state
   */
  async run(): Promise<void> {
    try {
      for (const reader of this.#readers) reader.start()
      this.#sweeper.start()
      while (!this.#stopping) await this.#turnOnce()
      await this.#commitAll()
    } catch (error) {
      await this.#end(error)
    } finally {
      this.#stopping = true
      this.#positionTimer?.cancel()
      this.#sweeper.stop()
      this.#options.controller.abort(new Error('the task stops'))
      this.#settling?.reject(new Error('the task stopped'))
      this.#options.program.ended?.()
      await this.#options.state?.close()
    }
  }

  /** Ends the running epoch after the record under way; `run` then resolves. */
  stop(): void {
    this.#stopping = true
    this.#options.controller.abort(new Error('the task stops'))
    this.wake()
  }

  /**
   * Processes everything that its inputs hold and commits it. Resolves with how many records that were
   * since the last call; 0 from all tasks in one round means that nothing is left anywhere.
   */
  settle(): Promise<number> {
    assert(this.#settling === null, 'one settle at a time')
    return new Promise((resolve, reject) => {
      if (this.#stopping) return reject(new Error('the task stopped'))
      this.#settling = { from: this.#settledAt, resolve, reject }
      for (const reader of this.#readers) reader.confirmEnd()
      this.wake()
    })
  }

  /** Something happened that the loop waits for. */
  wake(): void {
    this.#isSignalled = true
    this.#resume?.()
  }

  /** A read or a wait failed: the task ends. */
  fail(error: unknown): void {
    this.#error ??= reportable(error)
    this.wake()
  }

  /** Milliseconds from seal to durable of the last commits. */
  get commitMs(): readonly number[] {
    return this.#writer.commitMs
  }

  /** Where each input stands. */
  positions(): { topic: string; partition: number; position: number }[] {
    return this.#readers.map(({ topic, partition, position }) => ({ topic, partition, position }))
  }

  /** Records taken from the inputs. */
  get recordsIn(): number {
    return this.#records
  }

  get #records(): number {
    let records = 0
    for (const reader of this.#readers) records += reader.records
    return records
  }

  /** Records and work (R9). */
  get #units(): number {
    return this.#work === null ? this.#records : this.#records + this.#work.units
  }

  get #hasWork(): boolean {
    return this.#work !== null && this.#work.isReady
  }

  /** One stretch of work, or one wait. */
  async #turnOnce(): Promise<void> {
    this.#assertHealthy()
    if (this.#sweeper.isReady) this.#sweeper.remove()
    else if (!this.#hasWork && this.#pick() === null) return this.#idle()
    await this.#workSlice()
    this.#commitWhenFree()
    while (this.#isFull() && !this.#stopping) {
      await this.#writer.inFlight
      this.#assertHealthy()
      this.#commitWhenFree()
    }
    const admitted = this.#options.state?.admitted()
    if (admitted) await admitted
    await this.#clock.yield()
  }

  /** Processes records until the slice's time is over, the epoch is full, or there are none. */
  async #workSlice(): Promise<void> {
    const budget = this.#budget
    const start = this.#clock.monotonic()
    let last = start
    this.#options.time.now = this.#clock.now()
    budget.left = this.#stride
    while (!this.#stopping && !this.#isFull()) {
      let pending: void | Promise<void> = undefined
      if (this.#hasWork) {
        pending = this.#work!.process(budget)
      } else {
        const reader = this.#pick()
        if (reader === null) return
        pending = reader.process(budget)
      }
      if (pending !== undefined) {
        await pending
        budget.left = 0
        this.#commitWhenFree()
      }
      if (budget.left > 0) continue
      const now = this.#clock.monotonic()
      if (pending === undefined) this.#adapt(now - last)
      if (now - start >= TASK_SLICE_MS_MAX) return
      last = now
      budget.left = this.#stride
    }
  }

  /** R7: a look about eight times a slice. */
  #adapt(elapsedMs: number): void {
    if (elapsedMs < TASK_SLICE_MS_MAX / 16) this.#stride = Math.min(STRIDE_MAX, this.#stride * 2)
    else if (elapsedMs > TASK_SLICE_MS_MAX / 4) this.#stride = Math.max(1, this.#stride >> 1)
  }

  /** The reader whose record comes next, with {@link Budget.until} set to where another's turn comes (R8). */
  #pick(): SourceReader | null {
    const readers = this.#readers
    if (readers.length === 1) return readers[0]!.isReady ? readers[0]! : null
    let first = -1
    let firstTimestamp = Number.POSITIVE_INFINITY
    let until = Number.POSITIVE_INFINITY
    for (let index = 0; index < readers.length; index++) {
      if (readers[index]!.isPaused) continue
      const timestamp = readers[index]!.peekTimestamp()
      if (timestamp === undefined) {
        if (readers[index]!.isPending) return null
      } else if (first < 0 || timestamp < firstTimestamp) {
        // Equal timestamps stay with the reader that stands first; a later one only gets what is smaller.
        if (first >= 0) until = firstTimestamp - 1
        first = index
        firstTimestamp = timestamp
      } else {
        until = Math.min(until, timestamp)
      }
    }
    this.#budget.until = until
    return first < 0 ? null : readers[first]!
  }

  /** Nothing to process: commits what there is, answers `settle`, waits for a signal. */
  async #idle(): Promise<void> {
    this.#commitWhenFree()
    if (this.#settling !== null && this.#isSettled()) {
      const { from, resolve } = this.#settling
      this.#settling = null
      this.#settledAt = this.#units
      resolve(this.#settledAt - from)
    }
    if (!this.#isSignalled) {
      await new Promise<void>(resolve => {
        this.#resume = resolve
      })
      this.#resume = null
    }
    this.#isSignalled = false
  }

  /** Whether all inputs are at their ends and everything is durable; starts what is missing. */
  #isSettled(): boolean {
    if (this.#readers.some(reader => !reader.isAtEnd)) return false
    if (this.#work !== null && !this.#work.isSettled) return false
    if (this.#writer.inFlight !== null || this.#sweeper.isBusy) return false
    if (this.#writer.start({ positionsAlone: true })) return this.#began()
    return true
  }

  #began(): false {
    this.#epochFrom = this.#units
    this.#positionTimer?.cancel()
    this.#positionTimer = null
    this.#positionsDue = false
    return false
  }

  #isFull(): boolean {
    const { program, state } = this.#options
    const bytes = program.outputs.bytes + (state === null ? 0 : state.dirtyBytes)
    return bytes >= EPOCH_BYTES_MAX || this.#units - this.#epochFrom >= EPOCH_RECORDS_MAX
  }

  /** Starts a commit if none runs and there is something to commit (R3). */
  #commitWhenFree(): void {
    this.#assertHealthy()
    if (this.#writer.inFlight !== null) return
    const moved = this.#units - this.#epochFrom
    const positionsAlone = moved >= POSITION_RECORDS_MAX || this.#positionsDue || this.#isFull()
    if (this.#writer.start({ positionsAlone })) {
      this.#began()
    } else if (this.#positionTimer === null && this.#writer.hasMoved) {
      const act = () => {
        this.#positionsDue = true
        this.wake()
      }
      this.#positionTimer = this.#clock.timer(POSITION_DELAY_MS, act, { unref: true })
    }
  }

  /** Commits everything, also mere positions. */
  async #commitAll(): Promise<void> {
    for (;;) {
      await this.#writer.inFlight
      this.#assertHealthy()
      if (!this.#writer.start({ positionsAlone: true })) return
    }
  }

  /** What to do about an error that ended the loop. */
  async #end(error: unknown): Promise<void> {
    const { program } = this.#options
    if (error instanceof Abandoned) {
      await this.#writer.inFlight
      return
    }
    const reported = reportable(error)
    const isPolicy = (reported as { code?: unknown }).code === 'DATAFLOW_FAILED'
    if (isPolicy && endsTask(error) && program.abandonsEpoch !== true) {
      // R2: the failing record never was; everything before it is committed.
      program.outputs.discard()
      program.undo?.undo()
      await this.#commitAll()
    }
    await this.#writer.inFlight
    throw reported
  }

  #assertHealthy(): void {
    const error = this.#writer.error ?? this.#error
    if (error !== null) throw error
  }
}
