// `millrace profile` as users call it.
import { deepStrictEqual, doesNotMatch, match, strictEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { shell } from '../../test/command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-profiles-'))
after(() => rmSync(root, { recursive: true }))

const run = (script: string) => shell(script, root, { XDG_CONFIG_HOME: join(root, 'config') })

test('profiles are added, listed, switched, exported and deleted; secrets are shown on demand only', async () => {
  const added = await run(
    'npx millrace profile add here --data-dir data\n' +
      'npx millrace profile add east --kind kafka --bootstrap e:9093 --tls ' +
      '--sasl PLAIN --username u --password hunter2\n' +
      'npx millrace profile switch east'
  )
  strictEqual(added.code, 0, added.stderr)
  doesNotMatch(added.stdout + added.stderr, /hunter2/)
  const file = join(root, 'config/millrace/profiles.json')
  strictEqual(statSync(file).mode & 0o777, 0o600)
  deepStrictEqual(
    readdirSync(join(root, 'config/millrace')).filter(name => !name.endsWith('.lock')),
    ['profiles.json']
  )
  const listed = await run('npx millrace profile list; npx millrace profile list -o json')
  match(listed.stdout, /^\* +east +kafka +e:9093, TLS, PLAIN as u$/m)
  doesNotMatch(listed.stdout, /hunter2/)
  const exported = await run('npx millrace profile export')
  doesNotMatch(exported.stdout, /hunter2/)
  match(exported.stderr, /--with-secrets/)
  const copied = await run(
    'npx millrace profile export east --with-secrets -o yaml | npx millrace profile add copy --file -\n' +
      'npx millrace profile export copy --with-secrets'
  )
  strictEqual(copied.code, 0, copied.stderr)
  match(copied.stdout, /"value": "hunter2"/)
  const kept = await run('npx millrace profile delete copy < /dev/null')
  strictEqual(kept.code === 0, false)
  const deleted = await run('npx millrace profile delete copy --yes && npx millrace profile list')
  strictEqual(deleted.code, 0, deleted.stderr)
  doesNotMatch(deleted.stdout, /copy/)
})

test('wrong profiles are told with what was expected, exit 2', async () => {
  for (const [script, message] of [
    ['profile add x', /--data-dir DIR, or --bootstrap HOST:PORT/],
    ['profile add x --bootstrap nowhere', /expected was "host:port"/],
    ['profile add x --bootstrap a:1 --sasl PLAIN', /--username NAME with --password-env NAME/],
    ['profile add x --bootstrap a:1 --http ftp://a', /http/],
    ['profile add x --data-dir d --bootstrap a:1', /--data-dir and --bootstrap do not go together/],
    ['profile add x --data-dir d --username u', /--data-dir and --username do not go together/],
    ['profile add x --data-dir d --no-tls-verify', /--data-dir and --no-tls-verify do not/],
    ['profile add x --file p.json --kind kafka', /--file and --kind do not go together/],
    ['profile add x --file missing.json', /missing\.json cannot be read: ENOENT/],
    ['profile add x --kind kafka --bootstrap a:1 --token t', /by --sasl OAUTHBEARER only/],
    ['profile switch nobody', /no profile is called "nobody"/],
    ['profile add ../x --data-dir d', /cannot be called/]
  ] as const) {
    const { code, stderr } = await run(`npx millrace ${script}`)
    strictEqual(code, 2, stderr)
    match(stderr, message)
  }
})

test('commands of security follow profiles as all others do, and say which one was taken', async () => {
  const folder = mkdtempSync(join(root, 'security-'))
  const at = (script: string, env: Readonly<Record<string, string>> = {}) =>
    shell(script, folder, { XDG_CONFIG_HOME: join(folder, 'config'), ...env })
  const far = { kind: 'server', bootstrap: ['127.0.0.1:1'] }
  const profiles = {
    one: { kind: 'embedded', dataDir: 'one' },
    two: { kind: 'embedded', dataDir: 'two' },
    none: { kind: 'embedded', dataDir: 'none' },
    cluster: { kind: 'kafka', bootstrap: ['127.0.0.1:1'] },
    bare: far,
    closed: { ...far, http: 'http://127.0.0.1:1' },
    secret: { ...far, http: 'http://127.0.0.1:1', token: { env: 'NO_TOKEN' } }
  }
  mkdirSync(join(folder, 'config', 'millrace'), { recursive: true })
  const text = JSON.stringify({ version: 1, current: 'one', profiles })
  writeFileSync(join(folder, 'config', 'millrace', 'profiles.json'), text)
  const made = await at(
    'printf %s long-enough-1 | npx millrace user add ana\n' +
      'printf %s long-enough-2 | MILLRACE_PROFILE=two npx millrace user add bob\n' +
      'npx millrace user list --profile one\n' +
      'MILLRACE_PROFILE=one npx millrace user list --data-dir two'
  )
  strictEqual(made.code, 0, made.stderr)
  match(made.stdout, /^ana [^]*^bob /m)
  doesNotMatch(made.stdout, /bob[^]*ana/)
  for (const [name, code, message] of [
    ['none', 2, /^millrace: profile none \(MILLRACE_PROFILE\): \S+none is no data directory/],
    ['cluster', 2, /profile cluster \(MILLRACE_PROFILE\): [^;]* the profile is a Kafka cluster/],
    ['bare', 2, /profile bare \(MILLRACE_PROFILE\): .* a server without an HTTP address/],
    ['closed', 1, /profile closed \(MILLRACE_PROFILE\): http:.*1 cannot be reached/],
    ['secret', 2, /profile secret \(MILLRACE_PROFILE\): .*variable NO_TOKEN is not set/],
    ['nobody', 2, /MILLRACE_PROFILE: no profile is called "nobody"/]
  ] as const) {
    const refused = await at('npx millrace acl list', { MILLRACE_PROFILE: name })
    match(refused.stderr, message)
    strictEqual(refused.code, code, refused.stderr)
  }
  const current = await at('npx millrace profile switch none && npx millrace token list')
  match(current.stderr, /profile none \(the current one\): /)
  const named = await at('npx millrace topic list --profile none')
  match(named.stderr, /profile none \(--profile\): /)
})
