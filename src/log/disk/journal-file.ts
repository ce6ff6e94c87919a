// One journal file: where it is, which partitions have batches in it, and its handle while somebody reads.
//
// Owns: handle and pins. Does not own: writing (writer.ts), the sidecar (sidecar.ts).
//   F1  A handle stays open while it is pinned, also when the file was replaced or removed meanwhile: who began to
//       read an old file ends with it.
//   F2  What is read through a handle belongs to this object: the file under the name is opened only if it has this
//       object's salt and size.
import { type Disk, type DiskFile, LOG_FILES_OPEN_MAX } from '../../base/index.ts'
import { CompactionState } from '../compaction.ts'
import type { PartitionState } from '../catalog.ts'
import { BatchIndex } from './batch-index.ts'
import { logDamaged } from './damage.ts'
import { FILE_HEADER_BYTES, type FileHeader, decodeFileHeader } from './format.ts'

/** What the disk log keeps per partition. */
export class DiskPartition {
  /** Offset that the next batch gets, which is ahead of the visible end while it is written. */
  appendOffset = 0
  /** Live parts, by file, in order of their offsets. */
  spans: Span[] = []
  readonly compaction: CompactionState = new CompactionState()
}

/** A partition of the disk log. */
export type DiskPartitionState = PartitionState<DiskPartition>

/** The batches of one partition in one file. */
export class Span {
  readonly file: JournalFile
  firstOffset = 0
  lastOffset = -1
  maxTimestamp: number = Number.NEGATIVE_INFINITY
  count = 0
  /** Bytes of all batches, also of those before the partition's start. */
  bytes = 0
  /** Null while it is only in the sidecar, see `section`. */
  index: BatchIndex | null = null
  section: SidecarSection | null = null

  constructor(file: JournalFile) {
    this.file = file
  }

  /** Adds a batch behind the others; the index must be in memory. */
  push(
    baseOffset: number,
    lastOffset: number,
    position: number,
    length: number,
    maxTimestamp: number
  ): void {
    this.index ??= new BatchIndex()
    this.index.push(baseOffset, lastOffset, position, length, maxTimestamp)
    if (this.count === 0) this.firstOffset = baseOffset
    this.lastOffset = lastOffset
    this.maxTimestamp = Math.max(this.maxTimestamp, maxTimestamp)
    this.count++
    this.bytes += length
    this.file.batchBytes += length
  }
}

/** Where the rows of a span stand in the sidecar. */
export interface SidecarSection {
  readonly position: number
  readonly length: number
  readonly checksum: number
}

/** A journal file as the log sees it; a rewritten file is a new object. */
export class JournalFile {
  readonly number: number
  readonly folder: string
  readonly header: FileHeader
  /** Bytes that are durable and belong to whole frames. */
  size: number
  /** Bytes that the file has: behind `size` they are zeros, made ready for the next frames. */
  sizeReady: number
  /** Bytes up to the end of the first frame, which is the snapshot in the active file. */
  sizeFirst: number
  /** Where the file's first byte stands in the tail; −∞ for what was not written since the log was opened. */
  tailBase: number
  readonly spans: Map<DiskPartitionState, Span> = new Map()
  /** Bytes of all batches in the file, also of those that nobody can read any more. */
  batchBytes = 0
  /** Written to; the writer keeps its handle open. */
  isActive = false
  /** Replaced or removed: its spans are no longer in use. */
  isRetired = false
  #handle: DiskFile | null = null
  #opening: Promise<DiskFile | undefined> | null = null
  #pins = 0

  constructor(options: {
    readonly folder: string
    readonly header: FileHeader
    readonly size: number
    readonly sizeFirst?: number
    readonly tailBase?: number
  }) {
    this.folder = options.folder
    this.header = options.header
    this.number = options.header.number
    this.size = this.sizeReady = options.size
    this.sizeFirst = options.sizeFirst ?? options.size
    this.tailBase = options.tailBase ?? Number.NEGATIVE_INFINITY
  }

  /** Bytes written since the snapshot. */
  get growth(): number {
    return this.size - this.sizeFirst
  }

  /** Path of the journal. */
  get path(): string {
    return journalPath(this.folder, this.number)
  }

  /** Path of the sidecar. */
  get sidecarPath(): string {
    return sidecarPath(this.folder, this.number)
  }

  /** Gives the file a handle that is open already. */
  adopt(handle: DiskFile): void {
    this.#handle = handle
  }

  /**
   * Opens the file, or counts one more reader (F1); to be followed by {@link unpin}. Undefined when another file
   * has its name by now (F2) and this object is retired or soon will be.
   * @throws DISK_NOT_FOUND, DISK_FAILED
   */
  async pin(disk: Disk): Promise<DiskFile | undefined> {
    this.#pins++
    try {
      if (this.#handle !== null) return this.#handle
      this.#opening ??= this.#open(disk)
      const handle = await this.#opening
      if (handle === undefined) await this.unpin()
      return handle
    } catch (error) {
      await this.unpin()
      throw error
    }
  }

  /** Ends one use of the handle. */
  async unpin(): Promise<void> {
    this.#pins--
    if (this.isRetired) await this.closeIdle()
  }

  /** Closes the handle unless somebody uses it; it is opened again when needed. */
  async closeIdle(): Promise<void> {
    if (this.#pins > 0 || this.isActive || this.#handle === null) return
    const handle = this.#handle
    this.#handle = null
    await handle.close()
  }

  async #open(disk: Disk): Promise<DiskFile | undefined> {
    try {
      const handle = await disk.open(this.path, { write: false, create: false })
      const bytes = Buffer.alloc(FILE_HEADER_BYTES)
      const length = await handle.read(bytes, 0)
      const header = decodeFileHeader(bytes.subarray(0, length))
      if (!('message' in header) && header.seed === this.header.seed) return (this.#handle = handle)
      await handle.close()
      if (!('message' in header)) return undefined
      throw logDamaged({ file: this.path, position: 0, fault: header, folder: this.folder })
    } finally {
      this.#opening = null
    }
  }
}

/** Keeps the number of open sealed files within its bound. */
export class OpenFiles {
  readonly #files = new Set<JournalFile>()

  /** Notes that `file` was used just now; closes the one that was not used for longest. */
  async note(file: JournalFile): Promise<void> {
    if (file.isActive) return
    this.#files.delete(file)
    this.#files.add(file)
    for (const oldest of this.#files) {
      if (this.#files.size <= LOG_FILES_OPEN_MAX) return
      this.#files.delete(oldest)
      await oldest.closeIdle()
    }
  }
}

/** Path of the folder that the journal's files are in. */
export function journalFolder(folder: string): string {
  return `${folder}/journal`
}

/** Path of a journal file. */
export function journalPath(folder: string, number: number): string {
  return `${journalFolder(folder)}/${String(number).padStart(10, '0')}.journal`
}

/** Path of a sidecar. */
export function sidecarPath(folder: string, number: number): string {
  return `${journalFolder(folder)}/${String(number).padStart(10, '0')}.index`
}

/** The number in a journal file's name; undefined for other files. */
export function numberOf(name: string): number | undefined {
  const match = /^(\d{10})\.journal$/.exec(name)
  return match === null ? undefined : Number(match[1])
}
