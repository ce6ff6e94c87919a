// How one connection comes to be somebody: by its certificate, by SASL, or because nobody must be anybody.
//
//   O1  Before a login only ApiVersions and what makes a login are answered; anything else ends the connection.
//   O2  Whoever fails is told so after a moment, and the connection ends.
//   O3  A login ends with its session's lifetime, and when the user is removed or gets another password. A new login on
//       the same connection (KIP-368) must be of the same principal.
//   O4  PLAIN shows passwords to whoever reads along: it is offered over TLS only.
//   O5  Behind SaslHandshake 0 messages are frames of their own; behind later versions requests (KIP-152).
import type { Clock, Random } from '../../../base/index.ts'
import {
  ANONYMOUS,
  SCRAM_MECHANISMS,
  ScramExchange,
  principalOf,
  type Identity,
  type Principal,
  type ScramCredential,
  type ScramMechanism,
  type Security
} from '../../../security/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'

const PLAIN = 'PLAIN'
const NONCE_BYTES = 24
/** How long a refusal is held back, so that passwords are not tried quickly. */
const REFUSAL_MS = 200

/** Requests of a connection that nobody has authenticated on. */
const LOGIN_APIS: ReadonlySet<string> = new Set([
  'ApiVersions',
  'SaslHandshake',
  'SaslAuthenticate'
])
const RENEWAL_APIS: ReadonlySet<string> = new Set(['SaslHandshake', 'SaslAuthenticate'])

/** What a login needs to know of its connection. */
export interface LoginOptions {
  readonly security: Security
  readonly clock: Clock
  readonly random: Random
  /** Address of the client. */
  readonly host: string
  readonly isEncrypted: boolean
  /** Whom the certificate of the client names; null without one. */
  readonly certified: Principal | null
  /** How long a login by SASL lasts, ms; 0: as long as the connection. */
  readonly sessionLifetimeMs: number
}

/** What proves a user: who was it, and by which credential. */
interface Proven {
  readonly user: string
  readonly mechanism: string
  readonly credential: ScramCredential
}

/** A step of an exchange: bytes for the client, and whether it is the last one. */
type Step =
  | { readonly kind: 'goes-on'; readonly reply: Buffer }
  | { readonly kind: 'proven'; readonly reply: Buffer; readonly proven: Proven }
  | { readonly kind: 'refused'; readonly user: string | null }

type Take = (message: Uint8Array) => Step | Promise<Step>

/** First version behind which messages are requests. */
const REQUESTS_VERSION = 1

/** The login of one connection. */
export class Login {
  readonly #options: LoginOptions
  #identity: Identity | null = null
  #exchange: { readonly mechanism: string; take: Take } | null = null
  #proven: Proven | null = null
  #endsAt = Infinity
  #hasFailed = false
  #takesFrames = false

  constructor(options: LoginOptions) {
    this.#options = options
    const { security, certified } = options
    if (!security.isRequired) this.#identity = this.#as(ANONYMOUS)
    else if (certified !== null) {
      this.#identity = this.#as(certified)
      this.#note('certificate', certified, 'ok')
    }
  }

  /** Who asks; null before a login. */
  get identity(): Identity | null {
    return this.#identity
  }

  /** Whether the connection must end when its answers are sent (O2). */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Whether the next frame is a message of SASL, and no request (O5). */
  get takesFrames(): boolean {
    return this.#takesFrames
  }

