// A dataflow that runs over a filled topic of a log, and is given its records in portions.
import type { Clock, Random } from '../../src/base/index.ts'
import type { Plan } from '../../src/dataflow/plan.ts'
import type { Log } from '../../src/log/index.ts'
import {
  type RunningDataflow,
  groupName,
  requiredTopics,
  startDataflow
} from '../../src/runtime/index.ts'
import { openLevelStore } from '../../src/state/index.ts'
import { GatedLog } from './gated-log.ts'

/** What runs where. */
export interface PortionedOptions {
  readonly plan: Plan
  /** Where the files of its functions are. */
  readonly folder: string
  /** The topic whose records come in portions, of one partition. */
  readonly input: string
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  /** The beginning of the stores' paths. */
  readonly stores: string
}

/** A running dataflow. */
export class PortionedRun {
  readonly #options: PortionedOptions
  readonly #gated: GatedLog
  readonly #running: RunningDataflow
  #done = 0

  private constructor(options: PortionedOptions, gated: GatedLog, running: RunningDataflow) {
    this.#options = options
    this.#gated = gated
    this.#running = running
  }

  static async start(options: PortionedOptions): Promise<PortionedRun> {
    const { plan, folder, input, log, clock, random, stores } = options
    const known = await log.listTopics({ internal: true })
    for (const { name, internal, cleanup } of requiredTopics(plan)) {
      if (known.some(found => found.name === name)) continue
      await log.createTopic(name, { internal, cleanup: cleanup ?? 'delete' })
    }
    const gated = new GatedLog(log, input)
    const running = await startDataflow({
      plan,
      folder,
      log: gated,
      clock,
      random,
      workers: 0,
      openStore: index => openLevelStore(`${stores}-${index}`),
      storeFolder: stores,
      env: {},
      onLog: line => console.error(line.message)
    })
    return new PortionedRun(options, gated, running)
  }

  /** Processes the next `count` records; resolves when the last of them is committed. */
  async run(count: number): Promise<void> {
    this.#done += count
    this.#gated.open(this.#done)
    const { plan, input, log, clock } = this.#options
    const group = groupName(plan)
    for (;;) {
      const positions = await log.positions(group)
      if (positions.some(one => one.topic === input && one.offset === this.#done)) return
      await clock.sleep(2)
    }
  }

  /** Stops. @throws records failed, or did not come */
  async stop(): Promise<void> {
    await this.#running.stop()
    const { failed, recordsIn } = await this.#running.metrics()
    if (failed === 0 && recordsIn >= this.#done) return
    const { name } = this.#options.plan
    throw new Error(`${name}: ${failed} of ${recordsIn} records failed; ${this.#done} were given`)
  }
}
