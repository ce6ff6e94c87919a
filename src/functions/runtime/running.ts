// A running application: its tasks as one, its life from running to stopped or failed.
import { assert } from '../../base/index.ts'
import type { DataflowStatus } from '../../runtime/contract.ts'
import {
  type CommitCounters,
  type Task,
  TaskGroup,
  lagOf,
  quantile,
  sum
} from '../../runtime/task/index.ts'
import type { Address } from '../sdk/index.ts'
import type {
  AddressEntry,
  AddressesOptions,
  FunctionMetrics,
  FunctionStateEntry,
  FunctionsMetrics,
  EgressListener,
  FunctionsOptions,
  PendingTimer,
  RunningFunctions,
  TimerPage,
  TimersOptions,
  TimeTravel
} from './contract.ts'
import { ownerOf } from './dispatcher.ts'
import type { HeardTopics } from './egress/egress.ts'
import type { Entrance, HandedRecord } from './ingress/entrance.ts'
import { keyOf } from './envelope.ts'
import type { FunctionEntry } from './function-table.ts'
import { Histogram } from './histogram.ts'
import { countAddresses, listAddresses, listTimers, pendingOf, valuesOf } from './inspect.ts'
import type { FunctionsProgram } from './program.ts'

const TIMERS_LIMIT_DEFAULT = 100

/** One task with what it runs. */
export interface Resident {
  readonly task: Task
  readonly program: FunctionsProgram
  readonly counters: CommitCounters
}

/** The application as server and command line see it. */
export class Running implements RunningFunctions {
  readonly name: string
  readonly tasks: number
  readonly finished: Promise<void>
  status: DataflowStatus = 'running'
  readonly #options: FunctionsOptions
  readonly #residents: readonly Resident[]
  /** Topics that tasks read. */
  readonly #inputs: readonly string[]
  readonly #heard: HeardTopics
  readonly #entrances = new Map<string, Entrance>()
  readonly #group = new TaskGroup()
  #draining: Promise<void> | null = null

