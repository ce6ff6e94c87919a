// Security by the command line, as users type it: a first user, a server for others, tokens, rules, refusals.
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { run, shell, start } from '../command.ts'
import { Authority, textOf, withoutOpenssl } from './certificates.ts'
import { finallyIn, temporaryFolder } from './kit.ts'
import { loginPlain, loginScram } from './sasl-client.ts'
import { wireClientFor } from './wire-client.ts'

const PASSWORD = 'admin-secret-1'
const ANA = 'ana-secret-22'

/** A server as a process; its lines say where it listens. */
async function serve(
  t: TestContext,
  folder: string,
  args: readonly string[]
): Promise<{
  readonly kafka: string
  readonly http: string
  readonly lines: string
  end(): Promise<number | null>
}> {
  const child = start(args, folder)
  finallyIn(t, () => child.kill('SIGKILL'))
  const ended = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
  const lines = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (/ready in/.test(text)) resolve(text)
    })
    child.once('close', () => reject(new Error(`it ended: ${text}`)))
  })
  return {
    kafka: /kafka {3}(\S+)/.exec(lines)![1]!.replace('0.0.0.0', '127.0.0.1'),
    http: (/http {4}(\S+)/.exec(lines)?.[1] ?? '').replace('0.0.0.0', '127.0.0.1'),
    lines,
    end: async () => {
      child.kill('SIGINT')
      return await ended
    }
  }
}

