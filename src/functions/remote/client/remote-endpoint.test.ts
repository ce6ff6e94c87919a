// Calls against servers of node:http on free ports: answers, failures, repetitions, timeouts, addresses.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EndpointPlan } from '../../module/index.ts'
import { intType } from '../../sdk/index.ts'
import { checkHost, guardedLookup, isAllowedAddress } from './addresses.ts'
import {
  ASYNC,
  OKHTTP,
  WaitsClock,
  batch,
  count,
  countOf,
  endpointOf,
  failureOf,
  never,
  planOf,
  serve
} from './kit.cases.ts'

for (const [name, transport] of [
  ['async', ASYNC],
  ['okhttp', OKHTTP]
]) {
  test(`${name}: one request carries a batch; the name stands in the path`, async context => {
    const paths: string[] = []
    const url = await serve(context, (request, response) => {
      paths.push(`${request.method} ${request.url}`)
      count(request, response)
    })
    const endpoint = endpointOf(context, planOf(`${url}/fn/{function.name}?v=1`, transport))
    assert.equal(await countOf(endpoint), 42)
    assert.deepEqual(paths, ['POST /fn/counter?v=1'])
  })

  test(`${name}: answers that promise a later success are asked for again`, async context => {
    let requests = 0
    const url = await serve(context, (request, response) => {
      requests++
      if (requests === 1) return response.writeHead(503).end()
      if (requests === 2) return response.destroy()
      // The trap of some SDK servers: no effects, no content type, the true status in a header.
      if (requests === 3) {
        const type = 'application/octet-stream'
        return response.writeHead(200, { Status: '500', 'content-type': type }).end()
      }
      count(request, response)
    })
    assert.equal(await countOf(endpointOf(context, planOf(url, transport))), 42)
    assert.equal(requests, 4)
  })

  test(`${name}: a large request and many calls at once`, async context => {
    const url = await serve(context, count)
    const endpoint = endpointOf(context, planOf(url, transport))
    const many = Array.from({ length: 20_000 }, () => batch.invocations[0]!)
    assert.equal(await countOf(endpoint, { ...batch, invocations: many }), 20_040)
    const counts = await Promise.all(Array.from({ length: 50 }, () => countOf(endpoint)))
    assert.deepEqual(counts, Array(50).fill(42))
  })
}

test('missing values are handed on with their types', async context => {
  const url = await serve(context, count)
  const reply = await endpointOf(context, planOf(url)).call({ ...batch, state: [] }, never)
  assert.deepEqual(reply, {
    kind: 'missing',
    specs: [
      { name: 'count', typename: intType.typename, expiration: { mode: 'none', durationMs: 0 } }
    ]
  })
})

test('redirects are not followed, and not repeated by okhttp', async context => {
  let requests = 0
  const url = await serve(context, (_, response) => {
    requests++
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  const error = await failureOf(endpointOf(context, planOf(url, OKHTTP)).call(batch, never))
  assert.equal(error.code, 'FUNCTION_CALL_FAILED')
  assert.match(error.message, /redirects are not followed.*1 attempt, FUNCTION_CALL_STATUS/)
  assert.equal(requests, 1)
})

test('an empty 200 without content type is no acknowledgement', async context => {
  const url = await serve(context, (_, response) => response.writeHead(200).end())
  const error = await failureOf(endpointOf(context, planOf(url, OKHTTP)).call(batch, never))
  assert.match(error.message, /no content type/)
})

test('attempts end with the time of the call', async context => {
  let requests = 0
  const url = await serve(context, (_, response) => {
    requests++
    response.writeHead(500).end()
  })
  const transport = '{ type: io.statefun.transports.v1/async, call: 59ms }'
  const endpoint = endpointOf(context, planOf(url, transport), { clock: new WaitsClock() })
  const error = await failureOf(endpoint.call(batch, never))
  assert.equal(error.details['reason'], 'FUNCTION_CALL_STATUS')
  // 4 + 8 + 16 ms of waits fit, 32 more do not.
  assert.equal(requests, 4)
})

test('who never answers, and who stops answering in the middle, runs into the timeouts', async context => {
  const silent = await serve(context, () => {})
  const short = '{ type: io.statefun.transports.v1/async, call: 40ms }'
  const call = await failureOf(endpointOf(context, planOf(silent, short)).call(batch, never))
  assert.match(call.message, /within the call timeout.*FUNCTION_CALL_TIMEOUT/)
  let requests = 0
  const stuck = await serve(context, (request, response) => {
    if (requests++ > 0) return count(request, response)
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).write('x')
  })
  const hasty = '{ type: io.statefun.transports.v1/okhttp, timeouts: { call: 20s, read: 50ms } }'
  assert.equal(await countOf(endpointOf(context, planOf(stuck, hasty))), 42)
  // Where the machine is slow more of them are too late.
  assert.ok(requests >= 2)
})

test('a reply above the limit fails at once', async context => {
  const url = await serve(context, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(2_000))
  })
  const transport = '{ type: io.statefun.transports.v1/async, payload_max_bytes: 1000 }'
  const error = await failureOf(endpointOf(context, planOf(url, transport)).call(batch, never))
  assert.match(error.message, /more than 1000 bytes.*1 attempt/)
})

