// Logins and rights over HTTP while they change: what goes on without an end stops for who may not have it any more.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'

import { CLUSTER_NAME } from '../../../security/index.ts'
import { rule } from '../../../security/kit.cases.ts'
import { ServerBench } from './kit.cases.ts'

const READ = rule({ name: 'news' })

interface Opened {
  readonly bench: ServerBench
  /** Headers of who may do everything. */
  readonly root: Readonly<Record<string, string>>
  /** Of who may read `news` by a rule. */
  readonly ana: { readonly id: string; readonly authorization: string }
  /** Writes a record as root. */
  write(value: string): Promise<void>
}

/** A server with a topic `news`, at which everybody has to log in. */
async function opened(context: TestContext): Promise<Opened> {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 'news' })
  await bench.call('POST', 'topics', { name: 'secrets' })
  const { tokens, users, rules } = bench.server!.security!
  await users.put('root', 'root-secret-1', { isSuper: true })
  const make = async (principal: 'User:ana' | 'User:root') =>
    await tokens.create({ principal, lifetimeMs: null, note: null })
  const [root, ana] = [await make('User:root'), await make('User:ana')]
  await rules.add([READ, { ...READ, kind: 'group', name: 'readers' }])
  await bench.stop()
  await bench.start()
  const all = { authorization: `Bearer ${root.text}` }
  const write = async (value: string): Promise<void> => {
    strictEqual((await bench.call('POST', 'topics/news/records', { value }, all)).status, 200)
  }
  const [listed] = bench.server!.security!.tokens.list().filter(one => one.principal === 'User:ana')
  return { bench, root: all, ana: { id: listed!.id, authorization: `Bearer ${ana.text}` }, write }
}

test('events end with the next record for whose token was revoked', async context => {
  const { bench, ana, write } = await opened(context)
  const { authorization } = ana
  const path = `${bench.url}/api/v1/topics/news/events`
  const response = await fetch(path, { headers: { authorization } })
  await write('for all')
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (!text.includes('for all')) continue
    await bench.server!.security!.tokens.revoke(ana.id)
    await write('for some')
    text = 'seen;'
  }
  strictEqual(text, 'seen;')
  strictEqual((await fetch(path, { headers: { authorization } })).status, 401)
})

/** A WebSocket whose messages come one by one. */
async function dialled(
  context: TestContext,
  { bench, ana }: Opened
): Promise<{ readonly socket: WebSocket; next(): Promise<Record<string, unknown>> }> {
  const token = ana.authorization.replace('Bearer ', 'bearer.')
  const url = `${bench.url.replace('http', 'ws')}/api/v1/socket`
  const socket = new WebSocket(url, ['millrace.v1', token])
  context.after(() => socket.terminate())
  const messages: string[] = []
  let wake: (() => void) | null = null
  socket.on('message', (data: Buffer) => {
    messages.push(data.toString())
    wake?.()
  })
  await once(socket, 'open')
  strictEqual(socket.protocol, 'millrace.v1')
  const next = async (): Promise<Record<string, unknown>> => {
    while (messages.length === 0) await new Promise<void>(resolve => void (wake = resolve))
    return JSON.parse(messages.shift()!) as Record<string, unknown>
  }
  return { socket, next }
}

function codeOf(message: Record<string, unknown>): unknown {
  return (message['problem'] as { readonly code: string } | undefined)?.code
}

