// Feeding files: what becomes of lines, and that a crash at any commit loses and doubles none.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { after, test } from 'node:test'
import { MillraceError, SimulatedClock, SystemClock } from '../../base/index.ts'
import { delegateLog, openMemoryLog, type Log } from '../../log/index.ts'
import { recordLine } from '../out/record-lines.ts'
import { readRange, wholeTopic } from '../out/topic-reader.ts'
import { textForm } from '../text/text-form.ts'
import { FEED_DEAD_LETTERS } from './feed-batches.ts'
import type { FeedInput } from './feed-file.ts'
import { feed, forgetPositions } from './feed.ts'
import type { FeedReport } from './feed.ts'
import type { FeedOptions } from './feed-run.ts'
import type { FeedTopic } from './feed-topic.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-feed-'))
after(() => rmSync(folder, { recursive: true }))

const TEXT: FeedTopic = {
  partitions: 1,
  compression: 'none',
  key: textForm(null, 'raw'),
  value: textForm({ kind: 'string' }, 'raw')
}
const JSON_TOPIC: FeedTopic = {
  ...TEXT,
  value: textForm({ kind: 'object', name: null, fields: [] }, 'json')
}
const NUMBERS: FeedTopic = {
  ...TEXT,
  key: textForm({ kind: 'u32', bigint: false }, 'raw'),
  value: textForm({ kind: 's16', bigint: false }, 'raw')
}

let files = 0
function input(topic: string, text: string): FeedInput {
  const path = join(folder, `input-${files++}`)
  writeFileSync(path, text)
  return { topic, path, given: 'input.txt' }
}

async function newLog(topics: Readonly<Record<string, number>>): Promise<Log> {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  for (const [name, partitions] of Object.entries(topics))
    await log.createTopic(name, { partitions })
  return log
}

interface Begun {
  beginning: string
  lines: number
}

function run(
  log: Log,
  inputs: readonly FeedInput[],
  options: Partial<FeedOptions> & { begun?: Begun[] } = {}
): Promise<FeedReport> {
  return feed({
    log,
    clock: new SimulatedClock(1000),
    inputs,
    format: 'text',
    keySeparator: null,
    topics: new Map(inputs.map(({ topic }) => [topic, TEXT])),
    stdin: Readable.from([]),
    signal: new AbortController().signal,
    onBegin: (_input, beginning, lines) => options.begun?.push({ beginning, lines }),
    betweenFiles: () => Promise.resolve(),
    onProgress: () => {},
    ...options
  })
}

async function contents(
  log: Log,
  topic: string,
  forms: FeedTopic = TEXT,
  format: 'value' | 'json' = 'value'
): Promise<string[]> {
  const lines: string[] = []
  for (const range of await wholeTopic(log, topic)) {
    await readRange(log, range, (cursor, partition) =>
      lines.push(recordLine(cursor, partition, forms, format))
    )
  }
  return lines
}

test('feeds every line, also a blank one and a last one without an end', async () => {
  const log = await newLog({ lines: 1 })
  const report = await run(log, [input('lines', 'one\r\n\ntwo')])
  assert.deepEqual(await contents(log, 'lines'), ['one', '', 'two'])
  assert.deepEqual([report.records, report.rejected], [3, 0])
})

test('passes over blank lines where a value cannot be empty', async () => {
  const log = await newLog({ lines: 1 })
  await run(log, [input('lines', '{"a":1}\n\n  \n{"a":2}\n')], {
    topics: new Map([['lines', JSON_TOPIC]])
  })
  assert.deepEqual(await contents(log, 'lines', JSON_TOPIC), ['{"a":1}', '{"a":2}'])
})

test('what stands before the first separator is the key', async () => {
  const log = await newLog({ lines: 1 })
  await run(log, [input('lines', 'a::1::2\n::empty\nnone\n')], { keySeparator: '::' })
  const records = (await contents(log, 'lines', TEXT, 'json')).map(
    line => JSON.parse(line) as { key: unknown; value: unknown }
  )
  assert.deepEqual(
    records.map(({ key, value }) => [key, value]),
    [
      ['a', '1::2'],
      ['', 'empty'],
      [null, 'none']
    ]
  )
})

