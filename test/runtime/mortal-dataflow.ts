// A dataflow whose processes die at chosen commits: the next one finds log and stores as the last one left them.
import { SeededRandom } from '../../src/base/index.ts'
import type { Plan } from '../../src/dataflow/plan.ts'
import type { LogData } from '../../src/log/log.ts'
import { type RunningDataflow, startDataflow } from '../../src/runtime/index.ts'
import type { Bench } from '../../src/runtime/test-kit.ts'
import { MemoryStore } from '../../src/state/index.ts'
import { type CrashPoint, CrashingLog } from './crashing-log.ts'

/** Processes one after the other over the log of a bench. */
export class MortalDataflow {
  /** How many processes there were in all drains. */
  lives = 0
  readonly #plan: Plan
  readonly #bench: Bench
  readonly #crashes: CrashPoint[]
  readonly #stores = new Map<number, MemoryStore>()

  constructor(plan: Plan, bench: Bench, crashes: readonly CrashPoint[]) {
    this.#plan = plan
    this.#bench = bench
    this.#crashes = [...crashes]
  }

  /** Processes everything, through all deaths that come up meanwhile. */
  async drain(): Promise<void> {
    for (;;) {
      this.lives++
      const log = this.nextLog()
      const life = async (): Promise<boolean> => {
        const running = await this.start(log)
        await running.drain()
        return true
      }
      if (await Promise.race([life(), log.crashed.then(() => false)])) return
      this.die()
    }
  }

  /** The log as the next process has it. */
  nextLog(): CrashingLog {
    return new CrashingLog(this.#bench.log, this.#crashes[0] ?? null)
  }

  /** Starts a process in this thread. */
  start(log: LogData): Promise<RunningDataflow> {
    return startDataflow({
      plan: this.#plan,
      folder: '/',
      log,
      clock: this.#bench.clock,
      random: new SeededRandom(1),
      workers: 0,
      openStore: index => {
        const store = this.#stores.get(index)?.reopen() ?? new MemoryStore()
        this.#stores.set(index, store)
        return Promise.resolve(store)
      },
      storeFolder: '/',
      env: {},
      onLog: () => {}
    })
  }

  /** What a process leaves that died: stores without what was not flushed. */
  die(): void {
    this.#crashes.shift()
    for (const store of this.#stores.values()) store.crash()
  }
}
