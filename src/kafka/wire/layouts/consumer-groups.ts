// Layouts of the group protocol of KIP-848, in which the broker assigns partitions.
import type { Api } from '../layout.ts'

/** Joins, stays in, and leaves a group; carries the assignment. */
export const CONSUMER_GROUP_HEARTBEAT: Api = {
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  min: 0,
  max: 1,
  flexible: 0,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'memberId', type: 'string' },
    { name: 'memberEpoch', type: 'int32' },
    { name: 'instanceId', type: 'string', nullable: 0, default: null },
    { name: 'rackId', type: 'string', nullable: 0, default: null },
    { name: 'rebalanceTimeoutMs', type: 'int32', default: -1 },
    { name: 'subscribedTopicNames', type: 'string', array: true, nullable: 0, default: null },
    { name: 'subscribedTopicRegex', type: 'string', since: 1, nullable: 1, default: null },
    { name: 'serverAssignor', type: 'string', nullable: 0, default: null },
    {
      name: 'topicPartitions',
      type: [
        { name: 'topicId', type: 'uuid' },
        { name: 'partitions', type: 'int32', array: true }
      ],
      array: true,
      nullable: 0,
      default: null
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0, default: null },
    { name: 'memberId', type: 'string', nullable: 0, default: null },
    { name: 'memberEpoch', type: 'int32' },
    { name: 'heartbeatIntervalMs', type: 'int32' },
    {
      name: 'assignment',
      type: [
        {
          name: 'topicPartitions',
          type: [
            { name: 'topicId', type: 'uuid' },
            { name: 'partitions', type: 'int32', array: true }
          ],
          array: true
        }
      ],
      nullable: 0,
      default: null
    }
  ]
}

/** Members, their assignments and the state of groups. */
export const CONSUMER_GROUP_DESCRIBE: Api = {
  key: 69,
  name: 'ConsumerGroupDescribe',
  min: 0,
  max: 0,
  flexible: 0,
  request: [
    { name: 'groupIds', type: 'string', array: true },
    { name: 'includeAuthorizedOperations', type: 'bool' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'groups',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0, default: null },
        { name: 'groupId', type: 'string' },
        { name: 'groupState', type: 'string' },
        { name: 'groupEpoch', type: 'int32' },
        { name: 'assignmentEpoch', type: 'int32' },
        { name: 'assignorName', type: 'string' },
        {
          name: 'members',
          type: [
            { name: 'memberId', type: 'string' },
            { name: 'instanceId', type: 'string', nullable: 0, default: null },
            { name: 'rackId', type: 'string', nullable: 0, default: null },
            { name: 'memberEpoch', type: 'int32' },
            { name: 'clientId', type: 'string' },
            { name: 'clientHost', type: 'string' },
            { name: 'subscribedTopicNames', type: 'string', array: true },
            { name: 'subscribedTopicRegex', type: 'string', nullable: 0, default: null },
            {
              name: 'assignment',
              type: [
                {
                  name: 'topicPartitions',
                  type: [
                    { name: 'topicId', type: 'uuid' },
                    { name: 'topicName', type: 'string' },
                    { name: 'partitions', type: 'int32', array: true }
                  ],
                  array: true
                }
              ]
            },
            {
              name: 'targetAssignment',
              type: [
                {
                  name: 'topicPartitions',
                  type: [
                    { name: 'topicId', type: 'uuid' },
                    { name: 'topicName', type: 'string' },
                    { name: 'partitions', type: 'int32', array: true }
                  ],
                  array: true
                }
              ]
            }
          ],
          array: true
        },
        { name: 'authorizedOperations', type: 'int32', default: -2147483648 }
      ],
      array: true
    }
  ]
}
