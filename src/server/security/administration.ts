// Users, tokens and access rules of a data directory, looked at and changed from its machine: directly while it is
// stopped, by its server's local socket (`control.ts`) while it runs.
import { MillraceError, SystemClock, SystemRandom, isMillraceError } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import { Security, principalOf } from '../../security/index.ts'
import type { AccessRule, Audit, TokenListing, UserListing } from '../../security/index.ts'
import { existingFolder, permanentFolder } from '../data-folder.ts'
import { AuditFile } from './audit-file.ts'
import { askServer } from './control.ts'

/** What is asked for. Secrets come in here and are never noted. */
export type SecurityCommand =
  | { readonly kind: 'user-list' }
  | {
      readonly kind: 'user-add'
      readonly name: string
      readonly password: string
      readonly isSuper: boolean
      /** Whether there may be such a user, who gets another password then. */
      readonly isReplaced: boolean
    }
  | { readonly kind: 'user-delete'; readonly name: string }
  | { readonly kind: 'token-list' }
  | {
      readonly kind: 'token-create'
      readonly principal: string
      readonly lifetimeMs: number | null
      readonly note: string | null
    }
  | { readonly kind: 'token-revoke'; readonly id: string }
  | { readonly kind: 'acl-list' }
  | { readonly kind: 'acl-create'; readonly rules: readonly AccessRule[] }
  | { readonly kind: 'acl-delete'; readonly rules: readonly AccessRule[] }

/** What comes back. */
export interface SecurityResult {
  /** Whether the server that runs asks callers who they are; null: none runs. */
  readonly isRequired: boolean | null
  readonly users?: readonly UserListing[]
  readonly tokens?: readonly TokenListing[]
  readonly rules?: readonly AccessRule[]
  /** The text of a new token: shown once. */
  readonly text?: string
}

type Outcome = Omit<SecurityResult, 'isRequired'>

/** Does what a command says. @throws SECURITY_*, USER_EXISTS, USER_UNKNOWN, TOKEN_UNKNOWN */
export async function runCommand(
  security: Security,
  audit: Audit,
  command: SecurityCommand
): Promise<Outcome> {
  const done = await act(security, command)
  if (command.kind.endsWith('-list')) return done
  audit.note({
    kind: 'admin',
    principal: 'User:OWNER',
    host: null,
    door: 'local',
    action: command.kind,
    resources: resourcesOf(command),
    outcome: 'ok'
  })
  return done
}

async function act(security: Security, command: SecurityCommand): Promise<Outcome> {
  const { users, tokens, rules } = security
  switch (command.kind) {
    case 'user-list':
      return { users: users.list() }
    case 'user-add': {
      const { name, password, isSuper, isReplaced } = command
      if (!isReplaced && users.has(name)) throw there(name)
      await users.put(name, password, { isSuper })
      return {}
    }
    case 'user-delete':
      if (!(await users.remove(command.name))) throw missing('user', command.name)
      return {}
    case 'token-list':
      return { tokens: tokens.list() }
    case 'token-create': {
      const { text, token } = await tokens.create(command)
      return { text, tokens: [token] }
    }
    case 'token-revoke':
      if (!(await tokens.revoke(command.id))) throw missing('token', command.id)
      return {}
    case 'acl-list':
      return { rules: rules.list() }
    case 'acl-create':
      await rules.add(command.rules)
      return { rules: command.rules }
    case 'acl-delete':
      await rules.remove(command.rules)
      return { rules: command.rules }
    default:
      // Of another version of this program, by the local socket.
      throw new MillraceError(
        'CONTROL_COMMAND',
        'the server does not know the command; expected one of its own version; use the same version of millrace'
      )
  }
}

/** What a command is about, for the audit log; nothing secret. */
export function resourcesOf(command: SecurityCommand): readonly string[] {
  switch (command.kind) {
    case 'user-add':
    case 'user-delete':
      return [principalOf(command.name)]
    case 'token-create':
      return [command.principal]
    case 'token-revoke':
      return [`token:${command.id}`]
    case 'acl-create':
    case 'acl-delete':
      return command.rules.map(
        ({ principal, permission, operation, kind, name }) =>
          `acl:${principal} ${permission} ${operation} ${kind}:${name}`
      )
    default:
      return []
  }
}

function there(name: string): MillraceError {
  return new MillraceError(
    'USER_EXISTS',
    `there is a user ${name} already; expected a new name; to give ${name} another password add --replace`
  )
}

function missing(what: 'user' | 'token', name: string): MillraceError {
  return new MillraceError(
    what === 'user' ? 'USER_UNKNOWN' : 'TOKEN_UNKNOWN',
    `there is no ${what} ${name}; millrace ${what} list shows which there are`
  )
}

/**
 * Does what a command says with a data directory, whether a server uses it or not.
 * @throws DATA_DIRECTORY_UNKNOWN, LOG_LOCKED something else than a server uses it, and as {@link runCommand}
 */
export async function administer(path: string, command: SecurityCommand): Promise<SecurityResult> {
  // The first user may come before the first start.
  const { path: folder } =
    command.kind === 'user-add' ? permanentFolder(path) : existingFolder(path)
  try {
    return { isRequired: null, ...(await directly(folder, command)) }
  } catch (error) {
    if (!isMillraceError(error, 'LOG_LOCKED')) throw error
    const answer = await askServer(folder, command)
    if (answer === null) throw error
    return answer
  }
}

async function directly(folder: string, command: SecurityCommand): Promise<Outcome> {
  const clock: Clock = new SystemClock()
  const random = new SystemRandom()
  const { openDiskLog } = await import('../../log/index.ts')
  const { SystemDisk } = await import('../../base/index.ts')
  const { closeBrokerState, openBrokerState } = await import('../../kafka/index.ts')
  const log = await openDiskLog({ disk: new SystemDisk(), folder, clock, random })
  const audit = new AuditFile({ dataFolder: folder, clock, onProblem: failAudit })
  try {
    const state = await openBrokerState(log, clock)
    try {
      const security = await Security.open({ memory: state.store, clock, random, isRequired: true })
      return await runCommand(security, audit, command)
    } finally {
      closeBrokerState(state)
    }
  } finally {
    await audit.close()
    await log.close()
  }
}

function failAudit(message: string): void {
  process.stderr.write(`${message}\n`)
}
