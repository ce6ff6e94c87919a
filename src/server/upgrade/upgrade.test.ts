// Files that change between starts: what is kept, what is made anew, what is refused, and that doing it twice is once.
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { readRecords } from './record.ts'
import { Directory, wordsFile } from './upgrade.cases.ts'

const COUNT = 'ctx.state.totals.update(n => n + 1)'
const SUM_TYPES =
  'types: { sum: { type: object, properties: { n: u32, unit: string } }, ' +
  'old: { type: object, properties: { n: u32 } } }'

const state = (type: string, migrate = '', name = 'totals', key = 'string'): string => {
  const more = migrate === '' ? '' : `, migrate: ${migrate}`
  return `${name}: { type: keyed-state, properties: { key: ${key}, value: ${type} }${more} }`
}

const sumOf = (fields: string): string =>
  `types: { sum: { type: object, properties: { ${fields} } } }`

const sumFile = (fields: string): string =>
  wordsFile({
    more: sumOf(fields),
    states: state('sum'),
    update: 'ctx.state.totals.update(s => ({ ...s, n: s.n + 1 }))'
  })

const FIRST = wordsFile({ states: state('u32'), update: COUNT })
const OLD = wordsFile({
  more: SUM_TYPES,
  states: state('old'),
  update: 'ctx.state.totals.update(s => ({ n: s.n + 1 }))'
})

test('a start that changes nothing writes nothing', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a', 'b', 'a'])
  const before = await directory.ends()
  await directory.run(FIRST)
  strictEqual(await directory.ends(), before)
  deepStrictEqual(await directory.states(FIRST, 'totals'), [{ a: 2, b: 1 }])
})

test('the record says what runs, without starting anything', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a'])
  const record = (await readRecords(directory.bench.log)).get('default/words')!
  const { name, sources, operators } = record.services[0]!
  deepStrictEqual([name, sources, operators], ['count', ['lines'], ['by-word', 'count']])
  strictEqual(record.tasks, 1)
  const [stored] = record.states
  strictEqual(stored!.stored, 'count.totals')
  deepStrictEqual(stored!.layout!.values, [{ kind: 'u32', bigint: false }])
  deepStrictEqual(
    record.topics.map(topic => topic.name),
    ['lines']
  )
})

test('a type that reads what was stored keeps it as it is, and the next one must read both', async () => {
  const directory = new Directory()
  await directory.run(sumFile('n: u32, old: { type: string, optional: true }'), ['a'])
  const before = await directory.ends()
  const wider = sumFile('n: u64')
  deepStrictEqual((await directory.told(wider))[0], 'kept state count.totals')
  await directory.run(wider, ['b'])
  ok((await directory.ends()) !== before)
  deepStrictEqual(await directory.states(wider, 'totals'), [{ a: { n: 1 }, b: { n: 1 } }])
  // What the first file wrote may have "old", which is a text there: a number of that name is none of its values.
  const { detail } = await directory.refusal(sumFile('n: u32'))
  match(detail, /value\.n is u32 and was u64, which is narrower/)
  const mended = sumFile('n: u64, old: { type: u32, optional: true }')
  const [change] = (await directory.compare(mended)).changes
  strictEqual(change!.status, 'migrated', 'values of the first file are written anew')
  await directory.run(mended, ['a'])
  const wanted = { a: { n: 2, old: null }, b: { n: 1, old: null } }
  deepStrictEqual(await directory.states(mended, 'totals'), [wanted])
})

test('a wider number is written anew by itself', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a', 'a'])
  const wider = wordsFile({ states: state('f64'), update: COUNT })
  await directory.run(wider, ['a', 'b'])
  deepStrictEqual(await directory.states(wider, 'totals'), [{ a: 3, b: 1 }])
  deepStrictEqual(directory.notes, ['count.totals: 1 value migrated'])
})

test('a function makes the new values, once', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a', 'b', 'a'])
  const narrower = wordsFile({
    states: state('string'),
    update: "ctx.state.totals.update(s => s + '+')"
  })
  const { detail, advice } = await directory.refusal(narrower)
  match(detail, /its value is string and was u32/)
  match(advice, /declare a function under migrate/)
  await rejects(directory.upgrade(narrower), { code: 'UPGRADE_REFUSED', message: /count\.totals/ })
  const spelled = wordsFile({
    states: state('string', '{ run: "function spell(n: u32): string { return String(n) }" }'),
    update: "ctx.state.totals.update(s => s + '+')"
  })
  await directory.run(spelled, ['a', 'c'])
  const ends = await directory.ends()
  await directory.run(spelled)
  strictEqual(await directory.ends(), ends, 'the second start finds it done')
  deepStrictEqual(await directory.states(spelled, 'totals'), [{ a: '2+', b: '1', c: '+' }])
})

