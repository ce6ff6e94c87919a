// Tests the HTTP side of the handler: statuses, limits, what an error says, and the same effects as in process.
import { deepStrictEqual, match, ok, strictEqual, throws } from 'node:assert/strict'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { protocol3 } from '../remote/wire/index.ts'
import {
  addressOf,
  intType,
  invoke,
  jsonType,
  requestReplyHandler,
  statefulFunction,
  stringType,
  typedValue,
  valueSpec
} from './index.ts'

const listType = jsonType<string[]>('a/list')
const list = statefulFunction({
  typename: 'a/list',
  specs: [valueSpec({ name: 'words', type: listType })],
  async handler({ storage }, message) {
    const words = storage.words.get() ?? []
    await Promise.resolve()
    if (message.asString() === 'secret') throw new Error('the password is 123')
    storage.words.set([...words, message.asString()])
  }
})
const target = addressOf('a/list', 'x')
const invocations = ['one', 'two'].map(text => ({
  caller: null,
  argument: typedValue(text, stringType)
}))
const state = [{ name: 'words', value: typedValue(['zero'], listType) }]

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A server for one test; errors that it hears of are collected. */
async function serve(context: TestContext, options: { payloadBytesMax?: number } = {}) {
  const errors: unknown[] = []
  const handler = requestReplyHandler({
    functions: [list],
    onError: error => errors.push(error),
    ...options
  })
  const server = createServer(handler)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = (
    body: Uint8Array | string,
    headers: Record<string, string> = {},
    method = 'POST'
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', method, headers }
      const request = httpRequest(options, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const { statusCode = 0, headers } = response
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks) })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  return { ask, errors }
}

test('effects over HTTP are those in process', async context => {
  const { ask, errors } = await serve(context)
  const answer = await ask(protocol3.encodeToFunction({ target, state, invocations }), {
    'content-type': 'application/octet-stream'
  })
  strictEqual(answer.status, 200)
  strictEqual(answer.headers['content-type'], 'application/octet-stream')
  const reply = protocol3.decodeFromFunction(answer.body)
  ok(reply.kind === 'result')
  const local = await invoke(list, { target, state: { get: () => ['zero'] }, invocations })
  deepStrictEqual(
    reply.effects.mutations.map(({ name, value }) => ({
      name,
      value: listType.deserialize(value!.bytes)
    })),
    local.mutations
  )
  deepStrictEqual(local.mutations, [{ name: 'words', value: ['zero', 'one', 'two'] }])
  deepStrictEqual(errors, [])
})

test('a failing function is a 500 that says no more than the code', async context => {
  const { ask, errors } = await serve(context)
  const argument = typedValue('secret', stringType)
  const request = { target, state, invocations: [{ caller: null, argument }] }
  const { status, body } = await ask(protocol3.encodeToFunction(request))
  strictEqual(status, 500)
  strictEqual(body.toString(), 'FUNCTION_FAILED\n')
  match(String(errors[0]), /the password is 123/)
})

test('a state of another type is a 500', async context => {
  const { ask, errors } = await serve(context)
  const wrong = [{ name: 'words', value: typedValue(1, intType) }]
  const answer = await ask(protocol3.encodeToFunction({ target, state: wrong, invocations }))
  strictEqual(answer.status, 500)
  match(String(errors[0]), /stored as io\.statefun\.types\/int, but declared as a\/list/)
})

test('requests at fault get a 4xx and the reason', async context => {
  const { ask } = await serve(context, { payloadBytesMax: 200 })
  const good = protocol3.encodeToFunction({ target, state, invocations })
  const unknown = protocol3.encodeToFunction({
    target: addressOf('a/other', ''),
    state,
    invocations
  })
  const chunked = { 'transfer-encoding': 'chunked' }
  for (const [answer, status, code] of [
    [await ask('', {}, 'GET'), 405, 'METHOD'],
    [await ask(good, { 'content-type': 'application/json' }), 415, 'CONTENT_TYPE'],
    [await ask(new Uint8Array(201)), 413, 'TOO_LARGE'],
    [await ask(new Uint8Array(100_000), chunked), 413, 'TOO_LARGE'],
    [await ask(''), 400, 'INVALID'],
    [await ask(Uint8Array.of(0xff)), 400, 'UNDECODABLE'],
    [await ask(unknown), 404, 'FUNCTION_UNKNOWN']
  ] as const) {
    strictEqual(answer.status, status, answer.body.toString())
    match(answer.body.toString(), new RegExp(code))
  }
  strictEqual((await ask(good)).status, 200)
})

test('two functions of one type are refused', () => {
  throws(() => requestReplyHandler({ functions: [list, list] }), { code: 'FUNCTION_DUPLICATE' })
})
