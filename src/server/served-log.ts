// The log of a run as its dataflows see it, and the Kafka broker that serves it to others.
//
// Where a broker works or ever worked, dataflows, functions, outputs and the shell read committed records only; the
// broker itself has the log as it is. What the broker needs is loaded then.
import { BROKER_TOPIC, SystemRandom } from '../base/index.ts'
import type { Clock } from '../base/index.ts'
import type { Broker } from '../kafka/index.ts'
import type { Log } from '../log/index.ts'
import type { HttpAddress } from './http/index.ts'
import { unusable } from './listen-error.ts'

/** A line about a client whose connection was ended. */
export type OnClientProblem = (message: string) => void

/** A log, served or not. */
export class ServedLog {
  /** What to read and write; commits of both ways are commits of one log. */
  readonly log: Log
  readonly #parts: Parts | null
  #broker: Broker | null = null

  private constructor(log: Log, parts: Parts | null) {
    this.log = log
    this.#parts = parts
  }

  /** `isServed`: a broker will be started. @throws BROKER_STATE_DAMAGED */
  static async open(log: Log, clock: Clock, isServed: boolean): Promise<ServedLog> {
    const topics = await log.listTopics({ internal: true })
    if (!isServed && !topics.some(topic => topic.name === BROKER_TOPIC)) {
      return new ServedLog(log, null)
    }
    const kafka = await import('../kafka/index.ts')
    const state = await kafka.openBrokerState(log, clock)
    const close = (): void => kafka.closeBrokerState(state)
    const start: Parts['start'] = async (address, onProblem) =>
      await kafka.startBroker({
        log,
        clock,
        random: new SystemRandom(),
        state,
        ...address,
        onProblem: (client, reason) => onProblem(`${client}: ${reason}`)
      })
    return new ServedLog(kafka.committedLog(log, state.transactions), { start, close })
  }

  /** Begins to serve; gives where. @throws LISTEN_ADDRESS the port is in use */
  async serve(address: HttpAddress, onProblem: OnClientProblem): Promise<HttpAddress> {
    try {
      this.#broker = await this.#parts!.start(address, onProblem)
    } catch (error) {
      throw unusable('--listen', address, error)
    }
    return this.#broker.address
  }

  /** Ends connections, answers what was begun. The log stays open. Idempotent. */
  async stopServing(): Promise<void> {
    const broker = this.#broker
    this.#broker = null
    await broker?.close()
  }

  /** Stops all that runs beside the log, which its owner closes. */
  async close(): Promise<void> {
    await this.stopServing()
    this.#parts?.close()
  }
}

interface Parts {
  start(address: HttpAddress, onProblem: OnClientProblem): Promise<Broker>
  close(): void
}
