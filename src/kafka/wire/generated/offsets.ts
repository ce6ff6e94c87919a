// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
export interface OffsetCommitRequest {
  readonly groupId: string
  readonly generationIdOrMemberEpoch: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly retentionTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly committedOffset: number
      readonly committedLeaderEpoch: number
      readonly commitTimestamp: number
      readonly committedMetadata: string | null
    }[]
  }[]
}
export interface OffsetCommitResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
    }[]
  }[]
}
export interface OffsetDeleteRequest {
  readonly groupId: string
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
    }[]
  }[]
}
export interface OffsetDeleteResponse {
  readonly errorCode: number
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
    }[]
  }[]
}
export interface OffsetFetchRequest {
  readonly groupId: string
  readonly topics: readonly {
    readonly name: string
    readonly partitionIndexes: readonly number[]
  }[] | null
  readonly groups: readonly {
    readonly groupId: string
    readonly memberId: string | null
    readonly memberEpoch: number
    readonly topics: readonly {
      readonly name: string
      readonly partitionIndexes: readonly number[]
    }[] | null
  }[]
  readonly requireStable: boolean
}
export interface OffsetFetchResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly committedOffset: number
      readonly committedLeaderEpoch: number
      readonly metadata: string | null
      readonly errorCode: number
    }[]
  }[]
  readonly errorCode: number
  readonly groups: readonly {
    readonly groupId: string
    readonly topics: readonly {
      readonly name: string
      readonly partitions: readonly {
        readonly partitionIndex: number
        readonly committedOffset: number
        readonly committedLeaderEpoch: number
        readonly metadata: string | null
        readonly errorCode: number
      }[]
    }[]
    readonly errorCode: number
  }[]
}
/** Those of this file by the name of their API. */
export interface OffsetsMessages {
  readonly OffsetCommit: { readonly request: OffsetCommitRequest; readonly response: OffsetCommitResponse }
  readonly OffsetDelete: { readonly request: OffsetDeleteRequest; readonly response: OffsetDeleteResponse }
  readonly OffsetFetch: { readonly request: OffsetFetchRequest; readonly response: OffsetFetchResponse }
}
