// A dataflow in a test: the real runtime on a log in memory and a clock that the test moves.
//
// Owns: the life of the dataflow from open over crashes and recoveries to close. What was committed outlives a crash,
// and nothing else: states are built anew from their changelog, as after the loss of a machine.
import { MillraceError, SeededRandom } from '../base/index.ts'
import type { OwnedState, Topic, TopicFor } from '../builder/index.ts'
import type { Plan, StepPlan } from '../dataflow/plan.ts'
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
import type { Fault } from './faults.ts'
import { FUNCTION_TOPICS, FunctionsApp } from './functions-app.ts'
import type { TestRecord, TestRecordInput } from './records.ts'
import { type DataflowSource, ingressesOf, openSource, type TestedDataflow } from './source.ts'
import {
  appOptions,
  moveTime,
  nextDelayed,
  TestFunctions,
  type TestFunctionsOptions
} from './test-functions.ts'
import { type Resident, World } from './world.ts'

/** How a test runs its dataflow. */
export interface TestDataflowOptions {
  /** Partitions of topics that do not say it themselves, and so the most tasks there are. Default: 1. */
  readonly partitions?: number
  /** What the clock shows at first, ms since 1970. */
  readonly now?: number
  readonly env?: Readonly<Record<string, string>>
  /** Seed of the runtime's dice. */
  readonly seed?: number
  /** Stateful functions beside the dataflow, for its sinks of `type: function`: see {@link TestDataflow.functions}. */
  readonly functions?: TestFunctionsOptions
}

type AnyFunction = (...args: never[]) => unknown
type AnyTopic = string | TopicFor<never>

/** A dataflow that a test feeds, watches and breaks. */
export class TestDataflow {
  /** What functions logged, and what the runtime had to say. */
  readonly lines: readonly LogLine[]
  readonly #tested: TestedDataflow
  readonly #options: TestDataflowOptions
  readonly #world: World
  readonly #app: FunctionsApp | null
  readonly #functions: TestFunctions | null
  #running: RunningDataflow | null = null

  private constructor(
    tested: TestedDataflow,
    options: TestDataflowOptions,
    parts: { readonly world: World; readonly app: FunctionsApp | null }
  ) {
    const { world, app } = parts
    this.#tested = tested
    this.#options = options
    this.#world = world
    this.#app = app
    this.#functions = app === null ? null : new TestFunctions(world, app, () => this.settle())
    this.lines = world.lines
  }

  /**
   * Compiles and starts a dataflow on an empty log.
   * @throws DATAFLOW_INVALID it does not compile; and what a start of a run throws
   */
  static async open(
    source: DataflowSource,
    options: TestDataflowOptions = {}
  ): Promise<TestDataflow> {
    const tested = await openSource(source)
    const { now, functions } = options
    const topics = [...Object.values(tested.plan.topics), ...FUNCTION_TOPICS]
    const world = new World(topics, { now })
    const ingresses = functions === undefined ? [] : await ingressesOf(tested.plan)
    const app =
      functions === undefined
        ? null
        : new FunctionsApp(world, await appOptions(functions, ingresses))
    const test = new TestDataflow(tested, options, { world, app })
    await test.#createTopics()
    await app?.createTopics()
    await test.#start()
    return test
  }

