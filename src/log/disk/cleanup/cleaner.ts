// Cleanup of the disk log: retention, then compaction, then the files of which little is live; one round at a time.
//
// The order matters for tombstones (K2 of ../compaction.ts): files are cleaned from the oldest on, each durably
// before the next, and a partition counts as compacted only if none of its files had to be skipped.
import { type Clock, MillraceError, isMillraceError } from '../../../base/index.ts'
import { RecordCursor, batchByteLength } from '../../../record/index.ts'
import type { CatalogChange } from '../../catalog.ts'
import { LatestOffsets } from '../../compaction.ts'
import type { CleanupReport } from '../../log.ts'
import { RetentionScan, hasRetention } from '../../retention.ts'
import { sealedEnd, worthCompacting } from './compaction-due.ts'
import type { IndexCache } from '../index-cache.ts'
import type { Journal } from '../journal.ts'
import type { DiskPartitionState, JournalFile } from '../journal-file.ts'
import { liveBytes } from '../live-bytes.ts'
import type { JournalReader } from '../reader.ts'
import { type CleanedFile, type Keeper, type RewriteContext, cleanFile } from './rewrite.ts'

/** What is read at once to learn keys: some ms of work. */
const KEY_READ_BYTES = 1024 * 1024

/** What cleaning needs of the log. */
export interface CleanerHost {
  readonly journal: Journal
  readonly reader: JournalReader
  readonly indexes: IndexCache
  readonly clock: Clock
  /** Memory for the keys of the partitions that are compacted together. */
  readonly keyBytesMax: number
  readonly change: (plan: () => readonly CatalogChange[]) => Promise<void>
  readonly onUnsafe: (error: unknown) => void
}

/** One partition of a compaction, with the latest offsets of its keys below `end`. */
interface Compaction {
  readonly state: DiskPartitionState
  readonly latest: LatestOffsets
  readonly end: number
  readonly tombstonesBelow: number
  /** The memory for keys sufficed; else the rest is a compaction of its own. */
  readonly isComplete: boolean
  isSkipped: boolean
}

/** Runs rounds of cleanup, one after the other. */
export class Cleaner {
  readonly #host: CleanerHost
  #running: Promise<unknown> = Promise.resolve()
  #isStopping = false

  constructor(host: CleanerHost) {
    this.#host = host
  }

  /** One round. `isEager` compacts whatever is new; the background waits until it is worth the writing. */
  run(options: { readonly isEager: boolean }): Promise<CleanupReport> {
    const round = this.#running.then(() => this.#round(options.isEager))
    this.#running = round.catch(() => undefined)
    return round
  }

