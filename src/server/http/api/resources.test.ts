// What runs and what is stored, over HTTP: topics, groups, dataflows, states, SQL, counters; and who may ask.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'

import { ServerBench, markingFlow } from './kit.cases.ts'

test('topics are made, described, changed, cut and deleted', async context => {
  const bench = await ServerBench.start(context)
  const made = await bench.call('POST', 'topics', { name: 't', retentionMs: 60_000 })
  strictEqual(made.status, 201)
  strictEqual(made.headers.get('location'), '/api/v1/topics/t')
  strictEqual(await bench.problem('POST', 'topics', { name: 't' }), '409 TOPIC_EXISTS')
  strictEqual(await bench.problem('POST', 'topics', { name: 'a b' }), '400 BODY_INVALID')
  strictEqual(await bench.problem('POST', 'topics', { name: '_millrace.a' }), '400 TOPIC_INVALID')
  strictEqual(
    await bench.problem('POST', 'topics', { name: 'x', partitions: 0 }),
    '400 BODY_INVALID'
  )
  const changed = await bench.call<{ spec: object }>('PATCH', 'topics/t', {
    partitions: 2,
    retentionMs: null
  })
  deepStrictEqual(changed.body.spec, {
    partitions: 2,
    cleanup: 'delete',
    retentionMs: null,
    retentionBytes: null,
    internal: false
  })
  strictEqual(await bench.problem('PATCH', 'topics/t', { partitions: 1 }), '400 TOPIC_INVALID')
  await bench.call('POST', 'topics/t/records', {
    records: Array.from({ length: 4 }, () => ({ value: 'x', partition: 0 }))
  })
  strictEqual(
    await bench.problem('POST', 'topics/t/truncate', { partition: 0, beforeOffset: 3 }),
    '200'
  )
  const { status } = await bench.get<{ status: { partitions: { startOffset: number }[] } }>(
    'topics/t'
  )
  strictEqual(status.partitions[0]!.startOffset, 3)
  const { topics } = await bench.get<{ topics: { name: string }[] }>('topics')
  deepStrictEqual(
    topics.map(({ name }) => name),
    ['t']
  )
  strictEqual(await bench.problem('DELETE', 'topics/_millrace.broker'), '403 TOPIC_INTERNAL')
  strictEqual((await bench.call('DELETE', 'topics/t')).status, 204)
  strictEqual(await bench.problem('GET', 'topics/t'), '404 TOPIC_UNKNOWN')
})

test('groups of Kafka clients are listed with their members, moved when they are empty, and deleted', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't', partitions: 2 })
  await bench.produce('t', ['a', 'b', 'c', 'd'])
  const { host, port } = bench.server!.address
  const kafka = new Kafka({
    brokers: [`${host}:${port}`],
    logLevel: logLevel.NOTHING,
    clientId: 'tester'
  })
  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['t'], fromBeginning: true })
  const joined = new Promise<void>(resolve => consumer.on('consumer.group_join', () => resolve()))
  await consumer.run({ eachMessage: () => Promise.resolve() })
  await joined
  interface Described {
    readonly members: { clientId: string }[]
    readonly positions: { partition: number; offset: number; lag: number }[]
  }
  const described = await bench.get<Described>('groups/readers')
  strictEqual(described.members[0]!.clientId, 'tester')
  strictEqual(await bench.problem('DELETE', 'groups/readers'), '409 GROUP_NOT_EMPTY')
  await consumer.disconnect()
  strictEqual(
    await bench.problem('PUT', 'groups/readers/offsets', { topic: 't', from: 'beginning' }),
    '200'
  )
  const moved = await bench.get<Described>('groups/readers')
  deepStrictEqual(
    moved.positions.map(({ offset, lag }) => [offset, lag]),
    [
      [0, 2],
      [0, 2]
    ]
  )
  const put = async (body: object): Promise<string> =>
    await bench.problem('PUT', 'groups/readers/offsets', body)
  strictEqual(
    await put({ positions: [{ topic: 't', partition: 0, offset: 9 }] }),
    '400 OFFSET_OUT_OF_RANGE'
  )
  strictEqual(
    await put({ positions: [{ topic: 't', partition: 5, offset: 0 }] }),
    '404 PARTITION_UNKNOWN'
  )
  strictEqual(await put({}), '400 USAGE')
  strictEqual(
    await bench.problem('PUT', 'groups/a%2Fb/offsets', { topic: 't', from: 'end' }),
    '400 GROUP_INVALID'
  )
  const { groups } = await bench.get<{ groups: { group: string }[] }>('groups')
  deepStrictEqual(
    groups.map(({ group }) => group),
    ['readers']
  )
  strictEqual((await bench.call('DELETE', 'groups/readers')).status, 204)
  strictEqual(await bench.problem('GET', 'groups/readers'), '404 GROUP_UNKNOWN')
})

