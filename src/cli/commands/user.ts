// `millrace user` and `millrace token`: who may log in, by password over Kafka's protocol and by token over HTTP.
import { MillraceError } from '../../base/index.ts'
import { parseDuration } from '../../dataflow/index.ts'
import { checkUserName } from '../../server/index.ts'
import type { SecurityResult, TokenListing, UserListing } from '../../server/index.ts'
import { administerChosen } from '../administer.ts'
import type { SecurityTarget } from '../administer.ts'
import { confirm } from '../confirm.ts'
import { formatTable, note, print, serialise } from '../output.ts'
import { readPassword } from '../password.ts'
import { principalArgument } from '../principal.ts'

/** What the parser gives. */
export interface UserOptions extends SecurityTarget {
  readonly output?: 'table' | 'json' | 'yaml'
  readonly super?: boolean
  readonly replace?: boolean
  readonly passwordFile?: string
  readonly yes?: boolean
}

export interface TokenOptions extends SecurityTarget {
  readonly output?: 'table' | 'json' | 'yaml'
  readonly user?: string
  readonly expires?: string
  readonly note?: string
}

/** Prints the users. */
export async function userList(options: UserOptions): Promise<number> {
  const { output } = options
  const { users = [] } = await administerChosen(options, { kind: 'user-list' })
  if (output === 'table' || output === undefined) print(userTable(users))
  else print(await serialise(users, output))
  return 0
}

function userTable(users: readonly UserListing[]): string {
  return formatTable({
    columns: ['user', 'super', 'mechanisms'],
    rows: users.map(({ name, isSuper, mechanisms }) => [
      name,
      isSuper ? 'yes' : '',
      mechanisms.map(each => each.mechanism).join(', ')
    ])
  })
}

/** Makes a user, or changes the password of one. @throws USAGE, SECURITY_NAME, SECURITY_PASSWORD */
export async function userAdd(name: string, options: UserOptions): Promise<number> {
  checkUserName(name)
  const password = await readPassword(name, options.passwordFile ?? null)
  const result = await administerChosen(options, {
    kind: 'user-add',
    name,
    password,
    isSuper: options.super === true,
    isReplaced: options.replace === true
  })
  const rights =
    options.super === true
      ? 'who may do everything'
      : `who may do nothing yet: millrace acl create --allow ${name} --operation read --topic NAME`
  note(`User ${name} is there, ${rights}.`)
  noteOpenServer(result)
  return 0
}

/** Removes a user, after asking. @throws USAGE there is none */
export async function userDelete(name: string, options: UserOptions): Promise<number> {
  const question = `Delete user ${name}? Who is logged in by the password is out at once.`
  if (options.yes !== true && !(await confirm(question))) {
    note('Nothing was deleted.')
    return 1
  }
  await administerChosen(options, { kind: 'user-delete', name })
  note(
    `Deleted user ${name}. Access rules and tokens of User:${name} are left: millrace acl list, token list.`
  )
  return 0
}

/** Prints the tokens, without what would open a door. */
export async function tokenList(options: TokenOptions): Promise<number> {
  const { output } = options
  const { tokens = [] } = await administerChosen(options, { kind: 'token-list' })
  if (output === 'table' || output === undefined) print(tokenTable(tokens))
  else print(await serialise(tokens.map(plainTimes), output))
  return 0
}

const timeText = (ms: number | null): string => (ms === null ? 'never' : new Date(ms).toISOString())

function plainTimes({ createdAtMs, expiresAtMs, ...rest }: TokenListing): object {
  const expires = expiresAtMs === null ? null : timeText(expiresAtMs)
  return { ...rest, created: timeText(createdAtMs), expires }
}

function tokenTable(tokens: readonly TokenListing[]): string {
  return formatTable({
    columns: ['id', 'user', 'created', 'expires', 'note'],
    rows: tokens.map(token => [
      token.id,
      token.principal,
      timeText(token.createdAtMs),
      timeText(token.expiresAtMs),
      token.note
    ])
  })
}

/** Makes a token and prints it: the only time that it is shown. @throws USAGE, SECURITY_NAME */
export async function tokenCreate(options: TokenOptions): Promise<number> {
  const { user = '', expires = '90d', note: remark } = options
  const principal = principalArgument('--user', user)
  const lifetimeMs = expires === 'never' ? null : parseDuration(expires)
  if (expires !== 'never' && (lifetimeMs === null || lifetimeMs <= 0)) {
    throw new MillraceError(
      'USAGE',
      `--expires ${expires}: it takes a duration, as in 12h or 90d, or never`
    )
  }
  const asked = { kind: 'token-create', principal, lifetimeMs, note: remark ?? null } as const
  const result = await administerChosen(options, asked)
  const [token] = result.tokens ?? []
  if (options.output === undefined || options.output === 'table') print(result.text ?? '')
  else print(await serialise({ token: result.text, ...plainTimes(token!) }, options.output))
  note(
    `Token ${token?.id} of ${principal}, until ${timeText(token?.expiresAtMs ?? null)}; it is not shown again.`
  )
  noteOpenServer(result)
  return 0
}

/** Ends a token. @throws USAGE there is none */
export async function tokenRevoke(id: string, options: TokenOptions): Promise<number> {
  await administerChosen(options, { kind: 'token-revoke', id })
  note(`Token ${id} opens nothing any more.`)
  return 0
}

/** A server that was started before the first user or token goes on as it was started. */
function noteOpenServer({ isRequired }: SecurityResult): void {
  if (isRequired !== false) return
  note('The server that runs asks nobody who they are; it does from its next start.')
}
