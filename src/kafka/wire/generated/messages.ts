// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
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
export interface MetadataRequest {
  readonly topics: readonly {
    readonly topicId: string
    readonly name: string | null
  }[] | null
  readonly allowAutoTopicCreation: boolean
  readonly includeClusterAuthorizedOperations: boolean
  readonly includeTopicAuthorizedOperations: boolean
}
export interface MetadataResponse {
  readonly throttleTimeMs: number
  readonly brokers: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
  readonly clusterId: string | null
  readonly controllerId: number
  readonly topics: readonly {
    readonly errorCode: number
    readonly name: string | null
    readonly topicId: string
    readonly isInternal: boolean
    readonly partitions: readonly {
      readonly errorCode: number
      readonly partitionIndex: number
      readonly leaderId: number
      readonly leaderEpoch: number
      readonly replicaNodes: readonly number[]
      readonly isrNodes: readonly number[]
      readonly offlineReplicas: readonly number[]
    }[]
    readonly topicAuthorizedOperations: number
  }[]
  readonly clusterAuthorizedOperations: number
}
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
export interface FindCoordinatorRequest {
  readonly key: string
  readonly keyType: number
  readonly coordinatorKeys: readonly string[]
}
export interface FindCoordinatorResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly coordinators: readonly {
    readonly key: string
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface JoinGroupRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocols: readonly {
    readonly name: string
    readonly metadata: Uint8Array
  }[]
  readonly reason: string | null
}
export interface JoinGroupResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly metadata: Uint8Array
  }[]
}
export interface HeartbeatRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}
export interface HeartbeatResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
}
export interface LeaveGroupRequest {
  readonly groupId: string
  readonly memberId: string
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly reason: string | null
  }[]
}
export interface LeaveGroupResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly errorCode: number
  }[]
}
export interface SyncGroupRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly {
    readonly memberId: string
    readonly assignment: Uint8Array
  }[]
}
export interface SyncGroupResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Uint8Array
}
export interface DescribeGroupsRequest {
  readonly groups: readonly string[]
  readonly includeAuthorizedOperations: boolean
}
export interface DescribeGroupsResponse {
  readonly throttleTimeMs: number
  readonly groups: readonly {
    readonly errorCode: number
    readonly groupId: string
    readonly groupState: string
    readonly protocolType: string
    readonly protocolData: string
    readonly members: readonly {
      readonly memberId: string
      readonly groupInstanceId: string | null
      readonly clientId: string
      readonly clientHost: string
      readonly memberMetadata: Uint8Array
      readonly memberAssignment: Uint8Array
    }[]
    readonly authorizedOperations: number
  }[]
}
export interface ListGroupsRequest {
  readonly statesFilter: readonly string[]
  readonly typesFilter: readonly string[]
}
export interface ListGroupsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly groups: readonly {
    readonly groupId: string
    readonly protocolType: string
    readonly groupState: string
    readonly groupType: string
  }[]
}
export interface SaslHandshakeRequest {
  readonly mechanism: string
}
export interface SaslHandshakeResponse {
  readonly errorCode: number
  readonly mechanisms: readonly string[]
}
export interface ApiVersionsRequest {
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
}
export interface ApiVersionsResponse {
  readonly errorCode: number
  readonly apiKeys: readonly {
    readonly apiKey: number
    readonly minVersion: number
    readonly maxVersion: number
  }[]
  readonly throttleTimeMs: number
  readonly supportedFeatures: readonly {
    readonly name: string
    readonly minVersion: number
    readonly maxVersion: number
  }[]
  readonly finalizedFeaturesEpoch: number
  readonly finalizedFeatures: readonly {
    readonly name: string
    readonly maxVersionLevel: number
    readonly minVersionLevel: number
  }[]
  readonly zkMigrationReady: boolean
}
export interface CreateTopicsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly numPartitions: number
    readonly replicationFactor: number
    readonly assignments: readonly {
      readonly partitionIndex: number
      readonly brokerIds: readonly number[]
    }[]
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
    }[]
  }[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}
