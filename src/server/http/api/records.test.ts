// Records over HTTP: what is written comes back, from any position, by polls and by events; what is wrong is refused.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { test } from 'node:test'

import { ServerBench } from './kit.cases.ts'

interface Read {
  readonly records: readonly {
    key: unknown
    value: unknown
    partition: number
    offset: number
    headers?: object
  }[]
  readonly position: string
}

test('records are written as JSON, lines and bytes, and read with their places', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't', partitions: 2 })
  const path = 'topics/t/records'
  const json = await bench.call('POST', path, {
    records: [
      { key: 'a', value: 'one', headers: { h: 'x', none: null }, timestamp: 5 },
      { value: { n: 1 }, partition: 1, timestamp: '2026-11-21T10:00:00Z' },
      { key: 'a', partition: 0 },
      { keyBase64: '/w==', valueBase64: 'AP8=', partition: 1 }
    ]
  })
  strictEqual(json.status, 200)
  const { offsets } = json.body as { offsets: { partition: number; offset: number }[] }
  const ofA = offsets[0]!.partition
  strictEqual(offsets.length, 4)
  deepStrictEqual(offsets[2], { partition: 0, offset: ofA === 0 ? 1 : 0 })
  const one = await bench.call('POST', path, { value: 'alone', partition: 0 })
  strictEqual((one.body as { offsets: unknown[] }).offsets.length, 1)
  const lines = '{"value":"l1","partition":0}\n\n{"value":2,"partition":0}\n'
  strictEqual(
    (await bench.call('POST', path, lines, { 'content-type': 'application/x-ndjson' })).status,
    200
  )
  const text = await bench.call('POST', `${path}?keySeparator=|&partition=0`, 'k|v\r\nplain', {
    'content-type': 'text/plain',
    'record-header-trace': '7'
  })
  strictEqual(text.status, 200)
  const bytes = Buffer.from([0, 1, 255])
  await bench.call('POST', `${path}?key=raw&partition=1&timestamp=9`, bytes, {
    'content-type': 'application/octet-stream'
  })
  const zero = await bench.get<Read>(`${path}?partitions=0`)
  const values = zero.records.map(({ value }) => value)
  deepStrictEqual(values.slice(-6), [null, 'alone', 'l1', '2', 'v', 'plain'])
  deepStrictEqual(zero.records.at(-2)!.key, 'k')
  deepStrictEqual(zero.records.at(-1)!.headers, { trace: '7' })
  const first = await bench.get<Read>(`${path}?values=base64&partitions=1`)
  deepStrictEqual(
    first.records.slice(-2).map(({ value }) => value),
    ['AP8=', 'AAH/']
  )
  const found = await bench.get<Read>(`${path}?partitions=${ofA}`)
  const { offset } = offsets[0]!
  const a = found.records.find(record => record.offset === offset)!
  deepStrictEqual(a, {
    key: 'a',
    value: 'one',
    timestamp: 5,
    partition: ofA,
    offset,
    headers: { h: 'x', none: null }
  } as object)
})

test('reads begin at an end, an offset, a time, the last records, a position or where a group is', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const records = Array.from({ length: 10 }, (_, index) => ({
    value: `v${index}`,
    timestamp: (index + 1) * 1_000_000_000_00
  }))
  await bench.call('POST', 'topics/t/records', { records })
  const read = async (query: string): Promise<unknown[]> =>
    (await bench.get<Read>(`topics/t/records?${query}`)).records.map(({ value }) => value)
  deepStrictEqual(await read('from=beginning&maxRecords=2'), ['v0', 'v1'])
  deepStrictEqual(await read('from=end'), [])
  deepStrictEqual(await read('from=8'), ['v8', 'v9'])
  deepStrictEqual(await read('from=99'), [])
  deepStrictEqual(await read('from=-3'), ['v7', 'v8', 'v9'])
  deepStrictEqual(await read(`from=${new Date(9_000_000_000_00).toISOString()}`), ['v8', 'v9'])
  deepStrictEqual(await read('position=0:9'), ['v9'])
  deepStrictEqual(await read('maxBytes=1'), ['v0'])
  const committed = { positions: [{ topic: 't', partition: 0, offset: 6 }] }
  strictEqual((await bench.call('PUT', 'groups/g/offsets', committed)).status, 200)
  deepStrictEqual(await read('group=g&maxRecords=1'), ['v6'])
  const pages: unknown[] = []
  let position = ''
  for (let page = 0; page < 4; page++) {
    const more = position === '' ? '' : `&position=${position}`
    const answer = await bench.get<Read>(`topics/t/records?maxRecords=3${more}`)
    pages.push(...answer.records.map(({ value }) => value))
    position = answer.position
  }
  deepStrictEqual(
    pages,
    records.map(({ value }) => value)
  )
  strictEqual(position, '0:10')
})

