// Routes of security: users, tokens and access rules of a server, for who may administer it.
//
// They do what the commands do by the server's local socket. A server that asks nobody who they are has none of it:
// whoever reaches it could lock everybody out. Its first user is made on its machine.
import type { AccessRule } from '../../../../security/index.ts'
import { NO_AUDIT, OPERATIONS, RESOURCE_KINDS } from '../../../../security/index.ts'
import { resourcesOf, runCommand } from '../../../security/index.ts'
import type { SecurityCommand } from '../../../security/index.ts'
import { HttpError } from '../../errors.ts'
import type { ApiHost } from '../host.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import type { Schema } from '../schema.ts'

const TAG = 'security'
const BODY_BYTES_MAX = 1024 * 1024
const LOOK = needs('describe', 'cluster')
const CHANGE = needs('alter', 'cluster')
const USER = inPath('user', 'Name of the user.')
const NOTHING = { 204: { description: 'It is so, and durable.' } }

const USER_SCHEMA: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    isSuper: { type: 'boolean' },
    mechanisms: {
      type: 'array',
      items: {
        type: 'object',
        properties: { mechanism: { type: 'string' }, iterations: { type: 'integer' } }
      }
    }
  }
}

const TOKEN_SCHEMA: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    principal: { type: 'string', examples: ['User:ana'] },
    note: { type: ['string', 'null'] },
    createdAtMs: { type: 'integer' },
    expiresAtMs: { type: ['integer', 'null'] }
  }
}

const RULES_SCHEMA: Schema = {
  type: 'object',
  required: ['rules'],
  properties: {
    rules: {
      type: 'array',
      maxItems: 1_000,
      items: {
        type: 'object',
        required: ['permission', 'principal', 'host', 'operation', 'kind', 'pattern', 'name'],
        properties: {
          permission: { type: 'string', enum: ['allow', 'deny'] },
          principal: { type: 'string', examples: ['User:ana'] },
          host: { type: 'string', description: 'Address of a client; * is every one.' },
          operation: { type: 'string', enum: [...OPERATIONS, 'all'] },
          kind: { type: 'string', enum: RESOURCE_KINDS },
          pattern: { type: 'string', enum: ['literal', 'prefixed'] },
          name: { type: 'string' }
        },
        additionalProperties: false
      }
    }
  },
  additionalProperties: false
}

/** Does what a command says. @throws 409 nobody has to say who they are */
async function run(
  request: ApiRequest,
  { served }: ApiHost,
  command: SecurityCommand
): ReturnType<typeof runCommand> {
  const { guard } = served
  if (guard !== null && guard.security.isRequired) {
    // Noted as every request over HTTP is, with the names in it.
    request.about(resourcesOf(command))
    return await runCommand(guard.security, NO_AUDIT, command)
  }
  const message =
    'the server asks nobody who they are, so it takes no users, tokens and rules over HTTP; ' +
    'make the first user on its machine: millrace user add NAME --super'
  throw new HttpError(409, 'SECURITY_DISABLED', message)
}

const done = (): ApiAnswer => ({ status: 204, body: null })

async function putUser(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const { password, isSuper = false } = await request.json<{
    password: string
    isSuper?: boolean
  }>()
  const name = request.named('user')
  await run(request, host, { kind: 'user-add', name, password, isSuper, isReplaced: true })
  return done()
}

async function createToken(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const asked = await request.json<{
    principal: string
    lifetimeMs: number | null
    note?: string
  }>()
  const { principal, lifetimeMs, note = null } = asked
  const { text, tokens } = await run(request, host, {
    kind: 'token-create',
    principal,
    lifetimeMs,
    note
  })
  return { status: 201, headers: { 'cache-control': 'no-store' }, body: { text, tokens } }
}

async function changeRules(
  request: ApiRequest,
  host: ApiHost,
  kind: 'acl-create' | 'acl-delete'
): Promise<ApiAnswer> {
  const { rules } = await request.json<{ rules: readonly AccessRule[] }>()
  await run(request, host, { kind, rules })
  return done()
}

const json = (description: string, schema: Schema): NonNullable<ApiRoute['body']> => {
  return { description, content: { 'application/json': schema }, bytesMax: BODY_BYTES_MAX }
}