export interface CreateTopicsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly topicId: string
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly topicConfigErrorCode: number
    readonly numPartitions: number
    readonly replicationFactor: number
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
      readonly readOnly: boolean
      readonly configSource: number
      readonly isSensitive: boolean
    }[] | null
  }[]
}
export interface DeleteTopicsRequest {
  readonly topics: readonly {
    readonly name: string | null
    readonly topicId: string
  }[]
  readonly topicNames: readonly string[]
  readonly timeoutMs: number
}
export interface DeleteTopicsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly name: string | null
    readonly topicId: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
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
export interface DescribeAclsRequest {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter: number
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}
export interface DescribeAclsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly patternType: number
    readonly acls: readonly {
      readonly principal: string
      readonly host: string
      readonly operation: number
      readonly permissionType: number
    }[]
  }[]
}
export interface CreateAclsRequest {
  readonly creations: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly resourcePatternType: number
    readonly principal: string
    readonly host: string
    readonly operation: number
    readonly permissionType: number
  }[]
}
export interface CreateAclsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface DeleteAclsRequest {
  readonly filters: readonly {
    readonly resourceTypeFilter: number
    readonly resourceNameFilter: string | null
    readonly patternTypeFilter: number
    readonly principalFilter: string | null
    readonly hostFilter: string | null
    readonly operation: number
    readonly permissionType: number
  }[]
}
export interface DeleteAclsResponse {
  readonly throttleTimeMs: number
  readonly filterResults: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly matchingAcls: readonly {
      readonly errorCode: number
      readonly errorMessage: string | null
      readonly resourceType: number
      readonly resourceName: string
      readonly patternType: number
      readonly principal: string
      readonly host: string
      readonly operation: number
      readonly permissionType: number
    }[]
  }[]
}
export interface DescribeConfigsRequest {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly configurationKeys: readonly string[] | null
  }[]
  readonly includeSynonyms: boolean
  readonly includeDocumentation: boolean
}
export interface DescribeConfigsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly resourceType: number
    readonly resourceName: string
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
      readonly readOnly: boolean
      readonly isDefault: boolean
      readonly configSource: number
      readonly isSensitive: boolean
      readonly synonyms: readonly {
        readonly name: string
        readonly value: string | null
        readonly source: number
      }[]
      readonly configType: number
      readonly documentation: string | null
    }[]
  }[]
}
export interface AlterConfigsRequest {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
    }[]
  }[]
  readonly validateOnly: boolean
}
export interface AlterConfigsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly resourceType: number
    readonly resourceName: string
  }[]
}
export interface DescribeLogDirsRequest {
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly number[]
  }[] | null
}
export interface DescribeLogDirsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly results: readonly {
    readonly errorCode: number
    readonly logDir: string
    readonly topics: readonly {
      readonly name: string
      readonly partitions: readonly {
        readonly partitionIndex: number
        readonly partitionSize: number
        readonly offsetLag: number
        readonly isFutureKey: boolean
      }[]
    }[]
    readonly totalBytes: number
    readonly usableBytes: number
  }[]
}
export interface SaslAuthenticateRequest {
  readonly authBytes: Uint8Array
}
export interface SaslAuthenticateResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly authBytes: Uint8Array
  readonly sessionLifetimeMs: number
}
export interface CreatePartitionsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly count: number
    readonly assignments: readonly {
      readonly brokerIds: readonly number[]
    }[] | null
  }[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}
