// Cuts off what has been read of the topics over which tasks send each other records: the disk does not fill with it.
//
// Such a topic is the engine's own and one group reads it. A group's positions are durable when they can be seen, and a
// task never goes back behind them, so what stands before is of no use to anybody.
import type { Clock, Timer } from '../base/index.ts'
import type { Log } from '../log/log.ts'

/** How often topics are looked at, ms. */
const INTERVAL_MS = 10_000
/** Fewer records are not worth a change of the log's directory. */
const RECORDS_MIN = 1_000

/** A topic, and the one group that reads it. */
export interface ReadTopic {
  readonly topic: string
  readonly group: string
}

/** What {@link trimRead} needs of a log. */
export type TrimmableLog = Pick<Log, 'positions' | 'describeTopic' | 'deleteRecords'>

/** Deletes what the groups have read, where that is at least `recordsMin` records of a partition. */
export async function trimRead(
  log: TrimmableLog,
  topics: readonly ReadTopic[],
  recordsMin: number = RECORDS_MIN
): Promise<void> {
  for (const { topic, group } of topics) {
    const { status } = await log.describeTopic(topic)
    for (const position of await log.positions(group)) {
      if (position.topic !== topic) continue
      const found = status.partitions.find(({ partition }) => partition === position.partition)
      if (found === undefined || position.offset - found.startOffset < recordsMin) continue
      await log.deleteRecords(topic, position.partition, position.offset)
    }
  }
}

/** Trims topics every now and then. */
export class Trimmer {
  readonly #log: TrimmableLog
  readonly #clock: Clock
  readonly #topics: readonly ReadTopic[]
  #timer: Timer | null = null
  #running: Promise<void> | null = null
  #isStopped = false

  /** Begins; `stop` ends it before the log is closed. */
  constructor(log: TrimmableLog, clock: Clock, topics: readonly ReadTopic[]) {
    this.#log = log
    this.#clock = clock
    this.#topics = topics
    if (topics.length > 0) this.#arm()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #arm(): void {
    const act = (): void => {
      this.#running = this.#run()
    }
    this.#timer = this.#clock.timer(INTERVAL_MS, act, { unref: true })
  }

  async #run(): Promise<void> {
    try {
      await trimRead(this.#log, this.#topics)
    } catch {
      // A log that fails is reported by the tasks, which cannot go on without it; and a topic that somebody has deleted
      // needs no trimming. The next round tries again.
    }
    if (!this.#isStopped) this.#arm()
  }
}
