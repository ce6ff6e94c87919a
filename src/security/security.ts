// Who may come in and what they may do: users, tokens, rules and super users of one data directory.
//
// Owns: the decisions. Does not own: protocols (`kafka/broker/security`, HTTP), files (`server/security`).
//
//   Z1  Where nobody must authenticate, everything is allowed, to ANONYMOUS.
//   Z2  Where they must, only super users may do what no rule allows.
//   Z3  Every denial and every failed login is noted.
import type { Clock, Random } from '../base/index.ts'
import { NO_AUDIT, type Audit, type AuditEvent } from './audit.ts'
import type { SecurityMemory } from './memory.ts'
import { Rules, type Asker } from './rules.ts'
import { Tokens } from './tokens.ts'
import { Users } from './users.ts'
import {
  ANONYMOUS,
  CLUSTER_NAME,
  OPERATIONS_OF,
  type Operation,
  type Principal,
  type ResourceKind
} from './words.ts'

/** Who asks, and by which door. */
export interface Identity extends Asker {
  readonly door: 'kafka' | 'http' | 'local'
}

/** What {@link Security} is made of. */
export interface SecurityOptions {
  readonly memory: SecurityMemory
  readonly clock: Clock
  readonly random: Random
  /** Principals that may do everything, beside users that were made so. */
  readonly superUsers?: readonly Principal[]
  /** Whether callers must say who they are; null: once there is a user or a token. */
  readonly isRequired?: boolean | null
  readonly audit?: Audit
}

/** How often a token that goes on being used is noted. */
const TOKEN_NOTED_MS = 3_600_000
const TOKENS_NOTED_MAX = 1_000

/** The security of a data directory. */
export class Security {
  readonly users: Users
  readonly tokens: Tokens
  readonly rules: Rules
  readonly audit: Audit
  /** Whether callers must say who they are (Z1). */
  readonly isRequired: boolean
  readonly #superUsers: ReadonlySet<Principal>
  readonly #clock: Clock
  readonly #noted = new Map<string, number>()

  private constructor(options: SecurityOptions, users: Users) {
    const { memory, clock, random, superUsers = [], audit = NO_AUDIT } = options
    this.users = users
    this.tokens = new Tokens(memory, clock, random)
    this.rules = new Rules(memory)
    this.isRequired = options.isRequired ?? users.size + this.tokens.size > 0
    this.audit = this.isRequired ? audit : NO_AUDIT
    this.#superUsers = new Set(superUsers)
    this.#clock = clock
  }

  /** Reads what is known; one at a time over one memory. */
  static async open(options: SecurityOptions): Promise<Security> {
    return new Security(options, await Users.open(options.memory, options.random))
  }

  /** Whether a principal may do everything (Z1, Z2). */
  isSuper(principal: Principal): boolean {
    if (!this.isRequired || this.#superUsers.has(principal)) return true
    return principal.startsWith('User:') && this.users.isSuper(principal.slice('User:'.length))
  }

  /** Whether it is allowed; notes a denial (Z3). The name of the cluster is {@link CLUSTER_NAME}. */
  allows(identity: Identity, operation: Operation, kind: ResourceKind, name: string): boolean {
    if (this.mightAllow(identity, operation, kind, name)) return true
    this.#deny(identity, operation, `${kind}:${name}`)
    return false
  }

  /** The same of the cluster. */
  allowsCluster(identity: Identity, operation: Operation): boolean {
    return this.allows(identity, operation, 'cluster', CLUSTER_NAME)
  }

  /** Whether it is allowed, without a note: for what is left out of lists. */
  mightAllow(asker: Asker, operation: Operation, kind: ResourceKind, name: string): boolean {
    return this.isSuper(asker.principal) || this.rules.allow(asker, operation, kind, name)
  }

  /** Whether it is allowed for any resource of the kind; no note. */
  mightAllowAny(asker: Asker, operation: Operation, kind: ResourceKind): boolean {
    return this.isSuper(asker.principal) || this.rules.allowAny(asker, operation, kind)
  }

  /** All that is allowed. */
  operations(asker: Asker, kind: ResourceKind, name: string): readonly Operation[] {
    return OPERATIONS_OF[kind].filter(operation => this.mightAllow(asker, operation, kind, name))
  }

  /**
   * Who a request over HTTP is from: `authorization` is its header. null: it must say who it is, and did not, or with
   * a token that is no good; answer 401 with `WWW-Authenticate: Bearer`.
   */
  bearer(authorization: string | undefined, host: string): Identity | null {
    if (!this.isRequired) return { principal: ANONYMOUS, host, door: 'http' }
    const text = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
    const token = text === undefined ? null : this.tokens.find(text)
    if (token === null) {
      const outcome = text === undefined ? 'no token' : 'a token that is not good, or not any more'
      this.#login('login-failed', null, host, outcome)
      return null
    }
    this.#noteToken(token.id, token.principal, host)
    return { principal: token.principal, host, door: 'http' }
  }

  #noteToken(id: string, principal: Principal, host: string): void {
    const key = `${id}\n${host}`
    const now = this.#clock.monotonic()
    if (now - (this.#noted.get(key) ?? -Infinity) < TOKEN_NOTED_MS) return
    if (this.#noted.size >= TOKENS_NOTED_MAX) this.#noted.clear()
    this.#noted.set(key, now)
    this.#login('login', principal, host, 'ok')
  }

  #login(
    kind: AuditEvent['kind'],
    principal: Principal | null,
    host: string,
    outcome: string
  ): void {
    this.audit.note({ kind, principal, host, door: 'http', method: 'token', outcome })
  }

  #deny({ principal, host, door }: Identity, action: string, resource: string): void {
    this.audit.note({
      kind: 'denied',
      principal,
      host,
      door,
      action,
      resources: [resource],
      outcome: 'denied'
    })
  }
}