  /** Ends the round that runs, at its next safe point. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  async #round(isEager: boolean): Promise<CleanupReport> {
    const { journal, indexes, onUnsafe } = this.#host
    const checkpoint = (): void => this.#checkpoint()
    checkpoint()
    const context: RewriteContext = { journal, indexes, checkpoint, onUnsafe }
    await journal.settled()
    const report = { recordsRemoved: await this.#retain(), bytesFreed: 0 }
    const clean = async (
      file: JournalFile,
      keepers: Map<DiskPartitionState, Keeper>
    ): Promise<CleanedFile> => {
      checkpoint()
      const cleaned = await cleanFile(context, file, keepers)
      report.recordsRemoved += cleaned.recordsRemoved
      report.bytesFreed += cleaned.bytesFreed
      return cleaned
    }
    const due = this.#due(isEager)
    while (due.length > 0) {
      const group = await this.#learnKeys(due)
      await compactGroup(journal, group, clean)
      const nowMs = this.#host.clock.monotonic()
      for (const { state, end, tombstonesBelow, isComplete, isSkipped } of group) {
        if (isSkipped) continue
        state.data.compaction.passed(end, tombstonesBelow, nowMs)
        if (!isComplete) due.push(state)
      }
    }
    for (const file of journal.sealed.slice()) await clean(file, new Map())
    return report
  }

  #checkpoint(): void {
    if (!this.#isStopping) return
    throw new MillraceError(
      'LOG_CLOSED',
      'the cleanup ended early because the log closes; nothing is lost; the next one goes on'
    )
  }

  /** Moves starts up as retention wants; gives the number of records removed. */
  async #retain(): Promise<number> {
    const { journal, clock, change } = this.#host
    const moves: { readonly state: DiskPartitionState; readonly startOffset: number }[] = []
    for (const topic of journal.catalog.topics.values()) {
      if (!hasRetention(topic.spec)) continue
      for (const state of topic.partitions) {
        const startOffset = await this.#retainedFrom(state, clock.now())
        if (startOffset > state.startOffset) moves.push({ state, startOffset })
      }
    }
    let removed = 0
    if (moves.length === 0) return removed
    await change(() => {
      const valid = moves.filter(({ state, startOffset }) => {
        return !state.topic.deleted && startOffset > state.startOffset
      })
      return valid.map(({ state, startOffset }) => {
        removed += startOffset - state.startOffset
        const { topic, partition } = state
        return { kind: 'start-moved', topicId: topic.id, partition, startOffset }
      })
    })
    return removed
  }

  async #retainedFrom(state: DiskPartitionState, nowMs: number): Promise<number> {
    for (;;) {
      const scan = new RetentionScan(
        state.topic.spec,
        nowMs,
        await liveBytes(state, this.#host.indexes)
      )
      const start = await this.#dropped(state, scan)
      if (start !== undefined) return start
    }
  }

  /** Where the batches begin that stay; undefined when a file was replaced meanwhile. */
  async #dropped(state: DiskPartitionState, scan: RetentionScan): Promise<number | undefined> {
    let start = state.startOffset
    for (const span of state.data.spans.slice()) {
      const index = await this.#host.indexes.load(span)
      if (index === undefined) return undefined
      for (let row = index.find(start); row < index.count; row++) {
        if (!scan.drops(index.maxTimestamps[row]!, index.lengths[row]!)) return start
        start = index.lastOffsets[row]! + 1
      }
    }
    return start
  }

  /** Partitions to compact: all with something new when eager, else those that are worth it, or have tombstones due. */
  #due(isEager: boolean): DiskPartitionState[] {
    const { journal, clock } = this.#host
    const due: DiskPartitionState[] = []
    const grown: DiskPartitionState[] = []
    for (const topic of journal.catalog.topics.values()) {
      if (topic.spec.cleanup !== 'compact') continue
      for (const state of topic.partitions) {
        const { compaction } = state.data
        const end = sealedEnd(state)
        if (state.damage !== null || !compaction.isDue(end, clock.monotonic())) continue
        const hasGrown = end > compaction.compactedTo
        ;(isEager || !hasGrown ? due : grown).push(state)
      }
    }
    return [...due, ...worthCompacting(grown)]
  }

  /** Takes partitions from `due` and learns their keys, until the memory for keys is used. */
  async #learnKeys(due: DiskPartitionState[]): Promise<Compaction[]> {
    const group: Compaction[] = []
    let bytesLeft = this.#host.keyBytesMax
    while (due.length > 0 && bytesLeft > 0) {
      const state = due.shift()!
      const nowMs = this.#host.clock.monotonic()
      const tombstonesBelow = state.data.compaction.tombstonesBelow(nowMs)
      const learned = await this.#learn(state, bytesLeft)
      if (learned === undefined) continue
      bytesLeft -= learned.latest.bytes
      group.push({ state, ...learned, tombstonesBelow, isSkipped: false })
    }
    return group
  }

  async #learn(
    state: DiskPartitionState,
    bytesMax: number
  ): Promise<Pick<Compaction, 'latest' | 'end' | 'isComplete'> | undefined> {
    const latest = new LatestOffsets()
    const cursor = new RecordCursor()
    const sealed = sealedEnd(state)
    const visible = state.endOffset
    let offset = Math.max(state.startOffset, state.data.compaction.compactedTo)
    while (offset < visible && latest.bytes < bytesMax) {
      this.#checkpoint()
      const found = await this.#read(state, offset)
      if (found === null) return undefined
      if (found === undefined) break
      for (let at = 0; at < found.bytes.length; at += batchByteLength(found.bytes, at)) {
        cursor.open(found.bytes, at)
        while (cursor.next()) latest.add(cursor)
      }
      offset = found.nextOffset
    }
    const isComplete = offset >= visible || latest.bytes < bytesMax
    return { latest, end: isComplete ? sealed : Math.min(offset, sealed), isComplete }
  }

  /** Batches from `offset` on, undefined at the end, null when the partition is damaged. */
  async #read(
    state: DiskPartitionState,
    offset: number
  ): Promise<{ readonly bytes: Buffer; readonly nextOffset: number } | undefined | null> {
    try {
      return await this.#host.reader.read(state, offset, { bytesMax: KEY_READ_BYTES })
    } catch (error) {
      if (isMillraceError(error, 'PARTITION_DAMAGED')) return null
      throw error
    }
  }
}

/** Compacts partitions together, so that a file which they share is written once. */
async function compactGroup(
  journal: Journal,
  group: readonly Compaction[],
  clean: (file: JournalFile, keepers: Map<DiskPartitionState, Keeper>) => Promise<CleanedFile>
): Promise<void> {
  for (const file of journal.sealed.slice()) {
    const keepers = new Map<DiskPartitionState, Keeper>()
    const concerned = group.filter(({ state }) => file.spans.has(state))
    for (const { state, latest, tombstonesBelow, isSkipped } of concerned) {
      const below = isSkipped ? 0 : tombstonesBelow
      keepers.set(state, cursor => latest.keeps(cursor, below))
    }
    if (keepers.size === 0) continue
    const { isSkipped } = await clean(file, keepers)
    if (isSkipped) for (const compaction of concerned) compaction.isSkipped = true
  }
}
