// A data directory that a client opened itself: its log, and the broker over it once something needs one.
//
//   H1  Looking changes nothing: the broker's topic is made when a group or a transaction needs it, not before.
//   H2  Where a broker ever worked, its memory is read at once: what is committed is known from it.
import {
  BROKER_TOPIC,
  isMillraceError,
  MillraceError,
  OverlayDisk,
  type Clock,
  type Disk,
  type Random
} from '../../base/index.ts'
import {
  closeBrokerState,
  committedLog,
  openBrokerState,
  openLocalBroker,
  type BrokerState,
  type LocalBroker
} from '../../kafka/index.ts'
import { openDiskLog, type Log } from '../../log/index.ts'
import type { Isolation } from '../driver.ts'

/** What the log makes in its folder. */
const JOURNAL_FOLDER = 'journal'
/** Members of groups are in this process: asking them often costs little and shares out partitions soon. */
const HEARTBEAT_MS = 25

/** What a data directory is opened with. */
export interface HostOptions {
  /** Absolute path. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly clientId: string
  /** Refuse a folder in which no log is, instead of making one. */
  readonly mustExist: boolean
  /**
   * Allows a read-only volume, which is then read through a disk that keeps changes in memory; called with a sentence
   * for people, as such a volume cannot be locked. Absent: refused.
   */
  readonly onUnlocked?: (sentence: string) => void
}

/** An open data directory. */
export class Host {
  readonly log: Log
  readonly clock: Clock
  readonly #options: HostOptions
  #state: BrokerState | null = null
  #committed: Log
  #broker: Promise<LocalBroker> | null = null
  #isClosed = false

  private constructor(log: Log, options: HostOptions) {
    this.log = log
    this.clock = options.clock
    this.#options = options
    this.#committed = log
  }

  /** @throws DATA_DIRECTORY_UNKNOWN no log is there · LOG_LOCKED, LOG_DAMAGED and what else a log throws */
  static async open(options: HostOptions): Promise<Host> {
    if (options.mustExist) await checkFolder(options)
    const host = new Host(await openLog(options), options)
    try {
      const topics = await host.log.listTopics({ internal: true })
      if (topics.some(topic => topic.name === BROKER_TOPIC)) await host.broker()
      return host
    } catch (error) {
      await host.close()
      throw error
    }
  }

  /** The log as readers see it; `uncommitted` has markers of transactions in it. */
  view(isolation: Isolation): Log {
    return isolation === 'committed' ? this.#committed : this.log
  }

  /** Whether a broker ever worked here (H1). */
  get hasBroker(): boolean {
    return this.#broker !== null
  }

  /** The broker over this log; begins its memory if need be. */
  broker(): Promise<LocalBroker> {
    this.#broker ??= this.#openBroker()
    return this.#broker
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const broker = await this.#broker?.catch(() => null)
    broker?.close()
    if (this.#state !== null) closeBrokerState(this.#state)
    await this.log.close()
  }

  async #openBroker(): Promise<LocalBroker> {
    const { clock, random, clientId } = this.#options
    const state = await openBrokerState(this.log, clock)
    this.#state = state
    this.#committed = committedLog(this.log, state.transactions)
    const settings = { heartbeatIntervalMs: HEARTBEAT_MS, autoCreateTopics: false }
    return await openLocalBroker({ log: this.log, clock, random, state, clientId, settings })
  }
}

async function checkFolder({ folder, disk }: HostOptions): Promise<void> {
  if (await disk.exists(`${folder}/${JOURNAL_FOLDER}`)) return
  throw new MillraceError(
    'DATA_DIRECTORY_UNKNOWN',
    `${folder} is no data directory of millrace: it has no folder ${JOURNAL_FOLDER}; ` +
      'name the right one with --data-dir (a run keeps its data in .millrace beside the dataflow file), ' +
      'or a server with --bootstrap or --profile'
  )
}

async function openLog(options: HostOptions): Promise<Log> {
  const { folder, clock, random, onUnlocked } = options
  const open = (disk: Disk): Promise<Log> =>
    openDiskLog({ disk, folder, clock, random, onEvent: () => {} })
  try {
    return await open(options.disk)
  } catch (error) {
    const isReadOnly = isMillraceError(error, 'DISK_FAILED') && error.details['errno'] === 'EROFS'
    if (!isReadOnly || onUnlocked === undefined) throw error
    onUnlocked(
      `${folder} is on a read-only volume, so it is read without its lock; ` +
        'a run that writes it by another mount must be stopped, or what is shown may be wrong'
    )
    return await open(new OverlayDisk(options.disk))
  }
}
