// Files whose windows, topics and sources change between starts: what goes on, what is refused, and how to say so.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import { Bench } from '../../runtime/test-kit.ts'
import { Directory } from './upgrade.cases.ts'

const KEYED = "assign-key: { run: 'function byWord(word: string): string { return word }' }"

/** Counts words in windows; the window and what stands before it as given. */
function windows(
  shape: string,
  parts: { before?: string; service?: string; state?: string } = {}
): string {
  const { before = '', service = 'count', state = 'u32' } = parts
  return `apiVersion: 1.0.0
meta: { name: windows }
topics:
  lines: { schema: { value: string } }
  counts: { schema: { key: { type: string }, value: { type: u32 } } }
services:
  ${service}:
    ${before}
    sources: [{ type: topic, id: lines }]
    states: { totals: { type: keyed-state, properties: { key: string, value: ${state} } } }
    window:
      ${shape}
      partition:
        ${KEYED}
        update-state: { run: 'function add(word: string, ctx: Context): void { ctx.state.totals.update(n => n + 1) }' }
        flush:
          run: |
            function result(ctx: Context): KeyValue<string, u32> {
              return keyed(ctx.key as string, ctx.state.totals.get())
            }
    sinks: [{ type: topic, id: counts }]
`
}

const TEN = 'tumbling: { duration: 10s }'
const at = (timestamp: number, ...words: string[]): { value: string; timestamp: number }[] =>
  words.map(value => ({ value, timestamp }))

test('open windows go on under another name of their service', async () => {
  const directory = new Directory()
  await directory.run(windows(TEN), at(1_000, 'a', 'a', 'b'))
  const renamed = windows(TEN, { service: 'tally', before: 'migrate: { rename-from: count }' })
  await directory.run(renamed, [...at(2_000, 'a'), ...at(20_000, 'z')])
  deepStrictEqual(await directory.bench.lastByKey('counts'), { a: u32(3), b: u32(1) })
})

test('another window is refused while windows may be open, and begins without them when the file says so', async () => {
  const directory = new Directory()
  await directory.run(windows(TEN), at(1_000, 'a', 'a'))
  const five = 'tumbling: { duration: 5s }'
  const { name, detail, advice } = await directory.refusal(windows(five))
  strictEqual(name, 'count.$windows')
  match(detail, /its window is another one/)
  match(advice, /migrate: \{ drop: true \} in the service count/)
  const dropping = windows(five, { before: 'migrate: { drop: true }' })
  await directory.run(dropping, [...at(2_000, 'a'), ...at(20_000, 'z')])
  deepStrictEqual(await directory.bench.lastByKey('counts'), { a: u32(1) })
  const ends = await directory.ends()
  await directory.run(windows(five))
  strictEqual(await directory.ends(), ends)
})

test('a window that comes or goes changes what a state is kept for', async () => {
  const directory = new Directory()
  await directory.run(windows(TEN), at(1_000, 'a'))
  const plain = windows(TEN)
    .replace(/ {4}window:\n.*\n {6}partition:/, '    partition:')
    .replace(/ {8}flush[^}]*}\n/, '')
    .replace(/ {4}sinks.*\n/, '')
  match(
    (await directory.refusal(plain)).detail,
    /kept for all time now, and was kept for each window/
  )
})

const COPY = (parts: {
  readonly lines?: string
  readonly sources?: string
  readonly more?: string
  readonly file?: string
}): string => `apiVersion: 1.0.0
meta: { name: copy }
types:
  order: { type: object, properties: { id: u32 } }
  priced: { type: object, properties: { id: u32, price: f64 } }
  maybe: { type: object, properties: { id: u64, price: { type: f64, optional: true } } }
${parts.file ?? ''}
topics:
  lines: ${parts.lines ?? '{ schema: { value: order } }'}
${(parts.more ?? '').replace(/^(?=.)/gm, '  ')}
services:
  copy:
    sources: ${parts.sources ?? '[{ type: topic, id: lines }]'}
    states: { seen: { type: keyed-state, properties: { key: u64, value: u32 } } }
    partition:
      assign-key: { run: 'function byId(order: any): u64 { return order.id }' }
      update-state: { run: 'function add(order: any, ctx: Context): void { ctx.state.seen.update(n => n + 1) }' }
`

