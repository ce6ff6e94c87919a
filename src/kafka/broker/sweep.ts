// Forgets, once an hour, what nobody needs any more: producers, transactional ids, aborts of records that are gone,
// groups without members and positions.
import type { Timer } from '../../base/index.ts'
import type { BrokerContext } from './context.ts'

const INTERVAL_MS = 3_600_000

/** Runs until it is closed. */
export class Sweep {
  readonly #context: BrokerContext
  #timer: Timer

  constructor(context: BrokerContext) {
    this.#context = context
    this.#timer = this.#schedule()
  }

  #schedule(): Timer {
    const run = (): void => {
      // A log that is fenced or closed says so to whoever writes next.
      void this.#run().catch(() => undefined)
      this.#timer = this.#schedule()
    }
    return this.#context.clock.timer(INTERVAL_MS, run, { unref: true })
  }

  async #run(): Promise<void> {
    const { groups, producers, transactions, store } = this.#context
    const changes = new Map([
      ...producers.expired(),
      ...(await transactions.expired()),
      ...(await groups.expired())
    ])
    if (changes.size > 0) await store.change(changes)
  }

  close(): void {
    this.#timer.cancel()
  }
}
