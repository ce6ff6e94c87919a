// `millrace check` with module files: what a run would refuse is told, and the files of --functions are type-checked.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ROOT, run } from '../../test/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-check-functions-'))
after(() => rmSync(folder, { recursive: true }))
cpSync(join(ROOT, 'test/functions/accounts'), folder, { recursive: true })
cpSync(join(ROOT, 'examples/greeter'), join(folder, 'greeter'), { recursive: true })

const check = (...args: string[]) => run(['check', '--no-types', ...args], folder)

test('clusters and targets that a run would refuse are errors, until options say what they are', async () => {
  const bare = await check('greeter')
  assert.equal(bare.code, 2)
  assert.match(bare.stderr, /greeter\/module\.yaml:\d+:\d+: error CLUSTER_UNAVAILABLE/)
  assert.match(
    bare.stderr,
    /error TARGET_UNKNOWN: no functions answer for the target example\/person/
  )
  const options = ['--functions', 'greeter/functions.ts', '--map-address', 'kafka:9092=local']
  const { code, stderr } = await check('greeter', ...options)
  assert.equal(code, 0, stderr)
})

const codesOf = (stderr: string): string[] =>
  [...stderr.matchAll(/^(\S+?):\d+:\d+: error (\w+)/gm)].map(([, file, code]) => `${file} ${code}`)

test('all that is wrong with module files is told at once, in the check and in the run', async () => {
  const many = `kind: io.statefun.endpoints.v2/http
spec: { functions: a/*, urlPathTemplate: "http://10.0.0.1/x", maxNumBatchRequest: 5 }
---
kind: io.statefun.kafka.v1/ingress
spec:
  id: a/in
  address: kafka:9092
  consumerGroupId: g
  topics: [{ topic: t, valueType: a/v, targets: [b/c] }]
---
kind: io.statefun.kafka.v1/ingres
spec: {}
`
  const again = 'kind: io.millrace.topic.v1/ingress\nspec: { id: a/in, topics: [] }\n'
  mkdirSync(join(folder, 'broken'))
  writeFileSync(join(folder, 'broken/many.yaml'), many)
  writeFileSync(join(folder, 'broken/again.yaml'), again)
  const files = ['broken/many.yaml', 'broken/again.yaml']
  for (const command of ['check', 'run']) {
    const { code, stderr } = await run([command, ...files], folder)
    assert.equal(code, 2)
    assert.deepEqual(codesOf(stderr).toSorted(), [
      'broken/again.yaml COMPONENT_DUPLICATE',
      'broken/again.yaml WRONG_VALUE',
      'broken/many.yaml CLUSTER_UNAVAILABLE',
      'broken/many.yaml ENDPOINT_ADDRESS',
      'broken/many.yaml TARGET_UNKNOWN',
      'broken/many.yaml UNKNOWN_KEY',
      'broken/many.yaml UNKNOWN_KIND'
    ])
  }
})

test('a target whose endpoint could not be read is no finding', async () => {
  const ingress =
    'kind: io.millrace.topic.v1/ingress\n' +
    'spec: { id: a/in, topics: [{ topic: t, valueType: a/v, targets: [b/c] }] }\n'
  const endpoints: [string, string][] = [
    [
      'kind: io.statefun.endpoints.v2/http\nspec: { functions: b/*, urlPathTemplate: "htp://x/" }',
      'URL'
    ],
    [
      'kind: io.statefun.endpoint.v2/http\nspec: { functions: b/*, urlPathTemplate: "http://x/" }',
      'KIND'
    ],
    ['kind: io.statefun.endpoints.v2/http', 'SPEC'],
    ['- a list', 'MAP']
  ]
  for (const [endpoint, name] of endpoints) {
    writeFileSync(join(folder, 'lost.yaml'), `${endpoint}\n---\n${ingress}`)
    const { code, stderr } = await check('lost.yaml')
    assert.equal(code, 2)
    assert.equal(codesOf(stderr).length, 1, `${name}: ${stderr}`)
  }
})

test('a dataflow alone may send to functions of elsewhere; with a module it is checked', async () => {
  const alone = await check('dataflow.yaml')
  assert.equal(alone.code, 0, alone.stderr)
  const both = await check('.')
  assert.equal(both.code, 2)
  assert.match(both.stderr, /dataflow\.yaml:\d+:\d+: error TARGET_UNKNOWN.*test\/account/)
  const whole = await check('.', '--functions', 'functions.ts')
  assert.equal(whole.code, 0, whole.stderr)
})

const dataflow = (name: string) => `apiVersion: 1.0.0
meta: { name: ${name} }
topics: { in: { schema: { key: string, value: string } } }
services: { to: { sources: [{ type: topic, id: in }], sinks: [{ type: function, function: test/auditor }] } }
`

test('an application and a dataflow must not have one name, which a module file can give', async () => {
  const options = ['--functions', 'functions.ts']
  writeFileSync(join(folder, 'same.yaml'), dataflow('functions'))
  const same = await check('same.yaml', ...options)
  assert.equal(same.code, 2)
  assert.match(same.stderr, /same\.yaml:1:1: error APPLICATION_NAME/)
  writeFileSync(
    join(folder, 'name.yaml'),
    'kind: io.millrace.application.v1\nspec: { name: bank }\n'
  )
  const named = await check('same.yaml', 'name.yaml', ...options)
  assert.equal(named.code, 0, named.stderr)
  writeFileSync(join(folder, 'same.yaml'), dataflow('bank'))
  const again = await check('same.yaml', 'name.yaml', ...options)
  assert.match(again.stderr, /name\.yaml:2:15: error APPLICATION_NAME: .*same\.yaml/)
})

test('type errors of functions are told at their places', async () => {
  const source = 'export const wrong: number = "text"\n'
  writeFileSync(join(folder, 'wrong.ts'), source)
  const args = ['--functions', 'functions.ts', '--functions', 'wrong.ts', '.']
  const { code, stderr } = await run(['check', ...args], folder)
  assert.equal(code, 2)
  assert.match(stderr, /wrong\.ts:1:14: error TS2322/)
})

test('outputs that nothing writes are told before a run or at its end', async () => {
  writeFileSync(join(folder, 'transfers.jsonl'), '{"id":0,"account":"a","amount":1}\n')
  const args = ['run', '.', '--functions', 'functions.ts', '--ephemeral', '--drain']
  const input = ['--in', 'transfers=transfers.jsonl']
  const near = await run([...args, ...input, '--out', 'balance=-'], folder)
  assert.equal(near.code, 2)
  assert.match(
    near.stderr,
    /no topic is called "balance"; did you mean "balances"\? .*"topics" of test\/out/
  )
  const never = await run([...args, ...input, '--out', 'something=-'], folder)
  assert.equal(never.code, 0, never.stderr)
  assert.match(never.stderr, /--out something: no record was ever written to it/)
  const closed = 'kind: io.millrace.topic.v1/egress\nspec: { id: test/out, topics: [reports] }\n'
  writeFileSync(join(folder, 'module.yaml'), closed)
  const unknown = await run([...args, ...input, '--out', 'something=-'], folder)
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /no topic is called "something"/)
  const known = await run([...args, ...input, '--out', 'reports=-'], folder)
  assert.equal(known.code, 0, known.stderr)
  assert.match(
    known.stderr,
    /a record for the topic balances over the egress test\/out; expected one of its topics/
  )
})
