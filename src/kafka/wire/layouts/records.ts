// Layouts of the APIs that carry records and their places: Produce, Fetch, ListOffsets, DeleteRecords, epochs.
import type { Api } from '../layout.ts'

/** Appends record batches. Versions before 3 carry message sets, the format before batches. */
export const PRODUCE: Api = {
  key: 0,
  name: 'Produce',
  min: 3,
  max: 11,
  flexible: 9,
  request: [
    { name: 'transactionalId', type: 'string', since: 3, nullable: 3, default: null },
    { name: 'acks', type: 'int16' },
    { name: 'timeoutMs', type: 'int32' },
    {
      name: 'topicData',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitionData',
          type: [
            { name: 'index', type: 'int32' },
            { name: 'records', type: 'records', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    }
  ],
  response: [
    {
      name: 'responses',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitionResponses',
          type: [
            { name: 'index', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
            { name: 'baseOffset', type: 'int64' },
            { name: 'logAppendTimeMs', type: 'int64', since: 2, default: -1 },
            { name: 'logStartOffset', type: 'int64', since: 5, default: -1 },
            {
              name: 'recordErrors',
              type: [
                { name: 'batchIndex', type: 'int32', since: 8 },
                {
                  name: 'batchIndexErrorMessage',
                  type: 'string',
                  since: 8,
                  nullable: 8,
                  default: null
                }
              ],
              array: true,
              since: 8
            },
            { name: 'errorMessage', type: 'string', since: 8, nullable: 8, default: null },
            {
              name: 'currentLeader',
              type: [
                { name: 'leaderId', type: 'int32', since: 10, default: -1 },
                { name: 'leaderEpoch', type: 'int32', since: 10, default: -1 }
              ],
              since: 10,
              tag: 0
            }
          ],
          array: true
        }
      ],
      array: true
    },
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    {
      name: 'nodeEndpoints',
      type: [
        { name: 'nodeId', type: 'int32', since: 10 },
        { name: 'host', type: 'string', since: 10 },
        { name: 'port', type: 'int32', since: 10 },
        { name: 'rack', type: 'string', since: 10, nullable: 10, default: null }
      ],
      array: true,
      since: 10,
      tag: 0
    }
  ]
}

/** Reads record batches; waits for new ones. Versions before 4 carry message sets. */
export const FETCH: Api = {
  key: 1,
  name: 'Fetch',
  min: 4,
  max: 17,
  flexible: 12,
  request: [
    { name: 'clusterId', type: 'string', since: 12, nullable: 12, tag: 0, default: null },
    { name: 'replicaId', type: 'int32', until: 14, default: -1 },
    {
      name: 'replicaState',
      type: [
        { name: 'replicaId', type: 'int32', since: 15, default: -1 },
        { name: 'replicaEpoch', type: 'int64', since: 15, default: -1 }
      ],
      since: 15,
      tag: 1
    },
    { name: 'maxWaitMs', type: 'int32' },
    { name: 'minBytes', type: 'int32' },
    { name: 'maxBytes', type: 'int32', since: 3, default: 2147483647 },
    { name: 'isolationLevel', type: 'int8', since: 4 },
    { name: 'sessionId', type: 'int32', since: 7 },
    { name: 'sessionEpoch', type: 'int32', since: 7, default: -1 },
    {
      name: 'topics',
      type: [
        { name: 'topic', type: 'string', until: 12 },
        { name: 'topicId', type: 'uuid', since: 13 },
        {
          name: 'partitions',
          type: [
            { name: 'partition', type: 'int32' },
            { name: 'currentLeaderEpoch', type: 'int32', since: 9, default: -1 },
            { name: 'fetchOffset', type: 'int64' },
            { name: 'lastFetchedEpoch', type: 'int32', since: 12, default: -1 },
            { name: 'logStartOffset', type: 'int64', since: 5, default: -1 },
            { name: 'partitionMaxBytes', type: 'int32' },
            { name: 'replicaDirectoryId', type: 'uuid', since: 17, tag: 0 }
          ],
          array: true
        }
      ],
      array: true
    },
    {
      name: 'forgottenTopicsData',
      type: [
        { name: 'topic', type: 'string', since: 7, until: 12 },
        { name: 'topicId', type: 'uuid', since: 13 },
        { name: 'partitions', type: 'int32', array: true, since: 7 }
      ],
      array: true,
      since: 7
    },
    { name: 'rackId', type: 'string', since: 11 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    { name: 'errorCode', type: 'int16', since: 7 },
    { name: 'sessionId', type: 'int32', since: 7 },
    {
      name: 'responses',
      type: [
        { name: 'topic', type: 'string', until: 12 },
        { name: 'topicId', type: 'uuid', since: 13 },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
            { name: 'highWatermark', type: 'int64' },
            { name: 'lastStableOffset', type: 'int64', since: 4, default: -1 },
            { name: 'logStartOffset', type: 'int64', since: 5, default: -1 },
            {
              name: 'divergingEpoch',
              type: [
                { name: 'epoch', type: 'int32', since: 12, default: -1 },
                { name: 'endOffset', type: 'int64', since: 12, default: -1 }
              ],
              since: 12,
              tag: 0
            },
            {
              name: 'currentLeader',
              type: [
                { name: 'leaderId', type: 'int32', since: 12, default: -1 },
                { name: 'leaderEpoch', type: 'int32', since: 12, default: -1 }
              ],
              since: 12,
              tag: 1
            },
            {
              name: 'snapshotId',
              type: [
                { name: 'endOffset', type: 'int64', default: -1 },
                { name: 'epoch', type: 'int32', default: -1 }
              ],
              since: 12,
              tag: 2
            },
            {
              name: 'abortedTransactions',
              type: [
                { name: 'producerId', type: 'int64', since: 4 },
                { name: 'firstOffset', type: 'int64', since: 4 }
              ],
              array: true,
              since: 4,
              nullable: 4
            },
            { name: 'preferredReadReplica', type: 'int32', since: 11, default: -1 },
            { name: 'records', type: 'records', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    },
    {
      name: 'nodeEndpoints',
      type: [
        { name: 'nodeId', type: 'int32', since: 16 },
        { name: 'host', type: 'string', since: 16 },
        { name: 'port', type: 'int32', since: 16 },
        { name: 'rack', type: 'string', since: 16, nullable: 16, default: null }
      ],
      array: true,
      since: 16,
      tag: 0
    }
  ]
}

/** Finds offsets by time, and the ends of a partition. */
export const LIST_OFFSETS: Api = {
  key: 2,
  name: 'ListOffsets',
  min: 1,
  max: 10,
  flexible: 6,
  request: [
    { name: 'replicaId', type: 'int32' },
    { name: 'isolationLevel', type: 'int8', since: 2 },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'currentLeaderEpoch', type: 'int32', since: 4, default: -1 },
            { name: 'timestamp', type: 'int64' },
            { name: 'maxNumOffsets', type: 'int32', until: 0, default: 1 }
          ],
          array: true
        }
      ],
      array: true
    },
    { name: 'timeoutMs', type: 'int32', since: 10 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 2 },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
            { name: 'oldStyleOffsets', type: 'int64', array: true, until: 0 },
            { name: 'timestamp', type: 'int64', since: 1, default: -1 },
            { name: 'offset', type: 'int64', since: 1, default: -1 },
            { name: 'leaderEpoch', type: 'int32', since: 4, default: -1 }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Moves the start of partitions. */
export const DELETE_RECORDS: Api = {
  key: 21,
  name: 'DeleteRecords',
  min: 0,
  max: 2,
  flexible: 2,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'offset', type: 'int64' }
          ],
          array: true
        }
      ],
      array: true
    },
    { name: 'timeoutMs', type: 'int32' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'lowWatermark', type: 'int64' },
            { name: 'errorCode', type: 'int16' }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Where an epoch of a leader ended (KIP-101, KIP-320). */
export const OFFSET_FOR_LEADER_EPOCH: Api = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  min: 0,
  max: 4,
  flexible: 4,
  request: [
    { name: 'replicaId', type: 'int32', since: 3, default: -2 },
    {
      name: 'topics',
      type: [
        { name: 'topic', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partition', type: 'int32' },
            { name: 'currentLeaderEpoch', type: 'int32', since: 2, default: -1 },
            { name: 'leaderEpoch', type: 'int32' }
          ],
          array: true
        }
      ],
      array: true
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 2 },
    {
      name: 'topics',
      type: [
        { name: 'topic', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'errorCode', type: 'int16' },
            { name: 'partition', type: 'int32' },
            { name: 'leaderEpoch', type: 'int32', since: 1, default: -1 },
            { name: 'endOffset', type: 'int64', default: -1 }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}
