// Files, addresses and the local socket of a server's security.
import {
  deepStrictEqual,
  doesNotMatch,
  match,
  ok,
  rejects,
  strictEqual,
  throws
} from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { SeededRandom, SimulatedClock } from '../../base/index.ts'
import { TestMemory } from '../../security/kit.cases.ts'
import { administer } from './administration.ts'
import { AUDIT_FOLDER, AuditFile } from './audit-file.ts'
import { Guard } from './guard.ts'
import { SECURITY_DEFAULT, checkExposure, isAuthRequired } from './settings.ts'
import type { SecuritySettings } from './settings.ts'
import { TlsFiles } from './tls-files.ts'

const HERE = { host: '127.0.0.1', port: 1 }
const ANYWHERE = { host: '0.0.0.0', port: 9092 }
const TLS = { certificate: 'c', key: 'k', clientAuthorities: null }

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-security-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Why certificates cannot be made here; false when they can. */
const skip = ((): string | false => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'openssl is not installed; apt-get install openssl'
  }
})()

function certify(
  folder: string,
  name: string
): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', key, '-out', certificate]
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, ...files],
    {
      stdio: 'ignore'
    }
  )
  return { certificate, key }
}

test('addresses of this machine need nothing, others TLS and logins, and it is said how', () => {
  checkExposure(SECURITY_DEFAULT, [
    { option: '--listen', address: HERE },
    { option: '--http', address: { host: '::1', port: 0 } }
  ])
  for (const option of ['--listen', '--http'] as const) {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'log.example', '127.0.0.1.example']) {
      const listening = [{ option, address: { host, port: 80 } }]
      throws(
        () => checkExposure(SECURITY_DEFAULT, listening),
        (error: Error) => {
          match(error.message, new RegExp(`^${option} ${host}:80: .*needs TLS and authentication`))
          match(
            error.message,
            /--tls-cert FILE and --tls-key FILE.*millrace user add NAME --super --data-dir DIR/
          )
          return true
        }
      )
      checkExposure({ ...SECURITY_DEFAULT, tls: TLS }, listening)
      const open: SecuritySettings = { ...SECURITY_DEFAULT, tls: TLS, auth: 'none' }
      throws(() => checkExposure(open, listening), {
        code: 'USAGE',
        message: /leave out --auth none/
      })
    }
  }
})

test('logins are required where others come in, with client certificates, and when it is said', () => {
  const near = [{ option: '--listen', address: HERE }] as const
  const far = [...near, { option: '--http', address: ANYWHERE }] as const
  strictEqual(isAuthRequired(SECURITY_DEFAULT, near), null)
  strictEqual(isAuthRequired(SECURITY_DEFAULT, far), true)
  strictEqual(isAuthRequired({ ...SECURITY_DEFAULT, auth: 'required' }, near), true)
  strictEqual(isAuthRequired({ ...SECURITY_DEFAULT, auth: 'none' }, near), false)
  const tls = { ...TLS, clientAuthorities: 'ca' }
  strictEqual(isAuthRequired({ ...SECURITY_DEFAULT, tls }, near), true)
})

async function guardFor(
  t: TestContext,
  settings: Partial<SecuritySettings>,
  address: typeof HERE,
  folder = folderFor(t)
): Promise<Guard> {
  const guard = await Guard.open({
    settings: { ...SECURITY_DEFAULT, ...settings },
    listening: [{ option: '--listen', address }],
    folder,
    memory: new TestMemory(),
    clock: new SimulatedClock(),
    random: new SeededRandom(1),
    onNotice: () => {}
  })
  t.after(() => guard.close())
  return guard
}

test(
  'a server that nobody could log in to does not start, and says how to make a user',
  { skip },
  async t => {
    const folder = folderFor(t)
    const pair = certify(folder, 'server')
    const tls = { ...pair, clientAuthorities: null }
    await rejects(guardFor(t, { tls }, ANYWHERE), {
      code: 'SECURITY_NOBODY',
      message: /no user and no token; make one first: millrace user add NAME --super --data-dir/
    })
    const guard = await guardFor(
      t,
      { tls: { ...tls, clientAuthorities: pair.certificate } },
      ANYWHERE
    )
    strictEqual(guard.logins, 'by certificates')
    strictEqual((await guardFor(t, {}, HERE)).logins, null)
  }
)

