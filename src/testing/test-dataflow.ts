// A dataflow in a test: the real runtime on a log in memory and a clock that the test moves.
//
// Owns: the life of the dataflow from open over crashes and recoveries to close. What was committed outlives a crash,
// and nothing else: states are built anew from their changelog, as after the loss of a machine.
import { MillraceError, SeededRandom, SimulatedClock } from '../base/index.ts'
import type { OwnedState, Topic, TopicFor } from '../builder/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import type { Plan, StepPlan } from '../dataflow/plan.ts'
import { type Log, openMemoryLog } from '../log/index.ts'
import type { Key } from '../runtime/code/user.ts'
import type { DataflowMetrics, LogLine, RunningDataflow } from '../runtime/contract.ts'
import {
  allSteps,
  deadLetterTopicName,
  loadStep,
  requiredTopics,
  startDataflow
} from '../runtime/index.ts'
import { MemoryStore } from '../state/index.ts'
import { type Fault, Faults, FaultyLog } from './faults.ts'
import { RecordDesk, type TestRecord, type TestRecordInput } from './records.ts'
import { type DataflowSource, openSource, type TestedDataflow } from './source.ts'

/** How a test runs its dataflow. */
export interface TestDataflowOptions {
  /** Partitions of topics that do not say it themselves, and so the most tasks there are. Default: 1. */
  readonly partitions?: number
  /** What the clock shows at first, ms since 1970. */
  readonly now?: number
  readonly env?: Readonly<Record<string, string>>
  /** Seed of the runtime's dice. */
  readonly seed?: number
}

/** Turns of the event loop after which a wait is taken for one for the clock. */
const TURNS_MAX = 200
const STEP_MS_FIRST = 10
const STEP_MS_MAX = 1_000
type AnyTopic = string | TopicFor<never>

/** A dataflow that a test feeds, watches and breaks. */
export class TestDataflow {
  /** What functions logged, and what the runtime had to say. */
  readonly lines: readonly LogLine[]
  readonly #tested: TestedDataflow
  readonly #options: TestDataflowOptions
  readonly #clock: SimulatedClock
  readonly #log: Log
  readonly #desk: RecordDesk
  readonly #faults = new Faults()
  readonly #lines: LogLine[] = []
  readonly #taken = new Map<string, Map<number, number>>()
  #functions: ReadonlyMap<StepPlan, (...args: never[]) => unknown> = new Map()
  #running: RunningDataflow | null = null

  private constructor(tested: TestedDataflow, options: TestDataflowOptions) {
    this.#tested = tested
    this.#options = options
    this.#clock = new SimulatedClock(options.now)
    this.#log = openMemoryLog({ clock: this.#clock })
    this.#desk = new RecordDesk(this.#log, tested.plan)
    this.lines = this.#lines
  }

  /**
   * Compiles and starts a dataflow on an empty log.
   * @throws DATAFLOW_INVALID it does not compile; and what a start of a run throws
   */
  static async open(
    source: DataflowSource,
    options: TestDataflowOptions = {}
  ): Promise<TestDataflow> {
    const test = new TestDataflow(await openSource(source), options)
    await test.#createTopics()
    await test.#wrapFunctions()
    await test.#start()
    return test
  }

  get plan(): Plan {
    return this.#tested.plan
  }

  /** What the clock shows, ms since 1970. */
  get now(): number {
    return this.#clock.now()
  }

  /** Whether the dataflow works; not after a crash and not after a failure. */
  get isRunning(): boolean {
    return !this.#faults.isCrashed && this.#running?.status === 'running'
  }

  /** Writes values into a topic and waits until everything is processed and committed. */
  feed<V>(topic: string | TopicFor<V>, values: readonly V[]): Promise<void> {
    return this.feedRecords(
      topic,
      values.map(value => ({ value }))
    )
  }

  /** The same with keys, timestamps, headers, partitions. */
  async feedRecords<V>(
    topic: string | TopicFor<V>,
    records: readonly TestRecordInput<Key, V>[]
  ): Promise<void> {
    const name = this.#nameOf(topic)
    await this.#topicExists(name)
    await this.#desk.append(name, records, this.now)
    await this.settle()
  }