test('a poll waits for records, and is answered when the server ends', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const waiting = bench.get<Read>('topics/t/records?waitMs=60000')
  await bench.produce('t', ['late'])
  deepStrictEqual(
    (await waiting).records.map(({ value }) => value),
    ['late']
  )
  const endless = bench.get<Read>('topics/t/records?from=end&waitMs=60000')
  // It waits when the next request is answered: they are begun in their order.
  await bench.get('topics')
  await bench.stop()
  deepStrictEqual((await endless).records, [])
})

test('a repeated key writes nothing and gets the same answer, also after a restart', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const write = (key: string, value: string) =>
    bench.call('POST', 'topics/t/records', { value }, { 'idempotency-key': key })
  const both = await Promise.all([write('k', 'v'), write('k', 'v'), write('other', 'w')])
  deepStrictEqual(
    both.map(({ status }) => status),
    [200, 200, 200]
  )
  deepStrictEqual(both[0].body, both[1].body)
  const repeated = both.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')
  strictEqual(repeated.length, 1)
  strictEqual(await bench.problem('POST', 'topics/t/records'), '400 BODY_INVALID')
  const reused = await write('k', 'another')
  strictEqual(reused.status, 422)
  await bench.stop()
  await bench.start()
  const again = await write('k', 'v')
  strictEqual(again.headers.get('idempotent-replayed'), 'true')
  deepStrictEqual(again.body, both[0].body)
  strictEqual((await bench.get<Read>('topics/t/records')).records.length, 2)
})

test('events go on where the last one was, with nothing lost or twice', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't', partitions: 3 })
  const all = Array.from({ length: 30 }, (_, index) => `v${index}`)
  await bench.produce('t', all.slice(0, 20))
  const first = await events(`${bench.url}/api/v1/topics/t/events`, 7)
  strictEqual(first.length, 7)
  const rest = events(`${bench.url}/api/v1/topics/t/events`, 23, first.at(-1)!.id)
  await bench.produce('t', all.slice(20))
  const seen = [...first, ...(await rest)].map(({ data }) => data.value)
  deepStrictEqual(seen.toSorted(), all.toSorted())
  const bad = await fetch(`${bench.url}/api/v1/topics/t/events`, {
    headers: { 'last-event-id': 'x' }
  })
  strictEqual(bad.status, 400)
})

interface Event {
  readonly id: string
  readonly data: { readonly value: string }
}

/** Reads so many events as a browser does, then closes. */
async function events(url: string, count: number, last?: string): Promise<Event[]> {
  const stop = new AbortController()
  const headers = last === undefined ? {} : { 'last-event-id': last }
  const response = await fetch(url, { headers, signal: stop.signal })
  strictEqual(response.headers.get('content-type'), 'text/event-stream')
  const found: Event[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const event = /^id: (.*)\ndata: (.*)$/.exec(block)
      if (event !== null)
        found.push({ id: event[1]!, data: JSON.parse(event[2]!) as Event['data'] })
    }
    if (found.length >= count) break
  }
  stop.abort()
  return found.slice(0, count)
}

