// Cleans one sealed file: removes it when nothing in it is live, or writes it anew without what is dead.
//
// Whole batches go when they are before their partition's start or their topic is deleted; records go when a
// keeper (compaction) says so. Offsets stay. The new file takes the old one's name when it is durable, so a crash
// at any moment leaves one of the two, and both hold everything live.
import { ByteWriter, type DiskFile, type MillraceError, assert } from '../../../base/index.ts'
import {
  type RecordCursor,
  batchMaxTimestamp,
  readBatchHeader,
  rewriteBatch
} from '../../../record/index.ts'
import type { BatchIndex } from '../batch-index.ts'
import { writeBatchEntry } from '../directory.ts'
import {
  FILE_HEADER_BYTES,
  FRAME_KIND,
  SALT_BYTES,
  beginFrame,
  encodeFileHeader,
  finishFrame,
  seedOf
} from '../format.ts'
import type { IndexCache } from '../index-cache.ts'
import { type Journal, isLive } from '../journal.ts'
import { type DiskPartitionState, JournalFile, Span } from '../journal-file.ts'
import { faultOfRow } from '../reader.ts'
import { writeSidecar } from '../sidecar.ts'

/** A file is written anew when less of its batches is live. */
const LIVE_RATIO_MIN = 0.5
/** Bytes that are read, and written as one frame, at once. */
const RUN_BYTES_MAX = 1024 * 1024
/** Dead bytes between two live batches that are read along. */
const RUN_GAP_BYTES_MAX = 32 * 1024

/** Whether the record that the cursor stands on stays. */
export type Keeper = (cursor: RecordCursor) => boolean

/** What cleaning needs. */
export interface RewriteContext {
  readonly journal: Journal
  readonly indexes: IndexCache
  /** Throws when cleaning should end early, because the log closes. */
  readonly checkpoint: () => void
  /** Takes an error after which the state of names on the disk is unknown. */
  readonly onUnsafe: (error: unknown) => void
}

/** What cleaning one file did. */
export interface CleanedFile {
  readonly recordsRemoved: number
  readonly bytesFreed: number
  /** It holds a damaged batch and was left as it is. */
  readonly isSkipped: boolean
}

const NOTHING: CleanedFile = { recordsRemoved: 0, bytesFreed: 0, isSkipped: false }

interface LiveRow {
  readonly state: DiskPartitionState
  readonly index: BatchIndex
  readonly row: number
  readonly position: number
  readonly length: number
  readonly keeper: Keeper | undefined
}

/** Cleans `file`; with no keepers only if enough of it is dead. @throws DISK_FULL, DISK_FAILED */
export async function cleanFile(
  context: RewriteContext,
  file: JournalFile,
  keepers: ReadonlyMap<DiskPartitionState, Keeper>
): Promise<CleanedFile> {
  const { journal } = context
  if (keepers.size === 0 && isMostlyLive(file)) return NOTHING
  const held: Span[] = []
  try {
    const rows = await liveRows(context, file, keepers, held)
    if (rows === undefined) return { ...NOTHING, isSkipped: true }
    const liveBytes = rows.reduce((sum, row) => sum + row.length, 0)
    if (liveBytes > 0) {
      const superseded = await countSuperseded(context, file, rows)
      if (superseded === undefined) return { ...NOTHING, isSkipped: true }
      const isWorthIt = superseded > 0 || liveBytes < file.batchBytes * LIVE_RATIO_MIN
      if (!isWorthIt) return NOTHING
      return (await rewriteFile(context, file, rows)) ?? { ...NOTHING, isSkipped: true }
    }
    await guarded(context, journal.remove(file))
    return { recordsRemoved: 0, bytesFreed: file.size, isSkipped: false }
  } finally {
    for (const span of held) span.index = null
  }
}

/** Whether enough of the file is live already as far as the summaries in memory tell, without its indexes. */
function isMostlyLive(file: JournalFile): boolean {
  let bytes = 0
  for (const [state, span] of file.spans) {
    if (isLive(state, span) && span.firstOffset >= state.startOffset) bytes += span.bytes
  }
  return bytes >= file.batchBytes * LIVE_RATIO_MIN
}