test('a WebSocket may do what its rules allow, and ends when its token is revoked', async context => {
  const all = await opened(context)
  const { bench, ana, write } = all
  const { socket, next } = await dialled(context, all)
  const send = (message: object): void => socket.send(JSON.stringify(message))
  send({ op: 'produce', id: 1, topic: 'news', records: [{ value: 'x' }] })
  strictEqual(codeOf(await next()), 'FORBIDDEN')
  send({ op: 'subscribe', id: 2, topics: ['news', 'secrets'] })
  strictEqual(codeOf(await next()), 'FORBIDDEN')
  send({ op: 'subscribe', id: 3, topics: ['news'], group: 'readers' })
  deepStrictEqual(await next(), { op: 'subscribed', id: 3 })
  await write('for all')
  strictEqual((await next())['position'], '0:1')
  send({ op: 'commit', id: 4, group: 'readers', topic: 'news', position: '0:1' })
  deepStrictEqual(await next(), { op: 'committed', id: 4 })
  const { rules, tokens } = bench.server!.security!
  await rules.remove([READ])
  await write('for some')
  const refused = await next()
  deepStrictEqual([refused['id'], codeOf(refused)], [3, 'FORBIDDEN'])
  await rules.add([READ])
  send({ op: 'subscribe', id: 5, topics: ['news'], from: 'end' })
  strictEqual((await next())['op'], 'subscribed')
  const closed = once(socket, 'close') as Promise<[number, Buffer]>
  await tokens.revoke(ana.id)
  await write('for nobody')
  strictEqual(codeOf(await next()), 'UNAUTHENTICATED')
  const [code, reason] = await closed
  deepStrictEqual([code, reason.toString()], [1008, 'UNAUTHENTICATED'])
})

test('a group is moved, and shown, only in topics that the caller may read', async context => {
  const { bench, root, ana } = await opened(context)
  const own = { authorization: ana.authorization }
  const put = async (topic: string, headers: Readonly<Record<string, string>>): Promise<number> => {
    const body = { positions: [{ topic, partition: 0, offset: 0 }] }
    return (await bench.call('PUT', 'groups/readers/offsets', body, headers)).status
  }
  deepStrictEqual([await put('news', own), await put('secrets', own)], [200, 403])
  strictEqual(await put('secrets', root), 200)
  const seen = async (headers: Readonly<Record<string, string>>): Promise<string[]> => {
    const { body } = await bench.call<{ positions: { topic: string }[] }>(
      'GET',
      'groups/readers',
      undefined,
      headers
    )
    return body.positions.map(({ topic }) => topic).toSorted()
  }
  deepStrictEqual([await seen(own), await seen(root)], [['news'], ['news', 'secrets']])
})

test('topics are made and changed by the rules that count for Kafka, too', async context => {
  const { bench, ana } = await opened(context)
  const { rules } = bench.server!.security!
  const headers = { authorization: ana.authorization }
  const make = async (name: string): Promise<number> =>
    (await bench.call('POST', 'topics', { name }, headers)).status
  const change = async (changes: object): Promise<number> =>
    (await bench.call('PATCH', 'topics/news', changes, headers)).status
  strictEqual(await make('a'), 403)
  await rules.add([{ ...READ, operation: 'create', name: 'a' }])
  deepStrictEqual([await make('a'), await make('b')], [201, 403])
  await rules.add([{ ...READ, operation: 'create', kind: 'cluster', name: CLUSTER_NAME }])
  strictEqual(await make('b'), 201)
  deepStrictEqual([await change({}), await change({ partitions: 2 })], [403, 403])
  await rules.add([{ ...READ, operation: 'alter' }])
  deepStrictEqual([await change({ partitions: 2 }), await change({ retentionMs: 5 })], [200, 403])
  strictEqual(await change({ partitions: 3, retentionMs: 5 }), 403)
  await rules.add([{ ...READ, operation: 'alter-configs' }])
  strictEqual(await change({ partitions: 3, retentionMs: 5 }), 200)
})

test('an upgrade without a token is refused, and says what is missing', async context => {
  const { bench } = await opened(context)
  const socket = new WebSocket(`${bench.url.replace('http', 'ws')}/api/v1/socket`)
  socket.on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number; headers: Record<string, string> }
  ]
  strictEqual(response.statusCode, 401)
  match(response.headers['www-authenticate']!, /^Bearer/)
})
