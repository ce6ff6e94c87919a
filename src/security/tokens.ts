// Bearer tokens for HTTP: 256 random bits that are shown once; only their SHA-256 is kept.
//
//   mrt_<id, 16 hexadecimal digits>_<secret, 43 characters of base64url>
import { createHash, timingSafeEqual } from 'node:crypto'

import { MillraceError, type Clock, type Random } from '../base/index.ts'
import type { SecurityMemory } from './memory.ts'
import { ANONYMOUS, EVERYBODY, checkPrincipal, isPlainName, type Principal } from './words.ts'

const PREFIX = 'token:'
const ID_BYTES = 8
const SECRET_BYTES = 32
const TOKENS_MAX = 10_000
const TOKEN = /^mrt_(?<id>[0-9a-f]{16})_(?<secret>[A-Za-z0-9_-]{43})$/

/** A token as lists show it. Times in milliseconds since the epoch. */
export interface TokenListing {
  readonly id: string
  readonly principal: Principal
  readonly note: string | null
  readonly createdAtMs: number
  /** null: never. */
  readonly expiresAtMs: number | null
}

interface StoredToken extends Omit<TokenListing, 'id'> {
  /** SHA-256 of the secret, hexadecimal. */
  readonly digest: string
}

/** All tokens. */
export class Tokens {
  readonly #memory: SecurityMemory
  readonly #clock: Clock
  readonly #random: Random
  readonly #tokens = new Map<string, StoredToken>()

  constructor(memory: SecurityMemory, clock: Clock, random: Random) {
    this.#memory = memory
    this.#clock = clock
    this.#random = random
    for (const [id, value] of memory.entries(PREFIX)) this.#tokens.set(id, value as StoredToken)
  }

  get size(): number {
    return this.#tokens.size
  }

  /** Tokens, the oldest first; expired ones too until they are revoked. */
  list(): readonly TokenListing[] {
    return [...this.#tokens]
      .map(([id, stored]) => listingOf(id, stored))
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
  }

  /**
   * Makes a token; `text` is what its holder shows, and cannot be got again. Resolves when durable.
   * @throws SECURITY_NAME, SECURITY_FULL
   */
  async create(asked: {
    readonly principal: Principal
    /** How long it is good, ms; null: until it is revoked. */
    readonly lifetimeMs: number | null
    readonly note: string | null
  }): Promise<{ readonly text: string; readonly token: TokenListing }> {
    const { principal, lifetimeMs, note } = asked
    checkPrincipal(principal)
    if (principal === EVERYBODY || principal === ANONYMOUS || !isPlainName(note ?? '-')) {
      throw new MillraceError(
        'SECURITY_NAME',
        `a token for ${principal} with the note ${JSON.stringify(note)}; expected one user, and a note of at most ` +
          '512 characters without control characters'
      )
    }
    if (this.#tokens.size >= TOKENS_MAX) {
      throw new MillraceError(
        'SECURITY_FULL',
        `there are ${this.#tokens.size} tokens; at most ${TOKENS_MAX} are kept; revoke some first`
      )
    }
    const id = Buffer.from(this.#random.bytes(ID_BYTES)).toString('hex')
    const secret = Buffer.from(this.#random.bytes(SECRET_BYTES)).toString('base64url')
    const createdAtMs = this.#clock.now()
    const expiresAtMs = lifetimeMs === null ? null : createdAtMs + lifetimeMs
    const facts = { principal, note, createdAtMs, expiresAtMs }
    const stored: StoredToken = { ...facts, digest: digestOf(secret).toString('hex') }
    this.#tokens.set(id, stored)
    try {
      await this.#memory.change(new Map([[PREFIX + id, stored]]))
    } catch (error) {
      this.#tokens.delete(id)
      throw error
    }
    return { text: `mrt_${id}_${secret}`, token: { id, ...facts } }
  }

  /** Ends a token. false: there is none. Resolves when durable; it is good for nothing at once. */
  async revoke(id: string): Promise<boolean> {
    if (!this.#tokens.delete(id)) return false
    await this.#memory.change(new Map([[PREFIX + id, null]]))
    return true
  }

  /** The token that a text is; null when it is none, was revoked or has expired. */
  find(text: string): TokenListing | null {
    const groups = TOKEN.exec(text)?.groups
    if (groups === undefined) return null
    const id = groups['id']!
    const stored = this.#tokens.get(id)
    const expected = stored === undefined ? NOTHING : Buffer.from(stored.digest, 'hex')
    const isRight = timingSafeEqual(digestOf(groups['secret']!), expected)
    if (stored === undefined || !isRight) return null
    if (stored.expiresAtMs !== null && stored.expiresAtMs <= this.#clock.now()) return null
    return listingOf(id, stored)
  }
}

function listingOf(id: string, stored: StoredToken): TokenListing {
  const { principal, note, createdAtMs, expiresAtMs } = stored
  return { id, principal, note, createdAtMs, expiresAtMs }
}

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
const NOTHING = Buffer.alloc(SECRET_BYTES)