/** The status of a request; with a body it is a POST. */
function get(url: string, ca: string, token?: string, body?: object): Promise<number | undefined> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const headers = { ...authorization, 'content-type': 'application/json' }
  const method = body === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, headers, method }, response => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.once('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

test(
  'from an empty folder to a server for others, with a user, a token and rules',
  { skip: withoutOpenssl },
  async t => {
    const folder = temporaryFolder(t)
    const authority = new Authority(folder)
    writeFileSync(join(folder, 'password'), 'zoe-secret-444\n')
    const { key, certificate } = authority.issue('server', '/CN=server')
    const ca = textOf(authority.certificate)
    const serving = [
      'start',
      '--listen',
      '0.0.0.0:0',
      '--http',
      '0.0.0.0:0',
      '--tls-cert',
      certificate,
      '--tls-key',
      key
    ]
    const nobody = await run(serving, folder)
    strictEqual(nobody.code, 2, nobody.stderr)
    match(nobody.stderr, /make one first: millrace user add NAME --super/)
    const added = await run(['user', 'add', 'admin', '--super'], folder, `${PASSWORD}\n`)
    strictEqual(added.code, 0, added.stderr)
    const server = await serve(t, folder, serving)
    match(server.lines, /logins {2}by SCRAM and PLAIN \(1 user\)/)
    match(server.http, /^https:/)

    const made = await run(['token', 'create', '--user', 'admin', '--expires', '1h'], folder)
    const token = made.stdout.trim()
    match(token, /^mrt_/, made.stderr)
    const topics = `${server.http}/api/v1/topics`
    deepStrictEqual(
      [await get(topics, ca), await get(topics, ca, `${token}x`), await get(topics, ca, token)],
      [401, 401, 200]
    )
    strictEqual(await get(`${server.http}/health`, ca), 200)
    strictEqual(await get(topics, ca, token, { name: 'by-http' }), 201)

    const admin = await wireClientFor(t, server.kafka, { ca })
    strictEqual((await loginPlain(admin, 'admin', PASSWORD)).errorCode, 0)
    await admin.ask('CreateTopics', 7, {
      topics: [{ name: 'orders', numPartitions: 1, replicationFactor: 1 }]
    })

    const profile = [
      '--bootstrap',
      server.kafka,
      '--http',
      server.http,
      '--tls-ca',
      authority.certificate
    ]
    const login = [
      '--sasl',
      'SCRAM-SHA-512',
      '--username',
      'admin',
      '--password',
      PASSWORD,
      '--token',
      token
    ]
    const env = { XDG_CONFIG_HOME: join(folder, 'config') }
    const remotely = async (args: string): Promise<string> => {
      const { code, stdout, stderr } = await shell(`npx millrace ${args}`, folder, env)
      strictEqual(code, 0, stderr)
      return stdout
    }
    await remotely(`profile add far ${[...profile, ...login].join(' ')}`)
    await remotely(`user add zoe --profile far --password-file password`)
    await remotely('acl create --allow zoe --operation read --topic t --profile far')
    match(await remotely('token create --user zoe --profile far'), /^mrt_/)

    strictEqual((await run(['user', 'add', 'ana'], folder, ANA)).code, 0)
    const ana = await wireClientFor(t, server.kafka, { ca })
    strictEqual((await loginScram(ana, 'ana', ANA)).errorCode, 0)
    const produce = async (): Promise<number> => (await ana.produce('orders', ['x'])).errorCode
    strictEqual(await produce(), 29)
    const rule = ['--allow', 'ana', '--operation', 'write', '--topic', 'ord', '--prefix']
    const created = await run(['acl', 'create', ...rule], folder)
    strictEqual(created.code, 0, created.stderr)
    strictEqual(await produce(), 0)
    const listed = await run(['acl', 'list', '-o', 'json'], folder)
    const rules = JSON.parse(listed.stdout) as readonly { readonly principal: string }[]
    deepStrictEqual(rules.map(each => each.principal).toSorted(), ['User:ana', 'User:zoe'])
    strictEqual((await run(['acl', 'delete', ...rule, '--yes'], folder)).code, 0)
    strictEqual(await produce(), 29)
    strictEqual((await run(['token', 'revoke', token.split('_')[1]!], folder)).code, 0)
    strictEqual(await get(topics, ca, token), 401)
    strictEqual((await run(['user', 'delete', 'ana', '--yes'], folder)).code, 0)
    await ana.ask('Metadata', 9, { topics: null }).catch(() => undefined)
    await ana.ended()
    strictEqual(await server.end(), 0)

    const audit = readFileSync(join(folder, '.millrace', 'audit', 'audit.jsonl'), 'utf8')
    match(
      audit,
      /"door":"http","action":"createTopic","resources":\["topic:by-http"\],"outcome":"ok"/
    )
    for (const action of [
      'user-add',
      'token-create',
      'token-revoke',
      'acl-create',
      'acl-delete',
      'CreateTopics',
      'write'
    ]) {
      ok(audit.includes(`"action":"${action}"`), action)
    }
    doesNotMatch(audit, new RegExp(`${PASSWORD}|${ANA}|${token}`))
  }
)

test('options that do not go together, and words that are none, are refused with what to do', async t => {
  const folder = temporaryFolder(t)
  const cases: readonly (readonly [string, RegExp])[] = [
    ['start --tls-cert x.pem', /--tls-key is missing/],
    ['start --tls-client-ca ca.pem', /needs TLS/],
    ['start --tls-cert a --tls-key b --tls-principal DEFAULT', /give --tls-client-ca FILE too/],
    [
      'start --tls-cert a --tls-key b --listen 127.0.0.1:0',
      /b cannot be used: .*expected was a private key/
    ],
    [
      'start --listen 127.0.0.1:0 --session-lifetime 5',
      /--session-lifetime 5: it takes a duration/
    ],
    ['start --listen 127.0.0.1:0 --auth required --http none', /make one first: millrace user add/],
    ['acl create --allow ana --topic t', /missing --operation OPERATION/],
    ['acl create --allow ana --operation raed --topic t', /did you mean read\?/],
    ['acl create --allow ana --operation write --group g', /expected one of read/],
    ['token create', /required option '--user/],
    ['token create --user ana --expires soon', /--expires soon: it takes a duration/],
    ['user add a/b', /cannot be the name of a user/],
    ['user add ana', /stdin has no password/]
  ]
  await run(['user', 'add', 'first', '--data-dir', 'data'], folder, 'long-enough-1')
  const refuse = async ([line, expected]: (typeof cases)[number]): Promise<void> => {
    const args = line.split(' ')
    // Servers have a directory each: they are started at once.
    const own = args[0] === 'start' ? `data-${cases.findIndex(each => each[0] === line)}` : 'data'
    const data = line === 'acl list' ? [] : ['--data-dir', own]
    const input = args[2] === 'a/b' ? 'long-enough-1' : ''
    const { code, stderr } = await run([...args, ...data], folder, input)
    strictEqual(code, 2, `${line}: ${stderr}`)
    match(stderr, expected, line)
  }
  await refuse(['acl list', /no data directory/])
  await Promise.all(cases.map(refuse))
})

test('a password on the command line is no option', async t => {
  const folder = temporaryFolder(t)
  const { code, stderr } = await run(['user', 'add', 'ana', '--password', 'x'], folder)
  strictEqual(code, 2)
  match(stderr, /unknown option '--password'/)
})
