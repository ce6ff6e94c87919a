// `millrace start`: a data directory whose log is served to Kafka's clients, and nothing else in it runs.
import { SystemClock, SystemDisk, SystemRandom } from '../base/index.ts'
import { openDiskLog } from '../log/index.ts'
import type { Log } from '../log/index.ts'
import type { HttpAddress } from './http/index.ts'
import { describeLogEvent } from './log-events.ts'
import type { LogNotice } from './log-events.ts'
import { ServedLog } from './served-log.ts'
import type { OnClientProblem } from './served-log.ts'

/** What is served, and who is told what. */
export interface LogServerOptions {
  /** The data directory; made when it is not there. */
  readonly folder: string
  readonly address: HttpAddress
  readonly onLogEvent: (notice: LogNotice) => void
  readonly onProblem: OnClientProblem
}

/** A server that listens. */
export class LogServer {
  readonly address: HttpAddress
  /** Topics that clients see, as of the start. */
  readonly topics: number
  readonly #log: Log
  readonly #served: ServedLog

  private constructor(log: Log, served: ServedLog, address: HttpAddress, topics: number) {
    this.#log = log
    this.#served = served
    this.address = address
    this.topics = topics
  }

  /** Opens the log and listens. @throws LOG_LOCKED, LOG_DAMAGED, LISTEN_ADDRESS and what else a log throws */
  static async start(options: LogServerOptions): Promise<LogServer> {
    const clock = new SystemClock()
    const log = await openDiskLog({
      disk: new SystemDisk(),
      folder: options.folder,
      clock,
      random: new SystemRandom(),
      onEvent: event => options.onLogEvent(describeLogEvent(event))
    })
    try {
      const served = await ServedLog.open(log, clock, true)
      const address = await served.serve(options.address, options.onProblem)
      const topics = await log.listTopics()
      return new LogServer(log, served, address, topics.length)
    } catch (error) {
      await log.close()
      throw error
    }
  }

  /** Answers what was begun, ends connections, closes the log. */
  async stop(): Promise<void> {
    await this.#served.close()
    await this.#log.close()
  }
}