/**
 * All live batches in the order of the file. Their indexes stay in memory until the caller is done, because the
 * sidecar goes before the file does. Undefined when the file was replaced meanwhile.
 */
async function liveRows(
  { indexes }: RewriteContext,
  file: JournalFile,
  keepers: ReadonlyMap<DiskPartitionState, Keeper>,
  held: Span[]
): Promise<LiveRow[] | undefined> {
  const rows: LiveRow[] = []
  for (const [state, span] of file.spans) {
    if (!isLive(state, span)) continue
    const index = await indexes.load(span)
    if (index === undefined) return undefined
    if (span.index === null) {
      span.index = index
      held.push(span)
    }
    const keeper = keepers.get(state)
    for (let row = index.find(state.startOffset); row < index.count; row++) {
      const position = index.positions[row]!
      rows.push({ state, index, row, position, length: index.lengths[row]!, keeper })
    }
  }
  return rows.toSorted((a, b) => a.position - b.position)
}

/** How many records the keepers refuse; undefined when a batch is damaged. */
async function countSuperseded(
  context: RewriteContext,
  file: JournalFile,
  rows: readonly LiveRow[]
): Promise<number | undefined> {
  const judged = rows.filter(row => row.keeper !== undefined)
  let superseded = 0
  const isRight = await forEachRun(context, file, judged, async run => {
    for (const { keeper, bytes } of run) superseded += recordsRefused(bytes, keeper!)
  })
  return isRight ? superseded : undefined
}

function recordsRefused(bytes: Buffer, keeper: Keeper): number {
  let refused = 0
  rewriteBatch(bytes, 0, cursor => {
    if (!keeper(cursor)) refused++
    return true
  })
  return refused
}

/** Writes the live rows to a new file and puts it in the old one's place; undefined when a batch is damaged. */
async function rewriteFile(
  context: RewriteContext,
  file: JournalFile,
  rows: readonly LiveRow[]
): Promise<CleanedFile | undefined> {
  const { disk, random } = context.journal
  const path = `${file.path}.rewritten`
  const handle = await disk.open(path, { write: true, create: true })
  let isReady = false
  let output: RewrittenFile
  try {
    await handle.truncate(0)
    output = new RewrittenFile(handle, file, random.bytes(SALT_BYTES))
    await output.begin()
    const isRight = await forEachRun(context, file, rows, run => output.append(run))
    if (isRight) await handle.sync()
    isReady = isRight
  } finally {
    await handle.close()
    if (!isReady) await disk.remove(path).catch(() => undefined)
  }
  if (!isReady) return undefined
  const { next, recordsRemoved } = output
  if (next.spans.size === 0) {
    await disk.remove(path)
    await guarded(context, context.journal.remove(file))
    return { recordsRemoved, bytesFreed: file.size, isSkipped: false }
  }
  await guarded(context, context.journal.replace(file, next, path))
  await writeSidecar(disk, next)
  for (const span of next.spans.values()) span.index = null
  return { recordsRemoved, bytesFreed: file.size - next.size, isSkipped: false }
}

/** Encodes kept batches into frames of a new version of a file. */
class RewrittenFile {
  readonly next: JournalFile
  recordsRemoved = 0
  readonly #handle: DiskFile
  readonly #header: Buffer
  readonly #frame = new ByteWriter()
  #sequence: number

  constructor(handle: DiskFile, file: JournalFile, salt: Uint8Array) {
    const { number, sequenceFirst } = file.header
    this.#handle = handle
    this.#sequence = sequenceFirst
    this.#header = encodeFileHeader(number, sequenceFirst, salt)
    const header = { number, sequenceFirst, seed: seedOf(salt) }
    this.next = new JournalFile({ folder: file.folder, header, size: FILE_HEADER_BYTES })
  }

  begin(): Promise<void> {
    return this.#handle.write([this.#header], 0)
  }

