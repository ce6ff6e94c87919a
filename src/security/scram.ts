// SCRAM-SHA-256 and SCRAM-SHA-512, the server's side (RFC 5802, RFC 7677), without channel binding.
//
// What is kept of a password: a salted key's hash (StoredKey) and the server's key. Neither the password nor what a
// client proves can be got from them but by guessing passwords. As with all clients of Kafka passwords are their
// UTF-8 bytes, without SASLprep.
//
//   client  n,,n=ana,r=<client's nonce>
//   server  r=<client's nonce><server's nonce>,s=<salt>,i=<iterations>
//   client  c=biws,r=<both nonces>,p=<proof>
//   server  v=<signature>
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** Mechanisms, as SASL names them. */
export const SCRAM_MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
export type ScramMechanism = (typeof SCRAM_MECHANISMS)[number]

/** What Kafka's brokers take: fewer are guessed too fast, more cost every login. */
export const SCRAM_ITERATIONS_MIN = 4_096
export const SCRAM_ITERATIONS_MAX = 16_384
export const SCRAM_SALT_BYTES = 16

const HASHES: Readonly<Record<ScramMechanism, { readonly name: string; readonly bytes: number }>> =
  {
    'SCRAM-SHA-256': { name: 'sha256', bytes: 32 },
    'SCRAM-SHA-512': { name: 'sha512', bytes: 64 }
  }

/** What is kept of a password. Buffers are never changed. */
export interface ScramCredential {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Bytes of a mechanism's keys and salted passwords. */
export function keyBytes(mechanism: ScramMechanism): number {
  return HASHES[mechanism].bytes
}

/** Hi(password, salt, iterations) of the RFC; in the pool of threads. */
export function saltPassword(
  mechanism: ScramMechanism,
  password: string,
  salt: Uint8Array,
  iterations: number
): Promise<Buffer> {
  const { name, bytes } = HASHES[mechanism]
  return pbkdf2Async(Buffer.from(password), salt, iterations, bytes, name)
}

const pbkdf2Async = promisify(pbkdf2)

/** What is kept of a salted password. */
export function credentialOf(
  mechanism: ScramMechanism,
  salted: Uint8Array,
  salt: Uint8Array,
  iterations: number
): ScramCredential {
  const { name } = HASHES[mechanism]
  const clientKey = createHmac(name, salted).update('Client Key').digest()
  return {
    salt: Buffer.from(salt),
    iterations,
    storedKey: createHash(name).update(clientKey).digest(),
    serverKey: createHmac(name, salted).update('Server Key').digest()
  }
}

/** Whether a password is the one of a credential; takes as long for a wrong one. */
export async function isPassword(
  mechanism: ScramMechanism,
  password: string,
  credential: ScramCredential
): Promise<boolean> {
  const { salt, iterations } = credential
  const salted = await saltPassword(mechanism, password, salt, iterations)
  const found = credentialOf(mechanism, salted, salt, iterations)
  return timingSafeEqual(found.storedKey, credential.storedKey)
}

/** Whom a client's first message names, and what the server answers. */
export interface ScramFirst {
  readonly user: string
  readonly reply: Buffer
}

const NONCE = '[\\x21-\\x2b\\x2d-\\x7e]'
const CLIENT_FIRST = new RegExp(
  `^(?<gs2>[ny],(?:a=(?<authzid>[^,]*))?,)(?<bare>n=(?<user>[^,]+),r=(?<nonce>${NONCE}{1,512})(?:,.*)?)$`,
  's'
)
const CLIENT_FINAL = new RegExp(
  `^(?<bare>c=(?<channel>[A-Za-z0-9+/=]+),r=(?<nonce>${NONCE}+)(?:,[^p][^,]*)*),p=(?<proof>[A-Za-z0-9+/]+={0,2})$`
)

/** One exchange. Each of `first` and `final` is called once, in this order. */
export class ScramExchange {
  readonly #mechanism: ScramMechanism
  readonly #serverNonce: string
  #gs2 = ''
  #nonce = ''
  #messages = ''
  #credential: ScramCredential | null = null

  /** `nonce`: random, printable ASCII without commas. */
  constructor(mechanism: ScramMechanism, nonce: string) {
    this.#mechanism = mechanism
    this.#serverNonce = nonce
  }

  /**
   * Takes the client's first message. `lookUp` gives the credential of a user, or one that nobody can prove.
   * null: it is no such message, asks for channel binding or to act for another user.
   */
  first(message: Uint8Array, lookUp: (user: string) => ScramCredential): ScramFirst | null {
    const groups = CLIENT_FIRST.exec(Buffer.from(message).toString())?.groups
    if (groups === undefined) return null
    const user = unescaped(groups['user']!)
    const authzid = groups['authzid']
    if (user === null) return null
    if (authzid !== undefined && authzid !== '' && unescaped(authzid) !== user) return null
    const credential = lookUp(user)
    this.#credential = credential
    this.#gs2 = groups['gs2']!
    this.#nonce = groups['nonce']! + this.#serverNonce
    const salt = credential.salt.toString('base64')
    const reply = `r=${this.#nonce},s=${salt},i=${credential.iterations}`
    this.#messages = `${groups['bare']!},${reply}`
    return { user, reply: Buffer.from(reply) }
  }

  /** Takes the client's proof; gives the server's signature, or null when it proves nothing. */
  final(message: Uint8Array): Buffer | null {
    const credential = this.#credential
    const groups = CLIENT_FINAL.exec(Buffer.from(message).toString())?.groups
    if (groups === undefined || credential === null) return null
    const isBound = groups['channel'] === Buffer.from(this.#gs2).toString('base64')
    // librdkafka before 2.7 sends its own nonce once more in front; brokers of Kafka take it, as it ends with ours.
    const isFresh = groups['nonce']!.endsWith(this.#nonce)
    if (!isBound || !isFresh) return null
    const { name, bytes } = HASHES[this.#mechanism]
    const proof = Buffer.from(groups['proof']!, 'base64')
    if (proof.length !== bytes) return null
    const said = `${this.#messages},${groups['bare']!}`
    const signature = createHmac(name, credential.storedKey).update(said).digest()
    const clientKey = signature.map((byte, at) => byte ^ proof[at]!)
    const storedKey = createHash(name).update(clientKey).digest()
    if (!timingSafeEqual(storedKey, credential.storedKey)) return null
    const verifier = createHmac(name, credential.serverKey).update(said).digest('base64')
    return Buffer.from(`v=${verifier}`)
  }
}

/** A name without the escapes of the RFC; null when there are others. */
function unescaped(name: string): string | null {
  if (/=(?!2C|3D)/.test(name)) return null
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