test('dataflows are described, their states looked up, scanned and asked in SQL', async context => {
  const bench = await ServerBench.start(context)
  const files = [{ path: 'dataflow.yaml', text: markingFlow('one') }]
  await bench.call('PUT', 'deployments/marks', { entries: ['dataflow.yaml'], files })
  await bench.produce('marks-in', ['apple', 'avocado', 'banana', 'apple'])
  await bench.values('marks-out', 4)
  const { dataflows } = await bench.get<{ dataflows: Record<string, unknown>[] }>('dataflows')
  const { startedAt, services, ...one } = dataflows[0]!
  ok(Number(startedAt) > 0)
  deepStrictEqual(services, [
    { name: 'mark', sources: ['marks-in'], sinks: ['marks-out'], states: ['seen'] }
  ])
  deepStrictEqual(one, {
    name: 'marks',
    namespace: 'tests',
    version: '0.1.0',
    apiVersion: '1.0.0',
    deployment: 'marks',
    status: 'running',
    tasks: 1
  })
  strictEqual((await bench.get<{ recordsIn: number }>('dataflows/marks/metrics')).recordsIn, 4)
  const state = 'dataflows/marks/states/mark.seen'
  deepStrictEqual((await bench.get<{ entries: unknown }>(`${state}/apple`)).entries, [
    { key: 'apple', value: 2 }
  ])
  interface Entries {
    readonly entries: { key: string }[]
    readonly isCut: boolean
  }
  const scanned = await bench.get<Entries>(`${state}?prefix=a`)
  deepStrictEqual(scanned.entries.map(({ key }) => key).toSorted(), ['apple', 'avocado'])
  strictEqual((await bench.get<Entries>(`${state}?limit=2`)).isCut, true)
  strictEqual(await bench.problem('GET', `${state}/cherry`), '404 KEY_UNKNOWN')
  strictEqual(await bench.problem('GET', 'dataflows/marks/states/none'), '404 STATE_UNKNOWN')
  strictEqual(await bench.problem('GET', 'dataflows/mark'), '404 DATAFLOW_UNKNOWN')
  const { tables } = await bench.get<{ tables: { name: string }[] }>('sql/tables')
  strictEqual(tables[0]!.name, 'seen')
  const answer = await bench.call<{ columns: unknown; rows: unknown; isCut: boolean }>(
    'POST',
    'sql',
    {
      query: 'select _key, value from seen where value > 1'
    }
  )
  deepStrictEqual(answer.body, { columns: ['_key', 'value'], rows: [['apple', 2]], isCut: false })
  strictEqual(await bench.problem('POST', 'sql', { query: 'delete from seen' }), '400 SQL_INVALID')
  strictEqual(
    await bench.problem('POST', 'sql', { query: 'select * from none' }),
    '400 SQL_INVALID'
  )
  const typed = await bench.get<{ records: { value: unknown }[] }>(
    'topics/marks-out/records?maxRecords=1'
  )
  deepStrictEqual(typed.records[0]!.value, { mark: 'one', line: 'apple' })
})