  /** All records of a topic, partition by partition. */
  async read<K, V>(topic: Topic<K, V>): Promise<TestRecord<K, V>[]>
  async read(topic: string): Promise<TestRecord<unknown, unknown>[]>
  async read(topic: AnyTopic): Promise<TestRecord<unknown, unknown>[]> {
    const name = this.#nameOf(topic)
    await this.#topicExists(name)
    return this.#desk.read(name, new Map())
  }

  /** The values of a topic that came since the last call. */
  async take<V>(topic: Topic<never, V> | (TopicFor<never> & { readonly $value?: V })): Promise<V[]>
  async take(topic: string): Promise<unknown[]>
  async take(topic: AnyTopic): Promise<unknown[]> {
    const name = this.#nameOf(topic)
    await this.#topicExists(name)
    let offsets = this.#taken.get(name)
    if (offsets === undefined) this.#taken.set(name, (offsets = new Map()))
    return (await this.#desk.read(name, offsets)).map(({ value }) => value)
  }

  /** Records that failed: their original text, and the reasons in the headers `millrace-error-…`. */
  async deadLetters(): Promise<TestRecord<unknown, unknown>[]> {
    const name = deadLetterTopicName(this.plan)
    const topics = await this.#log.listTopics({ internal: true })
    return topics.some(topic => topic.name === name) ? this.#desk.read(name, new Map()) : []
  }

  /** What a state holds, by key: `state('count.count-per-word')`, or just its name where that is clear. */
  async state<K extends Key, V>(
    name: string,
    _declared?: OwnedState<K, V>
  ): Promise<ReadonlyMap<K, V>> {
    const entries = await this.#alive().stateEntries(name, { limit: Number.MAX_SAFE_INTEGER })
    return new Map(entries.map(({ key, value }) => [key as K, value as V]))
  }

  /** What a state with windows holds, of each window that is open. */
  async windows(name: string): Promise<
    readonly {
      readonly key: unknown
      readonly value: unknown
      readonly window: { readonly start: number; readonly end: number } | null
    }[]
  > {
    const entries = await this.#alive().stateEntries(name, { limit: Number.MAX_SAFE_INTEGER })
    return entries.map(({ key, value, window }) => ({ key, value, window: window ?? null }))
  }

  /** Counters, watermarks, lag. */
  metrics(): Promise<DataflowMetrics> {
    return this.#alive().metrics()
  }

  /** Lets so much time pass on the clock: windows by processing time, early results, idleness, retries, lifetimes. */
  async advance(deltaMs: number): Promise<void> {
    await this.#clock.advance(deltaMs)
    await this.settle()
  }

  /** Event time comes to its end: all windows close. The dataflow goes on; what comes then is late. */
  async endEventTime(): Promise<void> {
    await this.#untilDone(this.#alive().settle({ endTime: true }))
  }

  /** Waits until all that is in the log is processed and committed, or there is a crash. @throws why it failed */
  async settle(): Promise<void> {
    await this.#untilDone(this.#alive().settle())
  }

  /**
   * Lets something go wrong when it is next reached: see {@link Fault}.
   * @throws FAULT_INVALID there is no such place, with the nearest
   */
  inject(fault: Fault): void {
    const places = ['commit', 'read', ...this.plan.services.flatMap(placesOf)]
    if (!places.includes(fault.at)) {
      const nearest = nearestWord(fault.at, places)
      throw new MillraceError(
        'FAULT_INVALID',
        `nothing can fail at ${JSON.stringify(fault.at)}; one of ${places.join(', ')} was expected` +
          (nearest === null ? '' : `; did you mean ${nearest}?`)
      )
    }
    this.#faults.arm(fault)
  }

  /** Faults that were injected and have not come to pass. */
  get pendingFaults(): readonly Fault[] {
    return this.#faults.pending
  }

  /** The process dies now: nothing that is not committed remains. */
  crash(): void {
    this.#faults.crash()
  }

  /** Starts the dataflow again after a crash or a failure, and lets it catch up. */
  async recover(): Promise<void> {
    if (this.isRunning) await this.#running?.stop()
    this.#faults.revive()
    await this.#start()
    await this.settle()
  }

  /** Ends it. @throws why the dataflow failed, if nobody has heard of that yet */
  async close(): Promise<void> {
    if (this.isRunning) await this.#running?.stop()
    this.#running = null
    await this.#log.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #createTopics(): Promise<void> {
    const known = new Map<string, number>()
    const needed = requiredTopics(this.plan, name => known.get(name) ?? null)
    const { partitions = 1 } = this.#options
    for (const topic of needed.filter(({ internal }) => !internal)) {
      known.set(topic.name, topic.partitions ?? partitions)
    }
    for (const { name, internal, cleanup, ...topic } of requiredTopics(
      this.plan,
      name => known.get(name) ?? null
    )) {
      const count = topic.partitions ?? known.get(name) ?? partitions
      const spec = { partitions: count, internal, cleanup: cleanup ?? 'delete' }
      await this.#log.createTopic(name, spec)
    }
  }

  /** Every function of the plan, ready to fail. */
  async #wrapFunctions(): Promise<void> {
    const { plan, functions, folder } = this.#tested
    const wrapped = new Map<StepPlan, (...args: never[]) => unknown>()
    for (const service of plan.services) {
      for (const step of allSteps({ ...plan, services: [service] })) {
        const fn = functions.get(step) ?? (await loadStep(step, folder))
        wrapped.set(step, this.#faults.around(`${service.name}/${step.name}`, fn))
      }
    }
    this.#functions = wrapped
  }

  async #start(): Promise<void> {
    this.#running = await startDataflow({
      plan: this.plan,
      folder: this.#tested.folder,
      log: new FaultyLog(this.#log, this.#faults),
      clock: this.#clock,
      random: new SeededRandom(this.#options.seed ?? 1),
      workers: 0,
      openStore: () => Promise.resolve(new MemoryStore()),
      storeFolder: '/',
      env: this.#options.env ?? {},
      functions: this.#functions,
      onLog: line => void this.#lines.push(line)
    })
  }

