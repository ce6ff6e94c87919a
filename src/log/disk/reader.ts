// Reads batches: from the tail while they are there, else from their file, checked against index and checksum.
//
//   R1  What is returned was verified: when it was committed (tail) or now (file).
//   R2  A file may be replaced at every await; whoever finds it retired looks the partition up again.
import { type DiskFile, assert, isMillraceError } from '../../base/index.ts'
import { partitionDamaged } from '../check-commit.ts'
import type { ReadRequest } from '../log.ts'
import type { BatchIndex } from './batch-index.ts'
import type { FormatFault } from './format.ts'
import type { IndexCache } from './index-cache.ts'
import type { Journal } from './journal.ts'
import type { DiskPartitionState, JournalFile, Span } from './journal-file.ts'
import { batchFault } from './scan.ts'

/** Bytes between two wanted batches that are read along rather than asking the disk twice. */
const READ_GAP_BYTES_MAX = 32 * 1024
/** Most bytes of the file in one call, unless a single batch is larger. */
const READ_RUN_BYTES_MAX = 4 * 1024 * 1024

/** Whole batches, and the offset behind the last. */
export interface ReadBatches {
  readonly bytes: Buffer
  readonly nextOffset: number
}

/** How much of a partition is read, as {@link ReadRequest} says it. */
type Bounds = Pick<ReadRequest, 'isBounded' | 'into'> & { readonly bytesMax: number }

/** Rows `first`…`end` of an index. */
interface Rows {
  readonly first: number
  readonly end: number
  readonly bytes: number
}

/** The reading side of the disk log. */
export class JournalReader {
  readonly #journal: Journal
  readonly #indexes: IndexCache

  constructor(journal: Journal, indexes: IndexCache) {
    this.#journal = journal
    this.#indexes = indexes
  }

  /**
   * Batches from the one that holds `offset`, or the next, on; all from one file, within `bytesMax` but for the
   * first, unless `isBounded`; in `into` if they fit. Undefined when there is none up to the end.
   * @throws PARTITION_DAMAGED the first of them is damaged
   */
  async read(
    state: DiskPartitionState,
    offset: number,
    bounds: Bounds
  ): Promise<ReadBatches | undefined> {
    const { into } = bounds
    for (;;) {
      const span = spanAt(state, offset)
      if (span === undefined) return undefined
      const index = this.#indexes.peek(span) ?? (await this.#loadIndex(state, span))
      if (index === undefined) continue
      const { damage } = state
      const rows = rowsOf(index, offset, bounds, damage?.offset)
      if (rows.end === rows.first) {
        const isWhole = index.baseOffsets[rows.first]! < (damage?.offset ?? Infinity)
        if (!isWhole) throw partitionDamaged(state)
        return { bytes: NOTHING, nextOffset: offset }
      }
      const bytes =
        this.#fromTail(span.file, index, rows, into) ??
        (await this.#fromFile(state, span, index, rows, into))
      if (bytes === undefined) continue
      const last = rows.first + bytes.count - 1
      return { bytes: bytes.buffer, nextOffset: index.lastOffsets[last]! + 1 }
    }
  }

  /** An index, loaded where needed; undefined when the file was replaced meanwhile. @throws PARTITION_DAMAGED */
  async #loadIndex(state: DiskPartitionState, span: Span): Promise<BatchIndex | undefined> {
    try {
      return await this.#indexes.load(span)
    } catch (error) {
      if (!isMillraceError(error, 'LOG_DAMAGED')) throw error
      state.damage ??= { offset: span.firstOffset, reason: error.message }
      throw partitionDamaged(state)
    }
  }

  #fromTail(
    file: JournalFile,
    index: BatchIndex,
    rows: Rows,
    into: ReadRequest['into']
  ): { readonly buffer: Buffer; readonly count: number } | undefined {
    const { tail } = this.#journal
    const from = file.tailBase + index.positions[rows.first]!
    const last = rows.end - 1
    const end = file.tailBase + index.positions[last]! + index.lengths[last]!
    if (!tail.holds(from, end - from)) return undefined
    const buffer = memory(rows.bytes, into)
    let at = 0
    for (let row = rows.first; row < rows.end; row++) {
      const length = index.lengths[row]!
      tail.copy(file.tailBase + index.positions[row]!, length, buffer, at)
      at += length
    }
    return { buffer, count: rows.end - rows.first }
  }

  /** Reads and verifies rows; fewer when a later one is damaged; undefined when the file was replaced (R2). */
  async #fromFile(
    state: DiskPartitionState,
    span: Span,
    index: BatchIndex,
    rows: Rows,
    into: ReadRequest['into']
  ): Promise<{ readonly buffer: Buffer; readonly count: number } | undefined> {
    const { file } = span
    const handle = await file.pin(this.#journal.disk)
    if (handle === undefined) return undefined
    try {
      const buffer = await readRows(handle, index, rows, into)
      await this.#journal.openFiles.note(file)
      let at = 0
      for (let row = rows.first; row < rows.end; row++) {
        const fault = faultOfRow(buffer, at, index, row)
        if (fault !== null) {
          const place = { file: file.path, position: index.positions[row]!, fault }
          this.#journal.noteDamage(state, index.baseOffsets[row]!, place)
          if (row === rows.first) throw partitionDamaged(state)
          return { buffer: buffer.subarray(0, at), count: row - rows.first }
        }
        at += index.lengths[row]!
      }
      return { buffer, count: rows.end - rows.first }
    } finally {
      await file.unpin()
    }
  }
}

