// The log on disk: the contract over journal, writer, reader and cleaner. What the files hold: DESIGN-journal.md.
//
// Owns: the order of opening and closing, and answering calls from the catalog. Does not own: any byte.
import {
  COMPACTION_KEY_BYTES_MAX,
  type Clock,
  type Disk,
  type DiskLock,
  JOURNAL_FILE_BYTES_TARGET,
  MillraceError,
  READ_BYTES_MAX,
  type Random,
  type Timer,
  assert,
  createDirectoryDurably,
  isMillraceError,
  messageOf
} from '../../base/index.ts'
import { Catalog, type CatalogChange, type TopicState } from '../catalog.ts'
import { checkCommit } from '../check-commit.ts'
import { logClosed, topicUnknown } from '../errors.ts'
import type {
  CleanupReport,
  Commit,
  CommitResult,
  GroupPosition,
  Log,
  PartitionStatus,
  ReadRequest,
  ReadResult,
  Topic,
  TopicSpec,
  WaitPosition
} from '../log.ts'
import { checkTopicName, specOf } from '../spec.ts'
import { Waiters } from '../waiters.ts'
import { Cleaner } from './cleanup/cleaner.ts'
import type { OnDiskLogEvent } from './events.ts'
import { IndexCache } from './index-cache.ts'
import { Journal } from './journal.ts'
import { DiskPartition, type DiskPartitionState } from './journal-file.ts'
import { liveBytes } from './live-bytes.ts'
import { offsetForTime } from './offset-for-time.ts'
import { JournalReader } from './reader.ts'
import { recoverJournal } from './recovery.ts'
import { type ActiveFile, JournalWriter } from './writer.ts'

/** What the disk log is opened with. */
export interface DiskLogOptions {
  readonly disk: Disk
  /** Directory of the log; made when it is not there. One process at a time uses it. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  /** Size from which a journal file is sealed and the next one begun. Default JOURNAL_FILE_BYTES_TARGET. */
  readonly fileBytesTarget?: number
  /** Memory that keeps the newest bytes for who follows the end. Default TAIL_BYTES_MAX, 16 MiB. */
  readonly tailBytes?: number
  /** Time between cleanups in the background, ms; 0 for none. Default CLEANUP_INTERVAL_MS_DEFAULT. */
  readonly cleanupIntervalMs?: number
  /** Memory for keys while compacting; a larger partition takes several passes. Default COMPACTION_KEY_BYTES_MAX. */
  readonly compactionKeyBytesMax?: number
  /** Told of what an operator wants to know. */
  readonly onEvent?: OnDiskLogEvent
}

/** Default of {@link DiskLogOptions.cleanupIntervalMs}. */
export const CLEANUP_INTERVAL_MS_DEFAULT = 30_000

/**
 * Opens the log in `folder`, after a crash too: then it cuts a torn tail and says so (`onEvent`).
 * @throws LOG_LOCKED another process has it; the details have its `pid` when known
 * @throws LOG_DAMAGED something that was acknowledged cannot be read; the message names the command that repairs
 * @throws LOG_VERSION_UNKNOWN a newer release wrote it
 * @throws DISK_FULL, DISK_FAILED
 */