for (const [keys, partitions] of [
  [17_000, 1],
  [500, 2]
] as const) {
  test(`${keys} keys over ${partitions} tasks are all made anew`, async () => {
    const directory = new Directory()
    const many = Array.from({ length: keys }, (_, at) => ({ key: `k${at}`, value: `k${at}` }))
    await directory.run(wordsFile({ partitions, states: state('u32'), update: COUNT }), many)
    const spell = '{ run: "function spell(n: u32): string { return String(n) }" }'
    const after = wordsFile({ partitions, states: state('string', spell) })
    const [totals] = await directory.states(after, 'totals')
    strictEqual(Object.keys(totals!).length, keys)
    ok(Object.values(totals!).every(value => value === '1'))
    deepStrictEqual(directory.notes, [`count.totals: ${keys} values migrated`])
  })
}

test('a function that takes another type than the stored one is refused', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a'])
  const wrong = wordsFile({
    states: state('string', '{ run: "function spell(n: string): string { return n }" }')
  })
  match(
    (await directory.refusal(wrong)).detail,
    /its function spell takes string, but u32 is stored/
  )
})

test('a function that fails leaves the old state, and the next start tries again', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a', 'b'])
  const failing = wordsFile({
    states: state('string', '{ run: "function spell(n: u32): string { return n.nothing.there }" }')
  })
  await rejects(directory.upgrade(failing), {
    code: 'MIGRATION_FAILED',
    message:
      /the value under "a" of the state count\.totals could not be migrated: .*flow\.yaml:\d+:\d+/
  })
  deepStrictEqual(await directory.states(FIRST, 'totals'), [{ a: 1, b: 1 }])
  const wrong = wordsFile({
    states: state('string', '{ run: "function spell(n: u32): any { return 1 }" }')
  })
  await rejects(directory.upgrade(wrong), { code: 'MIGRATION_FAILED' })
  const right = wordsFile({
    states: state('string', '{ run: "function spell(n: u32): string { return String(n) }" }')
  })
  deepStrictEqual(await directory.states(right, 'totals'), [{ a: '1', b: '1' }])
})

test('defaults fill new fields; without them the message says which', async () => {
  const directory = new Directory()
  await directory.run(OLD, ['a'])
  const update = 'ctx.state.totals.update(s => ({ n: s.n + 1, unit: s.unit }))'
  const without = wordsFile({ more: SUM_TYPES, states: state('sum'), update })
  const { detail, advice } = await directory.refusal(without)
  match(
    detail,
    /sum \{ n: u32, unit: string \} and was old \{ n: u32 \}: value\.unit is new and must be there/
  )
  match(advice, /migrate: \{ defaults: \{ unit: … \} \}/)
  const file = wordsFile({
    more: SUM_TYPES,
    states: state('sum', '{ defaults: { unit: EUR } }'),
    update
  })
  await directory.run(file, ['a', 'b'])
  const wanted = { a: { n: 2, unit: 'EUR' }, b: { n: 1, unit: '' } }
  deepStrictEqual(await directory.states(file, 'totals'), [wanted])
})

test('a ttl that is added stamps what is there; one that goes takes the stamps away', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a'])
  const timed = FIRST.replace('value: u32 } }', 'value: u32 }, ttl: 1h }')
  await directory.run(timed, ['a', 'b'])
  deepStrictEqual(await directory.states(timed, 'totals'), [{ a: 2, b: 1 }])
  deepStrictEqual(await directory.states(FIRST, 'totals'), [{ a: 2, b: 1 }])
})

test('a renamed state goes on; one that only looks renamed is refused', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a'])
  const update = 'ctx.state.sums.update(n => n + 1)'
  const silent = wordsFile({ states: state('u32', '', 'sums'), update })
  const { detail, advice } = await directory.refusal(silent)
  match(detail, /would begin empty, but looks like count\.totals/)
  match(advice, /migrate: \{ rename-from: totals \}/)
  const renamed = wordsFile({ states: state('u32', '{ rename-from: totals }', 'sums'), update })
  await directory.run(renamed, ['a'])
  deepStrictEqual(await directory.states(renamed, 'sums'), [{ a: 2 }])
  // Once done, the declaration may go.
  deepStrictEqual(await directory.states(silent, 'sums'), [{ a: 2 }])
  const empty = wordsFile({
    states: state('u32', '{}', 'counts'),
    update: 'ctx.state.counts.update(n => n + 1)'
  })
  deepStrictEqual(await directory.told(empty), [
    'new state count.counts',
    'dropped state count.sums',
    'kept topic lines',
    'kept source lines'
  ])
})

