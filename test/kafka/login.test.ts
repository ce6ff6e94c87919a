// How connections log in: TLS, certificates, SASL; what those get who cannot, and what is noted of all of them.
import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  rejects,
  strictEqual
} from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'

import { SimulatedClock } from '../../src/base/index.ts'
import { readSubjectRules } from '../../src/security/index.ts'
import { Authority, textOf, withoutOpenssl } from './certificates.ts'
import { temporaryFolder, until } from './kit.ts'
import { authenticate, handshake, loginPlain, loginScram } from './sasl-client.ts'
import { USERS, materialOf, secureBrokerFor, tlsBrokerFor } from './secure-kit.ts'
import { WireClient, wireClientFor } from './wire-client.ts'

const skip = withoutOpenssl
const UNSUPPORTED_MECHANISM = 33
const ILLEGAL_STATE = 34
const FAILED = 58

function frame(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(Buffer.byteLength(text))
  return Buffer.concat([length, Buffer.from(text)])
}

const serial = (client: WireClient): string =>
  (client.socket as TLSSocket).getPeerCertificate().serialNumber

for (const bits of [256, 512] as const) {
  test(`SCRAM-SHA-${bits} opens the door, also in the clear, and only with the right password`, async t => {
    const started = await secureBrokerFor(t)
    const client = await wireClientFor(t, started.bootstrap)
    const done = await loginScram(client, 'admin', USERS['admin']!, bits)
    strictEqual(done.errorCode, 0)
    strictEqual((await client.ask('Metadata', 9, { topics: null })).brokers.length, 1)
    for (const [user, password] of [
      ['admin', 'wrong-password'],
      ['nobody', USERS['admin']!]
    ] as const) {
      const other = await WireClient.connect(started.bootstrap)
      const { errorCode, errorMessage } = await loginScram(other, user, password, bits)
      strictEqual(errorCode, FAILED)
      match(errorMessage ?? '', /invalid credentials/)
      await other.ended()
    }
    deepStrictEqual(
      started.events.map(({ kind, principal, method }) => [kind, principal, method]),
      [
        ['login', 'User:admin', `SCRAM-SHA-${bits}`],
        ['login-failed', 'User:admin', `SCRAM-SHA-${bits}`],
        ['login-failed', 'User:nobody', `SCRAM-SHA-${bits}`]
      ]
    )
    deepStrictEqual(started.problems, ['it did not authenticate', 'it did not authenticate'])
  })
}

test('a stranger gets the same first answer as a user, and no other request is answered', async t => {
  const started = await secureBrokerFor(t)
  const firsts: string[] = []
  for (const user of ['ana', 'nobody']) {
    const client = await wireClientFor(t, started.bootstrap)
    ok((await client.ask('ApiVersions', 0, {})).apiKeys.length > 30)
    await handshake(client, 'SCRAM-SHA-256')
    const first = await authenticate(client, `n,,n=${user},r=abc`)
    firsts.push(
      first.authBytes.toString().replace(/^r=[^,]+,s=[^,]+/, (text: string) => `${text.length}`)
    )
    await rejects(client.ask('Metadata', 9, { topics: null }), /ended before/)
  }
  strictEqual(firsts[0], firsts[1])
  match(started.problems[0]!, /Metadata before the client authenticated/)
})

