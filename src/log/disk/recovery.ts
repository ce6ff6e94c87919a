// Opens the journal that an earlier process left: reads the last file, trusts the others, cuts a torn tail.
//
// Only the last group of frames of the last file can be torn: a group is written after the one before is durable,
// a next file after all of the last one (J2). So what cannot be read is one of two things:
//
//   … frame frame [bad]            nothing valid behind it, not closed in order: torn, never acknowledged → cut
//   … frame [bad] frame …          something valid behind it: it was acknowledged, and was damaged since →
//                                  batches: their partitions are refused; header or directory: the log is
//
//   V1  Nothing that was acknowledged is cut.
//   V2  What is visible after a start is durable: the last frame may have been written and not synced, or its sync
//       may have failed, so it is written again, with the same bytes, and synced. For the same reason the last
//       file gets its name once more: by way of another name, because a rename to itself does nothing.
import { createDirectoryDurably, type Disk, type DiskFile } from '../../base/index.ts'
import { logDamaged } from './damage.ts'
import {
  FILE_HEADER_BYTES,
  FRAME_KIND,
  type FileHeader,
  type FormatFault,
  decodeFileHeader
} from './format.ts'
import type { Journal } from './journal.ts'
import { JournalFile, Span, journalFolder, journalPath, numberOf } from './journal-file.ts'
import { rebuildIndex } from './rebuild.ts'
import { FrameScanner, type ScannedFrame, type ScannedGap } from './scan.ts'
import { adoptSummary, readSummary } from './sidecar.ts'
import type { ActiveFile } from './writer.ts'

/** The file to go on with, and the sequence number of its next frame. */
export interface RecoveredJournal {
  readonly active: ActiveFile
  readonly sequence: number
}

/**
 * Fills `journal` (catalog, spans, sealed files) from its folder; makes the first file when there is none.
 * @throws LOG_DAMAGED what cannot be cut cannot be read
 * @throws LOG_VERSION_UNKNOWN a newer release wrote the files
 */
export async function recoverJournal(journal: Journal): Promise<RecoveredJournal> {
  const { disk, folder } = journal
  await createDirectoryDurably(disk, journalFolder(folder))
  const numbers = await tidyFolder(disk, folder)
  const numberLast = numbers.at(-1)
  if (numberLast === undefined) {
    const active = await journal.createFile(1, 1)
    return { active, sequence: 2 }
  }
  const recovered = await recoverLast(journal, numberLast)
  await adoptAll(journal, numbers.slice(0, -1))
  for (const file of [...journal.sealed, recovered.active.file]) {
    for (const [state, span] of file.spans) {
      if (span.lastOffset >= state.startOffset && !state.topic.deleted) state.data.spans.push(span)
    }
  }
  return recovered
}

/** Removes what an interrupted step left; gives the numbers of the journal files, ascending. */
async function tidyFolder(disk: Disk, folder: string): Promise<number[]> {
  const path = journalFolder(folder)
  await restoreNames(disk, folder)
  const names = (await disk.list(path))
    .filter(entry => entry.kind === 'file')
    .map(entry => entry.name)
  const numbers = names.map(numberOf).filter(number => number !== undefined)
  const known = new Set(numbers)
  for (const name of names) {
    const isOrphan = name.endsWith('.index') && !known.has(Number(name.slice(0, 10)))
    if (isOrphan || TEMPORARY.test(name)) await disk.remove(`${path}/${name}`)
  }
  return numbers.toSorted((a, b) => a - b)
}

/** Gives a file its name back that lost it in the middle of being named anew (V2). */
export async function restoreNames(disk: Disk, folder: string): Promise<void> {
  const path = journalFolder(folder)
  for (const { name } of await disk.list(path)) {
    if (!MOVED.test(name)) continue
    await disk.rename(`${path}/${name}`, `${path}/${name.slice(0, -MOVED_SUFFIX.length)}`)
  }
}

/** Ends the name of the last file while it is named anew (V2). */
const MOVED_SUFFIX = '.moved'
const MOVED = /^\d{10}\.journal\.moved$/
/** Files that only exist while one is written: the disk's own, and those of rewriting and repairing. */
const TEMPORARY = /^\d{10}\.(?:journal|index)\.(?:new|rewritten)$/

