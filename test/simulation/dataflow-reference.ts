// The reference dataflow: orders are split into lines, counted by item, looked at, and counted by customer.
//
//   orders ─▶ lines: flat-map, by item, row per item ─▶ totals ─▶ watch: reads the rows, by customer ─▶ seen
//          └▶ sides: filters only ─▶ left, right                      bad orders and lines ─▶ dead letters
import assert from 'node:assert/strict'

import type { RowType } from '../../src/dataflow/types.ts'
import { partitionForKey } from '../../src/record/index.ts'
import {
  partition,
  plan,
  reference,
  service,
  sink,
  state,
  step,
  string,
  topic,
  u32,
  type ReadLine
} from '../../src/runtime/test-kit.ts'
import type { Left } from './dataflow-life.ts'
import type { Portion, Workload } from './dataflow-world.ts'

const PARTITIONS = 2
const ITEMS = ['fig', 'kiwi', 'lime', 'pear', 'plum'] as const

function row(...columns: [string, RowType['fields'][number]['type']][]): RowType {
  const fields = columns.map(([name, type]) => ({
    name,
    readName: name,
    writeName: name,
    optional: false,
    type
  }))
  return { kind: 'arrow-row', name: null, fields }
}

const LINES = service('lines', {
  sources: ['orders'],
  states: [state('items', string, row(['count', u32], ['sum', u32], ['last', string]))],
  steps: [
    step(
      'flat-map',
      `function splitOrder(order) {
        const [id, customer, ...items] = order.split(' ')
        if (Number(id) % 13 === 0) throw new Error('thirteen')
        return items.map(item => [id, customer, item].join(' '))
      }`,
      { input: string, output: string }
    )
  ],
  partition: partition(
    step('assign-key', `function byItem(line) { return line.split(' ')[2] }`, {
      input: string,
      outputKey: string
    }),
    step(
      'update-state',
      `function countItem(line, ctx) {
        const [id, customer, item] = line.split(' ')
        const row = ctx.state.items.update(({ count, sum }) => {
          return { count: count + 1, sum: sum + Number(id), last: id }
        })
        if (item === 'kiwi' && Number(id) % 4 === 0) throw new Error('a bad kiwi')
        return keyed(item, [id, customer, item, row.count, row.sum].join(' '))
      }`
    )
  ),
  sinks: ['totals']
})

const WATCH = service('watch', {
  sources: ['totals'],
  states: [
    reference('lines', 'items'),
    state('customers', string, row(['lines', u32], ['sum', u32]))
  ],
  steps: [
    step(
      'map',
      `async function look(total, ctx) {
        const { count, sum, last } = ctx.state.items.at(ctx.key).get()
        return [total, count, sum, last].join(' ')
      }`,
      { input: string, output: string }
    )
  ],
  partition: partition(
    step('assign-key', `function byCustomer(total) { return total.split(' ')[1] }`, {
      input: string,
      outputKey: string
    }),
    step(
      'update-state',
      `function countCustomer(total, ctx) {
        const id = Number(total.split(' ')[0])
        const row = ctx.state.customers.update(({ lines, sum }) => {
          return { lines: lines + 1, sum: sum + id }
        })
        return keyed(ctx.key, [total, row.lines, row.sum].join(' '))
      }`
    )
  ),
  sinks: ['seen']
})

const SIDES = service('sides', {
  sources: ['orders'],
  sinks: [
    sink('left', step('filter', `function isLeft(order) { return parseInt(order) % 2 === 0 }`)),
    sink(
      'right',
      step(
        'filter',
        `async function isRight(order) {
          if (parseInt(order) % 11 === 0) throw new Error('eleven')
          return parseInt(order) % 2 === 1
        }`
      )
    )
  ]
})

const PLAN = plan(
  ['orders', 'totals', 'seen', 'left', 'right'].map(id =>
    topic(id, string, { partitions: PARTITIONS })
  ),
  [LINES, WATCH, SIDES]
)

/** An order: its number, who ordered, and items, some twice. */
function order(id: number): { readonly key: string; readonly value: string } {
  const customer = `c${(id * 7) % 4}`
  const items = Array.from({ length: id % 5 === 0 ? id % 2 : 1 + (id % 4) }, (_, index) => {
    return ITEMS[(id + index * index) % ITEMS.length]!
  })
  return { key: customer, value: [id, customer, ...items].join(' ') }
}

/**
 * The reference workload: `count` orders in portions of one to three, some asked for at once. Time moves on now
 * and then, so that state is flushed and the log cleaned up in the background.
 */
export function referenceWorkload(count: number, stateHotBytes: number): Workload {
  const orders = Array.from({ length: count }, (_, index) => order(index + 1))
  const portions: Portion[] = []
  let group = 0
  for (let taken = 0; taken < count; group++) {
    const advanceMs = group % 5 === 2 ? 6_000 : group % 7 === 5 ? 31_000 : 0
    const sizes = group % 4 === 3 ? [1, 2, 1] : [1 + (group % 3)]
    for (const size of sizes) {
      const lines = orders.slice(taken, taken + size)
      if (lines.length > 0)
        portions.push({ topic: 'orders', partition: 0, lines, group, advanceMs })
      taken += lines.length
    }
  }
  const outside = new Map([['orders', PARTITIONS]])
  return { plan: PLAN, portions, outside, stateHotBytes }
}

