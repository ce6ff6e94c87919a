// Layouts of the APIs about the cluster: versions, metadata, coordinators, log directories.
import type { Api } from '../layout.ts'

/** Which APIs and versions the broker has (KIP-35, KIP-511). */
export const API_VERSIONS: Api = {
  key: 18,
  name: 'ApiVersions',
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'clientSoftwareName', type: 'string', since: 3 },
    { name: 'clientSoftwareVersion', type: 'string', since: 3 }
  ],
  response: [
    { name: 'errorCode', type: 'int16' },
    {
      name: 'apiKeys',
      type: [
        { name: 'apiKey', type: 'int16' },
        { name: 'minVersion', type: 'int16' },
        { name: 'maxVersion', type: 'int16' }
      ],
      array: true
    },
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    {
      name: 'supportedFeatures',
      type: [
        { name: 'name', type: 'string', since: 3 },
        { name: 'minVersion', type: 'int16', since: 3 },
        { name: 'maxVersion', type: 'int16', since: 3 }
      ],
      array: true,
      since: 3,
      tag: 0
    },
    { name: 'finalizedFeaturesEpoch', type: 'int64', since: 3, tag: 1, default: -1 },
    {
      name: 'finalizedFeatures',
      type: [
        { name: 'name', type: 'string', since: 3 },
        { name: 'maxVersionLevel', type: 'int16', since: 3 },
        { name: 'minVersionLevel', type: 'int16', since: 3 }
      ],
      array: true,
      since: 3,
      tag: 2
    },
    { name: 'zkMigrationReady', type: 'bool', since: 3, tag: 3 }
  ]
}

/** Brokers, topics and partitions. */
export const METADATA: Api = {
  key: 3,
  name: 'Metadata',
  min: 0,
  max: 12,
  flexible: 9,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'topicId', type: 'uuid', since: 10 },
        { name: 'name', type: 'string', nullable: 10 }
      ],
      array: true,
      nullable: 1
    },
    { name: 'allowAutoTopicCreation', type: 'bool', since: 4, default: true },
    { name: 'includeClusterAuthorizedOperations', type: 'bool', since: 8, until: 10 },
    { name: 'includeTopicAuthorizedOperations', type: 'bool', since: 8 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 3 },
    {
      name: 'brokers',
      type: [
        { name: 'nodeId', type: 'int32' },
        { name: 'host', type: 'string' },
        { name: 'port', type: 'int32' },
        { name: 'rack', type: 'string', since: 1, nullable: 1, default: null }
      ],
      array: true
    },
    { name: 'clusterId', type: 'string', since: 2, nullable: 2, default: null },
    { name: 'controllerId', type: 'int32', since: 1, default: -1 },
    {
      name: 'topics',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'name', type: 'string', nullable: 12 },
        { name: 'topicId', type: 'uuid', since: 10 },
        { name: 'isInternal', type: 'bool', since: 1 },
        {
          name: 'partitions',
          type: [
            { name: 'errorCode', type: 'int16' },
            { name: 'partitionIndex', type: 'int32' },
            { name: 'leaderId', type: 'int32' },
            { name: 'leaderEpoch', type: 'int32', since: 7, default: -1 },
            { name: 'replicaNodes', type: 'int32', array: true },
            { name: 'isrNodes', type: 'int32', array: true },
            { name: 'offlineReplicas', type: 'int32', array: true, since: 5 }
          ],
          array: true
        },
        { name: 'topicAuthorizedOperations', type: 'int32', since: 8, default: -2147483648 }
      ],
      array: true
    },
    {
      name: 'clusterAuthorizedOperations',
      type: 'int32',
      since: 8,
      until: 10,
      default: -2147483648
    }
  ]
}

