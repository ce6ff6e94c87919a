// The log of a run as its dataflows see it, and the Kafka broker that serves it to others.
//
// Where a broker works or ever worked, dataflows, functions, outputs and the shell read committed records only; the
// broker itself has the log as it is. What the broker needs is loaded then.
import { BROKER_TOPIC, SystemRandom } from '../base/index.ts'
import type { Clock } from '../base/index.ts'
import type { Broker, BrokerOptions } from '../kafka/index.ts'
import type { Log } from '../log/index.ts'
import type { HttpAddress } from './http/index.ts'
import { unusable } from './listen-error.ts'
import { SECURITY_DEFAULT, checkExposure } from './security/settings.ts'
import { Guard } from './security/guard.ts'
import type { GuardOptions } from './security/guard.ts'

/** Who may come in: what {@link Guard} needs that a log does not have. */
export type Protection = Pick<GuardOptions, 'settings' | 'listening' | 'folder' | 'onNotice'>

/** A line about a client whose connection was ended. */
export type OnClientProblem = (message: string) => void

/** A log, served or not. */
export class ServedLog {
  /** What to read and write; commits of both ways are commits of one log. */
  readonly log: Log
  readonly #parts: Parts | null
  /** Who may come in, for all doors; null where nobody was asked to look. */
  readonly guard: Guard | null
  #broker: Broker | null = null

  private constructor(log: Log, parts: Parts | null, guard: Guard | null) {
    this.log = log
    this.#parts = parts
    this.guard = guard
  }

  /**
   * `isServed`: a broker will be started. `protection`: who may come in; null: everybody on this machine.
   * @throws BROKER_STATE_DAMAGED, and as {@link Guard.open}
   */
  static async open(
    log: Log,
    clock: Clock,
    isServed: boolean,
    protection: Protection | null = null
  ): Promise<ServedLog> {
    const topics = await log.listTopics({ internal: true })
    if (!isServed && !topics.some(topic => topic.name === BROKER_TOPIC)) {
      return new ServedLog(log, null, null)
    }
    const kafka = await import('../kafka/index.ts')
    const state = await kafka.openBrokerState(log, clock)
    const close = (): void => kafka.closeBrokerState(state)
    const guard = protection === null ? null : await openGuard(protection, state.store, clock)
    const start: Parts['start'] = async (address, onProblem) =>
      await kafka.startBroker({
        log,
        clock,
        random: new SystemRandom(),
        state,
        ...address,
        ...(guard === null ? {} : doorOf(guard)),
        onProblem: (client, reason) => onProblem(`${client}: ${reason}`)
      })
    return new ServedLog(kafka.committedLog(log, state.transactions), { start, close }, guard)
  }

  /** The broker, while it serves; null: nobody is served. */
  get broker(): Broker | null {
    return this.#broker
  }

  /** Begins to serve; gives where. @throws LISTEN_ADDRESS the port is in use */
  async serve(address: HttpAddress, onProblem: OnClientProblem): Promise<HttpAddress> {
    checkExposure(this.guard?.settings ?? SECURITY_DEFAULT, [{ option: '--listen', address }])
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
    await this.guard?.close()
    this.#parts?.close()
  }
}

async function openGuard(
  protection: Protection,
  memory: GuardOptions['memory'],
  clock: Clock
): Promise<Guard> {
  return await Guard.open({ ...protection, memory, clock, random: new SystemRandom() })
}

/** What a broker is told of a guard. */
function doorOf({ security, tls, subjectNaming, settings }: Guard): Partial<BrokerOptions> {
  const { advertised, sessionLifetimeMs } = settings
  return { security, tls, subjectNaming, advertised, settings: { sessionLifetimeMs } }
}

interface Parts {
  start(address: HttpAddress, onProblem: OnClientProblem): Promise<Broker>
  close(): void
}
