// Commands of security, done where their profile is: on a data directory of this machine, or on a server, over HTTP.
import { MillraceError } from '../../base/index.ts'
import { administer } from '../../server/index.ts'
import type {
  AccessRule,
  SecurityCommand,
  SecurityResult,
  TokenListing,
  UserListing
} from '../../server/index.ts'
import { serverOf } from './api-client.ts'
import type { ApiClient } from './api-client.ts'
import type { ListFormat } from '../output/output.ts'
import { atProfile, chosenProfile } from './target.ts'
import type { TargetOptions } from '../options/target-options.ts'

/** What the parser gives. */
export type SecurityTarget = Omit<TargetOptions, 'bootstrap'>

/** The same of commands that print a list. */
export interface SecurityListOptions extends SecurityTarget {
  readonly output: ListFormat
}

/** Does what a command says, where the options say. @throws as `administer`, and the server's codes */
export async function administerChosen(
  target: SecurityTarget,
  command: SecurityCommand
): Promise<SecurityResult> {
  const chosen = await chosenProfile(target)
  const { profile } = chosen
  if (profile.kind === 'embedded') {
    return await atProfile(chosen, administer(profile.dataDir, command))
  }
  const result = await overHttp(await serverOf(chosen), command)
  return { isRequired: true, ...result }
}

const PATH = '/api/v1/security'
const at = (kind: 'users' | 'tokens', name: string): string =>
  `${PATH}/${kind}/${encodeURIComponent(name)}`

async function overHttp(
  client: ApiClient,
  command: SecurityCommand
): Promise<Omit<SecurityResult, 'isRequired'>> {
  switch (command.kind) {
    case 'user-list':
      return await client.call<{ users: readonly UserListing[] }>('GET', `${PATH}/users`)
    case 'user-add': {
      const { name, password, isSuper, isReplaced } = command
      if (!isReplaced) await refuseKnown(client, name)
      await client.call('PUT', at('users', name), { password, isSuper })
      return {}
    }
    case 'user-delete':
      await client.call('DELETE', at('users', command.name))
      return {}
    case 'token-list':
      return await client.call<{ tokens: readonly TokenListing[] }>('GET', `${PATH}/tokens`)
    case 'token-create': {
      const { principal, lifetimeMs, note } = command
      const asked = { principal, lifetimeMs, ...(note === null ? {} : { note }) }
      return await client.call<SecurityResult>('POST', `${PATH}/tokens`, asked)
    }
    case 'token-revoke':
      await client.call('DELETE', at('tokens', command.id))
      return {}
    case 'acl-list':
      return await client.call<{ rules: readonly AccessRule[] }>('GET', `${PATH}/rules`)
    case 'acl-create':
    case 'acl-delete': {
      const { rules } = command
      await client.call(command.kind === 'acl-create' ? 'POST' : 'DELETE', `${PATH}/rules`, {
        rules
      })
      return { rules }
    }
  }
}

/** @throws USER_EXISTS */
async function refuseKnown(client: ApiClient, name: string): Promise<void> {
  const { users } = await client.call<{ users: readonly UserListing[] }>('GET', `${PATH}/users`)
  if (!users.some(user => user.name === name)) return
  throw new MillraceError(
    'USER_EXISTS',
    `there is a user ${name} already; expected a new name; to give ${name} another password add --replace`
  )
}
