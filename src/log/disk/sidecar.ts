// The sidecar of a sealed file: its index, so that a start reads a few bytes per file instead of the file.
//
//   byte  0  "MRINDEX1"                       summary, per partition, as varuints but where noted:
//         8  file number         u32            topic id | partition | first offset | last − first offset
//        12  seed of the file    u32            count | bytes | max timestamp (i64)
//        16  size of the file    i64            section position | length | checksum (u32)
//        24  summary length      u32          section: per batch, as varuints but where noted:
//        28  CRC-32C of the summary and 0…27    offsets skipped | last − base offset | position − end of the
//        32  summary, then sections              batch before | length | max timestamp (i64)
//
// It is derived: whoever finds it missing, damaged or of another version of the file (seed, size) builds it anew.
import { ByteWriter, type Disk, type DiskFile, assert, isMillraceError } from '../../base/index.ts'
import { crc32c } from '../../record/index.ts'
import type { Catalog } from '../catalog.ts'
import { BatchIndex } from './batch-index.ts'
import type { BatchEntry } from './directory.ts'
import type { FileHeader, FormatFault } from './format.ts'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import {
  type DiskPartition,
  type DiskPartitionState,
  JournalFile,
  type SidecarSection,
  Span,
  sidecarPath
} from './journal-file.ts'

const MAGIC = 'MRINDEX1'
const HEADER_BYTES = 32
const CHECKSUM_AT = 28

/** One partition's line of a summary. */
export interface SidecarSummary {
  readonly topicId: number
  readonly partition: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly count: number
  readonly bytes: number
  readonly maxTimestamp: number
  readonly section: SidecarSection
}

/** Writes the sidecar of `file`, whose indexes are in memory, durably; sets the sections of its spans. */
export async function writeSidecar(disk: Disk, file: JournalFile): Promise<void> {
  const sections = new ByteWriter()
  const summary = new ByteWriter()
  const found: [Span, SidecarSection][] = []
  for (const [state, span] of file.spans) {
    const position = sections.length
    writeSection(sections, span)
    const length = sections.length - position
    const checksum = crc32c(sections.buffer.subarray(position, position + length))
    const section = { position, length, checksum }
    writeSummary(summary, state, span, section)
    found.push([span, section])
  }
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(MAGIC, 'latin1')
  header.writeUInt32BE(file.number, 8)
  header.writeUInt32BE(file.header.seed, 12)
  header.writeBigInt64BE(BigInt(file.size), 16)
  header.writeUInt32BE(summary.length, 24)
  const summaryBytes = summary.slice()
  header.writeUInt32BE(checksumOf(header, summaryBytes), CHECKSUM_AT)
  await disk.replaceFile(file.sidecarPath, Buffer.concat([header, summaryBytes, sections.slice()]))
  const base = HEADER_BYTES + summary.length
  for (const [span, { position, length, checksum }] of found) {
    span.section = { position: base + position, length, checksum }
  }
}

/** The summary of a sidecar, or undefined when it is missing, damaged or not of this version of the file. */
export async function readSummary(
  disk: Disk,
  file: JournalFile
): Promise<SidecarSummary[] | undefined> {
  const handle = await openIfThere(disk, file.sidecarPath)
  if (handle === undefined) return undefined
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    if ((await handle.read(header, 0)) < HEADER_BYTES) return undefined
    const isOurs =
      header.toString('latin1', 0, 8) === MAGIC &&
      header.readUInt32BE(8) === file.number &&
      header.readUInt32BE(12) === file.header.seed &&
      header.readBigInt64BE(16) === BigInt(file.size)
    const length = header.readUInt32BE(24)
    if (!isOurs || HEADER_BYTES + length > (await handle.size())) return undefined
    const bytes = Buffer.allocUnsafe(length)
    if ((await handle.read(bytes, HEADER_BYTES)) < length) return undefined
    if (checksumOf(header, bytes) !== header.readUInt32BE(CHECKSUM_AT)) return undefined
    return decodeSummary(bytes, HEADER_BYTES + length)
  } finally {
    await handle.close()
  }
}

/** The rows of a span from its sidecar, or undefined when they are not there or damaged. */
export async function readSection(disk: Disk, span: Span): Promise<BatchIndex | undefined> {
  const { section } = span
  assert(section !== null, 'a span without an index has a section')
  const handle = await openIfThere(disk, span.file.sidecarPath)
  if (handle === undefined) return undefined
  try {
    const bytes = Buffer.allocUnsafe(section.length)
    const length = await handle.read(bytes, section.position)
    if (length < section.length || crc32c(bytes) !== section.checksum) return undefined
    return decodeSection(bytes, span)
  } finally {
    await handle.close()
  }
}

/** What is wrong with the sidecar of `file`; a missing one is not wrong: it is built when it is needed. */
export async function sidecarFault(disk: Disk, file: JournalFile): Promise<FormatFault | null> {
  if (!(await disk.exists(file.sidecarPath))) return null
  const summaries = await readSummary(disk, file)
  if (summaries === undefined) return { message: 'the index is damaged or belongs to another file' }
  const bytes = await disk.readFile(file.sidecarPath)
  for (const { section } of summaries) {
    const { position, length, checksum: expected } = section
    const found = crc32c(bytes.subarray(position, position + length))
    if (expected !== found) return { message: 'the index has a wrong checksum', expected, found }
  }
  return null
}

