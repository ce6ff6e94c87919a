// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
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
/** Those of this file by the name of their API. */
export interface GroupsMessages {
  readonly DeleteGroups: { readonly request: DeleteGroupsRequest; readonly response: DeleteGroupsResponse }
  readonly DescribeGroups: { readonly request: DescribeGroupsRequest; readonly response: DescribeGroupsResponse }
  readonly Heartbeat: { readonly request: HeartbeatRequest; readonly response: HeartbeatResponse }
  readonly JoinGroup: { readonly request: JoinGroupRequest; readonly response: JoinGroupResponse }
  readonly LeaveGroup: { readonly request: LeaveGroupRequest; readonly response: LeaveGroupResponse }
  readonly ListGroups: { readonly request: ListGroupsRequest; readonly response: ListGroupsResponse }
  readonly SyncGroup: { readonly request: SyncGroupRequest; readonly response: SyncGroupResponse }
}