test('counters are those of Prometheus, and every line of them is one', async context => {
  const bench = await ServerBench.start(context)
  const files = [{ path: 'dataflow.yaml', text: markingFlow('one') }]
  await bench.call('PUT', 'deployments/marks', { entries: ['dataflow.yaml'], files })
  await bench.produce('marks-in', ['a', 'b'])
  await bench.values('marks-out', 2)
  const { body, headers } = await bench.call<string>('GET', '/metrics')
  match(headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  const types = new Map<string, string>()
  for (const line of body.trimEnd().split('\n')) {
    const type = /^# TYPE (\w+) (counter|gauge)$/.exec(line)
    if (type !== null) types.set(type[1]!, type[2]!)
    else if (!line.startsWith('# HELP ')) {
      const sample = /^(\w+)(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\})? (-?[\d.e+-]+|NaN)$/.exec(line)
      ok(sample !== null && types.has(sample[1]!), line)
      strictEqual(sample[1]!.endsWith('_total'), types.get(sample[1]!) === 'counter', line)
    }
  }
  const value = (name: string): number =>
    Number(
      body
        .split('\n')
        .find(line => line.startsWith(name))
        ?.split(' ')
        .at(-1)
    )
  strictEqual(value('millrace_dataflow_records_in_total{dataflow="marks"'), 2)
  strictEqual(value('millrace_topic_records_total{topic="marks-in"'), 2)
  strictEqual(value('millrace_deployment_running{deployment="marks"'), 1)
  strictEqual(value('millrace_http_requests_total{route="produce",status="200"}'), 1)
  strictEqual(value('millrace_kafka_connections'), 0)
})

test('only this machine and listed pages may come in; answers of others are read by nobody', async context => {
  const bench = await ServerBench.start(context, { origins: ['https://shop.example'] })
  const { port } = new URL(bench.url)
  const ask = (
    method: string,
    headers: Record<string, string>
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port, method, path: '/api/v1/topics', headers },
        incoming => {
          incoming.resume()
          resolve({ status: incoming.statusCode!, headers: incoming.headers })
        }
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  const rebound = await ask('GET', { host: 'rebound.example' })
  deepStrictEqual(
    [rebound.status, rebound.headers['content-type']],
    [403, 'application/problem+json']
  )
  strictEqual((await ask('GET', { host: 'localhost', origin: 'https://evil.example' })).status, 403)
  const plain = await ask('GET', { host: 'localhost' })
  deepStrictEqual([plain.status, plain.headers['access-control-allow-origin']], [200, undefined])
  const shop = await ask('GET', { host: 'localhost', origin: 'https://shop.example' })
  deepStrictEqual(
    [shop.status, shop.headers['access-control-allow-origin']],
    [200, 'https://shop.example']
  )
  const preflight = await ask('OPTIONS', { host: 'localhost', origin: 'https://shop.example' })
  strictEqual(preflight.status, 204)
  match(String(preflight.headers['access-control-allow-methods']), /GET, POST/)
  strictEqual((await ask('OPTIONS', { host: 'localhost' })).status, 405)
  strictEqual((await ask('GET', { host: 'localhost', cookie: 'x'.repeat(20_000) })).status, 431)
})