export async function openDiskLog(options: DiskLogOptions): Promise<Log> {
  const { disk, folder, onEvent = () => {} } = options
  const lock = await lockLog(disk, folder)
  try {
    const catalog = new Catalog<DiskPartition>(() => new DiskPartition())
    const journal = new Journal({ ...options, onEvent }, catalog)
    const { active, sequence } = await recoverJournal(journal)
    return new DiskLog(options, { lock, journal, active, sequence })
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Takes the lock of a log's folder, which is made when it is not there. @throws LOG_LOCKED */
export async function lockLog(disk: Disk, folder: string): Promise<DiskLock> {
  await createDirectoryDurably(disk, folder)
  try {
    return await disk.lock(`${folder}/lock`)
  } catch (error) {
    if (!isMillraceError(error, 'DISK_LOCKED')) throw error
    const { pid } = error.details
    const holder = typeof pid === 'number' ? `process ${pid}` : 'another process'
    throw new MillraceError(
      'LOG_LOCKED',
      `${holder} has the log in ${folder} open; one process at a time may; stop it or use another data directory`,
      { cause: error, details: { folder, pid } }
    )
  }
}

interface OpenedJournal {
  readonly lock: DiskLock
  readonly journal: Journal
  readonly active: ActiveFile
  readonly sequence: number
}

class DiskLog implements Log {
  readonly #clock: Clock
  readonly #lock: DiskLock
  readonly #journal: Journal
  readonly #catalog: Catalog<DiskPartition>
  readonly #indexes: IndexCache
  readonly #reader: JournalReader
  readonly #writer: JournalWriter
  readonly #cleaner: Cleaner
  readonly #waiters = new Waiters<DiskPartition>()
  #timer: Timer | null = null
  #closing: Promise<void> | null = null
  /** Calls that read; closing waits for them. */
  #calls = 0
  #onIdle: (() => void) | null = null

  constructor(options: DiskLogOptions, opened: OpenedJournal) {
    const { journal } = opened
    this.#clock = options.clock
    this.#lock = opened.lock
    this.#journal = journal
    this.#catalog = journal.catalog
    this.#indexes = new IndexCache(journal)
    this.#reader = new JournalReader(journal, this.#indexes)
    const host = {
      catalog: journal.catalog,
      tail: journal.tail,
      fileBytesTarget: options.fileBytesTarget ?? JOURNAL_FILE_BYTES_TARGET,
      onAppended: (state: DiskPartitionState) => this.#waiters.wake(state),
      onChange: (change: CatalogChange) => this.#apply(change),
      createNext: (active: ActiveFile, sequence: number) => journal.createNext(active, sequence),
      onFenced: (error: MillraceError) => this.#noteFence(error)
    }
    this.#writer = new JournalWriter(host, opened.active, opened.sequence)
    this.#cleaner = new Cleaner({
      journal,
      reader: this.#reader,
      indexes: this.#indexes,
      clock: options.clock,
      keyBytesMax: options.compactionKeyBytesMax ?? COMPACTION_KEY_BYTES_MAX,
      change: plan => this.#writer.change(plan),
      onUnsafe: error => this.#writer.raiseFence(error)
    })
    this.#scheduleCleanup(options.cleanupIntervalMs ?? CLEANUP_INTERVAL_MS_DEFAULT)
  }

  async commit(commit: Commit): Promise<CommitResult> {
    this.#assertOpen()
    this.#writer.assertWritable()
    const checked = checkCommit(this.#catalog, commit)
    if (commit.batches.length === 0 && commit.offsets.length === 0) return { baseOffsets: [] }
    return this.#writer.commit(checked)
  }

  read(request: ReadRequest): Promise<ReadResult> {
    return this.#call(async () => {
      const { offset, bytesMax = READ_BYTES_MAX } = request
      const state = this.#catalog.partitionToRead(request)
      const { startOffset, endOffset } = state
      const from = Math.max(offset, startOffset)
      const found =
        from < endOffset
          ? await this.#reader.read(state, from, { ...request, bytesMax })
          : undefined
      if (found === undefined)
        return { bytes: EMPTY, nextOffset: endOffset, startOffset, endOffset }
      // What was appended while the disk was read may be in the result; the end must not be before it.
      return {
        bytes: found.bytes,
        nextOffset: found.nextOffset,
        startOffset: state.startOffset,
        endOffset: state.endOffset
      }
    })
  }

  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    this.#assertOpen()
    const { fence } = this.#writer
    const waiting = this.#waiters.wait(this.#catalog.targets(positions), signal)
    if (fence !== null) this.#waiters.fail(fence)
    return waiting
  }

  async positions(group: string): Promise<readonly GroupPosition[]> {
    this.#assertOpen()
    return this.#catalog.positions(group)
  }

  async listGroups(): Promise<readonly string[]> {
    this.#assertOpen()
    return this.#catalog.groups()
  }

  async createTopic(name: string, asked?: Partial<TopicSpec>): Promise<Topic> {
    this.#assertOpen()
    checkTopicName(name)
    const spec = specOf(name, asked)
    await this.#writer.change(() => [this.#catalog.creation(name, spec)])
    return this.#call(() => this.#describe(this.#catalog.topic(name)))
  }

  listTopics(options: { readonly internal?: boolean } = {}): Promise<readonly Topic[]> {
    return this.#call(() => {
      const topics = this.#catalog.listed(options)
      return Promise.all(topics.map(topic => this.#describe(topic)))
    })
  }

  describeTopic(name: string): Promise<Topic> {
    return this.#call(() => this.#describe(this.#catalog.topic(name)))
  }

  async alterTopic(name: string, changes: Partial<TopicSpec>): Promise<Topic> {
    this.#assertOpen()
    await this.#writer.change(() => [this.#catalog.alteration(name, changes)])
    return this.describeTopic(name)
  }

  async deleteTopic(name: string): Promise<void> {
    this.#assertOpen()
    await this.#writer.change(() => {
      return [{ kind: 'topic-deleted', topicId: this.#catalog.topic(name).id }]
    })
  }

  async deleteRecords(topic: string, partition: number, beforeOffset: number): Promise<void> {
    this.#assertOpen()
    assert(Number.isSafeInteger(beforeOffset), 'an offset is a whole number')
    await this.#writer.change(() => {
      const state = this.#catalog.partition(topic, partition)
      const startOffset = Math.min(beforeOffset, state.endOffset)
      if (startOffset <= state.startOffset) return []
      return [{ kind: 'start-moved', topicId: state.topic.id, partition, startOffset }]
    })
  }

  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    return this.#call(async () => {
      const state = this.#catalog.partition(topic, partition)
      const offset = await offsetForTime(state, timestampMs, {
        reader: this.#reader,
        indexes: this.#indexes
      })
      return offset ?? state.endOffset
    })
  }

  async cleanup(): Promise<CleanupReport> {
    this.#assertOpen()
    this.#writer.assertWritable()
    return this.#cleaner.run({ isEager: true })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#timer?.cancel()
    this.#waiters.fail(logClosed())
    try {
      await this.#cleaner.stop()
      await this.#writer.close()
    } finally {
      if (this.#calls > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
      await this.#journal.close(this.#writer.active)
      await this.#lock.release()
    }
  }

  /** Runs what reads files; closing waits until it is done. */
  async #call<Result>(body: () => Promise<Result>): Promise<Result> {
    this.#assertOpen()
    this.#calls++
    try {
      return await body()
    } finally {
      this.#calls--
      if (this.#calls === 0) this.#onIdle?.()
    }
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw logClosed()
  }

  #apply(change: CatalogChange): void {
    const topic =
      change.kind === 'topic-deleted' ? this.#catalog.topicById(change.topicId) : undefined
    this.#catalog.apply(change)
    if (change.kind === 'start-moved') {
      const state = this.#catalog.partitionById(change.topicId, change.partition)
      if (state !== undefined) this.#journal.dropDeadSpans(state)
    }
    for (const state of topic?.partitions ?? []) {
      this.#journal.dropDeadSpans(state)
      this.#waiters.fail(topicUnknown(state.topic.name), state)
    }
  }

  #noteFence(error: MillraceError): void {
    this.#waiters.fail(error)
    const file = String(error.details['file'])
    this.#journal.onEvent({ kind: 'fenced', file, reason: error.message })
  }

  async #describe(topic: TopicState<DiskPartition>): Promise<Topic> {
    const { name, id, spec } = topic
    const bounds = topic.partitions.map(({ startOffset, endOffset, damage }) => {
      return { startOffset, endOffset, damage: damage?.reason ?? null }
    })
    const partitions: PartitionStatus[] = []
    for (const [partition, state] of topic.partitions.slice(0, bounds.length).entries()) {
      const bytes = await liveBytes(state, this.#indexes)
      partitions.push({ partition, ...bounds[partition]!, bytes })
    }
    return { name, id, spec, status: { partitions } }
  }

  #scheduleCleanup(intervalMs: number): void {
    if (intervalMs <= 0) return
    const next = (): void => {
      if (this.#closing !== null || this.#writer.fence !== null) return
      const run = (): void => void this.#cleanInBackground().then(next)
      this.#timer = this.#clock.timer(intervalMs, run, { unref: true })
    }
    next()
  }

  async #cleanInBackground(): Promise<void> {
    if (this.#writer.fence !== null) return
    try {
      const report = await this.#cleaner.run({ isEager: false })
      if (report.recordsRemoved + report.bytesFreed > 0) {
        this.#journal.onEvent({ kind: 'cleaned', ...report })
      }
    } catch (error) {
      if (isMillraceError(error, 'LOG_CLOSED')) return
      this.#journal.onEvent({ kind: 'background-failed', reason: messageOf(error) })
    }
  }
}

const EMPTY = Buffer.alloc(0)
