// HTTP over TLS: which addresses, certificates that change, clients that speak no TLS, connections from one address.
import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'

import { SystemClock } from '../../base/index.ts'
import type { TlsMaterial, TlsSource } from '../../security/index.ts'
import { Listener } from '../http/listen.ts'

/** Why certificates cannot be made here; false when they can. */
const skip = ((): string | false => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'openssl is not installed; apt-get install openssl'
  }
})()

/** A certificate of its own authority. */
function materialFor(t: TestContext): TlsMaterial {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-https-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [key, certificate] = [join(folder, 'key'), join(folder, 'pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const about = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', ...curve, ...about, ...files], { stdio: 'ignore' })
  const [keyText, text] = [readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8')]
  return { key: keyText, certificate: text, clientAuthorities: text }
}

class Source implements TlsSource {
  current: TlsMaterial
  readonly actions: Set<() => void> = new Set()

  constructor(current: TlsMaterial) {
    this.current = current
  }

  onChange(action: () => void): () => void {
    this.actions.add(action)
    return () => this.actions.delete(action)
  }
}

async function listenerFor(
  t: TestContext,
  tls: TlsSource | null,
  host = '127.0.0.1'
): Promise<Listener> {
  const listener = await Listener.start({
    address: { host, port: 0 },
    clock: new SystemClock(),
    tls
  })
  listener.mount({
    routes: app => {
      app.get('/', context => context.text('here'))
      return []
    }
  })
  t.after(() => listener.close())
  return listener
}

async function socketTo(t: TestContext, { address }: Listener, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: address.port, ca })
  t.after(() => socket.destroy())
  await new Promise((resolve, reject) =>
    socket.once('secureConnect', resolve).once('error', reject)
  )
  return socket
}

/** The status line of `GET /` on a socket, for a host. */
function ask(socket: TLSSocket, host: string): Promise<string> {
  return new Promise(resolve => {
    socket.once('data', chunk => resolve(chunk.toString().split('\r\n', 1)[0]!))
    socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  })
}

test('an address of others needs TLS', async t => {
  await rejects(listenerFor(t, null, '0.0.0.0'), {
    code: 'HTTP_ADDRESS',
    message: /--tls-cert FILE/
  })
})

test('new connections get a new certificate, old ones live on', { skip }, async t => {
  const source = new Source(materialFor(t))
  const listener = await listenerFor(t, source)
  ok(listener.url.startsWith('https://127.0.0.1:'))
  const before = await socketTo(t, listener, source.current.certificate)
  source.current = materialFor(t)
  for (const action of source.actions) action()
  const after = await socketTo(t, listener, source.current.certificate)
  const [old, fresh] = [before, after].map(socket => socket.getPeerCertificate().serialNumber)
  notStrictEqual(old, fresh)
  const host = `127.0.0.1:${listener.address.port}`
  deepStrictEqual(await Promise.all([ask(before, host), ask(after, host)]), [
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK'
  ])
})

test(
  'on this machine a request must mean it; from elsewhere it comes by any name',
  { skip },
  async t => {
    const material = materialFor(t)
    for (const [host, status] of [
      ['127.0.0.1', 'HTTP/1.1 403 Forbidden'],
      ['0.0.0.0', 'HTTP/1.1 200 OK']
    ] as const) {
      const listener = await listenerFor(t, new Source(material), host)
      const socket = await socketTo(t, listener, material.certificate)
      strictEqual(await ask(socket, 'log.example'), status)
    }
  }
)

test('who speaks no TLS is ended and disturbs nobody', { skip }, async t => {
  const material = materialFor(t)
  const listener = await listenerFor(t, new Source(material))
  for (const text of ['GET / HTTP/1.1\r\nhost: localhost\r\n\r\n', '\x16\x03\x01\xff\xff', '\0']) {
    const socket = connectPlain(listener.address.port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    const ended = new Promise(resolve => socket.once('close', resolve))
    socket.end(text)
    await ended
  }
  const socket = await socketTo(t, listener, material.certificate)
  strictEqual(await ask(socket, `127.0.0.1:${listener.address.port}`), 'HTTP/1.1 200 OK')
})
