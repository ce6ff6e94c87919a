// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
export interface AddOffsetsToTxnRequest {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly groupId: string
}
export interface AddOffsetsToTxnResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
}
export interface AddPartitionsToTxnRequest {
  readonly transactions: readonly {
    readonly transactionalId: string
    readonly producerId: number
    readonly producerEpoch: number
    readonly verifyOnly: boolean
    readonly topics: readonly {
      readonly name: string
      readonly partitions: readonly number[]
    }[]
  }[]
  readonly v3AndBelowTransactionalId: string
  readonly v3AndBelowProducerId: number
  readonly v3AndBelowProducerEpoch: number
  readonly v3AndBelowTopics: readonly {
    readonly name: string
    readonly partitions: readonly number[]
  }[]
}
export interface AddPartitionsToTxnResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly resultsByTransaction: readonly {
    readonly transactionalId: string
    readonly topicResults: readonly {
      readonly name: string
      readonly resultsByPartition: readonly {
        readonly partitionIndex: number
        readonly partitionErrorCode: number
      }[]
    }[]
  }[]
  readonly resultsByTopicV3AndBelow: readonly {
    readonly name: string
    readonly resultsByPartition: readonly {
      readonly partitionIndex: number
      readonly partitionErrorCode: number
    }[]
  }[]
}
export interface DescribeProducersRequest {
  readonly topics: readonly {
    readonly name: string
    readonly partitionIndexes: readonly number[]
  }[]
}
export interface DescribeProducersResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly errorMessage: string | null
      readonly activeProducers: readonly {
        readonly producerId: number
        readonly producerEpoch: number
        readonly lastSequence: number
        readonly lastTimestamp: number
        readonly coordinatorEpoch: number
        readonly currentTxnStartOffset: number
      }[]
    }[]
  }[]
}
export interface DescribeTransactionsRequest {
  readonly transactionalIds: readonly string[]
}
export interface DescribeTransactionsResponse {
  readonly throttleTimeMs: number
  readonly transactionStates: readonly {
    readonly errorCode: number
    readonly transactionalId: string
    readonly transactionState: string
    readonly transactionTimeoutMs: number
    readonly transactionStartTimeMs: number
    readonly producerId: number
    readonly producerEpoch: number
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly number[]
    }[]
  }[]
}
export interface EndTxnRequest {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly committed: boolean
}
export interface EndTxnResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
}
export interface InitProducerIdRequest {
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  readonly producerId: number
  readonly producerEpoch: number
}
export interface InitProducerIdResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}
export interface ListTransactionsRequest {
  readonly stateFilters: readonly string[]
  readonly producerIdFilters: readonly number[]
  readonly durationFilter: number
}
export interface ListTransactionsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly unknownStateFilters: readonly string[]
  readonly transactionStates: readonly {
    readonly transactionalId: string
    readonly producerId: number
    readonly transactionState: string
  }[]
}
export interface TxnOffsetCommitRequest {
  readonly transactionalId: string
  readonly groupId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly committedOffset: number
      readonly committedLeaderEpoch: number
      readonly committedMetadata: string | null
    }[]
  }[]
}
export interface TxnOffsetCommitResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
    }[]
  }[]
}
/** Those of this file by the name of their API. */
export interface TransactionsMessages {
  readonly AddOffsetsToTxn: { readonly request: AddOffsetsToTxnRequest; readonly response: AddOffsetsToTxnResponse }
  readonly AddPartitionsToTxn: { readonly request: AddPartitionsToTxnRequest; readonly response: AddPartitionsToTxnResponse }
  readonly DescribeProducers: { readonly request: DescribeProducersRequest; readonly response: DescribeProducersResponse }
  readonly DescribeTransactions: { readonly request: DescribeTransactionsRequest; readonly response: DescribeTransactionsResponse }
  readonly EndTxn: { readonly request: EndTxnRequest; readonly response: EndTxnResponse }
  readonly InitProducerId: { readonly request: InitProducerIdRequest; readonly response: InitProducerIdResponse }
  readonly ListTransactions: { readonly request: ListTransactionsRequest; readonly response: ListTransactionsResponse }
  readonly TxnOffsetCommit: { readonly request: TxnOffsetCommitRequest; readonly response: TxnOffsetCommitResponse }
}