/** The broker that coordinates groups or transactions. */
export const FIND_COORDINATOR: Api = {
  key: 10,
  name: 'FindCoordinator',
  min: 0,
  max: 6,
  flexible: 3,
  request: [
    { name: 'key', type: 'string', until: 3 },
    { name: 'keyType', type: 'int8', since: 1 },
    { name: 'coordinatorKeys', type: 'string', array: true, since: 4 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    { name: 'errorCode', type: 'int16', until: 3 },
    { name: 'errorMessage', type: 'string', since: 1, until: 3, nullable: 1 },
    { name: 'nodeId', type: 'int32', until: 3 },
    { name: 'host', type: 'string', until: 3 },
    { name: 'port', type: 'int32', until: 3 },
    {
      name: 'coordinators',
      type: [
        { name: 'key', type: 'string', since: 4 },
        { name: 'nodeId', type: 'int32', since: 4 },
        { name: 'host', type: 'string', since: 4 },
        { name: 'port', type: 'int32', since: 4 },
        { name: 'errorCode', type: 'int16', since: 4 },
        { name: 'errorMessage', type: 'string', since: 4, nullable: 4 }
      ],
      array: true,
      since: 4
    }
  ]
}

/** Brokers and the identity of the cluster (KIP-700). */
export const DESCRIBE_CLUSTER: Api = {
  key: 60,
  name: 'DescribeCluster',
  min: 0,
  max: 1,
  flexible: 0,
  request: [
    { name: 'includeClusterAuthorizedOperations', type: 'bool' },
    { name: 'endpointType', type: 'int8', since: 1, default: 1 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0, default: null },
    { name: 'endpointType', type: 'int8', since: 1, default: 1 },
    { name: 'clusterId', type: 'string' },
    { name: 'controllerId', type: 'int32', default: -1 },
    {
      name: 'brokers',
      type: [
        { name: 'brokerId', type: 'int32' },
        { name: 'host', type: 'string' },
        { name: 'port', type: 'int32' },
        { name: 'rack', type: 'string', nullable: 0, default: null }
      ],
      array: true
    },
    { name: 'clusterAuthorizedOperations', type: 'int32', default: -2147483648 }
  ]
}

/** Sizes of the partitions on disk (KIP-113). */
export const DESCRIBE_LOG_DIRS: Api = {
  key: 35,
  name: 'DescribeLogDirs',
  min: 0,
  max: 4,
  flexible: 2,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'topic', type: 'string' },
        { name: 'partitions', type: 'int32', array: true }
      ],
      array: true,
      nullable: 0
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16', since: 3 },
    {
      name: 'results',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'logDir', type: 'string' },
        {
          name: 'topics',
          type: [
            { name: 'name', type: 'string' },
            {
              name: 'partitions',
              type: [
                { name: 'partitionIndex', type: 'int32' },
                { name: 'partitionSize', type: 'int64' },
                { name: 'offsetLag', type: 'int64' },
                { name: 'isFutureKey', type: 'bool' }
              ],
              array: true
            }
          ],
          array: true
        },
        { name: 'totalBytes', type: 'int64', since: 4, default: -1 },
        { name: 'usableBytes', type: 'int64', since: 4, default: -1 }
      ],
      array: true
    }
  ]
}

/** Partitions of topics, a page at a time (KIP-966). */
export const DESCRIBE_TOPIC_PARTITIONS: Api = {
  key: 75,
  name: 'DescribeTopicPartitions',
  min: 0,
  max: 0,
  flexible: 0,
  request: [
    { name: 'topics', type: [{ name: 'name', type: 'string' }], array: true },
    { name: 'responsePartitionLimit', type: 'int32', default: 2000 },
    {
      name: 'cursor',
      type: [
        { name: 'topicName', type: 'string' },
        { name: 'partitionIndex', type: 'int32' }
      ],
      nullable: 0,
      default: null
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'topics',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'name', type: 'string', nullable: 0 },
        { name: 'topicId', type: 'uuid' },
        { name: 'isInternal', type: 'bool' },
        {
          name: 'partitions',
          type: [
            { name: 'errorCode', type: 'int16' },
            { name: 'partitionIndex', type: 'int32' },
            { name: 'leaderId', type: 'int32' },
            { name: 'leaderEpoch', type: 'int32', default: -1 },
            { name: 'replicaNodes', type: 'int32', array: true },
            { name: 'isrNodes', type: 'int32', array: true },
            {
              name: 'eligibleLeaderReplicas',
              type: 'int32',
              array: true,
              nullable: 0,
              default: null
            },
            { name: 'lastKnownElr', type: 'int32', array: true, nullable: 0, default: null },
            { name: 'offlineReplicas', type: 'int32', array: true }
          ],
          array: true
        },
        { name: 'topicAuthorizedOperations', type: 'int32', default: -2147483648 }
      ],
      array: true
    },
    {
      name: 'nextCursor',
      type: [
        { name: 'topicName', type: 'string' },
        { name: 'partitionIndex', type: 'int32' }
      ],
      nullable: 0,
      default: null
    }
  ]
}
