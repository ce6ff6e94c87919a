// The Log contract: topics of partitions of record batches, and atomic commits over many of them.
//
// Owns: what every log promises. Does not own: how (memory/, disk/, later a Kafka cluster), what records
// mean, who reads. Runtime and tools know only this file.
//   L1  `commit` is atomic: after a crash all of its batches and offsets are there, or none.
//   L2  When `commit` resolves its effects are durable (memory: for the life of the object) and visible.
//       Nothing is visible before it is durable.
//   L3  Commits take effect in the order of the calls. Batches of one commit to one partition keep their order.
//   L4  Offsets of a partition are assigned contiguously from 0 and never reused. Retention and compaction
//       remove records, they never renumber.
//   L5  A batch's bytes are kept as given, except bytes 0–7 (base offset) and 12–15 (leader epoch).
//   L6  After a failed write or sync the log is fenced: every later `commit` rejects with LOG_FENCED, reads
//       go on. Only opening it again (which recovers) ends that. A failed sync is never retried.
//
// Offsets are numbers: safe integers, 2^53 records a partition.

/** How old records of a topic leave it. */
export type CleanupPolicy = 'delete' | 'compact'

/** What a user asks of a topic. Durations in ms, sizes in bytes; null means without bound. */
export interface TopicSpec {
  readonly partitions: number
  readonly cleanup: CleanupPolicy
  /** A record older than this (by its batch's max timestamp) may be dropped. Default null. */
  readonly retentionMs: number | null
  /** A partition larger than this may lose its oldest records. Default null. */
  readonly retentionBytes: number | null
  /** Internal topics (changelogs, repartition) are hidden from lists unless asked for. */
  readonly internal: boolean
}

/** What the log reports of one partition. */
export interface PartitionStatus {
  readonly partition: number
  /** First offset that is still there. */
  readonly startOffset: number
  /** Offset that the next record gets. */
  readonly endOffset: number
  /** Bytes of live batches. */
  readonly bytes: number
  /** Why reads or appends are refused, or null. */
  readonly damage: string | null
}

/** A topic: name, spec (asked for), status (found). */
export interface Topic {
  readonly name: string
  /** From 1 on, unique in this log for ever: a later topic of the same name has another one. */
  readonly id: number
  readonly spec: TopicSpec
  readonly status: { readonly partitions: readonly PartitionStatus[] }
}

/** One encoded batch for one partition. The log owns `batch` until the commit settles (L5). */
export interface CommitBatch {
  readonly topic: string
  readonly partition: number
  /** One whole batch, format v2, at most BATCH_BYTES_MAX bytes, with a valid CRC. */
  readonly batch: Uint8Array
}

/** A position that a group commits: the next offset to read, with free text beside it. */
export interface CommitOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Next offset to read; null removes the position. */
  readonly offset: number | null
  /** Up to 4,096 characters, given back as they are. */
  readonly metadata: string
}

/** What takes effect together (L1). */
export interface Commit {
  readonly batches: readonly CommitBatch[]
  readonly offsets: readonly CommitOffset[]
}

/** Where a commit's batches went: `baseOffsets[i]` is the first offset of `batches[i]`. */
export interface CommitResult {
  readonly baseOffsets: readonly number[]
}

/** A group's position, as committed. */
export interface GroupPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

/** A range of a partition to read. */
export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  /** First offset wanted; the first batch returned may begin before it. */
  readonly offset: number
  /** Soft bound; at least one batch comes back when there is one. Default READ_BYTES_MAX. */
  readonly bytesMax?: number
  /**
   * Whether `bytesMax` holds for the first batch too: when that is larger nothing comes back, `nextOffset` is where the
   * read began, and of the partition's records none was read.
   */
  readonly isBounded?: boolean
  /**
   * Memory that the result may be given in, if it fits, or what gives it for a length: a log that copies then needs
   * none of its own. It is the caller's again once the promise has settled, and with it what stands in it.
   */
  readonly into?: Buffer | ((length: number) => Buffer)
}