  constructor(
    options: FunctionsOptions,
    residents: readonly Resident[],
    inputs: readonly string[],
    heard: HeardTopics
  ) {
    this.name = options.name
    this.tasks = residents.length
    this.#options = options
    this.#residents = residents
    this.#inputs = inputs
    this.#heard = heard
    for (const { program } of residents) {
      for (const entrance of program.entrances) this.#entrances.set(entrance.name, entrance)
    }
    for (const { task } of residents) this.#group.run(task)
    this.#group.watch()
    this.finished = this.#group.finished.then(
      () => void (this.status = 'stopped'),
      (error: unknown) => {
        this.status = 'failed'
        throw error
      }
    )
    // Whoever does not wait for it hears of a failure through drain or the status.
    this.finished.catch(() => {})
  }

  drain(travel?: TimeTravel, last?: () => Promise<void>): Promise<void> {
    this.#draining ??= this.#drain(travel, last)
    return this.#draining
  }

  async settle(): Promise<void> {
    while ((await this.#group.settle()) > 0);
  }

  async stop(): Promise<void> {
    await this.#group.stop()
    await this.finished.catch(() => {})
  }

  async metrics(): Promise<FunctionsMetrics> {
    const residents = this.#residents
    const commitMs = residents.flatMap(({ task }) => [...task.commitMs]).toSorted(ascending)
    return {
      functions: this.#functionMetrics(),
      recordsIn: sum(residents, recordsOf),
      invocations: sum(residents, ({ program }) => program.calls.invocations),
      deadLetters: sum(residents, ({ program }) => program.deadLetters.count),
      commits: sum(residents, ({ counters }) => counters.commits),
      commitMsP50: quantile(commitMs, 0.5),
      commitMsP99: quantile(commitMs, 0.99),
      lag: await lagOf(this.#options.log, this.#inputs, () =>
        residents.flatMap(({ task }) => task.positions())
      ),
      timers: sum(residents, ({ program }) => program.timers.size),
      mailboxBytes: sum(residents, ({ program }) => program.mailboxes.bytes)
    }
  }

  hand(topic: string, partition: number, records: readonly HandedRecord[], after: number): boolean {
    return this.#entrances.get(`${topic}/${partition}`)?.offer(records, after) ?? false
  }

  hear(topic: string, listener: EgressListener): void {
    const heard = this.#heard.get(topic)
    assert(heard !== undefined, 'who hears of a topic has named it at the start')
    heard.listener = listener
  }

  state(address: Address): readonly FunctionStateEntry[] {
    const key = keyOf(address)
    return valuesOf(this.#owner(key).stateOf(key), this.#options.clock.now())
  }

  async addresses(options: AddressesOptions): Promise<readonly AddressEntry[]> {
    return listAddresses(this.#programs(), options, this.#options.clock.now())
  }

  async countAddresses(typename: string, countMax: number): Promise<number> {
    return countAddresses(this.#programs(), typename, countMax)
  }

  async findTimers(options: TimersOptions = {}): Promise<TimerPage> {
    return listTimers(this.#programs(), options)
  }

  mailboxDepth(address: Address): number {
    const key = keyOf(address)
    return this.#owner(key).mailboxes.busy.get(key)?.depth ?? 0
  }

  timers(
    options: { readonly sender?: Address; readonly limit?: number } = {}
  ): readonly PendingTimer[] {
    const { sender, limit = TIMERS_LIMIT_DEFAULT } = options
    const key = sender === undefined ? null : keyOf(sender)
    const programs = key === null ? this.#programs() : [this.#owner(key)]
    return programs
      .flatMap(program => program.timers.list(limit, key))
      .toSorted((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit)
      .map(pendingOf)
  }

  /** Rounds until one in which no task found anything: what a task sends to another comes in the next. */
  async #drain(
    travel: TimeTravel | undefined,
    last: (() => Promise<void>) | undefined
  ): Promise<void> {
    if (this.status === 'running') this.status = 'draining'
    try {
      for (;;) {
        await this.settle()
        if (travel === undefined) break
        const until = travel.until()
        const dueAt = Math.min(...this.#residents.map(({ program }) => program.timers.nextDueAt))
        travel.advanceTo(Math.min(dueAt, until))
        if (dueAt > until) break
      }
      await last?.()
    } catch (error) {
      // Tasks that ended cannot settle: what ended them is the news.
      await this.finished
      throw error
    }
    await this.stop()
    await this.finished
  }

  #programs(): FunctionsProgram[] {
    return this.#residents.map(({ program }) => program)
  }

  #owner(key: string): FunctionsProgram {
    return this.#residents[ownerOf(key, this.tasks)]!.program
  }

  #functionMetrics(): FunctionMetrics[] {
    const byType = new Map<string, FunctionEntry[]>()
    for (const { program } of this.#residents) {
      for (const entry of program.table.all()) {
        const entries = byType.get(entry.typename)
        if (entries === undefined) byType.set(entry.typename, [entry])
        else entries.push(entry)
      }
    }
    const blocked = this.#blocked()
    return [...byType].map(([typename, entries]) => {
      return {
        typename,
        in: sum(entries, entry => entry.received),
        outLocal: sum(entries, entry => entry.outLocal),
        outRemote: sum(entries, entry => entry.outRemote),
        outEgress: sum(entries, entry => entry.outEgress),
        failed: sum(entries, entry => entry.failed),
        numBlockedAddress: blocked.get(typename) ?? 0,
        inflightAsyncOps: sum(entries, entry => entry.calls),
        numBacklog: sum(entries, entry => entry.backlog),
        remoteInvocationFailures: sum(entries, entry => entry.remoteFailures),
        remoteInvocationLatency: Histogram.summaryOf(entries.map(entry => entry.latency))
      }
    })
  }

  /** Addresses with a whole batch waiting, by type. */
  #blocked(): Map<string, number> {
    const blocked = new Map<string, number>()
    for (const { program } of this.#residents) {
      for (const { entry, queue } of program.mailboxes.busy.values()) {
        if (queue.length < entry.batchMax) continue
        blocked.set(entry.typename, (blocked.get(entry.typename) ?? 0) + 1)
      }
    }
    return blocked
  }
}

function recordsOf({ task, program }: Resident): number {
  return task.recordsIn + sum(program.entrances, entrance => entrance.records)
}

function ascending(a: number, b: number): number {
  return a - b
}