  /** Writes what stays of the batches as one frame. */
  async append(run: readonly RunBatch[]): Promise<void> {
    const frame = this.#frame
    beginFrame(frame)
    const kept: { readonly batch: RunBatch; readonly bytes: Buffer }[] = []
    let bodyLength = 0
    for (const batch of run) {
      const bytes = this.#keep(batch)
      if (bytes === null) continue
      const { state, index, row } = batch
      writeBatchEntry(
        frame,
        state.topic.id,
        state.partition,
        index.baseOffsets[row]!,
        index.lastOffsets[row]!,
        batchMaxTimestamp(bytes, 0),
        bytes.length
      )
      kept.push({ batch, bytes })
      bodyLength += bytes.length
    }
    if (kept.length === 0) return
    const { seed } = this.next.header
    finishFrame(frame, { seed, sequence: this.#sequence++, kind: FRAME_KIND.rewritten, bodyLength })
    const parts = [frame.buffer.subarray(0, frame.length), ...kept.map(({ bytes }) => bytes)]
    await this.#handle.write(parts, this.next.size)
    let position = this.next.size + frame.length
    for (const { batch, bytes } of kept) {
      this.#index(batch, bytes, position)
      position += bytes.length
    }
    this.next.size = position
  }

  #keep({ keeper, bytes }: RunBatch): Buffer | null {
    if (keeper === undefined) return bytes
    const rewritten = rewriteBatch(bytes, 0, keeper)
    this.recordsRemoved += readBatchHeader(bytes, 0).recordCount
    if (rewritten !== null) this.recordsRemoved -= readBatchHeader(rewritten, 0).recordCount
    return rewritten
  }

  #index({ state, index, row }: RunBatch, bytes: Buffer, position: number): void {
    let span = this.next.spans.get(state)
    if (span === undefined) this.next.spans.set(state, (span = new Span(this.next)))
    const timestamp = batchMaxTimestamp(bytes, 0)
    span.push(index.baseOffsets[row]!, index.lastOffsets[row]!, position, bytes.length, timestamp)
  }
}

type RunBatch = LiveRow & { readonly bytes: Buffer }

/**
 * Reads rows, which are in the order of the file, run by run, verifies them, and hands each run to `use`. False,
 * and no further run, when a batch is damaged, which is noted, or the file cannot be opened any more.
 */
async function forEachRun(
  { journal, checkpoint }: RewriteContext,
  file: JournalFile,
  rows: readonly LiveRow[],
  use: (run: readonly RunBatch[]) => Promise<void>
): Promise<boolean> {
  const handle = await file.pin(journal.disk)
  if (handle === undefined) return false
  try {
    await journal.openFiles.note(file)
    for (let first = 0; first < rows.length;) {
      checkpoint()
      const end = runEnd(rows, first)
      const start = rows[first]!.position
      const last = rows[end - 1]!
      const bytes = Buffer.allocUnsafe(last.position + last.length - start)
      bytes.fill(0, await handle.read(bytes, start))
      const run: RunBatch[] = []
      for (const row of rows.slice(first, end)) {
        const at = row.position - start
        const fault = faultOfRow(bytes, at, row.index, row.row)
        if (fault !== null) {
          const offset = row.index.baseOffsets[row.row]!
          journal.noteDamage(row.state, offset, { file: file.path, position: row.position, fault })
          return false
        }
        run.push({ ...row, bytes: bytes.subarray(at, at + row.length) })
      }
      await use(run)
      first = end
    }
    return true
  } finally {
    await file.unpin()
  }
}

/** The rows from `first` on that are read at once. */
function runEnd(rows: readonly LiveRow[], first: number): number {
  const start = rows[first]!.position
  let end = first + 1
  for (; end < rows.length; end++) {
    const before = rows[end - 1]!
    const row = rows[end]!
    assert(row.position >= before.position + before.length, 'batches do not overlap')
    if (row.position - before.position - before.length > RUN_GAP_BYTES_MAX) break
    if (row.position + row.length - start > RUN_BYTES_MAX) break
  }
  return end
}

/** Runs a step that changes names: when it fails nobody knows what the disk will show after a crash. */
async function guarded(context: RewriteContext, step: Promise<void>): Promise<void> {
  try {
    await step
  } catch (error) {
    context.onUnsafe(error as MillraceError)
    throw error
  }
}