/** Whole batches, one behind the other. */
export interface ReadResult {
  /** Zero or more whole batches in offset order, base offsets set, checksums verified. Read only. */
  readonly bytes: Uint8Array
  /** Where to read next: after the last batch; past a gap left by compaction or retention. */
  readonly nextOffset: number
  readonly startOffset: number
  readonly endOffset: number
}

/** A partition and the offset that a waiter has reached. */
export interface WaitPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** The data plane: what tasks, producers and consumers need. Also implemented across threads. */
export interface LogData {
  /**
   * Appends all batches and positions in one step (L1–L3). Resolves when durable and visible.
   * Applies back-pressure: waits while COMMIT_QUEUE_BYTES_MAX bytes stand in front of the writer.
   * @throws TOPIC_UNKNOWN or PARTITION_UNKNOWN nothing was written; do not retry
   * @throws BATCH_CORRUPT bad length, format or CRC; nothing was written; a bug in the caller
   * @throws BATCH_TOO_LARGE over BATCH_BYTES_MAX; nothing was written
   * @throws COMMIT_TOO_LARGE all batches together are over COMMIT_QUEUE_BYTES_MAX; nothing was written
   * @throws POSITION_INVALID a group's name, offset or metadata is out of bounds; nothing was written
   * @throws PARTITION_DAMAGED the partition is refused until it is repaired
   * @throws LOG_FENCED an earlier write failed; open the log again (L6)
   * @throws LOG_CLOSED
   */
  commit(commit: Commit): Promise<CommitResult>
  /**
   * Reads whole batches from `offset` on. An `offset` below the start reads from the start; at the end gives
   * empty bytes. Never waits for new data.
   * @throws OFFSET_OUT_OF_RANGE `offset` is past the end
   * @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, PARTITION_DAMAGED, LOG_CLOSED
   */
  read(request: ReadRequest): Promise<ReadResult>
  /** Resolves once a partition has a record at or past its offset. Rejects with the signal's reason. */
  wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void>
  /** All committed positions of a group, in no order. */
  positions(group: string): Promise<readonly GroupPosition[]>
  /** @throws TOPIC_UNKNOWN */
  describeTopic(name: string): Promise<Topic>
  /** First offset whose record's timestamp is ≥ `timestampMs`, or the end offset when there is none. */
  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number>
}

/** The whole contract: data plane, topics, life cycle. */
export interface Log extends LogData {
  /**
   * Creates a topic, durable when resolved. Missing fields take the defaults: 1 partition, `delete`, no bound.
   * @throws TOPIC_EXISTS the name is taken
   * @throws TOPIC_INVALID name not `[A-Za-z0-9._-]{1,249}` or `.`/`..`, partitions not 1…PARTITIONS_MAX, bad bounds
   */
  createTopic(name: string, spec?: Partial<TopicSpec>): Promise<Topic>
  listTopics(options?: { readonly internal?: boolean }): Promise<readonly Topic[]>
  /** Changes bounds and policy, or adds partitions (never fewer). @throws TOPIC_UNKNOWN, TOPIC_INVALID */
  alterTopic(name: string, changes: Partial<TopicSpec>): Promise<Topic>
  /** Removes the topic, its records and all groups' positions in it. @throws TOPIC_UNKNOWN */
  deleteTopic(name: string): Promise<void>
  /** Moves a partition's start up to `beforeOffset` (at most the end). */
  deleteRecords(topic: string, partition: number, beforeOffset: number): Promise<void>
  /** Names of groups that have positions. */
  listGroups(): Promise<readonly string[]>
  /** Applies retention and compaction once, now; the log also does so by itself in the background. */
  cleanup(): Promise<CleanupReport>
  /** Waits for running commits, refuses new ones, releases everything. Idempotent. */
  close(): Promise<void>
}

/** What one cleanup did. */
export interface CleanupReport {
  readonly recordsRemoved: number
  readonly bytesFreed: number
}

/** Defaults of {@link TopicSpec}. */
export const TOPIC_SPEC_DEFAULT: TopicSpec = {
  partitions: 1,
  cleanup: 'delete',
  retentionMs: null,
  retentionBytes: null,
  internal: false
}