/** Everything that a sidecar tells, for repairing the file it belongs to. */
export interface SidecarContent {
  readonly header: FileHeader
  /** In the order of their positions. */
  readonly batches: readonly (BatchEntry & { readonly position: number })[]
}

/** Reads the sidecar of file `number` by what it says of itself; undefined when it is missing or damaged. */
export async function readSidecar(
  disk: Disk,
  folder: string,
  number: number,
  size: number
): Promise<SidecarContent | undefined> {
  const path = sidecarPath(folder, number)
  if (!(await disk.exists(path))) return undefined
  const bytes = Buffer.from(await disk.readFile(path))
  if (bytes.length < HEADER_BYTES) return undefined
  const header = { number, sequenceFirst: 0, seed: bytes.readUInt32BE(12) }
  const file = new JournalFile({ folder, header, size })
  const summaries = await readSummary(disk, file)
  const batches: (BatchEntry & { readonly position: number })[] = []
  for (const summary of summaries ?? []) {
    const { topicId, partition, section } = summary
    const rows = bytes.subarray(section.position, section.position + section.length)
    if (crc32c(rows) !== section.checksum) return undefined
    const index = decodeSection(rows, spanOf(file, summary))
    if (index === undefined) return undefined
    for (let row = 0; row < index.count; row++) {
      batches.push({
        topicId,
        partition,
        baseOffset: index.baseOffsets[row]!,
        lastOffset: index.lastOffsets[row]!,
        maxTimestamp: index.maxTimestamps[row]!,
        length: index.lengths[row]!,
        position: index.positions[row]!
      })
    }
  }
  if (summaries === undefined) return undefined
  return { header, batches: batches.toSorted((a, b) => a.position - b.position) }
}

/** Gives `file` the spans of a summary; partitions that are gone are left out. */
export function adoptSummary(
  file: JournalFile,
  summaries: readonly SidecarSummary[],
  catalog: Catalog<DiskPartition>
): void {
  for (const summary of summaries) {
    file.batchBytes += summary.bytes
    const state = catalog.partitionById(summary.topicId, summary.partition)
    if (state === undefined) continue
    file.spans.set(state, spanOf(file, summary))
  }
}

function spanOf(file: JournalFile, summary: SidecarSummary): Span {
  const span = new Span(file)
  span.firstOffset = summary.firstOffset
  span.lastOffset = summary.lastOffset
  span.count = summary.count
  span.bytes = summary.bytes
  span.maxTimestamp = summary.maxTimestamp
  span.section = summary.section
  return span
}

function writeSection(writer: ByteWriter, span: Span): void {
  const { index } = span
  assert(index !== null, 'a sidecar is written from indexes in memory')
  let offset = span.firstOffset
  let position = 0
  for (let row = 0; row < index.count; row++) {
    const base = index.baseOffsets[row]!
    const last = index.lastOffsets[row]!
    writer.varuint(base - offset)
    writer.varuint(last - base)
    writer.varuint(index.positions[row]! - position)
    writer.varuint(index.lengths[row]!)
    writer.i64be(index.maxTimestamps[row]!)
    offset = last + 1
    position = index.positions[row]! + index.lengths[row]!
  }
}

function decodeSection(bytes: Buffer, span: Span): BatchIndex | undefined {
  const index = new BatchIndex()
  const reader = new ByteReader(bytes)
  let offset = span.firstOffset
  let position = 0
  try {
    for (let row = 0; row < span.count; row++) {
      const base = offset + reader.varuint()
      const last = base + reader.varuint()
      const at = position + reader.varuint()
      const length = reader.varuint()
      index.push(base, last, at, length, reader.i64be())
      offset = last + 1
      position = at + length
    }
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
  return index
}

function writeSummary(
  writer: ByteWriter,
  state: DiskPartitionState,
  span: Span,
  section: SidecarSection
): void {
  writer.varuint(state.topic.id)
  writer.varuint(state.partition)
  writer.varuint(span.firstOffset)
  writer.varuint(span.lastOffset - span.firstOffset)
  writer.varuint(span.count)
  writer.varuint(span.bytes)
  writer.i64be(span.maxTimestamp)
  writer.varuint(section.position)
  writer.varuint(section.length)
  writer.u32be(section.checksum)
}

function decodeSummary(bytes: Buffer, base: number): SidecarSummary[] | undefined {
  const reader = new ByteReader(bytes)
  const summaries: SidecarSummary[] = []
  try {
    while (!reader.isDone) {
      const topicId = reader.varuint()
      const partition = reader.varuint()
      const firstOffset = reader.varuint()
      const lastOffset = firstOffset + reader.varuint()
      const count = reader.varuint()
      const bytes = reader.varuint()
      const maxTimestamp = reader.i64be()
      const position = base + reader.varuint()
      const section = { position, length: reader.varuint(), checksum: reader.u32be() }
      const place = { topicId, partition, firstOffset, lastOffset }
      summaries.push({ ...place, count, bytes, maxTimestamp, section })
    }
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
  return summaries
}

async function openIfThere(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path, { write: false, create: false })
  } catch (error) {
    if (isMillraceError(error, 'DISK_NOT_FOUND')) return undefined
    throw error
  }
}

function checksumOf(header: Buffer, summary: Uint8Array): number {
  return crc32c(summary, crc32c(header.subarray(0, CHECKSUM_AT)))
}