/** Of `totals` and `seen`: id, customer, item, and what was counted. */
type Columns = [string, string, string, ...string[]]

interface Line {
  readonly id: number
  readonly customer: string
  readonly item: string
}

/** Checks everything that `left` holds against the orders, taken one after the other. */
export async function checkReference(workload: Workload, left: Left, label: string): Promise<void> {
  const orders = workload.portions.flatMap(portion => portion.lines.map(line => line.value!))
  const letters: string[] = []
  const lines: Line[] = []
  const sides = { left: perPartition(), right: perPartition() }
  for (const text of orders) {
    const [number, customer, ...items] = text.split(' ') as [string, string, ...string[]]
    const id = Number(number)
    if (id % 13 === 0) letters.push(`lines/split-order ${id}`)
    for (const item of id % 13 === 0 ? [] : items) {
      if (item === 'kiwi' && id % 4 === 0) letters.push(`lines/count-item ${id}`)
      else lines.push({ id, customer, item })
    }
    if (id % 2 === 0) sides.left[ownerOf(customer)]!.push(text)
    if (id % 11 === 0) letters.push(`sides/is-right ${id}`)
    else if (id % 2 === 1) sides.right[ownerOf(customer)]!.push(text)
  }
  for (const name of ['left', 'right'] as const) {
    const found = perPartition()
    for (const record of await left.topic(name)) found[record.partition]!.push(record.value!)
    assert.deepEqual(found, sides[name], `${label}: ${name}`)
  }
  const dead = (await left.topic('test.dead-letter')).map(letterOf)
  assert.deepEqual(dead.toSorted(), letters.toSorted(), `${label}: dead letters`)
  await checkTotals(lines, left, label)
  await checkSeen(left, label)
}

/** One output for each line, in an order that keeps that of an item's orders within a partition; rows like it. */
async function checkTotals(lines: readonly Line[], left: Left, label: string): Promise<void> {
  const found: Line[] = []
  const rows = new Map<string, { count: number; sum: number; last: string }>()
  const latest = new Map<string, number>()
  for (const { key, value, partition } of await left.topic('totals')) {
    const [number, customer, item, count, sum] = value!.split(' ') as Columns
    const id = Number(number)
    const place = `${label}: totals, ${value}`
    assert.equal(key, item, place)
    assert.equal(partition, ownerOf(item), place)
    const row = rows.get(item) ?? { count: 0, sum: 0, last: '' }
    rows.set(item, { count: row.count + 1, sum: row.sum + id, last: String(id) })
    assert.deepEqual([count, sum].map(Number), [row.count + 1, row.sum + id], place)
    const from = `${item} from ${ownerOf(customer)}`
    assert.ok((latest.get(from) ?? 0) <= id, `${place}: orders of a partition keep their order`)
    latest.set(from, id)
    found.push({ id, customer, item })
  }
  const textOf = (line: Line): string => JSON.stringify(line)
  assert.deepEqual(found.map(textOf).toSorted(), lines.map(textOf).toSorted(), `${label}: totals`)
  assert.deepEqual(sorted(await left.state('lines.items')), sorted(rows), `${label}: items`)
}

/** One output for each total, with the item's row as it was just then; rows of customers like it. */
async function checkSeen(left: Left, label: string): Promise<void> {
  const totals = (await left.topic('totals')).map(record => record.value!)
  const found: string[] = []
  const rows = new Map<string, { lines: number; sum: number }>()
  const latest = new Map<string, number>()
  for (const { key, value } of await left.topic('seen')) {
    const place = `${label}: seen, ${value}`
    const [id, customer, item, count, sum, ...rest] = value!.split(' ') as Columns
    assert.equal(key, customer, place)
    const row = rows.get(customer) ?? { lines: 0, sum: 0 }
    rows.set(customer, { lines: row.lines + 1, sum: row.sum + Number(id) })
    const own = [row.lines + 1, row.sum + Number(id)]
    assert.deepEqual(rest, [count, sum, id, ...own.map(String)], place)
    const from = `${item} for ${customer}`
    assert.ok((latest.get(from) ?? 0) < Number(count), `${place}: totals of an item in order`)
    latest.set(from, Number(count))
    found.push([id, customer, item, count, sum].join(' '))
  }
  assert.deepEqual(found.toSorted(), totals.toSorted(), `${label}: seen`)
  assert.deepEqual(sorted(await left.state('watch.customers')), sorted(rows), `${label}: customers`)
}

/** Who failed, and which order: of a line on its way to its owner the value is the line. */
function letterOf({ headers, value }: ReadLine): string {
  const id = parseInt(value!.replace('"', ''), 10)
  return `${headers['millrace-service']}/${headers['millrace-operator']} ${id}`
}

function perPartition(): string[][] {
  return Array.from({ length: PARTITIONS }, () => [])
}

function ownerOf(key: string): number {
  const bytes = Buffer.from(key)
  return partitionForKey(bytes, 0, bytes.length, PARTITIONS)
}

function sorted(entries: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1))
}
