// `millrace run` with a module file whose endpoint speaks TLS in both directions: files beside the module file.
import { match, strictEqual } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { kafkaEgress, requestReplyHandler, statefulFunction } from '../../src/functions/index.ts'
import { Certificates } from '../../src/functions/remote/client/certificates.cases.ts'
import { run } from '../command.ts'

const echo = statefulFunction({
  typename: 'test/echo',
  handler(context, message) {
    const value = Buffer.from(message.rawValue).toString()
    context.egress(kafkaEgress({ typename: 'test/out', topic: 'out', value }))
  }
})

test('TLS files of a module file lie beside it, the password in a file of its own', async context => {
  const certificates = Certificates.make(context)
  if (certificates === null) return
  const { folder } = certificates
  const server = createServer(
    {
      ca: certificates.read('ca.pem'),
      cert: certificates.read('server.pem'),
      key: certificates.read('server.key'),
      requestCert: true,
      rejectUnauthorized: true
    },
    requestReplyHandler({ functions: [echo] })
  )
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  writeFileSync(join(folder, 'module.yaml'), moduleOf(port))
  writeFileSync(join(folder, 'input.txt'), 'a:hello\nb:there\n')
  const files = ['--in', 'in=input.txt', '--key-separator', ':', '--out', 'out=-']
  const { code, stdout, stderr } = await run(['run', 'module.yaml', ...files, '--drain'], folder)
  strictEqual(code, 0, stderr)
  strictEqual(stdout.split('\n').toSorted().join(' ').trim(), 'hello there', stderr)
})

test('a TLS file that is not there is told before anything starts', async context => {
  const certificates = Certificates.make(context)
  if (certificates === null) return
  const { folder } = certificates
  writeFileSync(join(folder, 'module.yaml'), moduleOf(9).replace('ca.pem', 'gone.pem'))
  const { code, stderr } = await run(['run', 'module.yaml', '--drain'], folder)
  strictEqual(code, 2)
  match(stderr, /FILE_UNREADABLE.*gone\.pem/)
})

function moduleOf(port: number): string {
  return `kind: io.statefun.endpoints.v2/http
spec:
  functions: test/*
  urlPathTemplate: https://127.0.0.1:${port}/
  transport:
    type: io.statefun.transports.v1/async
    call: 10s
    trust_cacerts: ca.pem
    client_cert: client.pem
    client_key: client.key
    client_key_password: password
---
kind: io.millrace.topic.v1/ingress
spec:
  id: test/in
  startupPosition: { type: earliest }
  topics: [{ topic: in, valueType: test/text, targets: [test/echo] }]
---
kind: io.millrace.topic.v1/egress
spec: { id: test/out }
`
}
