// Users, tokens and doors: who is let in, what is kept, what is noted.
import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'

import { readSubjectRules, subjectName } from './certificate.ts'
import { testSecurity, who } from './kit.cases.ts'
import { credentialOf, saltPassword } from './scram.ts'
import { clientAddress } from './words.ts'

test('users keep their passwords over a restart, and nothing shows one', async () => {
  const { security, memory } = await testSecurity()
  await security.users.put('ana', 'correct horse', { isSuper: true })
  await security.users.put('ben', 'battery staple', { isSuper: false })
  const again = (await testSecurity({ memory })).security
  ok((await again.users.check('ana', 'correct horse')) !== null)
  strictEqual(await again.users.check('ana', 'battery staple'), null)
  strictEqual(await again.users.check('nobody', 'correct horse'), null)
  deepStrictEqual(
    again.users.list().map(({ name, isSuper }) => [name, isSuper]),
    [
      ['ana', true],
      ['ben', false]
    ]
  )
  const kept = [...memory.stored.values()].join('\n')
  ok(!/horse|staple/.test(kept))
  strictEqual(await again.users.remove('ana'), true)
  strictEqual(await again.users.remove('ana'), false)
  strictEqual(await again.users.check('ana', 'correct horse'), null)
})

test('a stranger looks like a user: always the same salt, as long as a real one', async () => {
  const { security, memory } = await testSecurity()
  await security.users.put('ana', 'correct horse', { isSuper: false })
  const again = (await testSecurity({ memory })).security
  const [first, second] = [security, again].map(each =>
    each.users.credentialOrDecoy('nobody', 'SCRAM-SHA-256')
  )
  deepStrictEqual(first, second)
  const real = security.users.credentialOrDecoy('ana', 'SCRAM-SHA-256')
  strictEqual(first!.salt.length, real.salt.length)
  strictEqual(first!.iterations, real.iterations)
  strictEqual(first!.storedKey.length, real.storedKey.length)
})

test('passwords are compared two at a time; beyond a bound of those who wait they are refused', async () => {
  const { users } = (await testSecurity()).security
  const salt = Buffer.from('salt')
  const salted = await saltPassword('SCRAM-SHA-256', 'correct horse', salt, 4_096)
  const credential = credentialOf('SCRAM-SHA-256', salted, salt, 4_096)
  await users.setCredential('ana', 'SCRAM-SHA-256', credential)
  const checks = Array.from({ length: 300 }, () => users.check('ana', 'correct horse'))
  const found = await Promise.all(checks)
  strictEqual(found.filter(each => each !== null).length, 258)
  ok((await users.check('ana', 'correct horse')) !== null)
})

test('names and passwords that cannot be are refused', async () => {
  const { users, tokens } = (await testSecurity()).security
  for (const name of ['', 'a b', '.a', 'a/b', 'ä', 'x'.repeat(129), 'a\n', '__proto__']) {
    await rejects(users.put(name, 'long enough', { isSuper: false }), { code: 'SECURITY_NAME' })
  }
  for (const password of ['short', 'x'.repeat(1_025), 'with\0zero12']) {
    await rejects(users.put('ana', password, { isSuper: false }), { code: 'SECURITY_PASSWORD' })
  }
  for (const principal of ['ana', 'User:', 'Group:x', 'User:*', 'User:ANONYMOUS', 'User:a\nb']) {
    await rejects(tokens.create({ principal, lifetimeMs: null, note: null }), {
      code: 'SECURITY_NAME'
    })
  }
})

test('a token opens the door until it expires or is revoked; only its digest is kept', async () => {
  const { security, memory, clock, events } = await testSecurity()
  const { text, token } = await security.tokens.create({
    principal: 'User:ana',
    lifetimeMs: 1_000,
    note: 'build server'
  })
  ok(/^mrt_[0-9a-f]{16}_[\w-]{43}$/.test(text))
  const secret = text.split('_').slice(2).join('_')
  ok(!JSON.stringify([...memory.stored]).includes(secret))
  const again = (await testSecurity({ memory })).security
  const found = again.bearer(`Bearer ${text}`, '10.0.0.1')
  strictEqual(found?.principal, 'User:ana')
  const spoiled = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')
  for (const header of [undefined, '', 'Bearer', `Bearer ${spoiled}`, `Basic ${text}`, text]) {
    strictEqual(security.bearer(header, '10.0.0.1'), null, header)
  }
  ok(security.bearer(`bearer ${text}`, '10.0.0.1') !== null)
  ok(security.bearer(`bearer ${text}`, '10.0.0.1') !== null)
  deepStrictEqual(
    events.map(event => event.kind),
    [
      'login-failed',
      'login-failed',
      'login-failed',
      'login-failed',
      'login-failed',
      'login-failed',
      'login'
    ]
  )
  ok(!JSON.stringify(events).includes(secret))
  await clock.advance(1_000)
  strictEqual(security.bearer(`Bearer ${text}`, '10.0.0.1'), null)
  strictEqual(await security.tokens.revoke(token.id), true)
  strictEqual(await security.tokens.revoke(token.id), false)
  deepStrictEqual(security.tokens.list(), [])
})

