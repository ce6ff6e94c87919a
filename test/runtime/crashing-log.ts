// A log in front of another that lets a dataflow die at a chosen commit, as a killed process does.
import { SimulatedClock } from '../../src/base/index.ts'
import type {
  Commit,
  CommitResult,
  GroupPosition,
  Log,
  LogData,
  ReadRequest,
  ReadResult,
  Topic,
  WaitPosition
} from '../../src/log/log.ts'

/** When the process dies, counted in commits from 1 on. */
export interface CrashPoint {
  readonly commit: number
  /** Whether that commit still became durable; its caller does not hear of it either way. */
  readonly isDurable: boolean
}

/** Reads one batch at a time, so that there is much to do and little in each step. */
const READ_BYTES = 1

/** What a dataflow needs of a log, and functions, which look for topics. */
type InnerLog = LogData & Pick<Log, 'listTopics'>

/** Until the crash like the log behind it; after it no call is ever answered. */
export class CrashingLog implements LogData {
  /** Resolves at the crash. */
  readonly crashed: Promise<void>
  commits = 0
  /** While it is set commits do not count: nothing dies. */
  isSafe = false
  readonly #log: InnerLog
  readonly #point: CrashPoint | null
  #isDead = false
  #crash!: () => void

  constructor(log: InnerLog, point: CrashPoint | null) {
    this.#log = log
    this.#point = point
    this.crashed = new Promise(resolve => {
      this.#crash = resolve
    })
  }

  async commit(commit: Commit): Promise<CommitResult> {
    if (this.#isDead) return never()
    if (this.isSafe) return this.#log.commit(commit)
    this.commits++
    if (this.#point?.commit !== this.commits) return this.#log.commit(commit)
    this.#isDead = true
    if (this.#point.isDurable) await this.#log.commit(commit)
    this.#crash()
    return never()
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    if (this.#isDead) return never()
    const result = await this.#log.read({ ...request, bytesMax: READ_BYTES })
    return this.#isDead ? never() : result
  }

  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    await this.#log.wait(positions, signal)
    if (this.#isDead) return never()
  }

  positions(group: string): Promise<readonly GroupPosition[]> {
    return this.#log.positions(group)
  }

  describeTopic(name: string): Promise<Topic> {
    return this.#log.describeTopic(name)
  }

  listTopics(options?: { readonly internal?: boolean }): Promise<readonly Topic[]> {
    return this.#log.listTopics(options)
  }

  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    return this.#log.offsetForTime(topic, partition, timestampMs)
  }
}

/** A clock on which every look at the time costs a millisecond, so that slices end. */
export class TickingClock extends SimulatedClock {
  #ticks = 0

  override monotonic(): number {
    return this.#ticks++
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
