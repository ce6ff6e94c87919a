// The security of a server that runs: users and rules of its data directory, its certificates, its audit log.
import { MillraceError } from '../../base/index.ts'
import type { Clock, Random } from '../../base/index.ts'
import {
  Security,
  readSubjectRules,
  type SecurityMemory,
  type SubjectNaming
} from '../../security/index.ts'
import { runCommand } from './administration.ts'
import { AuditFile } from './audit-file.ts'
import { ControlSocket } from './control.ts'
import { isAuthRequired, type Listening, type SecuritySettings } from './settings.ts'
import { TlsFiles } from './tls-files.ts'

/** What a guard is made of. */
export interface GuardOptions {
  readonly settings: SecuritySettings
  /** Everything that will listen. */
  readonly listening: readonly Listening[]
  /** The data directory. */
  readonly folder: string
  readonly memory: SecurityMemory
  readonly clock: Clock
  readonly random: Random
  /** A line for operators: certificates that changed, an audit log that cannot be written. */
  readonly onNotice: (message: string) => void
}

/** What both doors ask, and what they need for TLS. Close it when they are closed. */
export class Guard {
  readonly security: Security
  readonly audit: AuditFile
  readonly settings: SecuritySettings
  readonly tls: TlsFiles | null
  readonly subjectNaming: SubjectNaming
  #control: ControlSocket | null = null

  private constructor(
    options: GuardOptions,
    parts: { readonly security: Security; readonly audit: AuditFile; readonly tls: TlsFiles | null }
  ) {
    this.settings = options.settings
    this.security = parts.security
    this.audit = parts.audit
    this.tls = parts.tls
    this.subjectNaming = readSubjectRules(options.settings.subjectRules)
  }

  /** @throws TLS_FILE, USAGE (rules for subjects), SECURITY_NOBODY nobody could come in */
  static async open(options: GuardOptions): Promise<Guard> {
    const { settings, listening, folder, memory, clock, random, onNotice } = options
    readSubjectRules(settings.subjectRules)
    const audit = new AuditFile({ dataFolder: folder, clock, onProblem: onNotice })
    const security = await Security.open({
      memory,
      clock,
      random,
      superUsers: settings.superUsers,
      isRequired: isAuthRequired(settings, listening),
      audit
    })
    checkSomebody(security, settings, folder)
    const tls =
      settings.tls === null
        ? null
        : TlsFiles.open(settings.tls, clock, message => {
            const event = { kind: 'server', principal: null, host: null, door: 'local' } as const
            security.audit.note({ ...event, action: 'certificate', outcome: message })
            onNotice(message)
          })
    const guard = new Guard(options, { security, audit, tls })
    guard.#control = await ControlSocket.open(folder, async command => {
      return { isRequired: security.isRequired, ...(await runCommand(security, audit, command)) }
    })
    if (guard.#control === null) {
      onNotice(
        `there is no local socket in ${folder}: user, token and acl need this server stopped`
      )
    }
    security.audit.note({
      kind: 'server',
      principal: null,
      host: null,
      door: 'local',
      action: 'start',
      resources: listening.map(({ address }) => `${address.host}:${address.port}`),
      outcome: guard.describe()
    })
    return guard
  }

  /** Who may come in, in a line for people. */
  describe(): string {
    const { users, tokens, isRequired } = this.security
    if (!isRequired) return 'nobody has to authenticate'
    const ways = [
      users.size > 0
        ? `SCRAM${this.tls === null ? '' : ' and PLAIN'} (${users.size === 1 ? '1 user' : `${users.size} users`})`
        : '',
      this.settings.tls?.clientAuthorities ? 'certificates' : '',
      tokens.size > 0 ? `tokens (${tokens.size})` : ''
    ]
    return `by ${ways.filter(way => way !== '').join(', ')}`
  }

  /** The same; null when nobody has to. */
  get logins(): string | null {
    return this.security.isRequired ? this.describe() : null
  }

  async close(): Promise<void> {
    await this.#control?.close()
    this.tls?.close()
    await this.audit.close()
  }
}

/** A door that nobody can open is a mistake of whoever starts the server. */
function checkSomebody(security: Security, settings: SecuritySettings, folder: string): void {
  const { isRequired, users, tokens } = security
  if (!isRequired || users.size + tokens.size > 0 || settings.tls?.clientAuthorities) return
  throw new MillraceError(
    'SECURITY_NOBODY',
    `callers must say who they are, and the data directory ${folder} has no user and no token; make one first: ` +
      `millrace user add NAME --super --data-dir ${folder}; or give --tls-client-ca FILE for clients with certificates`
  )
}
