// Users with passwords: their SCRAM credentials, durable, and whether they are super users.
import { createHmac } from 'node:crypto'

import { MillraceError, type Random } from '../base/index.ts'
import type { SecurityMemory } from './memory.ts'
import {
  SCRAM_ITERATIONS_MAX,
  SCRAM_MECHANISMS,
  SCRAM_SALT_BYTES,
  credentialOf,
  isPassword,
  keyBytes,
  saltPassword,
  type ScramCredential,
  type ScramMechanism
} from './scram.ts'
import { checkUserName } from './words.ts'

const PREFIX = 'user:'
const DECOY_KEY = 'security:decoy'
const DECOY_BYTES = 32
const USERS_MAX = 10_000
const PASSWORD_BYTES_MIN = 8
const PASSWORD_BYTES_MAX = 1_024
/** What a wrong password is compared with costs processor time: only so many at once, others wait. */
const CHECKS_AT_ONCE = 2
const CHECKS_WAITING_MAX = 256

/** A user as lists show it: nothing that is secret. */
export interface UserListing {
  readonly name: string
  readonly isSuper: boolean
  readonly mechanisms: readonly {
    readonly mechanism: ScramMechanism
    readonly iterations: number
  }[]
}

interface User {
  readonly isSuper: boolean
  readonly scram: ReadonlyMap<ScramMechanism, ScramCredential>
}

interface StoredUser {
  readonly isSuper: boolean
  readonly scram: Readonly<
    Partial<
      Record<
        ScramMechanism,
        {
          readonly salt: string
          readonly iterations: number
          readonly storedKey: string
          readonly serverKey: string
        }
      >
    >
  >
}

/** All users. */
export class Users {
  readonly #memory: SecurityMemory
  readonly #random: Random
  readonly #users = new Map<string, User>()
  readonly #decoy: Buffer
  #checking = 0
  readonly #waiting: (() => void)[] = []

  private constructor(memory: SecurityMemory, random: Random, decoy: Buffer) {
    this.#memory = memory
    this.#random = random
    this.#decoy = decoy
    for (const [name, value] of memory.entries(PREFIX)) {
      this.#users.set(name, restore(value as StoredUser))
    }
  }

  static async open(memory: SecurityMemory, random: Random): Promise<Users> {
    const known = memory.get(DECOY_KEY)
    if (typeof known === 'string') return new Users(memory, random, Buffer.from(known, 'base64'))
    const decoy = Buffer.from(random.bytes(DECOY_BYTES))
    await memory.change(new Map([[DECOY_KEY, decoy.toString('base64')]]))
    return new Users(memory, random, decoy)
  }

  get size(): number {
    return this.#users.size
  }

  has(name: string): boolean {
    return this.#users.has(name)
  }

  /** Whether a user is known, and a super user. */
  isSuper(name: string): boolean {
    return this.#users.get(name)?.isSuper ?? false
  }