test('a failure says which function was asked where, and what is wrong with its reply', async context => {
  const url = await serve(context, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('?')
  })
  const endpoint = endpointOf(context, planOf(`${url}/fn/{function.name}`, OKHTTP))
  const { message, details } = await failureOf(endpoint.call(batch, never))
  assert.ok(
    message.startsWith(`${url}/fn/counter failed: a reply of 1 bytes is no message`),
    message
  )
  assert.match(
    message,
    /\(1 attempt, FUNCTION_REPLY_UNDECODABLE\); expected the effects of test\/counter; /
  )
  assert.equal(details['url'], `${url}/fn/counter`)
})

test('an aborted call ends with the reason', async context => {
  const url = await serve(context, () => controller.abort(new Error('the task stops')))
  const controller = new AbortController()
  const calling = endpointOf(context, planOf(url)).call(batch, controller.signal)
  await assert.rejects(calling, /the task stops/)
})

test('functions behind a unix socket', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sock-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const socket = join(folder, 'f.sock')
  await serve(context, count, socket)
  assert.equal(await countOf(endpointOf(context, planOf(`http+unix://${socket}/fn`, OKHTTP))), 42)
})

test('private networks are refused by address and by name, this machine is not', async context => {
  for (const address of [
    '10.1.2.3',
    '169.254.169.254',
    '::ffff:10.0.0.1',
    'fd00::1',
    '0.0.0.0',
    '::'
  ]) {
    assert.equal(isAllowedAddress(address, false), false, address)
    assert.equal(isAllowedAddress(address, true), true, address)
    assert.throws(() => checkHost(address, false), { code: 'ENDPOINT_ADDRESS' })
  }
  for (const address of ['127.0.0.1', '::1', '93.184.216.34', '2606:2800::1', '::ffff:127.0.0.1']) {
    assert.equal(isAllowedAddress(address, false), true, address)
  }
  const endpoint = endpointOf(context, planOf('http://10.255.255.1:9/'))
  assert.match(
    (await failureOf(endpoint.call(batch, never))).message,
    /10\.255\.255\.1.*--allow-private/
  )
})

function resolve(host: string, allowPrivate: boolean): Promise<string> {
  return new Promise((done, failed) => {
    guardedLookup(allowPrivate)(host, {}, (error, address) =>
      error === null ? done(String(address)) : failed(error)
    )
  })
}

test('what a name stands for is looked at, too', async () => {
  assert.match(await resolve('localhost', false), /^(127\.0\.0\.1|::1)$/)
  // A short form of 10.0.1.2, which the system resolves without asking anyone.
  await assert.rejects(resolve('10.258', false), { code: 'ENDPOINT_ADDRESS' })
  assert.equal(await resolve('10.258', true), '10.0.1.2')
})

test('states of 2.x functions are told by the module file', async context => {
  const plan: EndpointPlan = {
    ...planOf('http://127.0.0.1:9/'),
    protocol: '2.x',
    states: [{ name: 'seen', expiration: { mode: 'after-write', durationMs: 5 } }]
  }
  const reply = await endpointOf(context, plan).call({ ...batch, state: [] }, never)
  assert.equal(reply.kind === 'missing' && reply.specs[0]?.name, 'seen')
})
