// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
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
/** Those of this file by the name of their API. */
export interface ClusterMessages {
  readonly ApiVersions: { readonly request: ApiVersionsRequest; readonly response: ApiVersionsResponse }
  readonly DescribeCluster: { readonly request: DescribeClusterRequest; readonly response: DescribeClusterResponse }
  readonly DescribeLogDirs: { readonly request: DescribeLogDirsRequest; readonly response: DescribeLogDirsResponse }
  readonly DescribeTopicPartitions: { readonly request: DescribeTopicPartitionsRequest; readonly response: DescribeTopicPartitionsResponse }
  readonly FindCoordinator: { readonly request: FindCoordinatorRequest; readonly response: FindCoordinatorResponse }
  readonly Metadata: { readonly request: MetadataRequest; readonly response: MetadataResponse }
}
