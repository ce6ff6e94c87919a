// Layouts of authentication and access control.
import type { Api } from '../layout.ts'

/** Chooses a SASL mechanism (KIP-43). Behind version 0 SASL messages come without a request around them. */
export const SASL_HANDSHAKE: Api = {
  key: 17,
  name: 'SaslHandshake',
  min: 0,
  max: 1,
  flexible: Infinity,
  request: [{ name: 'mechanism', type: 'string' }],
  response: [
    { name: 'errorCode', type: 'int16' },
    { name: 'mechanisms', type: 'string', array: true }
  ]
}

/** Carries SASL messages (KIP-152). */
export const SASL_AUTHENTICATE: Api = {
  key: 36,
  name: 'SaslAuthenticate',
  min: 0,
  max: 2,
  flexible: 2,
  request: [{ name: 'authBytes', type: 'bytes' }],
  response: [
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0 },
    { name: 'authBytes', type: 'bytes' },
    { name: 'sessionLifetimeMs', type: 'int64', since: 1 }
  ]
}

/** Lists access rules (KIP-140). */
export const DESCRIBE_ACLS: Api = {
  key: 29,
  name: 'DescribeAcls',
  min: 0,
  max: 3,
  flexible: 2,
  request: [
    { name: 'resourceTypeFilter', type: 'int8' },
    { name: 'resourceNameFilter', type: 'string', nullable: 0 },
    { name: 'patternTypeFilter', type: 'int8', since: 1, default: 3 },
    { name: 'principalFilter', type: 'string', nullable: 0 },
    { name: 'hostFilter', type: 'string', nullable: 0 },
    { name: 'operation', type: 'int8' },
    { name: 'permissionType', type: 'int8' }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0 },
    {
      name: 'resources',
      type: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        { name: 'patternType', type: 'int8', since: 1, default: 3 },
        {
          name: 'acls',
          type: [
            { name: 'principal', type: 'string' },
            { name: 'host', type: 'string' },
            { name: 'operation', type: 'int8' },
            { name: 'permissionType', type: 'int8' }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Adds access rules. */
export const CREATE_ACLS: Api = {
  key: 30,
  name: 'CreateAcls',
  min: 0,
  max: 3,
  flexible: 2,
  request: [
    {
      name: 'creations',
      type: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        { name: 'resourcePatternType', type: 'int8', since: 1, default: 3 },
        { name: 'principal', type: 'string' },
        { name: 'host', type: 'string' },
        { name: 'operation', type: 'int8' },
        { name: 'permissionType', type: 'int8' }
      ],
      array: true
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'results',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 }
      ],
      array: true
    }
  ]
}

/** Removes the access rules that match. */
export const DELETE_ACLS: Api = {
  key: 31,
  name: 'DeleteAcls',
  min: 0,
  max: 3,
  flexible: 2,
  request: [
    {
      name: 'filters',
      type: [
        { name: 'resourceTypeFilter', type: 'int8' },
        { name: 'resourceNameFilter', type: 'string', nullable: 0 },
        { name: 'patternTypeFilter', type: 'int8', since: 1, default: 3 },
        { name: 'principalFilter', type: 'string', nullable: 0 },
        { name: 'hostFilter', type: 'string', nullable: 0 },
        { name: 'operation', type: 'int8' },
        { name: 'permissionType', type: 'int8' }
      ],
      array: true
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'filterResults',
      type: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 },
        {
          name: 'matchingAcls',
          type: [
            { name: 'errorCode', type: 'int16' },
            { name: 'errorMessage', type: 'string', nullable: 0 },
            { name: 'resourceType', type: 'int8' },
            { name: 'resourceName', type: 'string' },
            { name: 'patternType', type: 'int8', since: 1, default: 3 },
            { name: 'principal', type: 'string' },
            { name: 'host', type: 'string' },
            { name: 'operation', type: 'int8' },
            { name: 'permissionType', type: 'int8' }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Users with SCRAM credentials (KIP-554). */
export const DESCRIBE_USER_SCRAM_CREDENTIALS: Api = {
  key: 50,
  name: 'DescribeUserScramCredentials',
  min: 0,
  max: 0,
  flexible: 0,
  request: [{ name: 'users', type: [{ name: 'name', type: 'string' }], array: true, nullable: 0 }],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0 },
    {
      name: 'results',
      type: [
        { name: 'user', type: 'string' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 },
        {
          name: 'credentialInfos',
          type: [
            { name: 'mechanism', type: 'int8' },
            { name: 'iterations', type: 'int32' }
          ],
          array: true
        }
      ],
      array: true
    }
  ]
}

/** Sets and removes SCRAM credentials (KIP-554). */
export const ALTER_USER_SCRAM_CREDENTIALS: Api = {
  key: 51,
  name: 'AlterUserScramCredentials',
  min: 0,
  max: 0,
  flexible: 0,
  request: [
    {
      name: 'deletions',
      type: [
        { name: 'name', type: 'string' },
        { name: 'mechanism', type: 'int8' }
      ],
      array: true
    },
    {
      name: 'upsertions',
      type: [
        { name: 'name', type: 'string' },
        { name: 'mechanism', type: 'int8' },
        { name: 'iterations', type: 'int32' },
        { name: 'salt', type: 'bytes' },
        { name: 'saltedPassword', type: 'bytes' }
      ],
      array: true
    }
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32' },
    {
      name: 'results',
      type: [
        { name: 'user', type: 'string' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0 }
      ],
      array: true
    }
  ]
}
