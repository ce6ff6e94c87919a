// Layouts of producer ids and transactions (KIP-98, KIP-360, KIP-447, KIP-664, KIP-890).
import type { Api } from '../layout.ts'

/** Gives a producer its id and epoch; fences earlier ones. */
export const INIT_PRODUCER_ID: Api = {
  key: 22,
  name: 'InitProducerId',
  min: 0,
  max: 5,
  flexible: 2,
  request: [
    { name: 'transactionalId', type: 'string', nullable: 0 },
    { name: 'transactionTimeoutMs', type: 'int32' },
    { name: 'producerId', type: 'int64', since: 3, default: -1 },
    { name: 'producerEpoch', type: 'int16', since: 3, default: -1 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' },
    { name: 'producerId', type: 'int64', default: -1 },
    { name: 'producerEpoch', type: 'int16' }
  ]
}

/** Adds partitions to a transaction. */
export const ADD_PARTITIONS_TO_TXN: Api = {
  key: 24,
  name: 'AddPartitionsToTxn',
  min: 0,
  max: 5,
  flexible: 3,
  request: [
    {
      name: 'transactions',
      type: [
        { name: 'transactionalId', type: 'string', since: 4 },
        { name: 'producerId', type: 'int64', since: 4 },
        { name: 'producerEpoch', type: 'int16', since: 4 },
        { name: 'verifyOnly', type: 'bool', since: 4 },
        {
          name: 'topics',
          type: [
            { name: 'name', type: 'string' },
            { name: 'partitions', type: 'int32', array: true }
          ],
          array: true,
          since: 4
        }
      ],
      array: true,
      since: 4
    },
    { name: 'v3AndBelowTransactionalId', type: 'string', until: 3 },
    { name: 'v3AndBelowProducerId', type: 'int64', until: 3 },
    { name: 'v3AndBelowProducerEpoch', type: 'int16', until: 3 },
    {
      name: 'v3AndBelowTopics',
      type: [
        { name: 'name', type: 'string' },
        { name: 'partitions', type: 'int32', array: true }
      ],
      array: true,
      until: 3
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16', since: 4 },
    {
      name: 'resultsByTransaction',
      type: [
        { name: 'transactionalId', type: 'string', since: 4 },
        {
          name: 'topicResults',
          type: [
            { name: 'name', type: 'string' },
            {
              name: 'resultsByPartition',
              type: [
                { name: 'partitionIndex', type: 'int32' },
                { name: 'partitionErrorCode', type: 'int16' }
              ],
              array: true
            }
          ],
          array: true,
          since: 4
        }
      ],
      array: true,
      since: 4
    },
    {
      name: 'resultsByTopicV3AndBelow',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'resultsByPartition',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'partitionErrorCode', type: 'int16' }
          ],
          array: true
        }
      ],
      array: true,
      until: 3
    }
  ]
}

/** Adds a group's positions to a transaction. */
export const ADD_OFFSETS_TO_TXN: Api = {
  key: 25,
  name: 'AddOffsetsToTxn',
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    { name: 'groupId', type: 'string' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' }
  ]
}

/** Commits or aborts a transaction. */
export const END_TXN: Api = {
  key: 26,
  name: 'EndTxn',
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    { name: 'committed', type: 'bool' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' }
  ]
}

/** Positions that take effect with a transaction. */
export const TXN_OFFSET_COMMIT: Api = {
  key: 28,
  name: 'TxnOffsetCommit',
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'groupId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    { name: 'generationId', type: 'int32', since: 3, default: -1 },
    { name: 'memberId', type: 'string', since: 3 },
    { name: 'groupInstanceId', type: 'string', since: 3, nullable: 3, default: null },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'committedOffset', type: 'int64' },
            { name: 'committedLeaderEpoch', type: 'int32', since: 2, default: -1 },
            { name: 'committedMetadata', type: 'string', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    }
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
            { name: 'errorCode', type: 'int16' }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Producers that are active in partitions. */
export const DESCRIBE_PRODUCERS: Api = {
  key: 61,
  name: 'DescribeProducers',
  min: 0,
  max: 0,
  flexible: 0,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        { name: 'partitionIndexes', type: 'int32', array: true }
      ],
      array: true
    }
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
            { name: 'errorCode', type: 'int16' },
            { name: 'errorMessage', type: 'string', nullable: 0, default: null },
            {
              name: 'activeProducers',
              type: [
                { name: 'producerId', type: 'int64' },
                { name: 'producerEpoch', type: 'int32' },
                { name: 'lastSequence', type: 'int32', default: -1 },
                { name: 'lastTimestamp', type: 'int64', default: -1 },
                { name: 'coordinatorEpoch', type: 'int32' },
                { name: 'currentTxnStartOffset', type: 'int64', default: -1 }
              ],
              array: true
            }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** State of transactions. */
export const DESCRIBE_TRANSACTIONS: Api = {
  key: 65,
  name: 'DescribeTransactions',
  min: 0,
  max: 0,
  flexible: 0,
  request: [{ name: 'transactionalIds', type: 'string', array: true }],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'transactionStates',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'transactionalId', type: 'string' },
        { name: 'transactionState', type: 'string' },
        { name: 'transactionTimeoutMs', type: 'int32' },
        { name: 'transactionStartTimeMs', type: 'int64' },
        { name: 'producerId', type: 'int64' },
        { name: 'producerEpoch', type: 'int16' },
        {
          name: 'topics',
          type: [
            { name: 'topic', type: 'string' },
            { name: 'partitions', type: 'int32', array: true }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Transactions by state. */
export const LIST_TRANSACTIONS: Api = {
  key: 66,
  name: 'ListTransactions',
  min: 0,
  max: 1,
  flexible: 0,
  request: [
    { name: 'stateFilters', type: 'string', array: true },
    { name: 'producerIdFilters', type: 'int64', array: true },
    { name: 'durationFilter', type: 'int64', since: 1, default: -1 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' },
    { name: 'unknownStateFilters', type: 'string', array: true },
    {
      name: 'transactionStates',
      type: [
        { name: 'transactionalId', type: 'string' },
        { name: 'producerId', type: 'int64' },
        { name: 'transactionState', type: 'string' }
      ],
      array: true
    }
  ]
}