async function recoverLast(journal: Journal, number: number): Promise<RecoveredJournal> {
  const path = journalPath(journal.folder, number)
  const handle = await journal.disk.open(path, { write: true, create: false })
  try {
    const size = await handle.size()
    const header = await readHeader(journal, handle, path)
    const file = new JournalFile({ folder: journal.folder, header, size, tailBase: 0 })
    const end = await replay(journal, file, handle)
    for (const topic of journal.catalog.topics.values()) {
      for (const state of topic.partitions) state.data.appendOffset = state.endOffset
    }
    file.adopt(handle)
    file.isActive = true
    return { active: { file, handle }, sequence: end.sequence }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Where a file's good frames end. */
interface ReplayEnd {
  readonly position: number
  readonly sequence: number
}

/** Applies all frames of the last file in their order, and cuts what is torn. */
async function replay(journal: Journal, file: JournalFile, handle: DiskFile): Promise<ReplayEnd> {
  const { header, path } = file
  const source = { file: handle, size: file.size, header }
  const scanner = new FrameScanner(source, { verifyBatches: true, isLast: true })
  // The last frame found is not applied before it is known what follows: it may have to be cut.
  let last: ScannedFrame | undefined
  let gap: ScannedGap | undefined
  for (let part = await scanner.next(); part !== undefined; part = await scanner.next()) {
    const isFirst = last === undefined
    if (gap !== undefined || (isFirst && !isSnapshot(part))) {
      const { position, fault } = gap ?? { position: part.position, fault: faultOfFirst(part) }
      throw logDamaged({ file: path, position, fault, folder: journal.folder })
    }
    if (part.kind === 'gap') {
      gap = part
      continue
    }
    if (last === undefined) file.sizeFirst = part.end
    else applyFrame(journal, file, last)
    last = part
  }
  if (last === undefined) {
    const fault = { message: 'the first frame is missing' }
    throw logDamaged({ file: path, position: FILE_HEADER_BYTES, fault, folder: journal.folder })
  }
  const isFirst = last.end === file.sizeFirst
  // With a gap behind it, it was durable before that was written: then it is damaged, not torn.
  const isTorn = !isFirst && gap === undefined && last.batches.some(batch => batch.fault !== null)
  const end = isTorn
    ? { position: last.position, sequence: last.sequence }
    : { position: last.end, sequence: last.sequence + 1 }
  if (!isTorn) applyFrame(journal, file, last)
  const size = scanner.end
  // Also where nothing is to be cut: an earlier cut may have been seen and not become durable.
  await handle.truncate(end.position)
  const isWhole = end.position === size
  if (isWhole) await handle.write([await scanner.bytesOf(last)], last.position)
  await handle.sync()
  if (!isWhole || last.frameKind !== FRAME_KIND.close) await nameAnew(journal, path)
  if (!isWhole) {
    const { position } = end
    journal.onEvent({ kind: 'tail-cut', file: path, position, bytes: size - position })
  }
  file.size = file.sizeReady = end.position
  file.tailBase = journal.tail.end - end.position
  return end
}

function isSnapshot(part: ScannedFrame | ScannedGap): boolean {
  return part.kind === 'frame' && part.frameKind === FRAME_KIND.snapshot
}

function faultOfFirst(part: ScannedFrame | ScannedGap): FormatFault {
  return part.kind === 'gap'
    ? part.fault
    : { message: 'the first frame is no snapshot of the catalog' }
}

/** Makes the name of the last file durable, whatever became of an earlier attempt (V2). */
async function nameAnew({ disk, folder }: Journal, path: string): Promise<void> {
  await disk.rename(path, `${path}${MOVED_SUFFIX}`)
  await disk.rename(`${path}${MOVED_SUFFIX}`, path)
  await disk.syncDirectory(journalFolder(folder))
}

function applyFrame(journal: Journal, file: JournalFile, frame: ScannedFrame): void {
  for (const batch of frame.batches) {
    const { topicId, partition, baseOffset, lastOffset, position, length, fault } = batch
    const state = journal.catalog.partitionById(topicId, partition)
    if (state === undefined || baseOffset < state.endOffset) {
      const message =
        state === undefined ? 'a batch belongs to no topic' : 'the offset of a batch goes back'
      const place = { file: file.path, position, fault: { message }, folder: journal.folder }
      throw logDamaged(place)
    }
    let span = file.spans.get(state)
    if (span === undefined) file.spans.set(state, (span = new Span(file)))
    span.push(baseOffset, lastOffset, position, length, batch.maxTimestamp)
    state.endOffset = lastOffset + 1
    if (fault !== null) journal.noteDamage(state, baseOffset, { file: file.path, position, fault })
  }
  for (const change of frame.changes) journal.catalog.apply(change)
}

async function adoptSealed(journal: Journal, number: number): Promise<JournalFile> {
  const { disk, folder } = journal
  const path = journalPath(folder, number)
  const handle = await disk.open(path, { write: false, create: false })
  let file: JournalFile
  try {
    const header = await readHeader(journal, handle, path)
    file = new JournalFile({ folder, header, size: await handle.size() })
  } finally {
    await handle.close()
  }
  const summaries = await readSummary(disk, file)
  if (summaries !== undefined) {
    adoptSummary(file, summaries, journal.catalog)
    return file
  }
  await rebuildIndex(journal, file)
  for (const span of file.spans.values()) span.index = null
  return file
}

/** Adopts all sealed files, a few at once: most of the time goes into waiting for the disk. */
async function adoptAll(journal: Journal, numbers: readonly number[]): Promise<void> {
  for (let at = 0; at < numbers.length; at += FILES_AT_ONCE) {
    const some = numbers.slice(at, at + FILES_AT_ONCE)
    journal.sealed.push(...(await Promise.all(some.map(number => adoptSealed(journal, number)))))
  }
}

const FILES_AT_ONCE = 16

async function readHeader(journal: Journal, handle: DiskFile, path: string): Promise<FileHeader> {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES)
  const header = decodeFileHeader(bytes.subarray(0, await handle.read(bytes, 0)))
  if (!('message' in header)) return header
  throw logDamaged({ file: path, position: 0, fault: header, folder: journal.folder })
}
