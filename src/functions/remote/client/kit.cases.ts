// Servers on free ports, plans and calls, for the tests of this folder.
import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { TestContext } from 'node:test'
import { type Clock, MillraceError, SystemClock, type Timer } from '../../../base/index.ts'
import { compileModule, type EndpointPlan } from '../../module/index.ts'
import type { RemoteBatch } from '../../runtime/contract.ts'
import {
  addressOf,
  intType,
  requestReplyHandler,
  type RequestReplyHandler,
  statefulFunction,
  typedValue,
  valueSpec
} from '../../sdk/index.ts'
import type { TlsMaterial } from './http-caller.ts'
import { RemoteEndpoint } from './remote-endpoint.ts'

const counter = statefulFunction({
  typename: 'test/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler({ storage }, message) {
    storage.count.set((storage.count.get() ?? 0) + message.asInt())
  }
})

/** Serves a counter. */
export const count: RequestReplyHandler = requestReplyHandler({
  functions: [counter],
  onError: () => undefined
})
/** Asks the counter to count from 40 to 42. */
export const batch: RemoteBatch = {
  target: addressOf('test/counter', 'a'),
  state: [{ name: 'count', value: typedValue(40, intType) }],
  invocations: [1, 1].map(value => ({ caller: null, argument: typedValue(value, intType) }))
}
export const never: AbortSignal = new AbortController().signal
export const OKHTTP =
  '{ type: io.statefun.transports.v1/okhttp, timeouts: { call: 20s, read: 20s } }'
export const ASYNC = '{ type: io.statefun.transports.v1/async, call: 20s }'
export const OCTETS = { 'content-type': 'application/octet-stream' }

/** Starts a server of HTTP on a free port or a socket; gives its URL. */
export function serve(
  context: TestContext,
  listener: RequestListener,
  path?: string
): Promise<string> {
  const server: Server = createServer(listener)
  context.after(() => server.closeAllConnections())
  return listening(context, server, 'http', path)
}

/** The URL of a server that is started here and closed with the test. */
export async function listening(
  context: TestContext,
  server: NetServer,
  scheme: string,
  path?: string
): Promise<string> {
  await new Promise<void>(resolve => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  context.after(() => server.close())
  return path === undefined ? `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}` : ''
}

/** The plan of an endpoint. */
export function planOf(url: string, transport: string = ASYNC): EndpointPlan {
  const text = `kind: io.statefun.endpoints.v2/http
spec:
  functions: test/*
  urlPathTemplate: ${url}
  transport: ${transport}
`
  const { plan, diagnostics } = compileModule(text, { file: 'module.yaml' })
  assert.ok(plan !== null, JSON.stringify(diagnostics))
  return plan.endpoints[0]!
}

/** An endpoint that is closed with the test. */
export function endpointOf(
  context: TestContext,
  plan: EndpointPlan,
  options: { readonly clock?: Clock; readonly tls?: TlsMaterial } = {}
): RemoteEndpoint {
  const { clock = new SystemClock(), tls = {} } = options
  const endpoint = new RemoteEndpoint({ plan, clock, allowPrivate: false, tls })
  context.after(() => endpoint.close())
  return endpoint
}

/** Calls the counter; gives what it has counted. */
export async function countOf(
  endpoint: RemoteEndpoint,
  sent: RemoteBatch = batch
): Promise<number> {
  const reply = await endpoint.call(sent, never)
  assert.equal(reply.kind, 'effects')
  return intType.deserialize(reply.effects.mutations[0]!.value!.bytes)
}

/** What a call failed with. */
export async function failureOf(calling: Promise<unknown>): Promise<MillraceError> {
  try {
    await calling
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error))
    return error
  }
  throw new assert.AssertionError({ message: 'the call succeeded' })
}

/** Nothing takes time but waits, and they take none of the machine's. */
export class WaitsClock extends SystemClock {
  #waitedMs = 0

  override monotonic(): number {
    return this.#waitedMs
  }

  override timer(): Timer {
    return { cancel: () => {} }
  }

  override sleep(delayMs: number): Promise<void> {
    this.#waitedMs += delayMs
    return Promise.resolve()
  }
}
