// Dataflows made up at random, of everything that files can say: as code, and as a file again, each is the same plan.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SeededRandom } from '../src/base/index.ts'
import { printCode } from '../src/builder/index.ts'
import { compile } from '../src/dataflow/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import { checkFunctionTypes, convertFile, loadFiles } from '../src/server/index.ts'
import { shapeOf } from './plan-shape.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const CASES = Number(process.env['MILLRACE_CASES'] ?? 120)
const SCHEMAS: Readonly<Record<string, string>> = {
  './order.avsc': JSON.stringify({
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      {
        name: 'lines',
        type: {
          type: 'array',
          items: { type: 'record', name: 'Line', fields: [{ name: 'text', type: 'string' }] }
        }
      }
    ]
  }),
  './order.proto': `syntax = "proto3";
    package shop;
    message Line { string text = 1; }
    message Order { uint64 id = 3; repeated Line lines = 5; optional double price = 9; }`
}
const folder = mkdtempSync(join(tmpdir(), 'millrace-round-trip-'))
for (const [name, text] of Object.entries(SCHEMAS)) writeFileSync(join(folder, name), text)
after(() => rmSync(folder, { recursive: true }))

test(`${CASES} dataflows survive the way to code and back (MILLRACE_SEED=${SEED})`, () => {
  const said = new Set<string>()
  for (let index = 0; index < CASES; index++) {
    const text = new Maker(new SeededRandom(SEED * 1_000_003 + index), said).file()
    const plan = planOf(text)
    const module = join(folder, `case${index}.ts`)
    const code = printCode(plan)
    writeFileSync(module, code)
    deepStrictEqual(shapeOf(builtPlan(module)), shapeOf(plan), `${text}\n${code}`)
    const { text: again, diagnostics } = convertFile(module)
    deepStrictEqual(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
      text
    )
    deepStrictEqual(shapeOf(planOf(again)), shapeOf(plan), `${text}\n${again}`)
  }
  // A maker that leaves something out would show nothing of it.
  const all = `inner left outer stream table versions dedup count age field fields constant avro protobuf access
    numbered import schedule late where when pick look-up`
  if (CASES >= 100)
    deepStrictEqual(
      all.split(/\s+/).filter(word => !said.has(word)),
      []
    )
})

test('what is printed of them has no type errors', async () => {
  const modules = Array.from({ length: Math.min(CASES, 40) }, (_, index) =>
    join(folder, `case${index}.ts`)
  )
  deepStrictEqual(await checkFunctionTypes(modules), [])
})

const readSchema = (path: string): string | null => SCHEMAS[path] ?? null

function planOf(text: string): Plan {
  const { plan, diagnostics } = compile(text, { file: join(folder, 'case.yaml'), readSchema })
  ok(plan, `${JSON.stringify(diagnostics, null, 2)}\n${text}`)
  return plan
}

function builtPlan(path: string): Plan {
  const { dataflows, diagnostics } = loadFiles([path])
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  deepStrictEqual(errors, [], readFileSync(path, 'utf8'))
  return dataflows[0]!.plan
}

const EVENT = `type: object, properties: {
    id: NUMBER, shop: string, size: { type: u64, bigint: true }, amount: f64, at: timestamp,
    note: { type: string, optional: true, serialize: { rename: NOTE } },
    buyer: { type: buyer, optional: OPTIONAL } }`
const DURATIONS = ['250ms', '5s', '90s', '10m', '36h', '7d']
const NUMERIC = ['amount', 'size', 'id', 'buyer.age']
const ORDERED = [...NUMERIC, 'shop', 'note', 'at', 'buyer.name']
const ANY = [...ORDERED, 'buyer']

const TYPES: Readonly<Record<string, string>> = {
  shop: 'string',
  note: 'string',
  id: 'u32',
  size: 'u64, bigint: true',
  at: 'timestamp',
  amount: 'f64',
  buyer: 'buyer',
  'buyer.name': 'string',
  'buyer.age': 'u8'
}

/** A property of an aggregate, and of a type that takes what it gives. */
interface Property {
  readonly text: string
  readonly type: string
}

function field(name: string, text: string, type: string): Property {
  return { text: `${name}: ${text}`, type: `${name}: { type: ${type}, optional: true }` }
}

function typed(path: string): string {
  return TYPES[path]!
}

/** Makes one file up. */
class Maker {
  readonly #random: SeededRandom
  readonly #said: Set<string>
  readonly #topics: string[] = []
  readonly #types: string[] = []
  readonly #services: string[] = []

  constructor(random: SeededRandom, said: Set<string>) {
    this.#random = random
    this.#said = said
  }