test('two that are said to have been one are refused: only one can go on with what is stored', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a'])
  const from = '{ rename-from: totals }'
  const both = wordsFile({
    states: `${state('u32', from, 'sums')}\n${state('u32', from, 'counts')}`,
    update: 'ctx.state.sums.update(n => n + 1); ctx.state.counts.update(n => n + 1)'
  })
  const { name, detail, advice } = await directory.refusal(both)
  strictEqual(name, 'count.counts')
  match(detail, /said to have been count\.totals, with which another state goes on/)
  match(advice, /leave rename-from out/)
  const services = ['one', 'two'].map(service =>
    wordsFile({
      states: state('u32', '{}'),
      update: COUNT,
      service,
      before: 'migrate: { rename-from: count }'
    })
  )
  const second = services[1]!.slice(services[1]!.indexOf('  two:'))
  const told = await directory.told(services[0]! + second)
  deepStrictEqual(told.slice(0, 2), ['migrated service one', 'refused service two'])
})

test('a name that is free again is a new state, whatever had it', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a', 'a'])
  const renamed = wordsFile({
    states: state('u32', '{ rename-from: totals }', 'sums'),
    update: 'ctx.state.sums.update(n => n + 1)'
  })
  await directory.run(renamed)
  const both = wordsFile({
    states: `${state('u32', '', 'sums')}\n${state('string', '', 'totals')}`,
    update: 'ctx.state.totals.set(word); ctx.state.sums.update(n => n + 1)'
  })
  await directory.run(both, ['a'])
  deepStrictEqual(await directory.states(both, 'sums', 'totals'), [{ a: 3 }, { a: 'a' }])
})

test('a renamed service goes on with its states and positions, over two tasks', async () => {
  const directory = new Directory()
  const two = { partitions: 2, update: COUNT }
  const words = Array.from({ length: 200 }, (_, index) => ({
    key: `p${index}`,
    value: `w${index % 20}`
  }))
  await directory.run(wordsFile({ ...two, states: state('u32') }), words)
  const silent = wordsFile({ ...two, states: state('u32'), service: 'tally' })
  match((await directory.refusal(silent)).advice, /rename-from: count \} in the service tally/)
  const renamed = wordsFile({
    ...two,
    states: state('u32'),
    service: 'tally',
    before: 'migrate: { rename-from: count }'
  })
  deepStrictEqual((await directory.told(renamed)).slice(0, 2), [
    'migrated service tally',
    'kept state tally.totals'
  ])
  await directory.run(renamed, words)
  const wanted = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`w${index}`, 20]).toSorted()
  )
  deepStrictEqual(await directory.states(renamed, 'totals'), [wanted])
  const again = wordsFile({
    ...two,
    states: state('u32'),
    service: 'count',
    before: 'migrate: { rename-from: tally }'
  })
  deepStrictEqual(await directory.states(again, 'totals'), [wanted])
})

test('a state that is left out stays until the file drops it; its name is free then', async () => {
  const directory = new Directory()
  const two = `${state('u32')}\n${state('string', '', 'seen')}`
  await directory.run(wordsFile({ states: two, update: `ctx.state.seen.set(word); ${COUNT}` }), [
    'a',
    'b'
  ])
  await directory.run(FIRST, ['a'])
  const back = wordsFile({ states: two, update: COUNT })
  const [, seen] = (await directory.compare(back)).changes
  match(seen!.detail, /was not in the last file that ran/)
  deepStrictEqual(await directory.states(back, 'seen'), [{ a: 'a', b: 'b' }])
  const dropping = wordsFile({
    more: 'migrate: { drop: [count.seen] }',
    states: state('u32'),
    update: COUNT
  })
  deepStrictEqual((await directory.told(dropping))[1], 'dropped state count.seen')
  await directory.run(dropping)
  const ends = await directory.ends()
  await directory.run(dropping)
  strictEqual(await directory.ends(), ends, 'what is dropped is dropped once')
  const other = wordsFile({ states: `${state('u32')}\n${state('u32', '', 'seen')}`, update: COUNT })
  deepStrictEqual(await directory.states(other, 'seen', 'totals'), [{}, { a: 2, b: 1 }])
  const last = await directory.bench.lastByKey('_millrace.default.words.changelog')
  const left = Object.entries(last).filter(([key, value]) => value !== null && key.includes('seen'))
  deepStrictEqual(left, [], 'nothing of it is left in the changelog')
})

test('drop at a state begins empty, and only while what is stored does not fit', async () => {
  const directory = new Directory()
  await directory.run(FIRST, ['a'])
  const update = 'ctx.state.totals.set(word.length > 0)'
  const key = wordsFile({ states: state('bool', '{ drop: true }'), update })
  deepStrictEqual((await directory.told(key))[0], 'dropped state count.totals')
  await directory.run(key, ['b'])
  await directory.run(key, ['c'])
  deepStrictEqual(await directory.states(key, 'totals'), [{ b: true, c: true }])
})