test('PLAIN is not offered in the clear, and unknown mechanisms nowhere', async t => {
  const started = await secureBrokerFor(t)
  for (const mechanism of ['PLAIN', 'GSSAPI', '']) {
    const client = await WireClient.connect(started.bootstrap)
    const answer = await client.ask('SaslHandshake', 1, { mechanism })
    strictEqual(answer.errorCode, UNSUPPORTED_MECHANISM)
    deepStrictEqual(answer.mechanisms, ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
    await client.ended()
  }
  const client = await wireClientFor(t, started.bootstrap)
  strictEqual((await authenticate(client, `\0ana\0${USERS['ana']}`)).errorCode, ILLEGAL_STATE)
})

test('behind SaslHandshake 0 messages come as frames of their own', { skip }, async t => {
  const started = await tlsBrokerFor(t)
  const ca = textOf(started.authority.certificate)
  const open = async (message: string): Promise<[WireClient, Buffer | null]> => {
    const client = await wireClientFor(t, started.bootstrap, { ca })
    strictEqual((await client.ask('SaslHandshake', 0, { mechanism: 'PLAIN' })).errorCode, 0)
    return [client, await client.send(frame(message))]
  }
  const [client, answer] = await open(`\0ana\0${USERS['ana']}`)
  strictEqual(answer?.length, 0)
  ok((await client.ask('Metadata', 9, { topics: null })).clusterId !== null)
  const [, refused] = await open('\0ana\0wrong-secret')
  strictEqual(refused, null)
})

test('messages of SASL that are none are refused, whatever they are', { skip }, async t => {
  const started = await tlsBrokerFor(t)
  const ca = textOf(started.authority.certificate)
  const plain = [
    '',
    'ana',
    '\0',
    '\0\0',
    `ben\0ana\0${USERS['ana']}`,
    `\0ana\0${USERS['ana']}\0`,
    'x'.repeat(60_000)
  ]
  const scram = ['', 'n,,', 'p=tls-exporter,,n=ana,r=x', 'n,a=ben,n=ana,r=x', '\xff'.repeat(1_000)]
  const tries = [
    ...plain.map(message => ['PLAIN', message] as const),
    ...scram.map(message => ['SCRAM-SHA-512', message] as const)
  ]
  await Promise.all(
    tries.map(async ([mechanism, message]) => {
      const client = await WireClient.connect(started.bootstrap, { ca })
      strictEqual(await handshake(client, mechanism), 0)
      strictEqual(
        (await authenticate(client, message)).errorCode,
        FAILED,
        `${mechanism} ${message}`
      )
      await client.ended()
    })
  )
  const client = await wireClientFor(t, started.bootstrap, { ca })
  strictEqual((await loginPlain(client, 'ana', USERS['ana']!)).errorCode, 0)
})

test('only TLS 1.2 and later get in; who speaks without TLS does not', { skip }, async t => {
  const started = await tlsBrokerFor(t)
  const ca = textOf(started.authority.certificate)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client = await wireClientFor(t, started.bootstrap, {
      ca,
      minVersion: version,
      maxVersion: version
    })
    strictEqual((client.socket as TLSSocket).getProtocol(), version)
    strictEqual((await loginScram(client, 'ana', USERS['ana']!)).errorCode, 0)
  }
  const old = {
    ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0'
  } as const
  await rejects(WireClient.connect(started.bootstrap, old), /alert|version|disconnected/i)
  await rejects(WireClient.connect(started.bootstrap, {}), /self-signed|certificate/)
  const clear = await WireClient.connect(started.bootstrap)
  await rejects(clear.ask('ApiVersions', 0, {}), /ended/)
  const failed = (): readonly string[] =>
    started.problems.filter(each => /^the TLS handshake failed: [^\n]+$/.test(each))
  await until(() => failed().length >= 2)
  // Who connects and hangs up, as probes do, is not worth a line.
  const probe = await WireClient.connect(started.bootstrap)
  probe.close()
  const garbage = await WireClient.connect(started.bootstrap)
  garbage.socket.write('GET / HTTP/1.0\r\n\r\n')
  await until(() => failed().some(each => each.endsWith(': http request')))
  ok(!/hang up|ECONNRESET/.test(started.problems.join()))
})

test(
  'a certificate says who a client is, as Kafka writes it or as rules shorten it',
  { skip },
  async t => {
    for (const [rules, principal] of [
      [null, 'User:CN=ana,OU=shop,O=Acme'],
      ['RULE:^CN=([^,]+),.*$/$1/,DEFAULT', 'User:ana']
    ] as const) {
      const started = await tlsBrokerFor(t, {
        withClientAuthority: true,
        subjectNaming: readSubjectRules(rules)
      })
      const ca = textOf(started.authority.certificate)
      const pair = started.authority.issue('ana', '/O=Acme/OU=shop/CN=ana')
      const client = await wireClientFor(t, started.bootstrap, {
        ca,
        key: textOf(pair.key),
        cert: textOf(pair.certificate)
      })
      ok((await client.ask('Metadata', 9, { topics: null })).clusterId !== null)
      strictEqual(started.events[0]?.principal, principal)
      strictEqual(started.events[0].method, 'certificate')
    }
  }
)

test(
  'a certificate of another authority is refused; without one SASL is left',
  { skip },
  async t => {
    const started = await tlsBrokerFor(t, { withClientAuthority: true })
    const ca = textOf(started.authority.certificate)
    const stranger = new Authority(temporaryFolder(t), 'other').issue('ana', '/CN=ana')
    const client = await WireClient.connect(started.bootstrap, {
      ca,
      key: textOf(stranger.key),
      cert: textOf(stranger.certificate)
    })
    await client.ended()
    match(started.problems.join(), /certificate is not believed/)
    const noted = started.events.find(event => event.kind === 'login-failed')
    deepStrictEqual([noted?.method, noted?.host], ['certificate', '127.0.0.1'])
    const other = await wireClientFor(t, started.bootstrap, { ca })
    strictEqual((await loginPlain(other, 'ana', USERS['ana']!)).errorCode, 0)
  }
)

