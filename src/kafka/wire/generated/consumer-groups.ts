// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
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
/** Those of this file by the name of their API. */
export interface ConsumerGroupsMessages {
  readonly ConsumerGroupDescribe: { readonly request: ConsumerGroupDescribeRequest; readonly response: ConsumerGroupDescribeResponse }
  readonly ConsumerGroupHeartbeat: { readonly request: ConsumerGroupHeartbeatRequest; readonly response: ConsumerGroupHeartbeatResponse }
}