test('a topic whose records the new type does not read is refused, and accepted when the file says so', async () => {
  const directory = new Directory()
  await directory.run(COPY({}), ['{"id":1}'])
  deepStrictEqual(
    (await directory.told(COPY({ lines: '{ schema: { value: maybe } }' })))[1],
    'kept topic lines'
  )
  const priced = '{ schema: { value: priced } }'
  const { detail, advice } = await directory.refusal(COPY({ lines: priced }))
  match(detail, /value\.price is new and must be there/)
  match(advice, /migrate: \{ accept: true \}/)
  const accepting = COPY({ lines: '{ schema: { value: priced }, migrate: { accept: true } }' })
  await directory.run(accepting, ['{"id":2,"price":1}'])
  deepStrictEqual((await directory.told(COPY({ lines: priced })))[1], 'kept topic lines')
  deepStrictEqual(await directory.states(COPY({ lines: priced }), 'seen'), [{ 1: 1, 2: 1 }])
})

test('other partitions than a topic has are refused', async () => {
  const directory = new Directory()
  await directory.run(COPY({}), ['{"id":1}'])
  const { detail } = await directory.refusal(
    COPY({ lines: '{ partitions: 1, schema: { value: order } }' }).replace(
      'partitions: 1',
      'partitions: 3'
    )
  )
  strictEqual(detail, 'has 1 partition and the file declares 3')
})

test('a source with more partitions would spread the states anew, and is refused', async () => {
  const directory = new Directory()
  await directory.run(COPY({}), ['{"id":1}'])
  const both = '[{ type: topic, id: lines }, { type: topic, id: more }]'
  const more = 'more: { partitions: 4, schema: { value: order } }'
  match(
    (await directory.refusal(COPY({ sources: both, more }))).detail,
    /ask for 4 tasks.*it ran with 1/
  )
})

test('an added source says from where it is read, a removed one what was not processed', async () => {
  const directory = new Directory()
  const both = {
    sources: '[{ type: topic, id: lines }, { type: topic, id: more }]',
    more: 'more: { schema: { value: order }, consumer: { default_starting_offset: { position: End } } }'
  }
  await directory.run(COPY({}), ['{"id":1}', '{"id":2}'])
  await directory.bench.log.createTopic('more')
  await directory.bench.feed('more', ['{"id":7}'])
  const { changes } = await directory.compare(COPY(both))
  const sources = changes.filter(({ kind }) => kind === 'source')
  deepStrictEqual(
    sources.map(({ status, name, detail }) => `${status} ${name} ${detail}`),
    ['kept lines goes on at offset 2', 'new more is read from its end on, of 1 records']
  )
  await directory.run(COPY(both))
  await directory.bench.feed('more', ['{"id":8}'])
  const { detail, advice, count } = await directory.refusal(COPY({}))
  strictEqual(detail, 'is no longer read; 1 of its records were not processed')
  strictEqual(count, 1)
  match(advice, /--drain first, or declare migrate: \{ abandon: \[more\] \}/)
  const abandoning = COPY({ file: 'migrate: { abandon: [more] }' })
  await directory.run(abandoning, ['{"id":1}'])
  deepStrictEqual(await directory.states(abandoning, 'seen'), [{ 1: 2, 2: 1 }])
})

test('a key of another type is refused', async () => {
  const directory = new Directory()
  await directory.run(COPY({}), ['{"id":1}'])
  const other = COPY({}).replace('key: u64', 'key: u32').replace('): u64', '): u32')
  match((await directory.refusal(other)).detail, /its key is u32 and was u64/)
})

/** Raw records hold numbers in big endian. */
function u32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes.toString()
}

test('values in open windows are made anew in their windows', async () => {
  const directory = new Directory()
  await directory.run(windows(TEN), [...at(1_000, 'a', 'a', 'b'), ...at(11_000, 'a')])
  const wide = windows(TEN, { state: 'u64' })
  strictEqual((await directory.told(wide))[0], 'migrated state count.totals')
  await directory.run(wide, [...at(12_000, 'a'), ...at(30_000, 'z')])
  const lines = await directory.bench.read('counts')
  deepStrictEqual(
    lines.map(({ key, value }) => `${key} ${Buffer.from(value!).readUInt32BE()}`).toSorted(),
    ['a 2', 'a 2', 'b 1']
  )
})

const DEDUP = (count: number, more = ''): string => `apiVersion: 1.0.0
meta: { name: dedup }
topics:
  lines: { schema: { value: string } }
services:
  once:
    ${more}
    sources: [{ type: topic, id: lines }]
    partition:
      ${KEYED}
      dedup: { count: ${count} }
`

