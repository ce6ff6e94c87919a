// What goes wrong on purpose: a function throws, a commit or a read fails, the process dies.
import { MillraceError } from '../base/index.ts'
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
} from '../log/log.ts'

/** One thing that goes wrong. */
export interface Fault {
  /**
   * `service/operator` for a call of that function, `namespace/name` for one of a stateful function, `commit`, or
   * `read` of the log.
   */
  readonly at: string
  /**
   * fail: the function throws, the log rejects. crash: the process is as if killed at that point; nothing that is not
   * committed by then remains. Default: fail.
   */
  readonly action?: 'fail' | 'crash'
  /** How many times it goes well before; default 0. */
  readonly after?: number
  /** How many times it fails then; default 1. */
  readonly times?: number
  /** What is thrown. */
  readonly error?: Error
  /** Of a commit: whether it becomes durable although nobody hears of it. Default: no. */
  readonly isDurable?: boolean
}

interface Armed {
  readonly fault: Fault
  passes: number
  left: number
}

/** The faults of one test, and which of them are due. */
export class Faults {
  /** Resolves at the crash of the process that runs. */
  crashed!: Promise<void>
  isCrashed = false
  /** What ended the process, where the test did not want it; else null. */
  cause: Error | null = null
  readonly #armed: Armed[] = []
  #crash!: () => void

  constructor() {
    this.revive()
  }

  /** A new process begins. */
  revive(): void {
    this.isCrashed = false
    this.cause = null
    this.crashed = new Promise(resolve => {
      this.#crash = resolve
    })
  }

  arm(fault: Fault): void {
    this.#armed.push({ fault, passes: fault.after ?? 0, left: fault.times ?? 1 })
  }

  /** Faults that have not come to pass. */
  get pending(): readonly Fault[] {
    return this.#armed.filter(({ left }) => left > 0).map(({ fault }) => fault)
  }

  /** The process dies now; with a `cause` whoever waits for it hears of that. */
  crash(cause: Error | null = null): void {
    this.isCrashed = true
    this.cause = cause
    this.#crash()
  }

  /** The fault that comes to pass at this moment, or null; counts the moment. */
  due(at: string): Fault | null {
    const armed = this.#armed.find(one => one.fault.at === at && one.left > 0)
    if (armed === undefined) return null
    if (armed.passes > 0) {
      armed.passes--
      return null
    }
    armed.left--
    return armed.fault
  }

  /** A function that fails when it is told to. */
  around(at: string, fn: (...args: never[]) => unknown): (...args: readonly never[]) => unknown {
    return (...args) => {
      const fault = this.due(at)
      if (fault === null) return fn(...args)
      if (fault.action === 'crash') this.crash()
      throw fault.error ?? new Error(`${at} fails, as the test wants it`)
    }
  }
}

/** The log as one process sees it: after the crash of that process no call is ever answered. */
export class FaultyLog implements LogData {
  readonly #log: Log
  readonly #faults: Faults
  readonly #onCommit: () => void
  #isDead = false

  constructor(log: Log, faults: Faults, onCommit: () => void) {
    this.#log = log
    this.#faults = faults
    this.#onCommit = onCommit
    void faults.crashed.then(() => {
      this.#isDead = true
    })
  }

  async commit(commit: Commit): Promise<CommitResult> {
    if (this.isOver) return never()
    this.#onCommit()
    const fault = this.#faults.due('commit')
    if (fault === null) return this.#log.commit(commit)
    const isDurable = fault.isDurable === true
    if (fault.action === 'crash') {
      this.#die()
      if (isDurable) await this.#log.commit(commit)
      this.#faults.crash()
      return never()
    }
    if (isDurable) await this.#log.commit(commit)
    throw fault.error ?? failed('commit')
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    if (this.isOver) return never()
    const fault = this.#faults.due('read')
    if (fault?.action === 'crash') {
      this.#die()
      this.#faults.crash()
      return never()
    }
    if (fault !== null) throw fault.error ?? failed('read')
    const result = await this.#log.read(request)
    return this.isOver ? never() : result
  }

  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    await this.#log.wait(positions, signal)
    if (this.isOver) return never()
  }

  positions(group: string): Promise<readonly GroupPosition[]> {
    return this.isOver ? never() : this.#log.positions(group)
  }

  describeTopic(name: string): Promise<Topic> {
    return this.isOver ? never() : this.#log.describeTopic(name)
  }

  listTopics(options: { readonly internal?: boolean } = {}): Promise<readonly Topic[]> {
    return this.isOver ? never() : this.#log.listTopics(options)
  }

  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    return this.isOver ? never() : this.#log.offsetForTime(topic, partition, timestampMs)
  }

  /** Whether the process that has it is dead. */
  get isOver(): boolean {
    // A function that crashed is still on the stack: what it wrote must not be committed.
    if (this.#faults.isCrashed) this.#isDead = true
    return this.#isDead
  }

  #die(): void {
    this.#isDead = true
  }
}

function failed(call: 'commit' | 'read'): MillraceError {
  return new MillraceError(
    'LOG_FENCED',
    `the ${call} fails, as the test wants it; a working log was expected; recover() starts the dataflow again`
  )
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
