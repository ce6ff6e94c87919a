// The directory of a frame: which batches follow it, and what it changes in the catalog. Pure.
//
// Entries stand one behind the other until the directory's end, each behind a byte that says what it is. Numbers
// are varuints, timestamps 64 bits, texts UTF-8 behind their length; a bound that may be null is stored plus one.
import type { ByteWriter } from '../../base/index.ts'
import type { CatalogChange } from '../catalog.ts'
import type { TopicSpec } from '../log.ts'
import { ByteReader, MalformedBytes } from './byte-reader.ts'

const TAG = {
  batch: 1,
  topicCreated: 2,
  topicAltered: 3,
  topicDeleted: 4,
  startMoved: 5,
  position: 6,
  idsUsed: 7
} as const

/** A batch of a frame; batches stand behind the directory in the order of their entries. */
export interface BatchEntry {
  readonly topicId: number
  readonly partition: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly length: number
}

/** A whole directory. Its batches come before its changes. */
export interface Directory {
  readonly batches: readonly BatchEntry[]
  readonly changes: readonly CatalogChange[]
}

/** Appends the entry of a batch. */
export function writeBatchEntry(
  writer: ByteWriter,
  topicId: number,
  partition: number,
  baseOffset: number,
  lastOffset: number,
  maxTimestamp: number,
  length: number
): void {
  // Hot: per batch.
  writer.u8(TAG.batch)
  writer.varuint(topicId)
  writer.varuint(partition)
  writer.varuint(baseOffset)
  writer.varuint(lastOffset - baseOffset)
  writer.i64be(maxTimestamp)
  writer.varuint(length)
}

/** Appends the entry of a change. */
export function writeChange(writer: ByteWriter, change: CatalogChange): void {
  switch (change.kind) {
    case 'topic-created':
      writer.u8(TAG.topicCreated)
      writer.varuint(change.topicId)
      writeText(writer, change.name)
      writeSpec(writer, change.spec)
      writer.varuint(change.bounds.length)
      for (const { startOffset, endOffset } of change.bounds) {
        writer.varuint(startOffset)
        writer.varuint(endOffset)
      }
      return
    case 'topic-altered':
      writer.u8(TAG.topicAltered)
      writer.varuint(change.topicId)
      return writeSpec(writer, change.spec)
    case 'topic-deleted':
      writer.u8(TAG.topicDeleted)
      return writer.varuint(change.topicId)
    case 'start-moved':
      writer.u8(TAG.startMoved)
      writer.varuint(change.topicId)
      writer.varuint(change.partition)
      return writer.varuint(change.startOffset)
    case 'position':
      writer.u8(TAG.position)
      writer.varuint(change.topicId)
      writer.varuint(change.partition)
      writeNullable(writer, change.offset)
      writeText(writer, change.group)
      return writeText(writer, change.metadata)
    case 'ids-used':
      writer.u8(TAG.idsUsed)
      return writer.varuint(change.topicIdLast)
  }
}

/** The directory in `start`…`end` of `bytes`, or undefined when it is malformed. */
export function readDirectory(bytes: Buffer, start: number, end: number): Directory | undefined {
  const reader = new ByteReader(bytes, start, end)
  const batches: BatchEntry[] = []
  const changes: CatalogChange[] = []
  try {
    while (!reader.isDone) {
      const tag = reader.u8()
      if (tag === TAG.batch) batches.push(readBatchEntry(reader))
      else changes.push(readChange(reader, tag))
    }
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
  return { batches, changes }
}

function readBatchEntry(reader: ByteReader): BatchEntry {
  const topicId = reader.varuint()
  const partition = reader.varuint()
  const baseOffset = reader.varuint()
  const lastOffset = baseOffset + reader.varuint()
  return {
    topicId,
    partition,
    baseOffset,
    lastOffset,
    maxTimestamp: reader.i64be(),
    length: reader.varuint()
  }
}

function readChange(reader: ByteReader, tag: number): CatalogChange {
  switch (tag) {
    case TAG.topicCreated: {
      const topicId = reader.varuint()
      const name = reader.text()
      const spec = readSpec(reader)
      const bounds = []
      for (let left = reader.varuint(); left > 0; left--) {
        bounds.push({ startOffset: reader.varuint(), endOffset: reader.varuint() })
      }
      return { kind: 'topic-created', topicId, name, spec, bounds }
    }
    case TAG.topicAltered:
      return { kind: 'topic-altered', topicId: reader.varuint(), spec: readSpec(reader) }
    case TAG.topicDeleted:
      return { kind: 'topic-deleted', topicId: reader.varuint() }
    case TAG.startMoved: {
      const topicId = reader.varuint()
      const partition = reader.varuint()
      return { kind: 'start-moved', topicId, partition, startOffset: reader.varuint() }
    }
    case TAG.position: {
      const topicId = reader.varuint()
      const partition = reader.varuint()
      const offset = readNullable(reader)
      const group = reader.text()
      return { kind: 'position', group, topicId, partition, offset, metadata: reader.text() }
    }
    case TAG.idsUsed:
      return { kind: 'ids-used', topicIdLast: reader.varuint() }
    default:
      throw new MalformedBytes(`an entry of unknown kind ${tag}`)
  }
}

function writeSpec(writer: ByteWriter, spec: TopicSpec): void {
  writer.varuint(spec.partitions)
  writer.u8(spec.cleanup === 'compact' ? 1 : 0)
  writeNullable(writer, spec.retentionMs)
  writeNullable(writer, spec.retentionBytes)
  writer.u8(spec.internal ? 1 : 0)
}

function readSpec(reader: ByteReader): TopicSpec {
  return {
    partitions: reader.varuint(),
    cleanup: reader.u8() === 1 ? 'compact' : 'delete',
    retentionMs: readNullable(reader),
    retentionBytes: readNullable(reader),
    internal: reader.u8() === 1
  }
}

function writeNullable(writer: ByteWriter, value: number | null): void {
  writer.varuint(value === null ? 0 : value + 1)
}

function readNullable(reader: ByteReader): number | null {
  const value = reader.varuint()
  return value === 0 ? null : value - 1
}

function writeText(writer: ByteWriter, text: string): void {
  writer.varuint(Buffer.byteLength(text))
  writer.utf8(text)
}