test('where callers must say who they are, tokens and rules decide', async context => {
  const bench = await ServerBench.start(context)
  for (const name of ['open', 'shut']) await bench.call('POST', 'topics', { name })
  const security = bench.server!.security!
  const made = await security.tokens.create({ principal: 'User:ana', lifetimeMs: null, note: null })
  const token = made.text
  await security.rules.add([
    {
      principal: 'User:ana',
      host: '*',
      permission: 'allow',
      operation: 'read',
      kind: 'topic',
      pattern: 'literal',
      name: 'open'
    }
  ])
  await bench.stop()
  await bench.start()
  strictEqual(await bench.problem('GET', 'topics'), '401 UNAUTHENTICATED')
  strictEqual(await bench.problem('GET', '/health'), '200')
  const as = async (method: string, path: string, body?: object): Promise<number> =>
    (await bench.call(method, path, body, { authorization: `Bearer ${token}` })).status
  strictEqual(await as('GET', 'topics/open/records'), 200)
  strictEqual(await as('GET', 'topics/shut/records'), 403)
  strictEqual(await as('POST', 'topics/open/records', { value: 'x' }), 403)
  strictEqual(await as('POST', 'topics', { name: 'new' }), 403)
  strictEqual(await as('GET', '/metrics'), 403)
  strictEqual(await as('GET', 'security/users'), 403)
  const listed = await bench.call<{ topics: { name: string }[] }>('GET', 'topics', undefined, {
    authorization: `Bearer ${token}`
  })
  deepStrictEqual(
    listed.body.topics.map(({ name }) => name),
    ['open']
  )
})

test('who may administer the server keeps its users, tokens and rules; secrets are never given back', async context => {
  const bench = await ServerBench.start(context)
  const problem = await bench.problem('GET', 'security/users')
  strictEqual(problem, '409 SECURITY_DISABLED')
  const { users, tokens } = bench.server!.security!
  await users.put('root', 'root-secret-1', { isSuper: true })
  const made = await tokens.create({ principal: 'User:root', lifetimeMs: null, note: null })
  await bench.stop()
  await bench.start()
  const headers = { authorization: `Bearer ${made.text}` }
  const as = async <T>(
    method: string,
    path: string,
    body?: object
  ): Promise<{ status: number; body: T }> =>
    await bench.call<T>(method, `security/${path}`, body, headers)
  const statusOf = async (method: string, path: string, body?: object): Promise<number> =>
    (await as(method, path, body)).status
  strictEqual(await statusOf('PUT', 'users/ana', { password: 'short' }), 400)
  strictEqual(await statusOf('PUT', 'users/ana', { password: 'ana-secret-22' }), 204)
  const known = await as<{ users: { name: string }[] }>('GET', 'users')
  deepStrictEqual(
    known.body.users.map(({ name }) => name),
    ['ana', 'root']
  )
  const asked = { principal: 'User:ana', lifetimeMs: 60_000, note: 'report' }
  const token = await as<{ text: string; tokens: { id: string }[] }>('POST', 'tokens', asked)
  strictEqual(token.status, 201)
  const own = { authorization: `Bearer ${token.body.text}` }
  strictEqual((await bench.call('GET', 'topics', undefined, own)).status, 200)
  const resource = { kind: 'topic', pattern: 'prefixed', name: 'shop.' }
  const rule = {
    permission: 'allow',
    principal: 'User:ana',
    host: '*',
    operation: 'create',
    ...resource
  }
  strictEqual((await bench.call('POST', 'topics', { name: 'shop.a' }, own)).status, 403)
  strictEqual(await statusOf('POST', 'rules', { rules: [rule] }), 204)
  strictEqual((await bench.call('POST', 'topics', { name: 'shop.a' }, own)).status, 201)
  deepStrictEqual((await as('GET', 'rules')).body, { rules: [rule] })
  strictEqual(await statusOf('POST', 'rules', { rules: [{ ...rule, operation: 'invoke' }] }), 400)
  strictEqual(await statusOf('DELETE', 'rules', { rules: [rule] }), 204)
  strictEqual((await bench.call('POST', 'topics', { name: 'shop.b' }, own)).status, 403)
  strictEqual(await statusOf('DELETE', `tokens/${token.body.tokens[0]!.id}`), 204)
  strictEqual((await bench.call('GET', 'topics', undefined, own)).status, 401)
  strictEqual(await statusOf('DELETE', 'users/ana'), 204)
  strictEqual(await statusOf('DELETE', 'users/ana'), 404)
  const all = JSON.stringify([await as('GET', 'users'), await as('GET', 'tokens')])
  ok(!/secret|mrt_|digest|Key/.test(all), all)
})