const USER_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/security/users`,
    id: 'listUsers',
    tag: TAG,
    summary: 'List the users, without anything secret',
    answers: gives('The users by name.', {
      type: 'object',
      properties: { users: { type: 'array', items: USER_SCHEMA } }
    }),
    access: LOOK,
    handle: async (request, host) => ok(await run(request, host, { kind: 'user-list' }))
  },
  {
    method: 'PUT',
    path: `${API}/security/users/{user}`,
    id: 'putUser',
    tag: TAG,
    summary: 'Make a user, or give one another password',
    parameters: [USER],
    body: json('The password, and whether the user may do everything.', {
      type: 'object',
      required: ['password'],
      properties: { password: { type: 'string' }, isSuper: { type: 'boolean', default: false } },
      additionalProperties: false
    }),
    answers: NOTHING,
    access: CHANGE,
    handle: putUser
  },
  {
    method: 'DELETE',
    path: `${API}/security/users/{user}`,
    id: 'deleteUser',
    tag: TAG,
    summary: 'Delete a user, whose connections end',
    parameters: [USER],
    answers: NOTHING,
    access: CHANGE,
    handle: async (request, host) => {
      await run(request, host, { kind: 'user-delete', name: request.named('user') })
      return done()
    }
  }
]

const TOKEN_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/security/tokens`,
    id: 'listTokens',
    tag: TAG,
    summary: 'List the tokens, without what opens a door',
    answers: gives('The tokens, the oldest first.', {
      type: 'object',
      properties: { tokens: { type: 'array', items: TOKEN_SCHEMA } }
    }),
    access: LOOK,
    handle: async (request, host) => ok(await run(request, host, { kind: 'token-list' }))
  },
  {
    method: 'POST',
    path: `${API}/security/tokens`,
    id: 'createToken',
    tag: TAG,
    summary: 'Make a token, which is shown this once',
    body: json('Whom it stands for, and for how long it is good; null: until it is revoked.', {
      type: 'object',
      required: ['principal', 'lifetimeMs'],
      properties: {
        principal: { type: 'string', examples: ['User:ana'] },
        lifetimeMs: { type: ['integer', 'null'], minimum: 1 },
        note: { type: 'string', maxLength: 512 }
      },
      additionalProperties: false
    }),
    answers: {
      201: {
        description: 'The token as its holder shows it, and as it is listed.',
        content: {
          'application/json': {
            type: 'object',
            properties: { text: { type: 'string' }, tokens: { type: 'array', items: TOKEN_SCHEMA } }
          }
        }
      }
    },
    access: CHANGE,
    handle: createToken
  },
  {
    method: 'DELETE',
    path: `${API}/security/tokens/{token}`,
    id: 'revokeToken',
    tag: TAG,
    summary: 'End a token at once',
    parameters: [inPath('token', 'Its id, as it is listed.')],
    answers: NOTHING,
    access: CHANGE,
    handle: async (request, host) => {
      await run(request, host, { kind: 'token-revoke', id: request.named('token') })
      return done()
    }
  }
]

const RULE_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/security/rules`,
    id: 'listRules',
    tag: TAG,
    summary: 'List the access rules',
    answers: gives('The rules by resource.', RULES_SCHEMA),
    access: LOOK,
    handle: async (request, host) => ok(await run(request, host, { kind: 'acl-list' }))
  },
  {
    method: 'POST',
    path: `${API}/security/rules`,
    id: 'addRules',
    tag: TAG,
    summary: 'Add access rules, all or none',
    body: json('The rules.', RULES_SCHEMA),
    answers: NOTHING,
    access: CHANGE,
    handle: (request, host) => changeRules(request, host, 'acl-create')
  },
  {
    method: 'DELETE',
    path: `${API}/security/rules`,
    id: 'removeRules',
    tag: TAG,
    summary: 'Remove access rules',
    body: json('The rules, as they are listed.', RULES_SCHEMA),
    answers: NOTHING,
    access: CHANGE,
    handle: (request, host) => changeRules(request, host, 'acl-delete')
  }
]

/** The routes. */
export const SECURITY_ROUTES: readonly ApiRoute[] = [
  ...USER_ROUTES,
  ...TOKEN_ROUTES,
  ...RULE_ROUTES
]
