// The contract between what users hold and what reaches a log: one implementation for data directories of this
// machine (`embedded/`), one for servers of Kafka's protocol (`kafka/`).
//
// Owns: the words. Does not own: batching, positions, typed values, which `producer/`, `consumer/` and `admin/` add.
//   V1  A send that resolved is as durable as the log makes it; one that rejected may have been written or not,
//       unless it belongs to a transaction, which then cannot be committed.
//   V2  Of a partition, a reader gives records in the order of their offsets, and each once.
//   V3  Readers of committed records get nothing of open or aborted transactions.
//   V4  Errors are MillraceErrors; `retriable` ones may succeed later without a change by the caller.
import type { Clock } from '../base/index.ts'
import type { RecordHeader } from '../record/index.ts'

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A place in a partition: the offset of a record, or of the next one. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: number
}

/** What readers see of transactions: only records of those that were committed, or all. */
export type Isolation = 'committed' | 'uncommitted'

/** A record as bytes, on its way into a partition. */
export interface RawRecord extends TopicPartition {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly RecordHeader[]
}

/** A record as bytes, as it was read. Its bytes are the reader's alone. */
export interface ReadRecord {
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

/** What one fetch gave of one partition. */
export interface Fetched extends TopicPartition {
  /** In the order of offsets, none below what was asked for. */
  readonly records: readonly ReadRecord[]
  /** Where to go on, also past records that are not given. */
  readonly nextOffset: number
  /** null, or OFFSET_OUT_OF_RANGE: the offset is not there. */
  readonly problem: 'OFFSET_OUT_OF_RANGE' | null
}

/** What to fetch from one node. */
export interface FetchRequest {
  readonly node: number
  readonly positions: readonly PartitionOffset[]
  readonly isolation: Isolation
  /** Bytes of all partitions together; at least one batch comes when there is one. */
  readonly bytesMax: number
  readonly partitionBytesMax: number
  /** How long to wait where nothing is there, ms. */
  readonly waitMs: number
}

/** Reads partitions for one consumer. */
export interface Reader {
  /** Who leads each partition now. @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN */
  leaders(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<number, TopicPartition[]>>
  /** One at a time for a node. @throws TOPIC_UNKNOWN, and retriable errors of the network */
  fetch(request: FetchRequest): Promise<readonly Fetched[]>
  /** Ends what waits. Idempotent. */
  close(): Promise<void>
}

/** Where to look for an offset: an end of what is there, or the first record at or after a time. */
export type OffsetQuery = TopicPartition & {
  readonly at: 'beginning' | 'end' | { readonly timeMs: number }
}

/** A member of a consumer group. */
export interface Membership {
  /** false where positions are only kept under the group's name. */
  readonly isMember: boolean
  /** Positions of partitions that are its own. @throws GROUP_REBALANCED (retriable) they no longer are */
  commit(positions: readonly PartitionOffset[]): Promise<void>
  /** Leaves the group, so that others take over at once. Idempotent. */
  leave(): Promise<void>
}

/** What a member is told. */
export interface MembershipEvents {
  /** Partitions may be another's soon: what was processed of them is to be committed now. */
  onRevoke(): Promise<void>
  /**
   * The partitions that are its own from now on. `goesOn`: those that were its own before were nobody else's since,
   * so the member may go on where it is; otherwise where positions were committed.
   */
  onAssign(partitions: readonly TopicPartition[], goesOn: boolean): void
  /** The membership has ended for good. */
  onError(error: Error): void
}

export interface JoinRequest {
  readonly group: string
  readonly topics: readonly string[]
  /** How long a member may be silent before its partitions go to others, ms. */
  readonly sessionTimeoutMs: number
  /** Name of a static member; null: none. */
  readonly instance: string | null
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface ProducerRequest {
  readonly compression: Compression
  /** Whether sends are tried again; with them idempotent, so that none is written twice. */
  readonly retries: boolean
  readonly idempotent: boolean
  /** Transactions under this name; null: none. A later producer of the same name fences this one. */
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
}

/** Where records of a send went: first offset of each partition; none in a transaction of a data directory. */
export type SentTo = readonly PartitionOffset[]

/** Writes for one producer: one call at a time. */
export interface Writer {
  /** V1. @throws TOPIC_UNKNOWN, RECORD_TOO_LARGE, PRODUCER_FENCED, … */
  send(records: readonly RawRecord[]): Promise<SentTo>
  begin(): Promise<void>
  /** Positions of a group become durable with the transaction, or not at all. */
  addPositions(membership: Membership, positions: readonly PartitionOffset[]): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
  close(): Promise<void>
}

/** A node that holds partitions. */
export interface NodeFacts {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface ClusterFacts {
  readonly id: string
  /** Node that decides about topics; null when unknown. */
  readonly controller: number | null
  readonly nodes: readonly NodeFacts[]
}

export interface PartitionFacts {
  readonly partition: number
  /** null: nobody leads it now. */
  readonly leader: number | null
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
  readonly offline: readonly number[]
  /** Why it is refused, or null. */
  readonly damage: string | null
}

export interface TopicFacts {
  readonly name: string
  readonly internal: boolean
  readonly partitions: readonly PartitionFacts[]
}

/** One configuration of a topic. */
export interface ConfigFacts {
  readonly name: string
  readonly value: string | null
  readonly isDefault: boolean
  readonly isFixed: boolean
}

export interface NewTopic {
  readonly name: string
  /** null: as the cluster has it. */
  readonly partitions: number | null
  readonly replicas: number | null
  /** Names and texts as Kafka has them, such as `retention.ms`. */
  readonly configs: Readonly<Record<string, string>>
}

export interface GroupFacts {
  readonly name: string
  /** As Kafka says it: Empty, Stable, … */
  readonly state: string
  readonly type: string
}

export interface MemberFacts {
  readonly id: string
  readonly instance: string | null
  readonly client: string
  readonly host: string
  readonly partitions: readonly TopicPartition[]
}

/** Asks and changes what a log has. Topics must exist unless they are made: else TOPIC_UNKNOWN. */
export interface DriverAdmin {
  cluster(): Promise<ClusterFacts>
  /** All topics; when `internal` with those that the engine, or a Kafka cluster, keeps for itself and shows. */
  topics(internal: boolean): Promise<readonly TopicFacts[]>
  topic(name: string): Promise<TopicFacts>
  /** Resolves when the topic can be written to. @throws TOPIC_EXISTS, TOPIC_INVALID, CONFIG_INVALID */
  createTopic(topic: NewTopic): Promise<void>
  deleteTopic(name: string): Promise<void>
  /** @throws TOPIC_INVALID not more than there are */
  addPartitions(topic: string, total: number): Promise<void>
  configs(topic: string): Promise<readonly ConfigFacts[]>
  /** null: back to the default. @throws CONFIG_INVALID */
  alterConfigs(topic: string, changes: Readonly<Record<string, string | null>>): Promise<void>
  /** Removes what lies before an offset. @throws OFFSET_OUT_OF_RANGE */
  deleteRecords(before: readonly PartitionOffset[]): Promise<void>
  /** Bytes on disk of each partition on its leader; null where that is not known. */
  sizes(topics: readonly string[]): Promise<(partition: TopicPartition) => number | null>
  /** In the order of the queries. A time after the last record gives the end. */
  offsets(queries: readonly OffsetQuery[], isolation: Isolation): Promise<readonly number[]>
  groups(): Promise<readonly GroupFacts[]>
  /** @throws GROUP_UNKNOWN */
  members(group: string): Promise<readonly MemberFacts[]>
  /** @throws GROUP_UNKNOWN, GROUP_NOT_EMPTY */
  deleteGroup(group: string): Promise<void>
  /** `isStable`: waits for transactions that are about to change them. */
  positions(group: string, isStable?: boolean): Promise<readonly PartitionOffset[]>
  /** Of a group without members; null removes a position. @throws GROUP_NOT_EMPTY */
  setPositions(
    group: string,
    positions: readonly (TopicPartition & { readonly offset: number | null })[]
  ): Promise<void>
}

/** Reaches one log. */
export interface Driver {
  readonly admin: DriverAdmin
  reader(): Promise<Reader>
  join(request: JoinRequest, events: MembershipEvents): Promise<Membership>
  writer(request: ProducerRequest): Promise<Writer>
  /** Ends connections or closes the data directory. Idempotent. */
  close(): Promise<void>
}

/** What producers and consumers need of the client that made them. */
export interface ClientParts {
  readonly driver: Driver
  readonly clock: Clock
  readonly onClose: (made: Closeable) => void
}

/** Something that its client closes, if nobody else did. */
export interface Closeable {
  close(): Promise<void>
}