test('what a service keeps for itself is compared by what it means', async () => {
  const directory = new Directory()
  await directory.run(DEDUP(10), ['a', 'b'])
  const ends = await directory.ends()
  await directory.run(DEDUP(20))
  strictEqual(await directory.ends(), ends, 'another bound reads what is there')
  const keyed = DEDUP(10).replace(
    KEYED,
    "assign-key: { run: 'function size(word: string): u32 { return word.length }' }"
  )
  const { changes } = await directory.compare(keyed)
  const refused = changes.filter(({ status }) => status === 'refused')
  strictEqual(refused.length, 3, 'all that it keeps')
  match(refused[0]!.detail, /its dedup is another one, so the keys that it has seen do not fit/)
  const dropping = keyed.replace('  once:\n', '  once:\n    migrate: { drop: true }\n')
  await directory.run(dropping, ['xy'])
  strictEqual((await directory.told(keyed)).filter(told => told.startsWith('kept')).length, 5)
})

const sums = (aggregates: string, more = ''): string => `apiVersion: 1.0.0
meta: { name: sums }
types: { sale: { type: object, properties: { shop: string, amount: f64 } } }
topics:
  lines: { schema: { value: sale } }
services:
  sum:
    ${more}
    sources: [{ type: topic, id: lines }]
    partition: { assign-key: { field: shop }, aggregate: { ${aggregates} } }
`

test('an aggregate that gives more is refused, and begins empty when its service says so', async () => {
  const directory = new Directory()
  await directory.run(sums('n: count'), ['{"shop":"a","amount":2}'])
  const more = sums('n: count, total: { sum: amount }')
  const { name, advice } = await directory.refusal(more)
  strictEqual(name, 'sum.aggregate')
  match(advice, /^declare migrate: \{ drop: true \} in the service sum/)
  const dropping = sums('n: count, total: { sum: amount }', 'migrate: { drop: true }')
  await directory.run(dropping, ['{"shop":"a","amount":3}'])
  const [kept] = await directory.states(dropping, 'aggregate')
  strictEqual(JSON.stringify(kept).includes('3'), true)
  const less = sums('total: { sum: amount }')
  strictEqual((await directory.told(less))[0], 'kept state sum.aggregate')
})

/** Tells the time, at the times of a schedule if there is one. */
function ticking(cron: string | null, more = ''): string {
  const schedule = cron === null ? '' : `schedule: { minute: { cron: '${cron}' } }`
  const source = cron === null ? '{ type: topic, id: lines }' : '{ type: schedule, id: minute }'
  return `apiVersion: 1.0.0
meta: { name: clock }
${schedule}
${more}
topics: { lines: { schema: { value: s64 } }, out: { schema: { value: { type: s64, converter: json } } } }
services:
  tell: { sources: [${source}], sinks: [{ type: topic, id: out }] }
`
}

test('a schedule at other times goes on behind its last tick, and the plan says so', async () => {
  const clock = new SimulatedClock(Date.UTC(2026, 10, 22))
  const directory = new Directory(new Bench({ clock }))
  const of = async (text: string) => {
    const { changes } = await directory.compare(text)
    return changes.filter(({ kind }) => kind === 'schedule')
  }
  const minutely = ticking('* * * * *')
  const [fresh] = await of(minutely)
  deepStrictEqual([fresh!.status, fresh!.name], ['new', 'minute'])
  match(fresh!.detail, /^ticks at "\* \* \* \* \*", from the start on$/)
  await directory.run(minutely)
  const since = 'goes on behind 2026-11-22T00:00:00.000Z'
  const kept = { kind: 'schedule', name: 'minute', status: 'kept', advice: '', count: null }
  deepStrictEqual(await of(minutely), [{ ...kept, detail: since }])
  const hourly = ticking('@hourly')
  const changed = `ticks at "@hourly", and did at "* * * * *"; ${since}`
  deepStrictEqual(await of(hourly), [{ ...kept, detail: changed }])
  await directory.run(hourly)
  deepStrictEqual(await of(hourly), [{ ...kept, detail: since }])
})

test('a schedule that is gone is refused while ticks of it wait, unless the file gives them up', async () => {
  const directory = new Directory()
  await directory.run(ticking('* * * * *'))
  const without = ticking(null)
  const told = async (text: string): Promise<string[]> =>
    (await directory.told(text)).filter(one => / (?:schedule|source) /.test(one))
  deepStrictEqual(await told(without), ['new source lines', 'dropped schedule minute'])
  await directory.bench.feed('_millrace.default.clock.schedule.minute', ['8 bytes!'])
  const { name, detail, advice } = await directory.refusal(without)
  strictEqual(name, 'minute')
  match(detail, /1 of its ticks were not processed/)
  match(advice, /migrate: \{ abandon: \[minute\] \}/)
  const abandoned = ticking(null, 'migrate: { abandon: [minute] }')
  deepStrictEqual(await told(abandoned), ['new source lines', 'dropped schedule minute'])
})
