// Layouts of the classic group protocol: members join, share out partitions and stay alive by heartbeats.
import type { Api } from '../layout.ts'

/** Joins a group; answers when all members have. */
export const JOIN_GROUP: Api = {
  key: 11,
  name: 'JoinGroup',
  min: 0,
  max: 9,
  flexible: 6,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'sessionTimeoutMs', type: 'int32' },
    { name: 'rebalanceTimeoutMs', type: 'int32', since: 1, default: -1 },
    { name: 'memberId', type: 'string' },
    { name: 'groupInstanceId', type: 'string', since: 5, nullable: 5, default: null },
    { name: 'protocolType', type: 'string' },
    {
      name: 'protocols',
      type: [
        { name: 'name', type: 'string' },
        { name: 'metadata', type: 'bytes' }
      ],
      array: true
    },
    { name: 'reason', type: 'string', since: 8, nullable: 8, default: null }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 2 },
    { name: 'errorCode', type: 'int16' },
    { name: 'generationId', type: 'int32', default: -1 },
    { name: 'protocolType', type: 'string', since: 7, nullable: 7, default: null },
    { name: 'protocolName', type: 'string', nullable: 7 },
    { name: 'leader', type: 'string' },
    { name: 'skipAssignment', type: 'bool', since: 9 },
    { name: 'memberId', type: 'string' },
    {
      name: 'members',
      type: [
        { name: 'memberId', type: 'string' },
        { name: 'groupInstanceId', type: 'string', since: 5, nullable: 5, default: null },
        { name: 'metadata', type: 'bytes' }
      ],
      array: true
    }
  ]
}

/** Hands out what the leader assigned. */
export const SYNC_GROUP: Api = {
  key: 14,
  name: 'SyncGroup',
  min: 0,
  max: 5,
  flexible: 4,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'generationId', type: 'int32' },
    { name: 'memberId', type: 'string' },
    { name: 'groupInstanceId', type: 'string', since: 3, nullable: 3, default: null },
    { name: 'protocolType', type: 'string', since: 5, nullable: 5, default: null },
    { name: 'protocolName', type: 'string', since: 5, nullable: 5, default: null },
    {
      name: 'assignments',
      type: [
        { name: 'memberId', type: 'string' },
        { name: 'assignment', type: 'bytes' }
      ],
      array: true
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    { name: 'errorCode', type: 'int16' },
    { name: 'protocolType', type: 'string', since: 5, nullable: 5, default: null },
    { name: 'protocolName', type: 'string', since: 5, nullable: 5, default: null },
    { name: 'assignment', type: 'bytes' }
  ]
}

/** Says that a member lives, learns that the group rebalances. */
export const HEARTBEAT: Api = {
  key: 12,
  name: 'Heartbeat',
  min: 0,
  max: 4,
  flexible: 4,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'generationId', type: 'int32' },
    { name: 'memberId', type: 'string' },
    { name: 'groupInstanceId', type: 'string', since: 3, nullable: 3, default: null }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    { name: 'errorCode', type: 'int16' }
  ]
}

/** Leaves a group. */
export const LEAVE_GROUP: Api = {
  key: 13,
  name: 'LeaveGroup',
  min: 0,
  max: 5,
  flexible: 4,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'memberId', type: 'string', until: 2 },
    {
      name: 'members',
      type: [
        { name: 'memberId', type: 'string', since: 3 },
        { name: 'groupInstanceId', type: 'string', since: 3, nullable: 3, default: null },
        { name: 'reason', type: 'string', since: 5, nullable: 5, default: null }
      ],
      array: true,
      since: 3
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    { name: 'errorCode', type: 'int16' },
    {
      name: 'members',
      type: [
        { name: 'memberId', type: 'string', since: 3 },
        { name: 'groupInstanceId', type: 'string', since: 3, nullable: 3 },
        { name: 'errorCode', type: 'int16', since: 3 }
      ],
      array: true,
      since: 3
    }
  ]
}

/** Members and state of classic groups. */
export const DESCRIBE_GROUPS: Api = {
  key: 15,
  name: 'DescribeGroups',
  min: 0,
  max: 5,
  flexible: 5,
  request: [
    { name: 'groups', type: 'string', array: true },
    { name: 'includeAuthorizedOperations', type: 'bool', since: 3 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    {
      name: 'groups',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'groupId', type: 'string' },
        { name: 'groupState', type: 'string' },
        { name: 'protocolType', type: 'string' },
        { name: 'protocolData', type: 'string' },
        {
          name: 'members',
          type: [
            { name: 'memberId', type: 'string' },
            { name: 'groupInstanceId', type: 'string', since: 4, nullable: 4, default: null },
            { name: 'clientId', type: 'string' },
            { name: 'clientHost', type: 'string' },
            { name: 'memberMetadata', type: 'bytes' },
            { name: 'memberAssignment', type: 'bytes' }
          ],
          array: true
        },
        { name: 'authorizedOperations', type: 'int32', since: 3, default: -2147483648 }
      ],
      array: true
    }
  ]
}

/** Groups by state and type. */
export const LIST_GROUPS: Api = {
  key: 16,
  name: 'ListGroups',
  min: 0,
  max: 5,
  flexible: 3,
  request: [
    { name: 'statesFilter', type: 'string', array: true, since: 4 },
    { name: 'typesFilter', type: 'string', array: true, since: 5 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    { name: 'errorCode', type: 'int16' },
    {
      name: 'groups',
      type: [
        { name: 'groupId', type: 'string' },
        { name: 'protocolType', type: 'string' },
        { name: 'groupState', type: 'string', since: 4 },
        { name: 'groupType', type: 'string', since: 5 }
      ],
      array: true
    }
  ]
}

/** Removes empty groups with their offsets (KIP-229). */
export const DELETE_GROUPS: Api = {
  key: 42,
  name: 'DeleteGroups',
  min: 0,
  max: 2,
  flexible: 2,
  request: [{ name: 'groupsNames', type: 'string', array: true }],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'results',
      type: [
        { name: 'groupId', type: 'string' },
        { name: 'errorCode', type: 'int16' }
      ],
      array: true
    }
  ]
}