/** What is wrong with the batch at `at`, which should be row `row`. */
export function faultOfRow(
  bytes: Buffer,
  at: number,
  index: BatchIndex,
  row: number
): FormatFault | null {
  const length = index.lengths[row]!
  const baseOffset = index.baseOffsets[row]!
  const lastOffset = index.lastOffsets[row]!
  return batchFault(bytes, at, { length, baseOffset, lastOffset })
}

/**
 * The bytes of the rows, one behind the other. Rows that stand near each other come with one call, what stands
 * between them is moved over: memory of its own for each call would double what the collector has to follow. What
 * the file no longer has is zero, which no checksum takes for a batch.
 */
async function readRows(
  handle: DiskFile,
  index: BatchIndex,
  rows: Rows,
  into: ReadRequest['into']
): Promise<Buffer> {
  let room = 0
  for (let first = rows.first; first < rows.end;) {
    const run = runFrom(index, first, rows.end)
    room += run.end - run.start
    first = run.next
  }
  const buffer = memory(room, into)
  let filled = 0
  for (let first = rows.first; first < rows.end;) {
    const { start, end, next } = runFrom(index, first, rows.end)
    const from = filled
    const run = buffer.subarray(from, from + end - start)
    const length = await handle.read(run, start)
    run.fill(0, length)
    for (let row = first; row < next; row++) {
      const at = from + index.positions[row]! - start
      if (at !== filled) buffer.copyWithin(filled, at, at + index.lengths[row]!)
      filled += index.lengths[row]!
    }
    first = next
  }
  assert(filled === rows.bytes, 'every row was read')
  return buffer.subarray(0, filled)
}

/** `length` bytes of the memory that was given, or new ones. */
function memory(length: number, into: ReadRequest['into']): Buffer {
  const given = typeof into === 'function' ? into(length) : into
  return given === undefined || given.length < length
    ? Buffer.allocUnsafe(length)
    : given.subarray(0, length)
}

/** The rows from `first` on that stand near each other, and where they stand in the file. */
function runFrom(
  index: BatchIndex,
  first: number,
  rowsEnd: number
): { readonly start: number; readonly end: number; readonly next: number } {
  const start = index.positions[first]!
  let end = start + index.lengths[first]!
  let next = first + 1
  while (next < rowsEnd && isNear(index, next, start, end)) {
    end = index.positions[next]! + index.lengths[next]!
    next++
  }
  return { start, end, next }
}

function isNear(index: BatchIndex, row: number, start: number, end: number): boolean {
  const position = index.positions[row]!
  return (
    position - end <= READ_GAP_BYTES_MAX &&
    position + index.lengths[row]! - start <= READ_RUN_BYTES_MAX
  )
}

/** The first span that ends at or behind `offset`. */
function spanAt(state: DiskPartitionState, offset: number): Span | undefined {
  const { spans } = state.data
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (spans[middle]!.lastOffset < offset) low = middle + 1
    else high = middle
  }
  return spans[low]
}

const NOTHING = Buffer.alloc(0)

/** As many rows from `offset` on as fit, and one if none does, unless bounded; none from `damageOffset` on. */
function rowsOf(
  index: BatchIndex,
  offset: number,
  { bytesMax, isBounded = false }: Bounds,
  damageOffset = Infinity
): Rows {
  const first = index.find(offset)
  let end = first
  let bytes = 0
  while (end < index.count && index.baseOffsets[end]! < damageOffset) {
    const length = index.lengths[end]!
    if ((isBounded || end > first) && bytes + length > bytesMax) break
    bytes += length
    end++
  }
  return { first, end, bytes }
}