  file(): string {
    const number = this.#may('{ type: u32, number: 7 }', 'numbered') ?? 'u32'
    const event = EVENT.replace('NUMBER', number).replace('OPTIONAL', String(this.#is()))
    this.#types.push(
      '  buyer: { type: object, properties: { name: string, age: u8 } }',
      `  event: { ${event} }`
    )
    for (const id of ['one', 'two']) this.#topics.push(this.#input(id))
    const count = 1 + this.#below(3)
    for (let index = 0; index < count; index++) {
      const makers = [this.#keyed, this.#join, this.#branches, this.#lookUp]
      this.#services.push(this.#pick(makers).call(this, index))
    }
    if (this.#is(0.3)) this.#imported()
    const schedule = this.#is(0.3) ? this.#schedule() : ''
    return `apiVersion: 1.0.0
meta: { name: made-up, namespace: tests, version: 1.2.3 }
types:
${this.#types.join('\n')}
${schedule}topics:
${this.#topics.join('\n')}
services:
${this.#services.join('\n')}
`
  }

  #input(id: string): string {
    const converter = this.#pick(['json', 'avro', 'protobuf'])
    this.#said.add(converter)
    const key = this.#is() ? 'key: string, ' : ''
    const registry =
      converter !== 'json' && this.#is()
        ? `, registry: { url: "http://127.0.0.1:8081"${this.#is() ? ', auth-env: AUTH' : ''} }`
        : ''
    const rest = [
      this.#is(0.3) ? `, partitions: ${1 + this.#below(9)}` : '',
      this.#is(0.2) ? `, retention: { time: ${this.#duration()}, size: 1MiB }` : '',
      this.#is(0.2) ? `, producer: { compression: zstd }` : '',
      this.#is(0.2)
        ? `, consumer: { default_starting_offset: { position: End, value: ${this.#below(3)} } }`
        : ''
    ].join('')
    return `  ${id}: { schema: { ${key}value: { type: event, converter: ${converter} } }${registry}${rest} }`
  }

  #imported(): void {
    const file = this.#pick(Object.keys(SCHEMAS))
    const converter = file.endsWith('.avsc') ? 'avro' : 'protobuf'
    this.#said.add('import')
    const message = converter === 'protobuf' ? ', message: shop.Order' : ''
    this.#types.push(`  imported: { import: ${file}${message} }`)
    for (const id of ['orders', 'copies']) {
      this.#topics.push(
        `  ${id}: { schema: { value: { type: imported, converter: ${converter} } } }`
      )
    }
    this.#services.push(`  copy:
    sources: [{ type: topic, id: orders }]
    sinks: [{ type: topic, id: copies }]`)
  }

  #schedule(): string {
    this.#said.add('schedule')
    this.#topics.push('  ticks: { schema: { value: s64 } }')
    this.#services.push(`  tick:
    sources: [{ type: schedule, id: each-hour }]
    sinks: [{ type: topic, id: ticks }]`)
    const zone = this.#is() ? ', timezone: Europe/Berlin' : ''
    const missed = this.#is() ? `, missed: ${this.#pick(['skip', 'all', 'once'])}` : ''
    return `schedule:\n  each-hour: { cron: "0 * * * *"${zone}${missed} }\n`
  }

  #keyed(index: number): string {
    const out = `out-${index}`
    const window = this.#is()
    const aggregates = this.#aggregates(window)
    this.#topics.push(`  ${out}: { schema: { value: { type: result-${index}, converter: json } } }`)
    this.#types.push(
      `  result-${index}: { type: object, properties: { ${aggregates.map(one => one.type).join(', ')} } }`
    )
    const key = this.#key()
    const kept = [
      `type: keyed-state, properties: { key: ${key.type}, value: u32 }, ttl: ${this.#duration()}`,
      ...(this.#may('access', 'access') === null ? [] : ['ttl-after: access']),
      ...(window ? ['windowed: false'] : [])
    ]
    const states = this.#is(0.3) ? `    states: { kept: { ${kept.join(', ')} } }\n` : ''
    const pad = window ? '        ' : '      '
    const partition = [
      `${pad}assign-key: { ${key.text} }`,
      ...(this.#is(0.4) ? [`${pad}dedup: ${this.#dedup()}`] : []),
      `${pad}aggregate: { ${aggregates.map(one => one.text).join(', ')} }`
    ].join('\n')
    const time = `assign-timestamp: { field: at }`
    const body = window
      ? `    window:
      ${this.#window()}
      ${this.#watermark(true)}
      ${time}
      partition:
${partition}`
      : `    ${time}
    partition:
${partition}`
    return `  service-${index}:
    sources: [{ type: topic, id: ${this.#pick(['one', 'two'])} }]
${states}${body}
    sinks: [{ type: topic, id: ${out} }]`
  }

  #window(): string {
    const seconds = 1 + this.#below(60)
    return this.#pick([
      `tumbling: { duration: ${seconds}s }`,
      `tumbling: { duration: 1d, offset: 22h }`,
      `sliding: { duration: ${seconds * 3}s, slide: ${seconds}s }`,
      `session: { gap: ${seconds}m }`,
      `count: { records: ${seconds} }`
    ])
  }

  #key(): { readonly text: string; readonly type: string } {
    const kind = this.#pick(['field', 'fields', 'constant'])
    this.#said.add(kind)
    if (kind === 'constant') return { text: `constant: all`, type: 'string' }
    if (kind === 'fields') return { text: `fields: [shop, buyer.name]`, type: 'string' }
    const [path, type] = this.#pick([
      ['shop', 'string'],
      ['id', 'u32'],
      ['buyer.name', 'string']
    ] as const)
    return { text: `field: ${path}`, type }
  }

  #dedup(): string {
    this.#said.add('dedup')
    const count = this.#may(`count: ${1 + this.#below(99)}`, 'count')
    const age = count === null || this.#is() ? `age: ${this.#duration()}` : null
    if (age !== null) this.#said.add('age')
    return `{ ${[count, age].filter(one => one !== null).join(', ')} }`
  }

  /** Properties, with types that take what they give. */
  #aggregates(isWindow: boolean): Property[] {
    const ordered = this.#pick(ORDERED)
    const any = this.#pick(ANY)
    const sum = this.#pick(NUMERIC)
    const all = [
      field('count', 'count', 'u32'),
      field('some', `{ count: ${any} }`, 'u32'),
      field('sum-of', `{ sum: ${sum} }`, sum === 'size' ? 'u64, bigint: true' : 'f64'),
      field('least', `{ min: ${ordered} }`, typed(ordered)),
      field('most', `{ max: ${ordered} }`, typed(ordered)),
      field('mean', `{ avg: amount }`, 'f64'),
      field('kinds', `{ distinct: ${this.#pick(ORDERED)} }`, 'u32'),
      field('before', `{ first: ${any} }`, typed(any)),
      field('newest', 'last', 'event'),
      field('key', 'constant', 'string'),
      field('best', `{ top: 3, by: amount, of: shop, order: ascending }`, 'list, items: string'),
      field('worst', `{ top: 2, by: ${ordered} }`, 'list, items: event'),
      ...(isWindow ? [field('from', 'window-start', 's64'), field('to', 'window-end', 's64')] : [])
    ]
    return all.filter(
      one => one.text === 'count: count' || (one.text !== 'key: constant' && this.#is())
    )
  }

  #watermark(isWindow: boolean): string {
    const grace = isWindow ? `, grace-period: ${this.#duration()}` : ''
    return `watermark: { out-of-orderness: ${this.#duration()}, idleness: 30s${grace}, future-bound: 2h }`
  }

  #join(index: number): string {
    const [left, right] = this.#pick([
      ['stream', 'stream'],
      ['stream', 'table'],
      ['stream', 'versions'],
      ['table', 'table']
    ] as const)
    const isLookup = left === 'stream' && right !== 'stream'
    const kind = this.#pick(isLookup ? ['inner', 'left'] : ['inner', 'left', 'outer'])
    for (const word of [left, right, kind]) this.#said.add(word)
    const side = (type: string, source: string, as: string): string => {
      const row = type === 'table' && this.#is() ? ', row: id' : ''
      const time = this.#is() ? ', timestamp: at' : ''
      const isTimed = left === 'stream' && right !== 'table'
      const late = isTimed && this.#is(0.3) ? this.#late() : ''
      return `{ source: ${source}, type: ${type}, key: shop${row}, as: ${as}${time}${late} }`
    }
    const within = this.#pick(['before: 1s', 'after: 10m', 'before: 1s, after: 1m'])
    const out = `pairs-${index}`
    this.#topics.push(
      `  ${out}: { schema: { key: string, value: { type: pair-${index}, converter: json } } }`
    )
    const side0 = '{ type: event, optional: true }'
    this.#types.push(`  pair-${index}: { type: object, properties: { a: ${side0}, b: ${side0} } }`)
    const isTwo = left === 'stream' && right === 'stream'
    const bound = isTwo ? `      within: { ${within} }\n` : ''
    const watermark = this.#is() ? `    ${this.#watermark(isTwo)}\n` : ''
    return `  service-${index}:
    sources: [{ type: topic, id: one }, { type: topic, id: two }]
    join:
      kind: ${kind}
      left: ${side(left, 'one', 'a')}
      right: ${side(right, 'two', 'b')}
${bound}${watermark}    sinks: [{ type: topic, id: ${out} }]`
  }

  #late(): string {
    this.#said.add('late')
    if (!this.#topics.some(topic => topic.startsWith('  late:')))
      this.#topics.push('  late: { schema: { value: event } }')
    return ', late: { type: topic, id: late }'
  }

  /** A filter, and sinks that share what passes. */
  #branches(index: number): string {
    this.#said.add('where').add('when').add('pick').add('otherwise')
    const [one, two, three] = ['a', 'b', 'c'].map(name => `branch-${index}-${name}`)
    this.#types.push(
      `  picked-${index}: { type: object, properties: { id: u32, kind: string, at: timestamp } }`
    )
    this.#topics.push(
      `  ${one}: { schema: { value: event } }`,
      `  ${two}: { schema: { value: picked-${index} } }`,
      `  ${three}: { schema: { value: string } }`
    )
    const fields = `fields: { id: id, kind: { constant: ${this.#pick(['a', '"1"'])} }, at: at }`
    return `  service-${index}:
    sources: [{ type: topic, id: one }]
    transforms: [{ operator: filter, where: ${this.#condition(3)} }]
    sinks:
      - { type: topic, id: ${one}, when: ${this.#condition(1)} }
      - type: topic
        id: ${two}
        when: ${this.#condition(2)}
        transforms: [{ operator: map, ${fields} }]
      - type: topic
        id: ${three}
        otherwise: true
        transforms: [{ operator: map, field: shop }]`
  }

  #condition(depth: number): string {
    const kind = depth === 0 ? 'test' : this.#pick(['test', 'all', 'any', 'not'])
    const inner = (): string => this.#condition(depth - 1)
    if (kind === 'not') return `{ not: ${inner()} }`
    if (kind !== 'test') return `{ ${kind}: [${inner()}, ${inner()}] }`
    return this.#pick([
      `{ field: shop, is: "it's 5" }`,
      `{ field: shop, in: [a, "b c", yes] }`.replace('yes', '"yes"'),
      `{ field: amount, above: ${this.#below(99)}.5, at-most: 200 }`,
      `{ field: size, at-least: 18446744073709551000 }`,
      `{ field: note, matches: '^A\\d+"$' }`,
      `{ field: buyer, exists: ${this.#is()} }`,
      `{ field: buyer.age, below: 18 }`,
      `{ exists: true }`
    ])
  }

  /** Events with what a state of another service holds. */
  #lookUp(index: number): string {
    this.#said.add('look-up')
    const kind = this.#pick(['inner', 'left'])
    const key = 'assign-key: { field: shop }'
    const name = this.#pick(['totals', 'what-is-kept'])
    this.#types.push(`  sum-${index}: { type: object, properties: { n: u32 } }`)
    this.#topics.push(
      `  sums-${index}: { schema: { key: string, value: sum-${index} } }`,
      `  with-sum-${index}: { schema: { key: string, value: with-sum-${index} } }`
    )
    this.#types.push(
      `  with-sum-${index}: { type: object, properties: { id: u32, n: { type: u64, optional: true } } }`
    )
    return `  owner-${index}:
    sources: [{ type: topic, id: two }]
    states: { sums: { type: keyed-state, properties: { key: string, value: sum-${index} } } }
    partition:
      ${key}
      update-state:
        run: |
          function add(event: Event, ctx: Context): KeyValue<string, Sum${index}> {
            const sum = ctx.state.sums.update(({ n }) => ({ n: n + 1 }))
            return keyed(event.shop, sum)
          }
    sinks: [{ type: topic, id: sums-${index} }]
  service-${index}:
    sources: [{ type: topic, id: one }]
    states: { ${name}: { from: owner-${index}.sums } }
    join:
      kind: ${kind}
      left: { source: one, key: shop, as: event }
      right: { state: ${name}, as: sum }
    sinks:
      - type: topic
        id: with-sum-${index}
        transforms: [{ operator: map, fields: { id: event.id, n: sum.n } }]`
  }

  #duration(): string {
    return this.#pick(DURATIONS)
  }

  #may<T>(value: T, word: string): T | null {
    if (!this.#is()) return null
    this.#said.add(word)
    return value
  }

  #is(probability = 0.5): boolean {
    return this.#random.fraction() < probability
  }

  #below(limit: number): number {
    return this.#random.below(limit)
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!
  }
}