export interface CreatePartitionsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly name: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface DeleteGroupsRequest {
  readonly groupsNames: readonly string[]
}
export interface DeleteGroupsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly groupId: string
    readonly errorCode: number
  }[]
}
export interface IncrementalAlterConfigsRequest {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly configs: readonly {
      readonly name: string
      readonly configOperation: number
      readonly value: string | null
    }[]
  }[]
  readonly validateOnly: boolean
}
export interface IncrementalAlterConfigsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly resourceType: number
    readonly resourceName: string
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
export interface DescribeUserScramCredentialsRequest {
  readonly users: readonly {
    readonly name: string
  }[] | null
}
export interface DescribeUserScramCredentialsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly results: readonly {
    readonly user: string
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly credentialInfos: readonly {
      readonly mechanism: number
      readonly iterations: number
    }[]
  }[]
}
export interface AlterUserScramCredentialsRequest {
  readonly deletions: readonly {
    readonly name: string
    readonly mechanism: number
  }[]
  readonly upsertions: readonly {
    readonly name: string
    readonly mechanism: number
    readonly iterations: number
    readonly salt: Uint8Array
    readonly saltedPassword: Uint8Array
  }[]
}
export interface AlterUserScramCredentialsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly user: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface DescribeClusterRequest {
  readonly includeClusterAuthorizedOperations: boolean
  readonly endpointType: number
}
export interface DescribeClusterResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly endpointType: number
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly {
    readonly brokerId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
  readonly clusterAuthorizedOperations: number
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
export interface ConsumerGroupHeartbeatRequest {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly subscribedTopicNames: readonly string[] | null
  readonly subscribedTopicRegex: string | null
  readonly serverAssignor: string | null
  readonly topicPartitions: readonly {
    readonly topicId: string
    readonly partitions: readonly number[]
  }[] | null
}
export interface ConsumerGroupHeartbeatResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberId: string | null
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  readonly assignment: {
    readonly topicPartitions: readonly {
      readonly topicId: string
      readonly partitions: readonly number[]
    }[]
  } | null
}
export interface ConsumerGroupDescribeRequest {
  readonly groupIds: readonly string[]
  readonly includeAuthorizedOperations: boolean
}
export interface ConsumerGroupDescribeResponse {
  readonly throttleTimeMs: number
  readonly groups: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly groupId: string
    readonly groupState: string
    readonly groupEpoch: number
    readonly assignmentEpoch: number
    readonly assignorName: string
    readonly members: readonly {
      readonly memberId: string
      readonly instanceId: string | null
      readonly rackId: string | null
      readonly memberEpoch: number
      readonly clientId: string
      readonly clientHost: string
      readonly subscribedTopicNames: readonly string[]
      readonly subscribedTopicRegex: string | null
      readonly assignment: {
        readonly topicPartitions: readonly {
          readonly topicId: string
          readonly topicName: string
          readonly partitions: readonly number[]
        }[]
      }
      readonly targetAssignment: {
        readonly topicPartitions: readonly {
          readonly topicId: string
          readonly topicName: string
          readonly partitions: readonly number[]
        }[]
      }
    }[]
    readonly authorizedOperations: number
  }[]
}
export interface DescribeTopicPartitionsRequest {
  readonly topics: readonly {
    readonly name: string
  }[]
  readonly responsePartitionLimit: number
  readonly cursor: {
    readonly topicName: string
    readonly partitionIndex: number
  } | null
}
export interface DescribeTopicPartitionsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly errorCode: number
    readonly name: string | null
    readonly topicId: string
    readonly isInternal: boolean
    readonly partitions: readonly {
      readonly errorCode: number
      readonly partitionIndex: number
      readonly leaderId: number
      readonly leaderEpoch: number
      readonly replicaNodes: readonly number[]
      readonly isrNodes: readonly number[]
      readonly eligibleLeaderReplicas: readonly number[] | null
      readonly lastKnownElr: readonly number[] | null
      readonly offlineReplicas: readonly number[]
    }[]
    readonly topicAuthorizedOperations: number
  }[]
  readonly nextCursor: {
    readonly topicName: string
    readonly partitionIndex: number
  } | null
}
/** Requests and responses by the name of their API. */
export interface Messages {
  readonly Produce: { readonly request: ProduceRequest; readonly response: ProduceResponse }
  readonly Fetch: { readonly request: FetchRequest; readonly response: FetchResponse }
  readonly ListOffsets: { readonly request: ListOffsetsRequest; readonly response: ListOffsetsResponse }
  readonly Metadata: { readonly request: MetadataRequest; readonly response: MetadataResponse }
  readonly OffsetCommit: { readonly request: OffsetCommitRequest; readonly response: OffsetCommitResponse }
  readonly OffsetFetch: { readonly request: OffsetFetchRequest; readonly response: OffsetFetchResponse }
  readonly FindCoordinator: { readonly request: FindCoordinatorRequest; readonly response: FindCoordinatorResponse }
  readonly JoinGroup: { readonly request: JoinGroupRequest; readonly response: JoinGroupResponse }
  readonly Heartbeat: { readonly request: HeartbeatRequest; readonly response: HeartbeatResponse }
  readonly LeaveGroup: { readonly request: LeaveGroupRequest; readonly response: LeaveGroupResponse }
  readonly SyncGroup: { readonly request: SyncGroupRequest; readonly response: SyncGroupResponse }
  readonly DescribeGroups: { readonly request: DescribeGroupsRequest; readonly response: DescribeGroupsResponse }
  readonly ListGroups: { readonly request: ListGroupsRequest; readonly response: ListGroupsResponse }
  readonly SaslHandshake: { readonly request: SaslHandshakeRequest; readonly response: SaslHandshakeResponse }
  readonly ApiVersions: { readonly request: ApiVersionsRequest; readonly response: ApiVersionsResponse }
  readonly CreateTopics: { readonly request: CreateTopicsRequest; readonly response: CreateTopicsResponse }
  readonly DeleteTopics: { readonly request: DeleteTopicsRequest; readonly response: DeleteTopicsResponse }
  readonly DeleteRecords: { readonly request: DeleteRecordsRequest; readonly response: DeleteRecordsResponse }
  readonly InitProducerId: { readonly request: InitProducerIdRequest; readonly response: InitProducerIdResponse }
  readonly OffsetForLeaderEpoch: { readonly request: OffsetForLeaderEpochRequest; readonly response: OffsetForLeaderEpochResponse }
  readonly AddPartitionsToTxn: { readonly request: AddPartitionsToTxnRequest; readonly response: AddPartitionsToTxnResponse }
  readonly AddOffsetsToTxn: { readonly request: AddOffsetsToTxnRequest; readonly response: AddOffsetsToTxnResponse }
  readonly EndTxn: { readonly request: EndTxnRequest; readonly response: EndTxnResponse }
  readonly TxnOffsetCommit: { readonly request: TxnOffsetCommitRequest; readonly response: TxnOffsetCommitResponse }
  readonly DescribeAcls: { readonly request: DescribeAclsRequest; readonly response: DescribeAclsResponse }
  readonly CreateAcls: { readonly request: CreateAclsRequest; readonly response: CreateAclsResponse }
  readonly DeleteAcls: { readonly request: DeleteAclsRequest; readonly response: DeleteAclsResponse }
  readonly DescribeConfigs: { readonly request: DescribeConfigsRequest; readonly response: DescribeConfigsResponse }
  readonly AlterConfigs: { readonly request: AlterConfigsRequest; readonly response: AlterConfigsResponse }
  readonly DescribeLogDirs: { readonly request: DescribeLogDirsRequest; readonly response: DescribeLogDirsResponse }
  readonly SaslAuthenticate: { readonly request: SaslAuthenticateRequest; readonly response: SaslAuthenticateResponse }
  readonly CreatePartitions: { readonly request: CreatePartitionsRequest; readonly response: CreatePartitionsResponse }
  readonly DeleteGroups: { readonly request: DeleteGroupsRequest; readonly response: DeleteGroupsResponse }
  readonly IncrementalAlterConfigs: { readonly request: IncrementalAlterConfigsRequest; readonly response: IncrementalAlterConfigsResponse }
  readonly OffsetDelete: { readonly request: OffsetDeleteRequest; readonly response: OffsetDeleteResponse }
  readonly DescribeUserScramCredentials: { readonly request: DescribeUserScramCredentialsRequest; readonly response: DescribeUserScramCredentialsResponse }
  readonly AlterUserScramCredentials: { readonly request: AlterUserScramCredentialsRequest; readonly response: AlterUserScramCredentialsResponse }
  readonly DescribeCluster: { readonly request: DescribeClusterRequest; readonly response: DescribeClusterResponse }
  readonly DescribeProducers: { readonly request: DescribeProducersRequest; readonly response: DescribeProducersResponse }
  readonly DescribeTransactions: { readonly request: DescribeTransactionsRequest; readonly response: DescribeTransactionsResponse }
  readonly ListTransactions: { readonly request: ListTransactionsRequest; readonly response: ListTransactionsResponse }
  readonly ConsumerGroupHeartbeat: { readonly request: ConsumerGroupHeartbeatRequest; readonly response: ConsumerGroupHeartbeatResponse }
  readonly ConsumerGroupDescribe: { readonly request: ConsumerGroupDescribeRequest; readonly response: ConsumerGroupDescribeResponse }
  readonly DescribeTopicPartitions: { readonly request: DescribeTopicPartitionsRequest; readonly response: DescribeTopicPartitionsResponse }
}
