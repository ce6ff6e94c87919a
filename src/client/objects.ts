// What administrators see: objects with name, spec, status and owner, plain data for JSON, YAML and tables.
import type { MemberFacts, PartitionOffset } from './driver.ts'

/** An object of a cluster. The spec is what was asked for, the status what is; `owner` goes, and it goes too. */
export interface ClusterObject<Kind extends string, Spec, Status> {
  readonly kind: Kind
  readonly name: string
  readonly spec: Spec
  readonly status: Status
  readonly owner: { readonly kind: string; readonly name: string } | null
}

/** `provisioned`: all partitions have leaders. */
export type TopicResolution = 'provisioned' | 'pending' | 'damaged'

export type TopicObject = ClusterObject<
  'topic',
  {
    readonly partitions: number
    readonly replicas: number
    readonly internal: boolean
    /** Configurations that differ from the cluster's. */
    readonly configs: Readonly<Record<string, string | null>>
  },
  {
    readonly resolution: TopicResolution
    /** Records there may be: ends less beginnings. */
    readonly records: number
    /** Bytes on disk; null where that is not known. */
    readonly bytes: number | null
  }
>

/** As the seed has it: `leader-offline` has replicas, but nobody leads. */
export type PartitionResolution = 'online' | 'offline' | 'leader-offline' | 'damaged'

export type PartitionObject = ClusterObject<
  'partition',
  { readonly topic: string; readonly partition: number; readonly replicas: readonly number[] },
  {
    readonly resolution: PartitionResolution
    readonly leader: number | null
    readonly inSync: readonly number[]
    /** First offset that is there; null while nobody leads. */
    readonly startOffset: number | null
    /** Offset that the next record gets. */
    readonly endOffset: number | null
    readonly bytes: number | null
    readonly damage: string | null
  }
>

export type SpuObject = ClusterObject<
  'spu',
  {
    readonly id: number
    readonly type: 'custom'
    readonly endpoint: { readonly host: string; readonly port: number }
    readonly rack: string | null
  },
  {
    readonly resolution: 'online'
    readonly controller: boolean
    readonly leads: number
    readonly holds: number
  }
>

export type SpuGroupObject = ClusterObject<
  'spu-group',
  { readonly replicas: number; readonly minId: number },
  { readonly resolution: 'reserved'; readonly spus: readonly string[] }
>

export type GroupObject = ClusterObject<
  'group',
  { readonly type: string },
  { readonly state: string; readonly members: number }
>

/** A group with all about it. */
export type GroupDetails = ClusterObject<
  'group',
  { readonly type: string },
  {
    readonly state: string
    readonly members: readonly MemberFacts[]
    readonly positions: readonly (PartitionOffset & {
      readonly endOffset: number
      /** Records that are not consumed. */
      readonly lag: number
      /** The member that reads it; null: nobody. */
      readonly member: string | null
    })[]
  }
>

/** What a new topic is to be. Left out: as the cluster has it. */
export interface TopicOptions {
  readonly partitions?: number
  readonly replicas?: number
  /** As Kafka names them, such as `{'retention.ms': '3600000'}`. */
  readonly configs?: Readonly<Record<string, string>>
}
