// Where tasks live: the contract between the dataflow and a thread's worth of tasks, and the local form.
import { type Clock, MillraceError, STATE_HOT_BYTES_DEFAULT } from '../base/index.ts'
import type { Plan } from '../dataflow/plan.ts'
import type { LogData } from '../log/log.ts'
import { type StateStore, type TaskState, changelogOf, openTaskState } from '../state/index.ts'
import type { DataflowOptions, LogLine, StateEntry, TimeMetrics, WindowRows } from './contract.ts'
import { Circuit } from './graph/circuit.ts'
import { Library } from './graph/library.ts'
import { changelogTopicName, groupName } from './graph/names.ts'
import { declaredStates, stateSpecs } from './graph/service-states.ts'
import { type InputPosition, metadataOf } from './positions.ts'
import { entriesOf, windowRowsOf, windowedEntriesOf } from './state-entries.ts'
import { Counters, type CountersSnapshot, operatorIds } from './task/counters.ts'
import { SourceReader } from './task/source-reader.ts'
import { TaskGroup } from './task/task-group.ts'
import { Task } from './task/task.ts'

/**
 * When a task's state is written to its store: rarely, so that hot keys are written once for many updates
 * (0.2 µs an update less than each second), and soon enough that a start replays less than a second of
 * changelog: 32 MiB are about 600,000 changes.
 */
const FLUSH_BYTES = 32 * 1024 * 1024
const FLUSH_DELAY_MS = 5_000

/** What tells of one task: counters and where its inputs stand. Plain data. */
export interface TaskReport extends CountersSnapshot {
  readonly times: readonly TimeMetrics[]
  readonly positions: readonly { topic: string; partition: number; position: number }[]
}

/** Some tasks of a dataflow, in this thread or in a worker. */
export interface TaskHost {
  /** Opens the tasks' state and starts them. On an error nothing of them is left open. */
  start(): Promise<void>
  /** Resolves when all its tasks ended by `stop`; rejects with the first error once all have ended. */
  readonly finished: Promise<void>
  /** Asks the tasks to end their epochs. Resolves when they have, also where one failed. */
  stop(): Promise<void>
  /** Processes all that its inputs hold; gives the number of records since the last call. */
  settle(): Promise<number>
  /** Event time is at its end for these services: their windows close. */
  endTime(services: readonly string[]): Promise<void>
  reports(): Promise<readonly TaskReport[]>
  /** How many keys each declared state has, in the order of `declaredStates`. */
  stateKeys(): Promise<readonly number[]>
  stateEntries(name: string, options: EntriesOptions): Promise<readonly StateEntry[]>
  windowRows(name: string): Promise<WindowRows>
}

/** Which entries of a state to show. */
export interface EntriesOptions {
  readonly key?: string
  /** Beginning of the keys' text. */
  readonly prefix?: string
  readonly limit?: number
}

/** What tasks need to know; plain data but for the interfaces. */
export interface HostOptions {
  readonly plan: Plan
  readonly folder: string
  readonly log: LogData
  readonly clock: Clock
  /** Tasks of the whole dataflow, and those that live here. */
  readonly tasks: number
  readonly indexes: readonly number[]
  /** Partitions of every topic that the dataflow touches. */
  readonly partitions: ReadonlyMap<string, number>
  /** Positions of all inputs of all tasks. */
  readonly positions: readonly InputPosition[]
  openStore(index: number): Promise<StateStore>
  readonly env: Readonly<Record<string, string>>
  onLog(line: LogLine): void
  /** See {@link DataflowOptions.functions}. */
  readonly functions?: DataflowOptions['functions'] | undefined
  /** For all tasks of the dataflow together. */
  readonly stateHotBytes?: number
}

interface Resident {
  readonly task: Task
  readonly circuit: Circuit
  readonly state: TaskState | null
  readonly counters: Counters
}

/** Tasks in this thread. */
export class LocalHost implements TaskHost {
  readonly #options: HostOptions
  readonly #residents: Resident[] = []
  readonly #group = new TaskGroup()
  #isStopped = false

  constructor(options: HostOptions) {
    this.#options = options
  }

  get finished(): Promise<void> {
    return this.#group.finished
  }