  /** The stateful functions beside the dataflow. @throws FUNCTIONS_MISSING `open` was given none */
  get functions(): TestFunctions {
    if (this.#functions !== null) return this.#functions
    throw new MillraceError(
      'FUNCTIONS_MISSING',
      'the test has no functions; expected some; give them to open: { functions: { functions: [account] } }'
    )
  }

  get plan(): Plan {
    return this.#tested.plan
  }

  /** What the clock shows, ms since 1970. */
  get now(): number {
    return this.#world.clock.now()
  }

  /** Whether the dataflow works; not after a crash and not after a failure. */
  get isRunning(): boolean {
    return !this.#world.faults.isCrashed && this.#running?.status === 'running'
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
    await this.#world.append(this.#nameOf(topic), records)
    await this.settle()
  }

  /** All records of a topic, partition by partition. */
  async read<K, V>(topic: Topic<K, V>): Promise<TestRecord<K, V>[]>
  async read(topic: string): Promise<TestRecord<unknown, unknown>[]>
  async read(topic: AnyTopic): Promise<TestRecord<unknown, unknown>[]> {
    return this.#world.read(this.#nameOf(topic))
  }

  /** The values of a topic that came since the last call. */
  async take<V>(topic: Topic<never, V> | (TopicFor<never> & { readonly $value?: V })): Promise<V[]>
  async take(topic: string): Promise<unknown[]>
  async take(topic: AnyTopic): Promise<unknown[]> {
    return (await this.#world.take(this.#nameOf(topic))).map(({ value }) => value)
  }

  /** Records that failed: their original text, and the reasons in the headers `millrace-error-…`. */
  async deadLetters(): Promise<TestRecord<unknown, unknown>[]> {
    return this.#world.deadLetters(deadLetterTopicName(this.plan))
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

  /**
   * Lets so much time pass on the clock: windows by processing time, early results, idleness, retries, lifetimes, ticks
   * of schedules. After a crash nothing runs meanwhile.
   */
  advance(deltaMs: number): Promise<void> {
    return this.advanceTo(this.now + deltaMs)
  }

  /** The same until the clock shows `time`, ms since 1970. @throws CLOCK_BACKWARDS that is past */
  async advanceTo(time: number): Promise<void> {
    const next = (): number =>
      this.#app === null || this.#world.faults.isCrashed
        ? Number.POSITIVE_INFINITY
        : nextDelayed(this.#app)
    // Time passes for who is dead, too: what fell due meanwhile is what the next start finds.
    const settle = (): Promise<void> =>
      this.#world.faults.isCrashed ? Promise.resolve() : this.settle()
    await moveTime(this.#world, time, settle, next)
  }

  /** Event time comes to its end: all windows close. The dataflow goes on; what comes then is late. */
  async endEventTime(): Promise<void> {
    const running = this.#alive()
    await this.#world.untilDone(running.settle({ endTime: true }), running.finished)
    if (!this.#world.faults.isCrashed) await this.settle()
  }

  /** Waits until all that is in the log is processed and committed, or there is a crash. @throws why it failed */
  async settle(): Promise<void> {
    const residents: Resident[] = [this.#alive()]
    if (this.#app !== null) residents.push(this.#app)
    await this.#world.settle(residents)
  }

  /**
   * Lets something go wrong when it is next reached: see {@link Fault}.
   * @throws FAULT_INVALID there is no such place, with the nearest
   */
  inject(fault: Fault): void {
    const places = this.plan.services.flatMap(placesOf)
    this.#world.inject(fault, ['commit', 'read', ...places, ...(this.#app?.places ?? [])])
  }

  /** Faults that were injected and have not come to pass. */
  get pendingFaults(): readonly Fault[] {
    return this.#world.faults.pending
  }

  /** The process dies now: nothing that is not committed remains. */
  crash(): void {
    this.#world.faults.crash()
  }

  /** Starts the dataflow again after a crash or a failure, and lets it catch up. */
  async recover(): Promise<void> {
    if (this.isRunning) await this.#running?.stop()
    await this.#app?.stop()
    this.#world.faults.revive()
    await this.#start()
    await this.settle()
  }

  /** Ends it. @throws why the dataflow failed, if nobody has heard of that yet */
  async close(): Promise<void> {
    if (this.isRunning) await this.#running?.stop()
    this.#running = null
    await this.#app?.stop()
    await this.#world.log.close()
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
      await this.#world.log.createTopic(name, spec)
    }
  }

  /** Every function of the plan, ready to fail; those of a process that crashed are never done. */
  async #functionsOf(isDead: () => boolean): Promise<Map<StepPlan, AnyFunction>> {
    const { plan, functions, folder } = this.#tested
    const wrapped = new Map<StepPlan, AnyFunction>()
    for (const service of plan.services) {
      for (const step of allSteps({ ...plan, services: [service] })) {
        const fn = functions.get(step) ?? (await loadStep(step, folder))
        const around = this.#world.faults.around(`${service.name}/${step.name}`, fn)
        wrapped.set(step, (...args) => (isDead() ? new Promise(() => {}) : around(...args)))
      }
    }
    return wrapped
  }

  async #start(): Promise<void> {
    const log = this.#world.openLog()
    this.#running = await startDataflow({
      plan: this.plan,
      folder: this.#tested.folder,
      log,
      clock: this.#world.clock,
      random: new SeededRandom(this.#options.seed ?? 1),
      workers: 0,
      openStore: () => Promise.resolve(new MemoryStore()),
      storeFolder: '/',
      env: this.#options.env ?? {},
      functions: await this.#functionsOf(() => log.isOver),
      onLog: line => void this.#world.lines.push(line)
    })
    await this.#app?.start()
  }

  #alive(): RunningDataflow {
    const { faults } = this.#world
    if (faults.cause !== null) throw faults.cause
    if (this.#running === null || faults.isCrashed) {
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
    return this.plan.topics[id]?.name ?? id
  }
}

function placesOf(service: Plan['services'][number]): string[] {
  const one = { services: [service] } as unknown as Plan
  return allSteps(one).map(step => `${service.name}/${step.name}`)
}
