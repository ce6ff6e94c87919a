// Profiles with TLS and logins, against a server that wants both.
import { deepStrictEqual, match, rejects, strictEqual } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { connect, readProfile, text, type Client } from '../../src/client/index.ts'
import { rule } from '../../src/security/kit.cases.ts'
import { withoutOpenssl } from '../kafka/certificates.ts'
import { finallyIn, temporaryFolder } from '../kafka/kit.ts'
import { tlsBrokerFor, USERS } from '../kafka/secure-kit.ts'

const skip = withoutOpenssl
const TYPES = { key: text, value: text }

async function open(t: TestContext, profile: object): Promise<Client> {
  const client = await connect(readProfile(profile, 'test'))
  finallyIn(t, () => client.close())
  return client
}

for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
  test(
    `a profile with TLS and ${mechanism} reaches a server; the password is in a file`,
    { skip },
    async t => {
      const { bootstrap, authority } = await tlsBrokerFor(t)
      const file = join(temporaryFolder(t), 'password')
      writeFileSync(file, `${USERS['admin']}\n`)
      const client = await open(t, {
        kind: 'server',
        bootstrap: [bootstrap],
        tls: { ca: authority.certificate },
        sasl: { mechanism, username: 'admin', password: { file } }
      })
      await client.admin.createTopic('orders')
      const producer = await client.producer({ types: TYPES, transactionalId: 'tx' })
      await producer.transaction(scope => scope.send([{ topic: 'orders', value: 'safe' }]))
      const consumer = await client.consumer({
        topics: ['orders'],
        types: TYPES,
        stopAtEnd: true,
        group: 'g'
      })
      strictEqual((await consumer.next())?.value, 'safe')
    }
  )
}

/** A login of the administrator. */
const sasl = (password: string): object => {
  return { mechanism: 'SCRAM-SHA-512', username: 'admin', password: { value: password } }
}

test('wrong passwords, unknown authorities and missing TLS are told apart', { skip }, async t => {
  const { bootstrap, authority } = await tlsBrokerFor(t)
  const tls = { ca: authority.certificate }
  const base = { kind: 'kafka', bootstrap: [bootstrap] }
  const wrong = await open(t, { ...base, tls, sasl: sasl('wrong') })
  await rejects(wrong.admin.topics(), (error: Error & { code?: string }) => {
    strictEqual(error.code, 'AUTHENTICATION_FAILED', error.message)
    return true
  })
  const stranger = await open(t, { ...base, tls: {}, sasl: sasl(USERS['admin']!) })
  await rejects(stranger.admin.topics(), (error: Error & { code?: string }) => {
    strictEqual(error.code, 'CLUSTER_UNREACHABLE', error.message)
    match(error.message, /certificate/)
    return true
  })
  const plain = await open(t, base)
  await rejects(plain.admin.topics(), {
    code: 'CLUSTER_UNREACHABLE',
    message: /ends connections, as servers do that want TLS or a login/
  })
})

test('what a user may not do is refused with its reason', { skip }, async t => {
  const rules = [rule({ operation: 'read', name: 'orders' })]
  const { bootstrap, authority } = await tlsBrokerFor(t, { rules })
  const profile = (username: string): object => ({
    kind: 'kafka',
    bootstrap: [bootstrap],
    tls: { ca: authority.certificate },
    sasl: { mechanism: 'SCRAM-SHA-256', username, password: { value: USERS[username] } }
  })
  const admin = await open(t, profile('admin'))
  for (const topic of ['orders', 'secret']) await admin.admin.createTopic(topic)
  const writer = await admin.producer({ types: TYPES })
  await writer.send({ topic: 'orders', value: 'for all' })
  const ana = await open(t, profile('ana'))
  const reader = await ana.consumer({ topics: ['orders'], types: TYPES, stopAtEnd: true })
  strictEqual((await reader.next())?.value, 'for all')
  const refused = await ana.producer({ types: TYPES })
  await rejects(refused.send({ topic: 'orders', value: 'x' }), { code: 'ACCESS_DENIED' })
  await rejects(ana.admin.createTopic('mine'), { code: 'ACCESS_DENIED' })
  const names = (await ana.admin.topics()).map(topic => topic.name)
  deepStrictEqual(names, ['orders'])
})