test('a caller that takes events slowly gets them all, and holds nobody up', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't' })
  const pad = 'x'.repeat(100_000)
  for (let round = 0; round < 10; round++) {
    await bench.produce(
      't',
      Array.from({ length: 10 }, (_, index) => `${round * 10 + index}:${pad}`)
    )
  }
  const url = `${bench.url}/api/v1/topics/t/events`
  const answers = await Promise.all(Array.from({ length: 4 }, () => paused(url)))
  for (let round = 0; round < 20; round++) await bench.get('topics')
  for (const answer of answers) {
    let text = ''
    for await (const chunk of answer) {
      text += String(chunk)
      if (text.includes('"99:')) break
    }
    const numbers = [...text.matchAll(/"value":"(\d+):/g)].map(match => Number(match[1]))
    deepStrictEqual(numbers, [...Array(100).keys()])
  }
})

/** An answer whose body is not taken yet. */
function paused(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false }, resolve)
    outgoing.on('error', reject)
    outgoing.end()
  })
}

test('what is wrong is refused with a problem, and nothing is written', async context => {
  const bench = await ServerBench.start(context)
  await bench.call('POST', 'topics', { name: 't', partitions: 2 })
  const path = 'topics/t/records'
  const cases: readonly (readonly [string, string, string, unknown?])[] = [
    ['404 TOPIC_UNKNOWN', 'POST', 'topics/no/records', { value: 'x' }],
    ['403 TOPIC_INTERNAL', 'POST', 'topics/_millrace.broker/records', { value: 'x' }],
    ['403 TOPIC_INTERNAL', 'GET', 'topics/_millrace.broker/records'],
    ['403 TOPIC_INTERNAL', 'GET', 'topics/_millrace.broker/events'],
    [
      '404 PARTITION_UNKNOWN',
      'POST',
      path,
      { records: [{ value: 'a' }, { value: 'x', partition: 7 }] }
    ],
    ['404 PARTITION_UNKNOWN', 'GET', `${path}?partitions=2`],
    ['404 PARTITION_UNKNOWN', 'GET', `${path}?position=0:0,2:0`],
    ['400 RECORD_INVALID', 'POST', path, { records: [{ value: 'x' }, { value: 'y', offset: 1 }] }],
    ['400 RECORD_INVALID', 'POST', path, { records: {} }],
    ['400 RECORD_INVALID', 'POST', path, { value: 'x', valueBase64: 'eA==' }],
    ['400 RECORD_INVALID', 'POST', path, { value: 'x', timestamp: 'yesterday' }],
    ['400 USAGE', 'GET', `${path}?from=somewhere`],
    ['400 PARAMETER_INVALID', 'GET', `${path}?form=end`],
    ['400 PARAMETER_INVALID', 'GET', `${path}?maxRecords=0`],
    ['400 PARAMETER_INVALID', 'GET', `${path}?maxRecords=many`],
    ['400 PARAMETER_INVALID', 'GET', `${path}?from=1&from=2`],
    ['405 METHOD_NOT_ALLOWED', 'DELETE', path]
  ]
  for (const [expected, method, to, body] of cases) {
    strictEqual(
      await bench.problem(method, to, body),
      expected,
      `${method} ${to} ${JSON.stringify(body)}`
    )
  }
  const odd = await bench.call('POST', path, 'x', { 'content-type': 'image/png' })
  strictEqual(odd.status, 415)
  const broken = await bench.call<{ detail: string }>('POST', path, '{"value":', {
    'content-type': 'application/json'
  })
  strictEqual(broken.status, 400)
  match(broken.body.detail, /no JSON/)
  const line = await bench.call<{ detail: string }>('POST', path, '{"value":1}\n{"velue":1}', {
    'content-type': 'application/x-ndjson'
  })
  match(line.body.detail, /^line 2 has "velue"; expected key/)
  strictEqual((await bench.get<Read>(path)).records.length, 0)
  const large = await bench.call('POST', path, Buffer.alloc(17 * 1024 * 1024), {
    'content-type': 'application/octet-stream'
  })
  strictEqual(large.status, 413)
})