  /** Users by name. */
  list(): readonly UserListing[] {
    return [...this.#users]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { isSuper, scram }]) => ({
        name,
        isSuper,
        mechanisms: [...scram].map(([mechanism, { iterations }]) => ({ mechanism, iterations }))
      }))
  }

  /**
   * Makes a user, or gives one another password, for both mechanisms. Resolves when durable.
   * @throws SECURITY_NAME, SECURITY_PASSWORD, SECURITY_FULL
   */
  async put(
    name: string,
    password: string,
    { isSuper }: { readonly isSuper: boolean }
  ): Promise<void> {
    checkUserName(name)
    checkPassword(password)
    this.#checkRoom(name)
    const scram = new Map<ScramMechanism, ScramCredential>()
    for (const mechanism of SCRAM_MECHANISMS) {
      const salt = this.#random.bytes(SCRAM_SALT_BYTES)
      const salted = await saltPassword(mechanism, password, salt, SCRAM_ITERATIONS_MAX)
      scram.set(mechanism, credentialOf(mechanism, salted, salt, SCRAM_ITERATIONS_MAX))
    }
    await this.#store(name, { isSuper, scram })
  }

  /** Sets one credential of a user, who is made if need be. @throws SECURITY_NAME, SECURITY_FULL */
  async setCredential(
    name: string,
    mechanism: ScramMechanism,
    credential: ScramCredential
  ): Promise<void> {
    checkUserName(name)
    this.#checkRoom(name)
    const known = this.#users.get(name)
    const scram = new Map(known?.scram).set(mechanism, credential)
    await this.#store(name, { isSuper: known?.isSuper ?? false, scram })
  }

  /** Removes one credential; with the last one the user. false: there is none. */
  async removeCredential(name: string, mechanism: ScramMechanism): Promise<boolean> {
    const known = this.#users.get(name)
    if (known === undefined || !known.scram.has(mechanism)) return false
    const scram = new Map(known.scram)
    scram.delete(mechanism)
    if (scram.size === 0) return await this.remove(name)
    await this.#store(name, { ...known, scram })
    return true
  }

  /** Removes a user. false: there is none. */
  async remove(name: string): Promise<boolean> {
    if (!this.#users.delete(name)) return false
    await this.#memory.change(new Map([[PREFIX + name, null]]))
    return true
  }

  /** The user's credential; undefined when there is none. The same object as long as it is not changed. */
  credential(name: string, mechanism: ScramMechanism): ScramCredential | undefined {
    return this.#users.get(name)?.scram.get(mechanism)
  }

  /** The same, and for others one that looks like a user's, always the same, and that nobody can prove. */
  credentialOrDecoy(name: string, mechanism: ScramMechanism): ScramCredential {
    const known = this.credential(name, mechanism)
    if (known !== undefined) return known
    const part = (what: string, length: number): Buffer =>
      createHmac('sha512', this.#decoy)
        .update(`${what}\n${mechanism}\n${name}`)
        .digest()
        .subarray(0, length)
    return {
      salt: part('salt', SCRAM_SALT_BYTES),
      iterations: SCRAM_ITERATIONS_MAX,
      storedKey: part('stored', keyBytes(mechanism)),
      serverKey: part('server', keyBytes(mechanism))
    }
  }

  /** The credential that a user's password proves; null when it is another password or nobody's name. */
  async check(name: string, password: string): Promise<ScramCredential | null> {
    const mechanism = SCRAM_MECHANISMS.find(each => this.credential(name, each) !== undefined)
    const tried = mechanism ?? SCRAM_MECHANISMS[0]
    const credential = this.credentialOrDecoy(name, tried)
    if (!(await this.#turn())) return null
    try {
      const isRight = await isPassword(tried, password, credential)
      return isRight && mechanism !== undefined ? credential : null
    } finally {
      this.#checking--
      this.#waiting.shift()?.()
    }
  }

  /** Resolves when a password may be compared; false when too many wait already. */
  async #turn(): Promise<boolean> {
    if (this.#checking >= CHECKS_AT_ONCE) {
      if (this.#waiting.length >= CHECKS_WAITING_MAX) return false
      await new Promise<void>(resolve => void this.#waiting.push(resolve))
    }
    this.#checking++
    return true
  }

  #checkRoom(name: string): void {
    if (this.#users.has(name) || this.#users.size < USERS_MAX) return
    throw new MillraceError(
      'SECURITY_FULL',
      `there are ${this.#users.size} users; at most ${USERS_MAX} are kept; delete some first`
    )
  }

  async #store(name: string, user: User): Promise<void> {
    const before = this.#users.get(name)
    this.#users.set(name, user)
    const scram = [...user.scram].map(([mechanism, { salt, iterations, storedKey, serverKey }]) => [
      mechanism,
      {
        salt: salt.toString('base64'),
        iterations,
        storedKey: storedKey.toString('base64'),
        serverKey: serverKey.toString('base64')
      }
    ])
    const stored = { isSuper: user.isSuper, scram: Object.fromEntries(scram) as unknown }
    try {
      await this.#memory.change(new Map([[PREFIX + name, stored]]))
    } catch (error) {
      if (before === undefined) this.#users.delete(name)
      else this.#users.set(name, before)
      throw error
    }
  }
}

function restore({ isSuper, scram }: StoredUser): User {
  const found = new Map<ScramMechanism, ScramCredential>()
  for (const mechanism of SCRAM_MECHANISMS) {
    const stored = scram[mechanism]
    if (stored === undefined) continue
    found.set(mechanism, {
      salt: fromBase64(stored.salt),
      iterations: stored.iterations,
      storedKey: fromBase64(stored.storedKey),
      serverKey: fromBase64(stored.serverKey)
    })
  }
  return { isSuper, scram: found }
}

const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64')

/** @throws SECURITY_PASSWORD it is too short, too long, or has control characters */
export function checkPassword(password: string): void {
  const bytes = Buffer.byteLength(password)
  const isGood =
    bytes >= PASSWORD_BYTES_MIN && bytes <= PASSWORD_BYTES_MAX && !/\p{Cc}/u.test(password)
  if (isGood) return
  throw new MillraceError(
    'SECURITY_PASSWORD',
    `a password of ${bytes} bytes${bytes < PASSWORD_BYTES_MIN ? '' : ' that is too long or has control characters'}; ` +
      `expected were ${PASSWORD_BYTES_MIN} to ${PASSWORD_BYTES_MAX} bytes of text; choose another one`
  )
}
