// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
export interface DeleteRecordsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly offset: number
    }[]
  }[]
  readonly timeoutMs: number
}
export interface DeleteRecordsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly lowWatermark: number
      readonly errorCode: number
    }[]
  }[]
}
export interface FetchRequest {
  readonly clusterId: string | null
  readonly replicaId: number
  readonly replicaState: {
    readonly replicaId: number
    readonly replicaEpoch: number
  }
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolationLevel: number
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly {
    readonly topic: string
    readonly topicId: string
    readonly partitions: readonly {
      readonly partition: number
      readonly currentLeaderEpoch: number
      readonly fetchOffset: number
      readonly lastFetchedEpoch: number
      readonly logStartOffset: number
      readonly partitionMaxBytes: number
      readonly replicaDirectoryId: string
    }[]
  }[]
  readonly forgottenTopicsData: readonly {
    readonly topic: string
    readonly topicId: string
    readonly partitions: readonly number[]
  }[]
  readonly rackId: string
}
export interface FetchResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly sessionId: number
  readonly responses: readonly {
    readonly topic: string
    readonly topicId: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly highWatermark: number
      readonly lastStableOffset: number
      readonly logStartOffset: number
      readonly divergingEpoch: {
        readonly epoch: number
        readonly endOffset: number
      }
      readonly currentLeader: {
        readonly leaderId: number
        readonly leaderEpoch: number
      }
      readonly snapshotId: {
        readonly endOffset: number
        readonly epoch: number
      }
      readonly abortedTransactions: readonly {
        readonly producerId: number
        readonly firstOffset: number
      }[] | null
      readonly preferredReadReplica: number
      readonly records: Uint8Array | null
    }[]
  }[]
  readonly nodeEndpoints: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
}
export interface ListOffsetsRequest {
  readonly replicaId: number
  readonly isolationLevel: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly currentLeaderEpoch: number
      readonly timestamp: number
      readonly maxNumOffsets: number
    }[]
  }[]
  readonly timeoutMs: number
}
export interface ListOffsetsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly oldStyleOffsets: readonly number[]
      readonly timestamp: number
      readonly offset: number
      readonly leaderEpoch: number
    }[]
  }[]
}
export interface OffsetForLeaderEpochRequest {
  readonly replicaId: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly currentLeaderEpoch: number
      readonly leaderEpoch: number
    }[]
  }[]
}
export interface OffsetForLeaderEpochResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly errorCode: number
      readonly partition: number
      readonly leaderEpoch: number
      readonly endOffset: number
    }[]
  }[]
}
export interface ProduceRequest {
  readonly transactionalId: string | null
  readonly acks: number
  readonly timeoutMs: number
  readonly topicData: readonly {
    readonly name: string
    readonly partitionData: readonly {
      readonly index: number
      readonly records: Uint8Array | null
    }[]
  }[]
}
export interface ProduceResponse {
  readonly responses: readonly {
    readonly name: string
    readonly partitionResponses: readonly {
      readonly index: number
      readonly errorCode: number
      readonly baseOffset: number
      readonly logAppendTimeMs: number
      readonly logStartOffset: number
      readonly recordErrors: readonly {
        readonly batchIndex: number
        readonly batchIndexErrorMessage: string | null
      }[]
      readonly errorMessage: string | null
      readonly currentLeader: {
        readonly leaderId: number
        readonly leaderEpoch: number
      }
    }[]
  }[]
  readonly throttleTimeMs: number
  readonly nodeEndpoints: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
}
/** Those of this file by the name of their API. */
export interface RecordsMessages {
  readonly DeleteRecords: { readonly request: DeleteRecordsRequest; readonly response: DeleteRecordsResponse }
  readonly Fetch: { readonly request: FetchRequest; readonly response: FetchResponse }
  readonly ListOffsets: { readonly request: ListOffsetsRequest; readonly response: ListOffsetsResponse }
  readonly OffsetForLeaderEpoch: { readonly request: OffsetForLeaderEpochRequest; readonly response: OffsetForLeaderEpochResponse }
  readonly Produce: { readonly request: ProduceRequest; readonly response: ProduceResponse }
}
