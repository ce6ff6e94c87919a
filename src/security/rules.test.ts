// Access rules: every combination of permission, principal, host, operation and pattern, against a plain model.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { rule, TestMemory, testSecurity, who } from './kit.cases.ts'
import { Rules, type AccessRule } from './rules.ts'
import { OPERATIONS_OF, RESOURCE_KINDS, type Operation, type ResourceKind } from './words.ts'

const isNamed = (each: AccessRule, ...names: readonly string[]): boolean =>
  each.operation === 'all' || names.includes(each.operation)

/** What the documentation says, rule by rule, without an index. */
function model(
  rules: readonly AccessRule[],
  user: string,
  host: string,
  operation: Operation,
  name: string
): boolean {
  const hits = rules.filter(each => {
    const isName =
      each.pattern === 'prefixed'
        ? name.startsWith(each.name)
        : each.name === '*' || each.name === name
    const isWho = each.principal === 'User:*' || each.principal === `User:${user}`
    return isName && isWho && (each.host === '*' || each.host === host)
  })
  if (hits.some(each => each.permission === 'deny' && isNamed(each, operation))) return false
  const wider =
    operation === 'describe'
      ? ['describe', 'read', 'write', 'delete', 'alter']
      : operation === 'describe-configs'
        ? ['describe-configs', 'alter-configs']
        : [operation]
  return hits.some(each => each.permission === 'allow' && isNamed(each, ...wider))
}

test('one and two rules decide as the model says, for all combinations', async () => {
  const singles: AccessRule[] = []
  for (const permission of ['allow', 'deny'] as const)
    for (const principal of ['User:ana', 'User:ben', 'User:*'])
      for (const host of ['*', '10.0.0.1'])
        for (const operation of ['all', 'read', 'describe', 'alter-configs'] as const)
          for (const [pattern, name] of [
            ['literal', 'orders'],
            ['literal', '*'],
            ['prefixed', 'ord'],
            ['prefixed', 'x']
          ] as const)
            singles.push(rule({ permission, principal, host, operation, pattern, name }))
  const asked = OPERATIONS_OF.topic
  let checked = 0
  const check = async (rules: readonly AccessRule[]): Promise<void> => {
    const known = new Rules(new TestMemory())
    await known.add(rules)
    for (const operation of asked)
      for (const host of ['10.0.0.1', '10.0.0.2']) {
        const found = known.allow({ principal: 'User:ana', host }, operation, 'topic', 'orders')
        strictEqual(
          found,
          model(rules, 'ana', host, operation, 'orders'),
          JSON.stringify({ rules, operation, host })
        )
        // The second time from memory.
        strictEqual(
          known.allow({ principal: 'User:ana', host }, operation, 'topic', 'orders'),
          found
        )
        checked++
      }
  }
  for (const [at, first] of singles.entries()) {
    await check([first])
    for (let other = at % 7; other < singles.length; other += 7)
      await check([first, singles[other]!])
  }
  ok(checked > 80_000, `${checked} were checked`)
})

test('a denial counts before every permission, and super users are above both', async () => {
  const { security } = await testSecurity()
  await security.users.put('root', 'correct horse', { isSuper: true })
  await security.rules.add([
    rule({ operation: 'all', name: '*' }),
    rule({ permission: 'deny', pattern: 'prefixed', name: 'secret-', operation: 'all' })
  ])
  ok(security.allows(who('ana'), 'write', 'topic', 'orders'))
  ok(!security.allows(who('ana'), 'describe', 'topic', 'secret-1'))
  ok(!security.allows(who('ana'), 'read', 'group', 'g'))
  ok(security.allows(who('root'), 'read', 'topic', 'secret-1'))
  deepStrictEqual(security.operations(who('ana'), 'topic', 'orders'), OPERATIONS_OF.topic)
  deepStrictEqual(security.operations(who('ana'), 'topic', 'secret-1'), [])
})

test('a rule that changes is obeyed at once, and rules outlive a restart', async () => {
  const memory = new TestMemory()
  const rules = new Rules(memory)
  const ana = { principal: 'User:ana', host: '10.0.0.1' }
  strictEqual(rules.allow(ana, 'read', 'topic', 'orders'), false)
  await rules.add([rule(), rule()])
  strictEqual(rules.size, 1)
  strictEqual(rules.allow(ana, 'read', 'topic', 'orders'), true)
  strictEqual(new Rules(memory).allow(ana, 'describe', 'topic', 'orders'), true)
  await rules.remove([rule()])
  strictEqual(rules.allow(ana, 'read', 'topic', 'orders'), false)
  strictEqual(new Rules(memory).size, 0)
})

test('whether anything of a kind is allowed knows of denials that cover it (KIP-679)', async () => {
  const ana = { principal: 'User:ana', host: '10.0.0.1' }
  const any = async (...of: AccessRule[]): Promise<boolean> => {
    const rules = new Rules(new TestMemory())
    await rules.add(of)
    return rules.allowAny(ana, 'write', 'topic')
  }
  const write = rule({ operation: 'write' })
  strictEqual(await any(), false)
  strictEqual(await any(rule()), false)
  strictEqual(await any(write), true)
  strictEqual(await any(write, { ...write, permission: 'deny' }), false)
  strictEqual(await any(write, { ...write, permission: 'deny', name: '*' }), false)
  strictEqual(
    await any(write, { ...write, permission: 'deny', pattern: 'prefixed', name: 'ord' }),
    false
  )
  strictEqual(
    await any(
      { ...write, pattern: 'prefixed', name: 'or' },
      { ...write, permission: 'deny', pattern: 'prefixed', name: 'ord' }
    ),
    true
  )
  strictEqual(await any({ ...write, name: '*' }, { ...write, permission: 'deny' }), true)
})

test('rules that could never count are refused', async () => {
  const rules = new Rules(new TestMemory())
  const wrong: readonly Partial<AccessRule>[] = [
    { name: '' },
    { name: 'a\nb' },
    { name: 'x'.repeat(513) },
    { host: '10.0.0.0/8' },
    { host: '' },
    { kind: 'cluster', operation: 'alter', name: 'other' },
    { kind: 'cluster', operation: 'alter', name: 'kafka-cluster', pattern: 'prefixed' },
    { kind: 'group', operation: 'write' },
    { kind: 'topic', operation: 'invoke' }
  ]
  for (const changes of wrong) {
    await rejects(rules.add([rule(), rule(changes)]), { code: 'SECURITY_RULE' })
  }
  await rejects(rules.add([rule({ principal: 'ana' })]), { code: 'SECURITY_NAME' })
  strictEqual(rules.size, 0)
  for (const kind of RESOURCE_KINDS) {
    const name = kind === 'cluster' ? 'kafka-cluster' : 'x'
    for (const operation of OPERATIONS_OF[kind as ResourceKind]) {
      await rules.add([rule({ kind, name, operation })])
    }
  }
})
