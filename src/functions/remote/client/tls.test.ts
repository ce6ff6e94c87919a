// Calls over TLS: authorities that are trusted, clients that say who they are, handshakes that do not end.
import assert from 'node:assert/strict'
import { createServer, type ServerOptions } from 'node:https'
import { createServer as createPlainServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Certificates, PASSWORD } from './certificates.cases.ts'
import {
  batch,
  count,
  countOf,
  endpointOf,
  failureOf,
  listening,
  never,
  planOf
} from './kit.cases.ts'

/** Long enough for one attempt, short for one that is repeated until its time is over. */
const SHORT = '{ type: io.statefun.transports.v1/async, call: 300ms }'

function serveTls(context: TestContext, certificates: Certificates, more: ServerOptions = {}) {
  const options = { cert: certificates.read('server.pem'), key: certificates.read('server.key') }
  const server = createServer({ ...options, ...more }, count)
  context.after(() => server.closeAllConnections())
  return listening(context, server, 'https')
}

test('an authority that is trusted: the call succeeds, by address and by name', async context => {
  const certificates = Certificates.make(context)
  if (certificates === null) return
  const url = await serveTls(context, certificates)
  const tls = { ca: certificates.read('ca.pem') }
  assert.equal(await countOf(endpointOf(context, planOf(url), { tls })), 42)
  const named = url.replace('127.0.0.1', 'localhost')
  assert.equal(await countOf(endpointOf(context, planOf(named), { tls })), 42)
})

test('without it, and for another name than the certificate says, nothing is sent', async context => {
  const certificates = Certificates.make(context)
  if (certificates === null) return
  const url = await serveTls(context, certificates)
  const unknown = await failureOf(endpointOf(context, planOf(url, SHORT)).call(batch, never))
  assert.equal(unknown.code, 'FUNCTION_CALL_FAILED')
  assert.match(unknown.message, /unable to (verify the first|get local issuer) certificate/)
  const tls = { ca: certificates.read('ca.pem') }
  // An address of this machine that the certificate does not name.
  const other = planOf(url.replace('127.0.0.1', '[::ffff:127.0.0.1]'), SHORT)
  const mismatch = await failureOf(endpointOf(context, other, { tls }).call(batch, never))
  assert.match(mismatch.message, /does not match certificate/)
})

test('a server that wants to know its clients: with certificate, key and password, not without', async context => {
  const certificates = Certificates.make(context)
  if (certificates === null) return
  const ca = certificates.read('ca.pem')
  const url = await serveTls(context, certificates, {
    ca,
    requestCert: true,
    rejectUnauthorized: true
  })
  const [cert, key] = [certificates.read('client.pem'), certificates.read('client.key')]
  assert.match(key, /BEGIN ENCRYPTED PRIVATE KEY/)
  const known = endpointOf(context, planOf(url), { tls: { ca, cert, key, passphrase: PASSWORD } })
  assert.equal(await countOf(known), 42)
  const stranger = endpointOf(context, planOf(url, SHORT), { tls: { ca } })
  assert.equal((await failureOf(stranger.call(batch, never))).code, 'FUNCTION_CALL_FAILED')
  const forgetful = { ca, cert, key, passphrase: 'wrong' }
  const failure = await failureOf(
    endpointOf(context, planOf(url, SHORT), { tls: forgetful }).call(batch, never)
  )
  assert.match(failure.message, /cannot be reached/)
})

test('a handshake that does not end runs into the connect timeout', async context => {
  const sockets: Socket[] = []
  const server = createPlainServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  const url = await listening(context, server, 'https')
  context.after(() => sockets.forEach(socket => socket.destroy()))
  const transport = '{ type: io.statefun.transports.v1/async, call: 2s, connect: 50ms }'
  const { message } = await failureOf(
    endpointOf(context, planOf(url, transport)).call(batch, never)
  )
  assert.match(message, /within the connect timeout \(50 ms\)/)
  assert.ok(sockets.length >= 3, 'attempts gave up before the time of the call was over')
})
