// SCRAM against the vectors of its RFCs, and against those who change a byte.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'

import {
  ScramExchange,
  credentialOf,
  isPassword,
  saltPassword,
  type ScramCredential
} from './scram.ts'

// RFC 7677, section 3.
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const FIRST = `n,,n=user,r=${CLIENT_NONCE}`
const PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
const FINAL = `c=biws,r=${CLIENT_NONCE}${SERVER_NONCE},p=${PROOF}`
const SIGNATURE = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

async function credential(password = 'pencil'): Promise<ScramCredential> {
  const salted = await saltPassword('SCRAM-SHA-256', password, SALT, 4_096)
  return credentialOf('SCRAM-SHA-256', salted, SALT, 4_096)
}

function exchange(first: string, final: string, of: ScramCredential): string | null {
  const server = new ScramExchange('SCRAM-SHA-256', SERVER_NONCE)
  if (server.first(Buffer.from(first), () => of) === null) return null
  return server.final(Buffer.from(final))?.toString() ?? null
}

test('the exchange of RFC 7677 comes out as it is printed there', async () => {
  const server = new ScramExchange('SCRAM-SHA-256', SERVER_NONCE)
  const known = await credential()
  const answer = server.first(Buffer.from(FIRST), () => known)
  strictEqual(answer?.user, 'user')
  strictEqual(
    answer.reply.toString(),
    `r=${CLIENT_NONCE}${SERVER_NONCE},s=${SALT.toString('base64')},i=4096`
  )
  strictEqual(server.final(Buffer.from(FINAL))?.toString(), SIGNATURE)
})

test('nothing but the right proof, bound to this exchange, is accepted', async () => {
  const known = await credential()
  strictEqual(exchange(FIRST, FINAL, known), SIGNATURE)
  const wrong: readonly (readonly [string, string])[] = [
    [FIRST, FINAL.replace('p=dH', 'p=eH')],
    [FIRST, FINAL.replace('c=biws', 'c=eSws')],
    [FIRST, FINAL.replace('k0,p', 'k1,p')],
    [FIRST, FINAL.replace(PROOF, PROOF.slice(0, 20))],
    [FIRST, FINAL.replace(PROOF, '')],
    [FIRST, `c=biws,p=${PROOF}`],
    [FIRST, ''],
    ['', FINAL],
    ['p=tls-unique,,n=user,r=abc', FINAL],
    [`n,a=other,n=user,r=${CLIENT_NONCE}`, FINAL],
    [`n,,m=ext,n=user,r=${CLIENT_NONCE}`, FINAL],
    [`n,,n=us=er,r=${CLIENT_NONCE}`, FINAL],
    [`n,,n=,r=${CLIENT_NONCE}`, FINAL],
    [`n,,n=user,r=`, FINAL],
    [`n,,n=user,r=${'x'.repeat(600)}`, FINAL]
  ]
  for (const [first, final] of wrong)
    strictEqual(exchange(first, final, known), null, `${first} ${final}`)
  strictEqual(exchange(FIRST, FINAL, await credential('pencil2')), null)
})

test("a client's nonce may stand in front once more, as librdkafka has it; the proof covers it", async () => {
  const known = await credential()
  const first = `n,,n=user,r=${CLIENT_NONCE}`
  const server = new ScramExchange('SCRAM-SHA-256', SERVER_NONCE)
  const { reply } = server.first(Buffer.from(first), () => known)!
  const without = `c=biws,r=${CLIENT_NONCE}${CLIENT_NONCE}${SERVER_NONCE}`
  const salted = await saltPassword('SCRAM-SHA-256', 'pencil', SALT, 4_096)
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const said = `${first.slice(3)},${reply.toString()},${without}`
  const signature = createHmac('sha256', known.storedKey).update(said).digest()
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!)).toString('base64')
  ok(server.final(Buffer.from(`${without},p=${proof}`)) !== null)
  strictEqual(exchange(FIRST, FINAL.replace('r=', 'r=x'), known), null)
})

test('a proof is not accepted before the first message', () => {
  const server = new ScramExchange('SCRAM-SHA-256', SERVER_NONCE)
  strictEqual(server.final(Buffer.from(FINAL)), null)
})

test('names with commas and equals signs are escaped', async () => {
  const known = await credential()
  const seen: string[] = []
  const server = new ScramExchange('SCRAM-SHA-512', 'abc')
  server.first(Buffer.from('n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=xyz'), user => {
    seen.push(user)
    return known
  })
  deepStrictEqual(seen, ['a,b=c'])
})

test('a password is checked against what is kept of it', async () => {
  const known = await credential()
  ok(await isPassword('SCRAM-SHA-256', 'pencil', known))
  ok(!(await isPassword('SCRAM-SHA-256', 'Pencil', known)))
  ok(!JSON.stringify(known).includes('pencil'))
})
