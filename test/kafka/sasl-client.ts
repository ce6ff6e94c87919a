// SASL as a client speaks it, for what whole clients never do: other proofs, other orders, other users.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

import type { ResponseOf } from '../../src/kafka/wire/index.ts'
import type { WireClient } from './wire-client.ts'

const NONCE = 'clientnonce0123456789'
const hash = (name: string, data: Buffer): Buffer => createHash(name).update(data).digest()
const hmac = (name: string, key: Buffer, data: string): Buffer =>
  createHmac(name, key).update(data).digest()

/** Asks for a mechanism; gives the code. */
export async function handshake(client: WireClient, mechanism: string): Promise<number> {
  return (await client.ask('SaslHandshake', 1, { mechanism })).errorCode
}

/** Sends one message of a mechanism. */
export function authenticate(
  client: WireClient,
  message: string | Buffer
): Promise<ResponseOf<'SaslAuthenticate'>> {
  return client.ask('SaslAuthenticate', 2, { authBytes: Buffer.from(message) })
}

/** The whole of PLAIN; gives the last answer. */
export async function loginPlain(
  client: WireClient,
  user: string,
  password: string
): Promise<ResponseOf<'SaslAuthenticate'>> {
  await handshake(client, 'PLAIN')
  return await authenticate(client, `\0${user}\0${password}`)
}

/** The whole of SCRAM; gives the last answer, whose server's signature is checked when the login succeeded. */
export async function loginScram(
  client: WireClient,
  user: string,
  password: string,
  bits: 256 | 512 = 256
): Promise<ResponseOf<'SaslAuthenticate'>> {
  const name = `sha${bits}`
  await handshake(client, `SCRAM-SHA-${bits}`)
  const bare = `n=${user},r=${NONCE}`
  const first = await authenticate(client, `n,,${bare}`)
  if (first.errorCode !== 0) return first
  const reply = first.authBytes.toString()
  const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(reply)!
  const salted = pbkdf2Sync(
    password,
    Buffer.from(salt!, 'base64'),
    Number(iterations),
    bits / 8,
    name
  )
  const clientKey = hmac(name, salted, 'Client Key')
  const without = `c=biws,r=${nonce}`
  const said = `${bare},${reply},${without}`
  const signature = hmac(name, hash(name, clientKey), said)
  const proof = clientKey.map((byte, at) => byte ^ signature[at]!)
  const last = await authenticate(client, `${without},p=${Buffer.from(proof).toString('base64')}`)
  const expected = `v=${hmac(name, hmac(name, salted, 'Server Key'), said).toString('base64')}`
  if (last.errorCode === 0 && last.authBytes.toString() !== expected) {
    throw new Error(`the server's signature is ${last.authBytes.toString()}, not ${expected}`)
  }
  return last
}
