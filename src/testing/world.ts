// The world of a test: a log in memory, a clock that the test moves, and faults; what all kinds of tests share.
//
// Owns: the log over crashes, time, faults, reading and writing typed records. Does not own: what runs on the log.
import { MillraceError, SimulatedClock } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import type { TopicPlan } from '../dataflow/plan.ts'
import { type Log, openMemoryLog } from '../log/index.ts'
import type { LogLine } from '../runtime/contract.ts'
import { type Fault, Faults, FaultyLog } from './faults.ts'
import { RecordDesk, type TestRecord, type TestRecordInput } from './records.ts'

/** Turns of the event loop after which a wait is taken for one for the clock. */
const TURNS_MAX = 200
const STEP_MS_FIRST = 10
const STEP_MS_MAX = 1_000
/** Rounds in which what runs may give each other work. */
const ROUNDS_MAX = 10_000

/** Something that runs on the log until it is stopped or fails. */
export interface Resident {
  readonly finished: Promise<void>
  /** Processes and commits everything that is there. */
  settle(): Promise<void>
}

/** One log with one clock, over all lives of what runs on it. */
export class World {
  readonly clock: SimulatedClock
  readonly log: Log
  readonly faults: Faults = new Faults()
  readonly lines: LogLine[] = []
  readonly #desk: RecordDesk
  readonly #taken = new Map<string, Map<number, number>>()
  #commits = 0

  constructor(topics: readonly TopicPlan[], { now }: { readonly now: number | undefined }) {
    this.clock = new SimulatedClock(now)
    this.log = openMemoryLog({ clock: this.clock })
    this.#desk = new RecordDesk(this.log, topics)
  }

  /** The log for what is started now: dead after the next crash. */
  openLog(): FaultyLog {
    return new FaultyLog(this.log, this.faults, () => void this.#commits++)
  }

  async append(
    topic: string,
    records: readonly TestRecordInput<unknown, unknown>[]
  ): Promise<void> {
    await this.topicExists(topic)
    await this.#desk.append(topic, records, this.clock.now())
  }

  /** All records of a topic. */
  async read(topic: string): Promise<TestRecord<unknown, unknown>[]> {
    await this.topicExists(topic)
    return this.#desk.read(topic, new Map())
  }

  /** All that nobody has taken. */
  async take(topic: string): Promise<TestRecord<unknown, unknown>[]> {
    await this.topicExists(topic)
    let offsets = this.#taken.get(topic)
    if (offsets === undefined) this.#taken.set(topic, (offsets = new Map()))
    return this.#desk.read(topic, offsets)
  }

  /** Records of a topic that is there only when something failed. */
  async deadLetters(topic: string): Promise<TestRecord<unknown, unknown>[]> {
    const topics = await this.log.listTopics({ internal: true })
    return topics.some(({ name }) => name === topic) ? this.#desk.read(topic, new Map()) : []
  }

  /** @throws TOPIC_UNKNOWN with the nearest */
  async topicExists(name: string): Promise<void> {
    const topics = await this.log.listTopics()
    if (topics.some(topic => topic.name === name)) return
    const names = topics.map(topic => topic.name)
    const nearest = nearestWord(name, names)
    throw new MillraceError(
      'TOPIC_UNKNOWN',
      `there is no topic ${JSON.stringify(name)}; one of ${names.join(', ')} was expected` +
        (nearest === null ? '' : `; did you mean ${nearest}?`)
    )
  }

  /** @throws FAULT_INVALID there is no such place, with the nearest */
  inject(fault: Fault, places: readonly string[]): void {
    if (!places.includes(fault.at)) {
      const nearest = nearestWord(fault.at, places)
      throw new MillraceError(
        'FAULT_INVALID',
        `nothing can fail at ${JSON.stringify(fault.at)}; one of ${places.join(', ')} was expected` +
          (nearest === null ? '' : `; did you mean ${nearest}?`)
      )
    }
    this.faults.arm(fault)
  }

  /**
   * Waits until nothing has anything to do, or there is a crash.
   * @throws TEST_ENDLESS there is no end to it; and why one of them failed
   */
  async settle(residents: readonly Resident[]): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const before = this.#commits
      for (const resident of residents) {
        await this.untilDone(resident.settle(), resident.finished)
        if (this.faults.isCrashed) return
      }
      if (residents.length === 1 || this.#commits === before) return
    }
    throw new MillraceError(
      'TEST_ENDLESS',
      `after ${ROUNDS_MAX} rounds functions and dataflows still give each other work; an end was expected; ` +
        'look for a message that leads to itself'
    )
  }

  /** Until `work` is done or the process is dead; while nothing else happens the clock goes on by itself. */
  async untilDone(work: Promise<void>, finished: Promise<void>): Promise<void> {
    const end = Promise.race([work, this.faults.crashed, finished])
    // A task that ended cannot settle: what ended it is the news.
    work.catch(() => {})
    let stepMs = STEP_MS_FIRST
    for (let turns = 0; await this.#isPending(end); turns++) {
      if (turns < TURNS_MAX) continue
      await this.clock.advance(stepMs)
      stepMs = Math.min(stepMs * 2, STEP_MS_MAX)
      turns = TURNS_MAX / 2
    }
    if (this.faults.isCrashed) {
      end.catch(() => {})
      if (this.faults.cause !== null) throw this.faults.cause
      return
    }
    await end.catch(async (error: unknown) => {
      await finished
      throw error
    })
  }

  /** Whether `work` is still under way after a turn of the event loop. */
  async #isPending(work: Promise<unknown>): Promise<boolean> {
    const turn = this.clock.yield().then(() => true)
    const end = work.then(
      () => false,
      () => false
    )
    return Promise.race([end, turn])
  }
}