  /** Why a request is not answered; null when it is (O1, O3). */
  refusalOf(api: string): string | null {
    if (this.#identity === null) {
      return LOGIN_APIS.has(api)
        ? null
        : `${api} before the client authenticated; expected SASL first: set the client's security protocol and ` +
            'mechanism, see docs/security.md'
    }
    if (this.#proven === null || RENEWAL_APIS.has(api)) return null
    if (!this.#isCurrent(this.#proven)) {
      return `the password of ${this.#identity.principal} was changed or removed after this login`
    }
    if (this.#options.clock.monotonic() < this.#endsAt) return null
    return `the session of ${this.#identity.principal} has ended and was not renewed`
  }

  #isCurrent({ user, credential }: Proven): boolean {
    const { users } = this.#options.security
    return SCRAM_MECHANISMS.some(mechanism => users.credential(user, mechanism) === credential)
  }

  /** Mechanisms that this connection may use (O4). */
  mechanisms(): readonly string[] {
    if (!this.#options.security.isRequired) return []
    return this.#options.isEncrypted ? [...SCRAM_MECHANISMS, PLAIN] : SCRAM_MECHANISMS
  }

  /** Answers SaslHandshake. */
  handshake(mechanism: string, version: number): Sparse<ResponseOf<'SaslHandshake'>> {
    const mechanisms = this.mechanisms()
    if (!this.#options.security.isRequired) {
      return { errorCode: ERROR_CODES.ILLEGAL_SASL_STATE, mechanisms }
    }
    if (!mechanisms.includes(mechanism)) {
      this.#hasFailed = true
      this.#note(mechanism.slice(0, 40), null, 'a mechanism that is not offered')
      return { errorCode: ERROR_CODES.UNSUPPORTED_SASL_MECHANISM, mechanisms }
    }
    const take = mechanism === PLAIN ? this.#plain() : this.#scram(mechanism as ScramMechanism)
    this.#exchange = { mechanism, take }
    this.#takesFrames = version < REQUESTS_VERSION
    return { errorCode: ERROR_CODES.NONE, mechanisms }
  }

  /** Answers SaslAuthenticate. */
  async authenticate(message: Uint8Array): Promise<Sparse<ResponseOf<'SaslAuthenticate'>>> {
    const exchange = this.#exchange
    if (exchange === null) {
      const errorMessage = 'SaslAuthenticate without a SaslHandshake before it'
      return { errorCode: ERROR_CODES.ILLEGAL_SASL_STATE, errorMessage }
    }
    const step = await exchange.take(message)
    if (step.kind === 'goes-on') return { errorMessage: null, authBytes: step.reply }
    this.#exchange = null
    if (step.kind === 'refused') return await this.#refuse(exchange.mechanism, step.user)
    const { user } = step.proven
    if (this.#proven !== null && this.#proven.user !== user) {
      return await this.#refuse(exchange.mechanism, user)
    }
    return this.#accept(step.proven, step.reply)
  }

  /** Answers a frame that is a message (O5); null: the connection ends without a word. */
  async authenticateFrame(message: Uint8Array): Promise<Uint8Array | null> {
    const { errorCode = ERROR_CODES.NONE, authBytes = NOTHING } = await this.authenticate(message)
    this.#takesFrames = this.#exchange !== null
    return errorCode === ERROR_CODES.NONE ? authBytes : null
  }

  #accept(proven: Proven, authBytes: Buffer): Sparse<ResponseOf<'SaslAuthenticate'>> {
    const { clock, sessionLifetimeMs } = this.#options
    this.#proven = proven
    this.#identity = this.#as(principalOf(proven.user))
    this.#endsAt = sessionLifetimeMs > 0 ? clock.monotonic() + sessionLifetimeMs : Infinity
    this.#note(proven.mechanism, this.#identity.principal, 'ok')
    return { errorMessage: null, authBytes, sessionLifetimeMs }
  }

  /** O2. The answer does not say whether there is such a user. */
  async #refuse(
    mechanism: string,
    user: string | null
  ): Promise<Sparse<ResponseOf<'SaslAuthenticate'>>> {
    this.#hasFailed = true
    this.#note(mechanism, user === null ? null : principalOf(user), 'wrong name or password')
    await this.#options.clock.sleep(REFUSAL_MS)
    return {
      errorCode: ERROR_CODES.SASL_AUTHENTICATION_FAILED,
      errorMessage: `Authentication failed due to invalid credentials with SASL mechanism ${mechanism}`
    }
  }

  #as(principal: Principal): Identity {
    return { principal, host: this.#options.host, door: 'kafka' }
  }

  #note(method: string, principal: Principal | null, outcome: string): void {
    const { security, host } = this.#options
    security.audit.note({
      kind: outcome === 'ok' ? 'login' : 'login-failed',
      principal: principal?.slice(0, PRINCIPAL_NOTED_LENGTH) ?? null,
      host,
      door: 'kafka',
      method,
      outcome
    })
  }

  /** RFC 4616: the one message has everything. */
  #plain(): Take {
    return async message => {
      const parts = Buffer.from(message).toString().split('\0')
      const [authzid = '', user = '', password = ''] = parts
      const isFor = authzid === '' || authzid === user
      if (parts.length !== 3 || user === '' || !isFor) return { kind: 'refused', user: null }
      const credential = await this.#options.security.users.check(user, password)
      if (credential === null) return { kind: 'refused', user }
      return { kind: 'proven', reply: NOTHING, proven: { user, mechanism: PLAIN, credential } }
    }
  }

  #scram(mechanism: ScramMechanism): Take {
    const { security, random } = this.#options
    const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64url')
    const exchange = new ScramExchange(mechanism, nonce)
    let first: { readonly user: string; readonly credential: ScramCredential } | null = null
    return message => {
      if (first === null) {
        let credential: ScramCredential | null = null
        const answer = exchange.first(message, name => {
          credential = security.users.credentialOrDecoy(name, mechanism)
          return credential
        })
        if (answer === null || credential === null) return { kind: 'refused', user: null }
        first = { user: answer.user, credential }
        return { kind: 'goes-on', reply: answer.reply }
      }
      const { user, credential } = first
      const reply = exchange.final(message)
      // Of a stranger's credential nobody has the password, and it could have been changed meanwhile.
      const isCurrent = security.users.credential(user, mechanism) === credential
      if (reply === null || !isCurrent) return { kind: 'refused', user }
      return { kind: 'proven', reply, proven: { user, mechanism, credential } }
    }
  }
}

const NOTHING = Buffer.alloc(0)
const PRINCIPAL_NOTED_LENGTH = 200
