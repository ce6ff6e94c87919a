// Layouts of the APIs that make, change and remove topics and their configurations.
import type { Api } from '../layout.ts'

/** Creates topics (KIP-4). */
export const CREATE_TOPICS: Api = {
  key: 19,
  name: 'CreateTopics',
  min: 0,
  max: 7,
  flexible: 5,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        { name: 'numPartitions', type: 'int32' },
        { name: 'replicationFactor', type: 'int16' },
        {
          name: 'assignments',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'brokerIds', type: 'int32', array: true }
          ],
          array: true
        },
        {
          name: 'configs',
          type: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    },
    { name: 'timeoutMs', type: 'int32', default: 60000 },
    { name: 'validateOnly', type: 'bool', since: 1 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 2 },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        { name: 'topicId', type: 'uuid', since: 7 },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', since: 1, nullable: 0 },
        { name: 'topicConfigErrorCode', type: 'int16', since: 5, tag: 0 },
        { name: 'numPartitions', type: 'int32', since: 5, default: -1 },
        { name: 'replicationFactor', type: 'int16', since: 5, default: -1 },
        {
          name: 'configs',
          type: [
            { name: 'name', type: 'string', since: 5 },
            { name: 'value', type: 'string', since: 5, nullable: 5 },
            { name: 'readOnly', type: 'bool', since: 5 },
            { name: 'configSource', type: 'int8', since: 5, default: -1 },
            { name: 'isSensitive', type: 'bool', since: 5 }
          ],
          array: true,
          since: 5,
          nullable: 5
        }
      ],
      array: true
    }
  ]
}

/** Removes topics by name or id. */
export const DELETE_TOPICS: Api = {
  key: 20,
  name: 'DeleteTopics',
  min: 0,
  max: 6,
  flexible: 4,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string', since: 6, nullable: 6, default: null },
        { name: 'topicId', type: 'uuid', since: 6 }
      ],
      array: true,
      since: 6
    },
    { name: 'topicNames', type: 'string', array: true, until: 5 },
    { name: 'timeoutMs', type: 'int32' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 1 },
    {
      name: 'responses',
      type: [
        { name: 'name', type: 'string', nullable: 6 },
        { name: 'topicId', type: 'uuid', since: 6 },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', since: 5, nullable: 5, default: null }
      ],
      array: true
    }
  ]
}

/** Adds partitions to topics (KIP-195). */
export const CREATE_PARTITIONS: Api = {
  key: 37,
  name: 'CreatePartitions',
  min: 0,
  max: 3,
  flexible: 2,
  request: [
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        { name: 'count', type: 'int32' },
        {
          name: 'assignments',
          type: [{ name: 'brokerIds', type: 'int32', array: true }],
          array: true,
          nullable: 0
        }
      ],
      array: true
    },
    { name: 'timeoutMs', type: 'int32' },
    { name: 'validateOnly', type: 'bool' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'results',
      type: [
        { name: 'name', type: 'string' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0, default: null }
      ],
      array: true
    }
  ]
}

/** Configurations of topics and brokers (KIP-133). */
export const DESCRIBE_CONFIGS: Api = {
  key: 32,
  name: 'DescribeConfigs',
  min: 0,
  max: 4,
  flexible: 4,
  request: [
    {
      name: 'resources',
      type: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        { name: 'configurationKeys', type: 'string', array: true, nullable: 0 }
      ],
      array: true
    },
    { name: 'includeSynonyms', type: 'bool', since: 1 },
    { name: 'includeDocumentation', type: 'bool', since: 3 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'results',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 },
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        {
          name: 'configs',
          type: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 0 },
            { name: 'readOnly', type: 'bool' },
            { name: 'isDefault', type: 'bool', until: 0 },
            { name: 'configSource', type: 'int8', since: 1, default: -1 },
            { name: 'isSensitive', type: 'bool' },
            {
              name: 'synonyms',
              type: [
                { name: 'name', type: 'string', since: 1 },
                { name: 'value', type: 'string', since: 1, nullable: 0 },
                { name: 'source', type: 'int8', since: 1 }
              ],
              array: true,
              since: 1
            },
            { name: 'configType', type: 'int8', since: 3 },
            { name: 'documentation', type: 'string', since: 3, nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Replaces all configurations of a resource (KIP-133). */
export const ALTER_CONFIGS: Api = {
  key: 33,
  name: 'AlterConfigs',
  min: 0,
  max: 2,
  flexible: 2,
  request: [
    {
      name: 'resources',
      type: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        {
          name: 'configs',
          type: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    },
    { name: 'validateOnly', type: 'bool' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'responses',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 },
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' }
      ],
      array: true
    }
  ]
}

/** Changes single configurations (KIP-339). */
export const INCREMENTAL_ALTER_CONFIGS: Api = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  min: 0,
  max: 1,
  flexible: 1,
  request: [
    {
      name: 'resources',
      type: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        {
          name: 'configs',
          type: [
            { name: 'name', type: 'string' },
            { name: 'configOperation', type: 'int8' },
            { name: 'value', type: 'string', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    },
    { name: 'validateOnly', type: 'bool' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'responses',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 },
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' }
      ],
      array: true
    }
  ]
}