test('what could not be written opens nothing; what was removed is gone all the same', async () => {
  const { security, memory } = await testSecurity()
  const allow = {
    permission: 'allow',
    principal: 'User:ana',
    host: '*',
    operation: 'read',
    kind: 'topic',
    pattern: 'literal',
    name: 't'
  } as const
  await security.users.put('ana', 'correct horse', { isSuper: false })
  const { text, token } = await security.tokens.create({
    principal: 'User:ana',
    lifetimeMs: null,
    note: null
  })
  memory.change = () => Promise.reject(new Error('the disk is full'))
  await rejects(security.users.put('ana', 'another one', { isSuper: true }), /disk is full/)
  await rejects(security.users.put('ben', 'another one', { isSuper: true }), /disk is full/)
  await rejects(security.rules.add([allow]), /disk is full/)
  await rejects(
    security.tokens.create({ principal: 'User:ben', lifetimeMs: null, note: null }),
    /disk is full/
  )
  ok((await security.users.check('ana', 'correct horse')) !== null)
  strictEqual(security.isSuper('User:ana'), false)
  strictEqual(security.users.has('ben'), false)
  strictEqual(security.rules.size, 0)
  strictEqual(security.tokens.size, 1)
  await rejects(security.tokens.revoke(token.id), /disk is full/)
  strictEqual(security.tokens.find(text), null)
})

test('where nobody must authenticate everything is allowed and nothing noted', async () => {
  const { security, events } = await testSecurity({ isRequired: null })
  strictEqual(security.isRequired, false)
  const anyone = security.bearer(undefined, '127.0.0.1')
  strictEqual(anyone?.principal, 'User:ANONYMOUS')
  ok(security.allows(anyone, 'delete', 'topic', 't'))
  deepStrictEqual(events, [])
})

test('with the first user everybody must authenticate, unless somebody says otherwise', async () => {
  const { security, memory } = await testSecurity({ isRequired: null })
  await security.users.put('ana', 'correct horse', { isSuper: true })
  strictEqual((await testSecurity({ memory, isRequired: null })).security.isRequired, true)
  strictEqual((await testSecurity({ memory, isRequired: false })).security.isRequired, false)
})

test('denials are noted with who, from where and what', async () => {
  const { security, events } = await testSecurity()
  strictEqual(security.allows(who('ben'), 'read', 'topic', 'orders'), false)
  deepStrictEqual(events, [
    {
      kind: 'denied',
      principal: 'User:ben',
      host: '10.0.0.1',
      door: 'kafka',
      action: 'read',
      resources: ['topic:orders'],
      outcome: 'denied'
    }
  ])
  strictEqual(security.mightAllow(who('ben'), 'read', 'topic', 'orders'), false)
  strictEqual(events.length, 1)
})

test('the subject of a certificate is written as Java writes it, and rules shorten it', () => {
  const subject = subjectName('C=DE\nO=Acme\\, Inc\nOU=shop + UID=7\nCN=Ana')
  strictEqual(subject, 'CN=Ana,OU=shop+UID=7,O=Acme\\, Inc,C=DE')
  strictEqual(readSubjectRules(null)(subject), `User:${subject}`)
  const rules = readSubjectRules('RULE:^CN=([^,]+),OU=shop.*$/$1/L,RULE:^CN=(.+?),.*$/x-$1/')
  strictEqual(rules(subject), 'User:ana')
  strictEqual(rules('CN=Bob,O=Acme'), 'User:x-Bob')
  strictEqual(rules('O=Acme'), null)
  strictEqual(readSubjectRules('RULE:^CN=x$/y/, DEFAULT')('CN=z'), 'User:CN=z')
  for (const text of ['', 'RULE:', 'RULE:a/b', 'RULE:(/x/', 'DEFAULT DEFAULT', 'LOWER']) {
    throws(() => readSubjectRules(text), { code: 'USAGE' }, text)
  }
})

test('a client of IPv4 has its own address on a listener of IPv6 too', async () => {
  for (const [remoteAddress, address] of [
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['::FFFF:10.0.0.7', '10.0.0.7'],
    ['fe80::1', 'fe80::1'],
    ['::ffff:abcd:1', '::ffff:abcd:1'],
    [undefined, '']
  ] as const) {
    strictEqual(clientAddress({ remoteAddress }), address)
  }
  const { security } = await testSecurity()
  const rule = { principal: 'User:ana', kind: 'topic', pattern: 'literal', name: 't' } as const
  await security.rules.add([
    { ...rule, permission: 'allow', operation: 'read', host: '*' },
    { ...rule, permission: 'deny', operation: 'all', host: '10.0.0.7' }
  ])
  const host = clientAddress({ remoteAddress: '::ffff:10.0.0.7' })
  strictEqual(security.allows(who('ana', host), 'read', 'topic', 't'), false)
  strictEqual(security.allows(who('ana', '10.0.0.8'), 'read', 'topic', 't'), true)
})