test('new connections get a new certificate, old ones live on', { skip }, async t => {
  const started = await tlsBrokerFor(t)
  const ca = textOf(started.authority.certificate)
  const before = await wireClientFor(t, started.bootstrap, { ca })
  started.tls.set(materialOf(started.authority.issue('next', '/CN=next')))
  const after = await wireClientFor(t, started.bootstrap, { ca })
  notStrictEqual(serial(before), serial(after))
  for (const client of [before, after]) {
    strictEqual((await loginScram(client, 'ana', USERS['ana']!)).errorCode, 0)
  }
})

test(
  'clients are told the name by which they came, or the one that is advertised',
  { skip },
  async t => {
    const byName = await tlsBrokerFor(t)
    const fixed = await tlsBrokerFor(t, { advertised: { host: 'kafka.example', port: 9999 } })
    for (const [started, host, port] of [
      [byName, 'localhost', byName.broker.address.port],
      [fixed, 'kafka.example', 9999]
    ] as const) {
      const ca = textOf(started.authority.certificate)
      const client = await wireClientFor(t, started.bootstrap, { ca, servername: 'localhost' })
      await loginScram(client, 'admin', USERS['admin']!)
      const [broker] = (await client.ask('Metadata', 9, { topics: [] })).brokers
      deepStrictEqual([broker?.host, broker?.port], [host, port])
    }
  }
)

test('a login ends with its session unless it is renewed, by the same user (KIP-368)', async t => {
  const clock = new SimulatedClock()
  const settings = { sessionLifetimeMs: 60_000 }
  const started = await secureBrokerFor(t, { brokerClock: clock, settings })
  const open = async (): Promise<WireClient> => {
    const client = await wireClientFor(t, started.bootstrap)
    strictEqual((await loginScram(client, 'ana', USERS['ana']!)).sessionLifetimeMs, 60_000)
    return client
  }
  const [renewing, changing, sleeping] = [await open(), await open(), await open()]
  await clock.advance(50_000)
  strictEqual((await loginScram(renewing, 'ana', USERS['ana']!)).errorCode, 0)
  const change = loginScram(changing, 'ben', USERS['ben']!)
  await until(() => started.events.some(event => event.kind === 'login-failed'))
  await clock.advance(10_000)
  strictEqual((await change).errorCode, FAILED)
  ok((await renewing.ask('Metadata', 9, { topics: null })).clusterId !== null)
  await rejects(sleeping.ask('Metadata', 9, { topics: null }), /ended/)
})

test('who is removed, or gets another password, is out with the next request', async t => {
  const started = await secureBrokerFor(t)
  const clients: WireClient[] = []
  for (const user of ['ana', 'ben', 'admin']) {
    const client = await wireClientFor(t, started.bootstrap)
    strictEqual((await loginScram(client, user, USERS[user]!)).errorCode, 0)
    clients.push(client)
  }
  await started.security.users.remove('ana')
  await started.security.users.put('ben', 'another-secret', { isSuper: false })
  const asked = clients.map(client => client.ask('Metadata', 9, { topics: null }))
  const answered = (await Promise.allSettled(asked)).map(each => each.status)
  deepStrictEqual(answered, ['rejected', 'rejected', 'fulfilled'])
})

test(
  'no password, token or proof is on the disk, in what is noted or in a problem',
  { skip },
  async t => {
    const started = await tlsBrokerFor(t)
    const ca = textOf(started.authority.certificate)
    const wrong = 'a-wrong-secret-4444'
    for (const [user, password] of [...Object.entries(USERS), ['ana', wrong] as const]) {
      for (const login of [loginPlain, loginScram]) {
        const client = await wireClientFor(t, started.bootstrap, { ca })
        await login(client, user, password)
      }
    }
    const { text } = await started.security.tokens.create({
      principal: 'User:ana',
      lifetimeMs: null,
      note: null
    })
    started.security.bearer(`Bearer ${text}`, '127.0.0.1')
    started.security.bearer(`Bearer ${text}x`, '127.0.0.1')
    const files = readdirSync(started.folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'))
    const all = [...files, JSON.stringify(started.events), started.problems.join('\n')].join('\n')
    ok(all.includes('User:ana'))
    const secrets = [...Object.values(USERS), wrong, text.split('_').slice(2).join('_')]
    for (const secret of secrets) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64'),
        Buffer.from(secret).toString('hex')
      ]) {
        ok(!all.includes(form), `${form} is there`)
      }
    }
  }
)