  /** Until `work` is done or the process is dead; while nothing else happens the clock goes on by itself. */
  async #untilDone(work: Promise<void>): Promise<void> {
    const running = this.#alive()
    const end = Promise.race([work, this.#faults.crashed, running.finished])
    // A task that ended cannot settle: what ended it is the news.
    work.catch(() => {})
    let stepMs = STEP_MS_FIRST
    for (let turns = 0; await this.#isPending(end); turns++) {
      if (turns < TURNS_MAX) continue
      await this.#clock.advance(stepMs)
      stepMs = Math.min(stepMs * 2, STEP_MS_MAX)
      turns = TURNS_MAX / 2
    }
    if (this.#faults.isCrashed) return void end.catch(() => {})
    await end.catch(async (error: unknown) => {
      await running.finished
      throw error
    })
  }

  /** Whether `work` is still under way after a turn of the event loop. */
  async #isPending(work: Promise<unknown>): Promise<boolean> {
    const turn = this.#clock.yield().then(() => true)
    const end = work.then(
      () => false,
      () => false
    )
    return Promise.race([end, turn])
  }

  #alive(): RunningDataflow {
    if (this.#running === null || this.#faults.isCrashed) {
      throw new MillraceError(
        'DATAFLOW_STOPPED',
        this.#running === null
          ? 'the dataflow is closed; an open one was expected; open another'
          : 'the dataflow has crashed, as the test wants it; a running one was expected; call recover() first'
      )
    }
    return this.#running
  }

  #nameOf(topic: AnyTopic): string {
    const id = typeof topic === 'string' ? topic : topic.node.id
    return this.#desk.nameOf(this.plan, id)
  }

  async #topicExists(name: string): Promise<void> {
    const topics = await this.#log.listTopics()
    if (topics.some(topic => topic.name === name)) return
    const names = topics.map(topic => topic.name)
    const nearest = nearestWord(name, names)
    throw new MillraceError(
      'TOPIC_UNKNOWN',
      `there is no topic ${JSON.stringify(name)}; one of ${names.join(', ')} was expected` +
        (nearest === null ? '' : `; did you mean ${nearest}?`)
    )
  }
}

function placesOf(service: Plan['services'][number]): string[] {
  const one = { services: [service] } as unknown as Plan
  return allSteps(one).map(step => `${service.name}/${step.name}`)
}
