// `millrace user` and `millrace token`: who may log in, by password over Kafka's protocol and by token over HTTP.
import { MillraceError } from '../../base/index.ts'
import { parseDuration } from '../../dataflow/index.ts'
import { checkUserName } from '../../server/index.ts'
import type { SecurityResult, TokenListing } from '../../server/index.ts'
import { administerChosen } from '../target/administer.ts'
import type { SecurityListOptions, SecurityTarget } from '../target/administer.ts'
import { confirm } from '../options/confirm.ts'
import { note, print, printList, serialise } from '../output/output.ts'
import { readPassword } from '../options/password.ts'
import { principalArgument } from '../options/principal.ts'

/** What the parser gives. */
export interface UserOptions extends SecurityTarget {
  readonly super?: boolean
  readonly replace?: boolean
  readonly passwordFile?: string
  readonly yes?: boolean
}

/** Of `token create`. */
export interface TokenOptions extends SecurityListOptions {
  readonly user: string
  readonly expires: string
  readonly note?: string
}

/** Prints the users. */
export async function userList(options: SecurityListOptions): Promise<number> {
  const { users = [] } = await administerChosen(options, { kind: 'user-list' })
  await printList(users, {
    output: options.output,
    columns: ['user', 'super', 'mechanisms'],
    row: ({ name, isSuper, mechanisms }) => [
      name,
      isSuper ? 'yes' : '',
      mechanisms.map(each => each.mechanism).join(', ')
    ],
    none: 'No users: nobody logs in with a password.'
  })
  return 0
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
export async function tokenList(options: SecurityListOptions): Promise<number> {
  const { tokens = [] } = await administerChosen(options, { kind: 'token-list' })
  await printList(tokens.map(plainTimes), {
    output: options.output,
    columns: ['id', 'user', 'created', 'expires', 'note'],
    row: token => [token.id, token.principal, token.created, token.expires ?? 'never', token.note],
    none: 'No tokens.'
  })
  return 0
}

const timeText = (ms: number | null): string => (ms === null ? 'never' : new Date(ms).toISOString())

type PlainToken = Omit<TokenListing, 'createdAtMs' | 'expiresAtMs'> & {
  readonly created: string
  readonly expires: string | null
}

function plainTimes({ createdAtMs, expiresAtMs, ...rest }: TokenListing): PlainToken {
  const expires = expiresAtMs === null ? null : timeText(expiresAtMs)
  return { ...rest, created: timeText(createdAtMs), expires }
}

/** Makes a token and prints it: the only time that it is shown. @throws USAGE, SECURITY_NAME */
export async function tokenCreate(options: TokenOptions): Promise<number> {
  const { user, expires, note: remark } = options
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
  if (options.output === 'table') print(result.text ?? '')
  else print(await serialise({ token: result.text, ...plainTimes(token!) }, options.output))
  note(
    `Token ${token?.id} of ${principal}, until ${timeText(token?.expiresAtMs ?? null)}; it is not shown again.`
  )
  noteOpenServer(result)
  return 0
}

/** Ends a token. @throws USAGE there is none */
export async function tokenRevoke(id: string, options: SecurityTarget): Promise<number> {
  await administerChosen(options, { kind: 'token-revoke', id })
  note(`Token ${id} opens nothing any more.`)
  return 0
}

/** A server that was started before the first user or token goes on as it was started. */
function noteOpenServer({ isRequired }: SecurityResult): void {
  if (isRequired !== false) return
  note('The server that runs asks nobody who they are; it does from its next start.')
}
