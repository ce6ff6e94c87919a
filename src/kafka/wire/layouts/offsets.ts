// Layouts of the APIs for positions of groups.
import type { Api } from '../layout.ts'

/** Commits positions of a group. */
export const OFFSET_COMMIT: Api = {
  key: 8,
  name: 'OffsetCommit',
  min: 0,
  max: 9,
  flexible: 8,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'generationIdOrMemberEpoch', type: 'int32', since: 1, default: -1 },
    { name: 'memberId', type: 'string', since: 1 },
    { name: 'groupInstanceId', type: 'string', since: 7, nullable: 7, default: null },
    { name: 'retentionTimeMs', type: 'int64', since: 2, until: 4, default: -1 },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'committedOffset', type: 'int64' },
            { name: 'committedLeaderEpoch', type: 'int32', since: 6, default: -1 },
            { name: 'commitTimestamp', type: 'int64', since: 1, until: 1, default: -1 },
            { name: 'committedMetadata', type: 'string', nullable: 0 }
          ],
          array: true
        }
      ],
      array: true
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 3 },
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

/** Reads the positions of groups. */
export const OFFSET_FETCH: Api = {
  key: 9,
  name: 'OffsetFetch',
  min: 0,
  max: 9,
  flexible: 6,
  request: [
    { name: 'groupId', type: 'string', until: 7 },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string', until: 7 },
        { name: 'partitionIndexes', type: 'int32', array: true, until: 7 }
      ],
      array: true,
      until: 7,
      nullable: 2
    },
    {
      name: 'groups',
      type: [
        { name: 'groupId', type: 'string', since: 8 },
        { name: 'memberId', type: 'string', since: 9, nullable: 9, default: null },
        { name: 'memberEpoch', type: 'int32', since: 9, default: -1 },
        {
          name: 'topics',
          type: [
            { name: 'name', type: 'string', since: 8 },
            { name: 'partitionIndexes', type: 'int32', array: true, since: 8 }
          ],
          array: true,
          since: 8,
          nullable: 8
        }
      ],
      array: true,
      since: 8
    },
    { name: 'requireStable', type: 'bool', since: 7 }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', since: 3 },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string', until: 7 },
        {
          name: 'partitions',
          type: [
            { name: 'partitionIndex', type: 'int32', until: 7 },
            { name: 'committedOffset', type: 'int64', until: 7 },
            { name: 'committedLeaderEpoch', type: 'int32', since: 5, until: 7, default: -1 },
            { name: 'metadata', type: 'string', until: 7, nullable: 0 },
            { name: 'errorCode', type: 'int16', until: 7 }
          ],
          array: true,
          until: 7
        }
      ],
      array: true,
      until: 7
    },
    { name: 'errorCode', type: 'int16', since: 2, until: 7 },
    {
      name: 'groups',
      type: [
        { name: 'groupId', type: 'string', since: 8 },
        {
          name: 'topics',
          type: [
            { name: 'name', type: 'string', since: 8 },
            {
              name: 'partitions',
              type: [
                { name: 'partitionIndex', type: 'int32', since: 8 },
                { name: 'committedOffset', type: 'int64', since: 8 },
                { name: 'committedLeaderEpoch', type: 'int32', since: 8, default: -1 },
                { name: 'metadata', type: 'string', since: 8, nullable: 8 },
                { name: 'errorCode', type: 'int16', since: 8 }
              ],
              array: true,
              since: 8
            }
          ],
          array: true,
          since: 8
        },
        { name: 'errorCode', type: 'int16', since: 8 }
      ],
      array: true,
      since: 8
    }
  ]
}

/** Removes positions of a group (KIP-496). */
export const OFFSET_DELETE: Api = {
  key: 47,
  name: 'OffsetDelete',
  min: 0,
  max: 0,
  flexible: Infinity,
  request: [
    { name: 'groupId', type: 'string' },
    {
      name: 'topics',
      type: [
        { name: 'name', type: 'string' },
        { name: 'partitions', type: [{ name: 'partitionIndex', type: 'int32' }], array: true }
      ],
      array: true
    }
  ],
  response: [
    { name: 'errorCode', type: 'int16' },
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