  async start(): Promise<void> {
    const { plan, folder, indexes } = this.#options
    const { clock, env, onLog, functions } = this.#options
    const onWarning = (message: string): void =>
      onLog({ level: 'warn', service: '', operator: 'registry', message })
    const library = await Library.load(plan, folder, functions, { clock, env, onWarning })
    const states: (TaskState | null)[] = []
    try {
      for (const index of indexes) states.push(await this.#openState(library, index))
    } catch (error) {
      for (const state of states) await state?.close()
      throw error
    }
    for (const [at, index] of indexes.entries()) this.#enter(library, index, states[at]!)
    this.#group.watch()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    return this.#group.stop()
  }

  settle(): Promise<number> {
    return this.#group.settle()
  }

  endTime(services: readonly string[]): Promise<void> {
    for (const { circuit } of this.#residents) circuit.work?.endTime(services)
    return Promise.resolve()
  }

  reports(): Promise<readonly TaskReport[]> {
    return Promise.resolve(
      this.#residents.map(({ task, circuit, counters }) => ({
        times: circuit.work?.metrics() ?? [],
        in: counters.in,
        out: counters.out,
        failed: counters.failed,
        lastErrorOffset: counters.lastErrorOffset,
        timed: counters.timed,
        timedMs: counters.timedMs,
        recordsIn: task.recordsIn,
        recordsOut: counters.recordsOut,
        deadLetters: counters.deadLetters,
        commits: counters.commits,
        commitMs: task.commitMs,
        positions: task.positions()
      }))
    )
  }

  stateKeys(): Promise<readonly number[]> {
    return Promise.resolve(
      declaredStates(this.#options.plan).map(({ name, service, stored, plan }) => {
        const sizeOf = ({ state, circuit }: Resident): number =>
          plan.windowed ? circuit.states.openKeys(service, name) : (state?.state(stored).size ?? 0)
        return this.#residents.reduce((sum, resident) => sum + sizeOf(resident), 0)
      })
    )
  }

  stateEntries(name: string, options: EntriesOptions): Promise<readonly StateEntry[]> {
    const declared = declaredStates(this.#options.plan).find(state => state.name === name)
    if (declared === undefined) throw stateUnknown(name)
    return Promise.resolve(
      this.#residents.flatMap(({ circuit }) =>
        declared.plan.windowed
          ? windowedEntriesOf(circuit.states, declared, options)
          : entriesOf(circuit.states.spec(name), declared.plan, options)
      )
    )
  }

  windowRows(name: string): Promise<WindowRows> {
    const declared = declaredStates(this.#options.plan).find(state => state.name === name)
    if (declared === undefined || !declared.plan.windowed) throw stateUnknown(name)
    const rows = this.#residents.map(({ circuit }) =>
      windowRowsOf(circuit.states, declared, this.#isStopped)
    )
    return Promise.resolve({
      open: rows.flatMap(one => one.open),
      flushed: rows.flatMap(one => one.flushed)
    })
  }

  async #openState(library: Library, index: number): Promise<TaskState | null> {
    const { plan, log, clock, openStore, tasks, stateHotBytes } = this.#options
    const specs = stateSpecs(plan, library)
    if (specs.length === 0) return null
    return openTaskState({
      specs,
      store: await openStore(index),
      changelog: changelogOf(log, changelogTopicName(plan), index),
      clock,
      flushBytes: FLUSH_BYTES,
      flushDelayMs: FLUSH_DELAY_MS,
      hotBytesMax: Math.ceil((stateHotBytes ?? STATE_HOT_BYTES_DEFAULT) / tasks),
      onRebuild: reason =>
        this.#say(`the state of task ${index} is rebuilt from its changelog: ${reason}`)
    })
  }

  #enter(library: Library, index: number, state: TaskState | null): void {
    const { plan, log, clock, tasks, partitions, env, onLog } = this.#options
    const controller = new AbortController()
    const time = { now: clock.now() }
    const counters = new Counters(operatorIds(plan))
    const { signal } = controller
    const circuit = new Circuit({
      plan,
      library,
      task: index,
      tasks,
      partitions,
      state,
      counters,
      clock,
      signal,
      time,
      env,
      onLog
    })
    const readers = this.#readers(circuit, index, signal, () => task)
    const boundaries = new Map(
      this.#options.positions.map(one => [`${one.topic}/${one.partition}`, one.boundary])
    )
    const task: Task = new Task({
      index,
      log,
      clock,
      program: circuit,
      readers,
      state,
      counters,
      controller,
      time,
      group: groupName(plan),
      positionMetadata: (topic, partition) =>
        metadataOf(tasks, boundaries.get(`${topic}/${partition}`) ?? 0),
      changelog: state === null ? null : { topic: changelogTopicName(plan), partition: index },
      sweepMs: sweepMsOf(plan)
    })
    this.#residents.push({ task, circuit, state, counters })
    const { work } = circuit
    if (work !== null) {
      work.start({
        wake: () => task.wake(),
        isBusy: (topic, partition) =>
          readers.some(
            one =>
              one.topic === topic && one.partition === partition && (one.isReady || one.isPending)
          ),
        barrier: topic => readers.filter(one => one.topic === topic).map(reader => reader.barrier())
      })
      signal.addEventListener('abort', () => work.stop(), { once: true })
    }
    this.#group.run(task)
  }

  #readers(circuit: Circuit, index: number, signal: AbortSignal, task: () => Task): SourceReader[] {
    const { log, positions, tasks } = this.#options
    const { undo, outputs } = circuit
    const accepted =
      undo === null
        ? null
        : () => {
            outputs.accept()
            undo.clear()
          }
    return circuit.inputs.flatMap(({ topic, taker, chained }) =>
      positions
        .filter(one => one.topic === topic && one.partition % tasks === index)
        .map(
          ({ partition, position, boundary }) =>
            new SourceReader({
              log,
              topic,
              partition,
              taker,
              position,
              boundary,
              accepted,
              signal,
              marker: chained ? circuit.marker : -1,
              wake: () => task().wake(),
              failed: error => task().fail(error)
            })
        )
    )
  }

  #say(message: string): void {
    this.#options.onLog({ level: 'warn', service: '', operator: '', message })
  }
}

/** Half the shortest time to live of the plan's states, or null. */
function sweepMsOf(plan: Plan): number | null {
  let shortest: number | null = null
  for (const { plan: state } of declaredStates(plan)) {
    if (state.ttlMs !== null) shortest = Math.min(shortest ?? Infinity, state.ttlMs)
  }
  return shortest === null ? null : shortest / 2
}

/** There is no such state. */
export function stateUnknown(name: string, known: readonly string[] = []): MillraceError {
  return new MillraceError(
    'STATE_UNKNOWN',
    `there is no state ${name}; expected one of ${known.join(', ') || '(none)'}; see show state`,
    { details: { state: name } }
  )
}