test(
  'a certificate that changes is taken when it fits its key, and not before',
  { skip },
  async t => {
    const folder = folderFor(t)
    const clock = new SimulatedClock()
    const notices: string[] = []
    const pair = certify(folder, 'server')
    const files = TlsFiles.open({ ...pair, clientAuthorities: null }, clock, text =>
      notices.push(text)
    )
    t.after(() => files.close())
    let changes = 0
    const forget = files.onChange(() => changes++)
    const before = files.current
    /** Lets the files be looked at until something holds. */
    const look = async (holds: () => boolean): Promise<void> => {
      await clock.advance(10_000)
      while (!holds()) {
        await new Promise(resolve => setImmediate(resolve))
        await clock.advance(10_000)
      }
    }
    const next = certify(folder, 'next')
    writeFileSync(pair.certificate, readFileSync(next.certificate))
    await look(() => notices.length > 0)
    strictEqual(files.current, before)
    strictEqual(changes, 0)
    strictEqual(notices.length, 1)
    match(notices[0]!, /cannot be used: .*the certificate of before stays in use/)
    writeFileSync(pair.key, readFileSync(next.key))
    await look(() => changes > 0)
    strictEqual(changes, 1)
    strictEqual(files.current.certificate, readFileSync(next.certificate, 'utf8'))
    match(notices[1]!, /has changed; new connections get it/)
    rmSync(pair.key)
    await look(() => notices.length > 2)
    match(notices[2]!, /no such file/)
    strictEqual(files.current.certificate, readFileSync(next.certificate, 'utf8'))
    forget()
  }
)

test('files that are no certificates are refused at the start', { skip }, t => {
  const folder = folderFor(t)
  const pair = certify(folder, 'server')
  const other = certify(folder, 'other')
  const text = join(folder, 'text')
  writeFileSync(text, 'hello')
  const clock = new SimulatedClock()
  for (const paths of [
    { ...pair, certificate: join(folder, 'missing') },
    { ...pair, certificate: text },
    { ...pair, key: other.key },
    { ...pair, clientAuthorities: text }
  ]) {
    const all = { clientAuthorities: null, ...paths }
    throws(() => TlsFiles.open(all, clock, () => {}), { code: 'TLS_FILE' })
  }
})

const EVENT = {
  kind: 'denied',
  principal: 'User:a',
  host: '10.0.0.1',
  door: 'kafka',
  outcome: 'denied'
} as const

test('the audit log is one JSON event a line, of its owner, with repeats counted', async t => {
  const folder = folderFor(t)
  const clock = new SimulatedClock()
  const audit = new AuditFile({
    dataFolder: folder,
    clock,
    onProblem: message => ok(false, message)
  })
  strictEqual(readdirSync(folder).length, 0)
  for (let count = 0; count < 500; count++) audit.note({ ...EVENT, action: 'read' })
  audit.note({ ...EVENT, action: 'write' })
  audit.note({ ...EVENT, kind: 'admin', outcome: 'ok' })
  audit.note({ ...EVENT, kind: 'admin', outcome: 'ok' })
  await clock.advance(60_000)
  audit.note({ ...EVENT, action: 'read' })
  await audit.close()
  const path = join(folder, AUDIT_FOLDER, 'audit.jsonl')
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  const events = lines.map(line => JSON.parse(line) as Record<string, unknown>)
  deepStrictEqual(
    events.map(event => [event['kind'], event['action'], event['repeats']]),
    [
      ['denied', 'read', undefined],
      ['denied', 'write', undefined],
      ['admin', undefined, undefined],
      ['admin', undefined, undefined],
      ['denied', 'read', 499],
      ['denied', 'read', undefined]
    ]
  )
  ok(events.every(event => !Number.isNaN(Date.parse(String(event['time'])))))
  strictEqual(statSync(path).mode & 0o777, 0o600)
  strictEqual(statSync(join(folder, AUDIT_FOLDER)).mode & 0o777, 0o700)
})

