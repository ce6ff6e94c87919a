// The journal as a set of files: which there are, how one is made, sealed, replaced and removed.
//
// Owns: the list of sealed files, the catalog's spans, names on the disk. Does not own: what is in frames.
//   J1  A file `….journal` is whole from its first moment: header and first frame are written under another name,
//       synced, and renamed (replaceFile), and the directory is synced before anything is written behind them.
//   J2  Older files are complete: a next file exists only when every frame before it is durable.
//   J3  A replaced or removed file's name is durable before anything relies on it.
import {
  ByteWriter,
  type Disk,
  type Random,
  assert,
  isMillraceError,
  messageOf
} from '../../base/index.ts'
import type { Catalog } from '../catalog.ts'
import { partitionReason } from './damage.ts'
import { writeChange } from './directory.ts'
import type { OnDiskLogEvent } from './events.ts'
import {
  FRAME_KIND,
  type FormatFault,
  SALT_BYTES,
  beginFrame,
  encodeFileHeader,
  finishFrame,
  seedOf
} from './format.ts'
import {
  type DiskPartition,
  type DiskPartitionState,
  JournalFile,
  OpenFiles,
  type Span,
  journalFolder,
  journalPath
} from './journal-file.ts'
import { writeSidecar } from './sidecar.ts'
import { Tail } from './tail.ts'
import type { ActiveFile } from './writer.ts'

/** What the disk log needs of the world. */
export interface JournalOptions {
  readonly disk: Disk
  readonly folder: string
  readonly random: Random
  readonly onEvent: OnDiskLogEvent
  /** Size of the tail, see there. */
  readonly tailBytes?: number
}

/** Files, catalog and tail of one open log. */
export class Journal {
  readonly disk: Disk
  readonly folder: string
  readonly random: Random
  readonly onEvent: OnDiskLogEvent
  readonly catalog: Catalog<DiskPartition>
  readonly tail: Tail
  readonly openFiles: OpenFiles = new OpenFiles()
  /** Sealed files by number, ascending. */
  sealed: JournalFile[] = []
  #sealing: Promise<void> = Promise.resolve()

  constructor(options: JournalOptions, catalog: Catalog<DiskPartition>) {
    this.disk = options.disk
    this.folder = options.folder
    this.random = options.random
    this.onEvent = options.onEvent
    this.tail = new Tail(options.tailBytes)
    this.catalog = catalog
  }

  /** Makes the next file, with a snapshot of the catalog in its first frame (J1), and opens it. */
  async createFile(number: number, sequence: number): Promise<ActiveFile> {
    const salt = this.random.bytes(SALT_BYTES)
    const seed = seedOf(salt)
    const writer = new ByteWriter()
    beginFrame(writer)
    for (const change of this.catalog.snapshot()) writeChange(writer, change)
    finishFrame(writer, { seed, sequence, kind: FRAME_KIND.snapshot, bodyLength: 0 })
    const bytes = Buffer.concat([encodeFileHeader(number, sequence, salt), writer.slice()])
    const path = journalPath(this.folder, number)
    await this.disk.replaceFile(path, bytes)
    const handle = await this.disk.open(path, { write: true, create: false })
    const header = { number, sequenceFirst: sequence, seed }
    const tailBase = this.tail.end - bytes.length
    const file = new JournalFile({ folder: this.folder, header, size: bytes.length, tailBase })
    file.adopt(handle)
    file.isActive = true
    return { file, handle }
  }

  /** Makes the file that follows `active`, which becomes a sealed one; its sidecar is written in the background. */
  async createNext(active: ActiveFile, sequence: number): Promise<ActiveFile> {
    const next = await this.createFile(active.file.number + 1, sequence)
    assert(active.file.sizeReady <= active.file.size, 'a sealed file ends with its last frame')
    active.file.isActive = false
    this.sealed.push(active.file)
    await this.openFiles.note(active.file)
    this.#sealing = this.#sealing.then(() => this.#seal(active.file))
    return next
  }

  /** Resolves when all sidecars are written that were begun. */
  settled(): Promise<void> {
    return this.#sealing
  }

  /** Writes the sidecar of `file` and leaves its index to the cache; without it the next start scans the file. */
  async #seal(file: JournalFile): Promise<void> {
    try {
      await writeSidecar(this.disk, file)
    } catch (error) {
      return this.onEvent({ kind: 'background-failed', reason: messageOf(error) })
    }
    for (const span of file.spans.values()) span.index = null
  }

  /**
   * Puts `next`, which stands durably at `path`, in the place of `file` (J3). Spans follow in the same step as the
   * name; who still reads the old file ends with it.
   */
  async replace(file: JournalFile, next: JournalFile, path: string): Promise<void> {
    const index = this.sealed.indexOf(file)
    assert(index >= 0, 'a sealed file is replaced')
    await this.#removeSidecar(file)
    await this.disk.syncDirectory(journalFolder(this.folder))
    await this.disk.rename(path, file.path)
    this.sealed[index] = next
    file.isRetired = true
    for (const [state, span] of file.spans) {
      const { spans } = state.data
      const place = spans.indexOf(span)
      const other = next.spans.get(state)
      if (place < 0) next.spans.delete(state)
      else if (other === undefined) spans.splice(place, 1)
      else spans[place] = other
    }
    await this.disk.syncDirectory(journalFolder(this.folder))
    await file.closeIdle()
  }

  /** Removes a file of which nothing is left to keep, durably (J3). */
  async remove(file: JournalFile): Promise<void> {
    const index = this.sealed.indexOf(file)
    assert(index >= 0, 'a sealed file is removed')
    this.sealed.splice(index, 1)
    file.isRetired = true
    for (const [state, span] of file.spans) {
      const place = state.data.spans.indexOf(span)
      if (place >= 0) state.data.spans.splice(place, 1)
    }
    await this.disk.remove(file.path)
    await this.#removeSidecar(file)
    await this.disk.syncDirectory(journalFolder(this.folder))
    await file.closeIdle()
  }

  /** Closes all files, once sidecars that were begun are written. */
  async close(active: ActiveFile): Promise<void> {
    await this.#sealing
    active.file.isActive = false
    for (const file of [...this.sealed, active.file]) await file.closeIdle()
  }

  /** Drops spans of which nothing is live any more; their files go with the next cleanup. */
  dropDeadSpans(state: DiskPartitionState): void {
    const { spans } = state.data
    let dead = 0
    while (dead < spans.length && !isLive(state, spans[dead]!)) dead++
    if (dead > 0) spans.splice(0, dead)
  }

  /** Refuses a partition from `offset` on, and says so once. Gives the reason. */
  noteDamage(
    state: DiskPartitionState,
    offset: number,
    place: { readonly file: string; readonly position: number; readonly fault: FormatFault }
  ): string {
    const { topic, partition, damage } = state
    const reason = partitionReason(topic.name, partition, { ...place, folder: this.folder })
    if (damage !== null && damage.offset <= offset) return reason
    state.damage = { offset, reason }
    this.onEvent({ kind: 'partition-damaged', topic: topic.name, partition, offset, reason })
    return reason
  }

  async #removeSidecar(file: JournalFile): Promise<void> {
    try {
      await this.disk.remove(file.sidecarPath)
    } catch (error) {
      if (!isMillraceError(error, 'DISK_NOT_FOUND')) throw error
    }
  }
}

/** Whether a span has a batch that can be read. */
export function isLive(state: DiskPartitionState, span: Span): boolean {
  return !state.topic.deleted && span.lastOffset >= state.startOffset
}