test('typed keys and values are encoded; lines outside their type go to the dead letters', async () => {
  const log = await newLog({ lines: 1 })
  const report = await run(log, [input('lines', '7:-5\n-1:5\nx:5\n8:40000\n9: 12 \n')], {
    keySeparator: ':',
    topics: new Map([['lines', NUMBERS]])
  })
  assert.deepEqual(await contents(log, 'lines', NUMBERS, 'json'), [
    '{"key":7,"value":-5,"timestamp":1000,"partition":0,"offset":0}',
    '{"key":9,"value":12,"timestamp":1000,"partition":0,"offset":1}'
  ])
  assert.equal(report.rejected, 3)
  assert.deepEqual(await contents(log, FEED_DEAD_LETTERS), ['-1:5', 'x:5', '8:40000'])
  const [first] = await contents(log, FEED_DEAD_LETTERS, TEXT, 'json')
  const { headers } = JSON.parse(first!) as { headers: Record<string, string> }
  assert.equal(headers['millrace-error-place'], 'input.txt:2')
  assert.equal(headers['millrace-topic'], 'lines')
  assert.match(report.reasons[0]!, /^input.txt:2: /)
})

test('equal keys go to one partition, lines without a key to all in turn', async () => {
  const log = await newLog({ lines: 4 })
  const topics = new Map([['lines', { ...TEXT, partitions: 4 }]])
  await run(log, [input('lines', 'x:1\nx:2\nx:3\n')], { keySeparator: ':', topics })
  const filled = async () =>
    (await log.describeTopic('lines')).status.partitions.map(p => p.endOffset)
  assert.deepEqual((await filled()).toSorted(), [0, 0, 0, 3])
  await log.deleteTopic('lines')
  await log.createTopic('lines', { partitions: 4 })
  await run(log, [input('lines', '1\n2\n3\n4\n5\n')], { topics })
  assert.deepEqual((await filled()).toSorted(), [1, 1, 1, 2])
})

test('JSON lines of all files are merged by timestamp, equal ones in the order of the files', async () => {
  const log = await newLog({ a: 1, b: 1 })
  const first = input(
    'a',
    '{"value":"a1","timestamp":10}\n{"value":"a2"}\n{"value":"a3","timestamp":30}\n'
  )
  const second = input(
    'b',
    '{"value":"b1","timestamp":5}\n{"value":"b2","timestamp":10}\n{"value":"b3","timestamp":40}\n'
  )
  const order: string[] = []
  const watched = delegateLog(log, {
    commit: commit => {
      order.push(...commit.batches.map(batch => batch.topic))
      return log.commit(commit)
    }
  })
  await run(watched, [first, second], { format: 'json' })
  const times = async (topic: string) =>
    (await contents(log, topic, TEXT, 'json')).map(
      line => (JSON.parse(line) as { timestamp: number }).timestamp
    )
  assert.deepEqual(
    [await times('a'), await times('b')],
    [
      [10, 10, 30],
      [5, 10, 40]
    ]
  )
  assert.deepEqual(order, ['a', 'b'])
  const merged = await newLog({ all: 1 })
  await run(
    merged,
    [
      { ...first, topic: 'all' },
      { ...second, topic: 'all' }
    ],
    { format: 'json' }
  )
  assert.deepEqual(await contents(merged, 'all'), ['b1', 'a1', 'a2', 'b2', 'a3', 'b3'])
})

test('JSON lines carry keys, headers, long integers and any JSON value', async () => {
  const log = await newLog({ lines: 1 })
  const lines = [
    '{"key":"k","value":{"n":12345678901234567890,"t":"é"},"timestamp":1,"headers":{"h":"v","gone":null}}',
    '{"key":null,"value":"text","timestamp":"1970-01-01T00:00:00.002Z","partition":3,"offset":9}',
    '{"value":null,"timestamp":3}'
  ]
  await run(log, [input('lines', lines.join('\n'))], {
    format: 'json',
    topics: new Map([['lines', JSON_TOPIC]])
  })
  assert.deepEqual(await contents(log, 'lines', JSON_TOPIC, 'json'), [
    '{"key":"k","value":{"n":12345678901234567890,"t":"é"},"timestamp":1,"partition":0,"offset":0,' +
      '"headers":{"h":"v","gone":null}}',
    '{"key":null,"value":"text","timestamp":2,"partition":0,"offset":1}',
    '{"key":null,"value":null,"timestamp":3,"partition":0,"offset":2}'
  ])
})

test('lines that are no records of the JSON format are rejected with the reason, the others go on', async () => {
  const log = await newLog({ lines: 1 })
  const bad = [
    '{',
    '[1]',
    '{"a":1}',
    '{"key":"k"}',
    '{"value":1,"timestamp":"soon"}',
    '{"value":1,"headers":{"h":1}}',
    'null'
  ]
  const report = await run(log, [input('lines', `${bad.join('\n')}\n{"value":"good"}\n`)], {
    format: 'json'
  })
  assert.deepEqual(await contents(log, 'lines'), ['good'])
  assert.deepEqual(await contents(log, FEED_DEAD_LETTERS), bad)
  assert.equal(report.rejected, bad.length)
  assert.match(
    report.reasons[2]!,
    /^input.txt:3: found a property "a"; expected key, value, timestamp and headers/
  )
})

