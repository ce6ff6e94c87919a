// Topics as a table: those of a client, and those of a log that runs in this process.
import type { TopicObject } from '../../client/index.ts'
import type { Topic } from '../../server/index.ts'
import { formatBytes, formatDuration, type Cell } from './output.ts'

/** What the table says of a topic. */
export interface TopicRow {
  readonly name: string
  readonly partitions: number
  readonly records: number
  readonly bytes: number | null
  readonly cleanup: string
  readonly retentionMs: number | null
  readonly retentionBytes: number | null
  readonly isDamaged: boolean
}

/** Columns of `topic list` and of the shell's `show topics`. */
export const TOPIC_COLUMNS: readonly string[] = [
  'topic',
  'partitions',
  'records',
  'size',
  'cleanup',
  'retention',
  'damage'
]

/** A line of these columns. */
export function topicCells(row: TopicRow): readonly Cell[] {
  return [
    row.name,
    row.partitions,
    row.records,
    row.bytes === null ? null : formatBytes(row.bytes),
    row.cleanup,
    retentionText(row),
    row.isDamaged ? 'damaged' : null
  ]
}

/** How long records stay; null: without bound, or as the cluster has it. */
export function retentionText(
  row: Pick<TopicRow, 'retentionMs' | 'retentionBytes'>
): string | null {
  const { retentionMs, retentionBytes } = row
  const parts = [
    retentionMs === null ? '' : formatDuration(retentionMs),
    retentionBytes === null ? '' : formatBytes(retentionBytes)
  ].filter(part => part !== '')
  return parts.length === 0 ? null : parts.join(', ')
}

/** The row of a topic of a client. */
export function rowOfObject({ name, spec, status }: TopicObject): TopicRow {
  const bound = (config: string): number | null => {
    const value = Number(spec.configs[config] ?? -1)
    return value < 0 ? null : value
  }
  return {
    name,
    partitions: spec.partitions,
    records: status.records,
    bytes: status.bytes,
    cleanup: spec.configs['cleanup.policy'] ?? 'delete',
    retentionMs: bound('retention.ms'),
    retentionBytes: bound('retention.bytes'),
    isDamaged: status.resolution === 'damaged'
  }
}

/** The row of a topic of a log. */
export function rowOfTopic({ name, spec, status }: Topic): TopicRow {
  const { partitions } = status
  return {
    name,
    partitions: spec.partitions,
    // Offsets between start and end: after compaction fewer records may be there.
    records: partitions.reduce((sum, each) => sum + each.endOffset - each.startOffset, 0),
    bytes: partitions.reduce((sum, each) => sum + each.bytes, 0),
    cleanup: spec.cleanup,
    retentionMs: spec.retentionMs,
    retentionBytes: spec.retentionBytes,
    isDamaged: partitions.some(partition => partition.damage !== null)
  }
}