test('the audit log is bounded: files of a size, of which the oldest go', async t => {
  const folder = folderFor(t)
  const clock = new SimulatedClock()
  const problems: string[] = []
  const open = (): AuditFile =>
    new AuditFile({
      dataFolder: folder,
      clock,
      onProblem: text => problems.push(text),
      bytesMax: 2_000,
      filesMax: 3
    })
  for (let round = 0; round < 10; round++) {
    const audit = open()
    for (let count = 0; count < 5; count++)
      audit.note({ ...EVENT, kind: 'admin', action: `${round}.${count}` })
    await audit.close()
  }
  const names = readdirSync(join(folder, AUDIT_FOLDER)).toSorted()
  deepStrictEqual(names, ['audit.1.jsonl', 'audit.2.jsonl', 'audit.jsonl'])
  const texts = ['audit.2.jsonl', 'audit.1.jsonl', 'audit.jsonl'].map(name =>
    readFileSync(join(folder, AUDIT_FOLDER, name), 'utf8')
  )
  ok(texts.every(text => text.length <= 2_000))
  const actions = texts
    .join('')
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { action: string }).action)
  strictEqual(actions.at(-1), '9.4')
  deepStrictEqual(actions, actions.toSorted())
  deepStrictEqual(problems, [])
})

test('an audit log that cannot be written is told once, and later says how much it lacks', async t => {
  const folder = folderFor(t)
  const clock = new SimulatedClock()
  const problems: string[] = []
  const audit = new AuditFile({ dataFolder: folder, clock, onProblem: text => problems.push(text) })
  const blocked = join(folder, AUDIT_FOLDER)
  writeFileSync(blocked, '')
  audit.note({ ...EVENT, kind: 'admin' })
  audit.note({ ...EVENT, kind: 'admin' })
  while (problems.length === 0) await new Promise(resolve => setImmediate(resolve))
  await audit.close()
  rmSync(blocked)
  audit.note({ ...EVENT, kind: 'admin', action: 'again' })
  await audit.close()
  strictEqual(problems.length, 1)
  match(problems[0]!, /cannot be written/)
  const text = readFileSync(join(blocked, 'audit.jsonl'), 'utf8')
  match(text, /\d events were not written/)
  match(text, /"action":"again"/)
})

test('a stopped data directory is administered directly, a running one by its local socket', async t => {
  const folder = folderFor(t)
  const data = join(folder, 'data')
  const add = { kind: 'user-add', isSuper: false, isReplaced: false } as const
  const first = await administer(data, { ...add, name: 'ana', password: 'ana-secret-22' })
  strictEqual(first.isRequired, null)
  await rejects(administer(data, { ...add, name: 'ana', password: 'ana-secret-33' }), {
    code: 'USER_EXISTS'
  })
  const { LogServer } = await import('../log-server.ts')
  const server = await LogServer.start({
    folder: data,
    address: { host: '127.0.0.1', port: 0 },
    http: null,
    version: '0',
    onLogEvent: () => {},
    onProblem: () => {},
    onDeployment: () => {}
  })
  try {
    strictEqual(server.logins, 'by SCRAM (1 user)')
    const path = join(data, 'control.sock')
    strictEqual(statSync(path).mode & 0o777, 0o600)
    const second = await administer(data, { ...add, name: 'ben', password: 'ben-secret-33' })
    strictEqual(second.isRequired, true)
    const { text = '' } = await administer(data, {
      kind: 'token-create',
      principal: 'User:ben',
      lifetimeMs: 1e6,
      note: null
    })
    match(text, /^mrt_/)
    const { users = [] } = await administer(data, { kind: 'user-list' })
    deepStrictEqual(
      users.map(user => user.name),
      ['ana', 'ben']
    )
    await rejects(administer(data, { kind: 'user-delete', name: 'zoe' }), {
      code: 'USER_UNKNOWN',
      message: /there is no user zoe/
    })
    strictEqual(await answerTo(path, 'no JSON\n'), 'CONTROL_FAILED')
    strictEqual(await answerTo(path, '{"kind":"format-disk"}\n'), 'CONTROL_COMMAND')
  } finally {
    await server.stop()
  }
  const { users = [], isRequired } = await administer(data, { kind: 'user-list' })
  deepStrictEqual([users.length, isRequired], [2, null])
  const audit = readFileSync(join(data, AUDIT_FOLDER, 'audit.jsonl'), 'utf8')
  match(audit, /"action":"user-add","resources":\["User:ben"\]/)
  doesNotMatch(audit, /secret|mrt_/)
})

/** The code of the error that a line gets. */
function answerTo(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path, () => socket.write(line))
    socket.setEncoding('utf8').on('data', chunk => (text += String(chunk)))
    socket.on('error', reject)
    socket.on('close', () => resolve((JSON.parse(text) as { error: { code: string } }).error.code))
  })
}