test('a file is fed once; lines appended later are fed by the next run; a replaced file is fed whole', async () => {
  const log = await newLog({ lines: 1 })
  const file = input('lines', 'one\ntwo')
  const begun: Begun[] = []
  await run(log, [file], { begun })
  await run(log, [file], { begun })
  writeFileSync(file.path!, 'one\ntwo\nthree\n')
  await run(log, [file], { begun })
  assert.deepEqual(await contents(log, 'lines'), ['one', 'two', 'three'])
  writeFileSync(file.path!, 'other and longer\n')
  await run(log, [file], { begun })
  assert.deepEqual(await contents(log, 'lines'), ['one', 'two', 'three', 'other and longer'])
  assert.deepEqual(begun, [
    { beginning: 'new', lines: 0 },
    { beginning: 'resumed', lines: 2 },
    { beginning: 'resumed', lines: 2 },
    { beginning: 'replaced', lines: 0 }
  ])
})

test('forgotten positions let the same file be fed again', async () => {
  const log = await newLog({ lines: 1 })
  const file = input('lines', 'one\n')
  await run(log, [file])
  await forgetPositions(log, [file])
  assert.deepEqual(await log.listGroups(), [])
  await run(log, [file])
  assert.deepEqual(await contents(log, 'lines'), ['one', 'one'])
})

test('the rest of a silent stream is committed without waiting for its end', async () => {
  const log = await newLog({ lines: 1 })
  const stdin = new PassThrough()
  const feeding = run(log, [{ topic: 'lines', path: null, given: '-' }], {
    stdin,
    clock: new SystemClock()
  })
  stdin.write('one\ntw')
  await log.wait([{ topic: 'lines', partition: 0, offset: 0 }])
  assert.deepEqual(await contents(log, 'lines'), ['one'])
  stdin.end('o\n')
  assert.equal((await feeding).records, 2)
  assert.deepEqual(await contents(log, 'lines'), ['one', 'two'])
})

test('a stop ends a feed that waits for a stream', async () => {
  const log = await newLog({ lines: 1 })
  const stop = new AbortController()
  const stdin = new PassThrough()
  const feeding = run(log, [{ topic: 'lines', path: null, given: '-' }], {
    stdin,
    signal: stop.signal,
    clock: new SystemClock()
  })
  stdin.write('one\n')
  await log.wait([{ topic: 'lines', partition: 0, offset: 0 }])
  stop.abort()
  assert.equal((await feeding).records, 1)
})

/** A log that dies at commit number `at`: before it took effect, or after it did but before it was acknowledged. */
function dyingLog(log: Log, at: number, when: 'before' | 'after'): Log {
  let commits = 0
  return delegateLog(log, {
    commit: async commit => {
      const number = commits++
      if (number > at || (number === at && when === 'before'))
        throw new MillraceError('LOG_FENCED', 'dead')
      const result = await log.commit(commit)
      if (number === at) throw new MillraceError('LOG_FENCED', 'dead')
      return result
    }
  })
}

for (const format of ['text', 'json'] as const) {
  test(`a crash at each commit of a ${format} feed loses and doubles no line`, async () => {
    const lines = Array.from(
      { length: 12_000 },
      (_, index) => `${index}-${'x'.repeat(90 + (index % 50))}`
    )
    const wrapped =
      format === 'text'
        ? lines
        : lines.map((value, timestamp) => JSON.stringify({ value, timestamp }))
    const half = wrapped.length / 2
    // Two files, the second one with CR LF and without an end.
    const inputs = [
      input('a', `${wrapped.slice(0, half).join('\n')}\n`),
      input('b', wrapped.slice(half).join('\r\n'))
    ]
    let died = 0
    for (let at = 0; ; at++) {
      for (const when of ['before', 'after'] as const) {
        const log = await newLog({ a: 1, b: 1 })
        const first = run(dyingLog(log, at, when), inputs, { format })
        const failed = await first.then(
          () => false,
          () => true
        )
        if (failed) died++
        await run(log, inputs, { format })
        assert.deepEqual(await contents(log, 'a'), lines.slice(0, half), `at ${at}, ${when}`)
        assert.deepEqual(await contents(log, 'b'), lines.slice(half), `at ${at}, ${when}`)
        if (!failed) {
          assert.ok(died >= 6, `${died} crashes`)
          return
        }
      }
    }
  })
}
