// Benches of SQL over states: filling the copy from a changelog, following it, and queries beside plain loops.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SeededRandom, SystemClock } from '../src/base/index.ts'
import type { Plan } from '../src/dataflow/plan.ts'
import type { RowType } from '../src/dataflow/types.ts'
import type { WindowRows } from '../src/runtime/contract.ts'
import {
  Bench,
  f64,
  partition,
  plan,
  service,
  state,
  step,
  string,
  topic,
  u32
} from '../src/runtime/test-kit.ts'
import { ChangelogReader, changelogOfPlan } from '../src/runtime/index.ts'
import { SqlService } from '../src/server/sql/index.ts'
import { Database, tablesOf } from '../src/sql/index.ts'
import { Suite } from './harness.ts'

const ROWS = 1_000_000
const BATCH = 20_000
const FUNCTION_KEYS = 10_000
const FUNCTION_RECORDS = 20_000
const GROUP_BY =
  'select city, count(*) as n, sum(amount) as s, avg(rate) as r from accounts group by city'

const row: RowType = {
  kind: 'arrow-row',
  name: null,
  fields: Object.entries({ amount: u32, city: string, rate: f64 }).map(([name, type]) => ({
    name,
    readName: name,
    writeName: name,
    optional: false,
    type
  }))
}

/** Keeps a row for each key; with `ask` the function also asks for it in SQL. */
function accounts(name: string, ask: string): Plan {
  return plan(
    [topic('in')],
    [
      service('bank', {
        sources: ['in'],
        sinks: [],
        states: [state('accounts', string, row)],
        partition: partition(
          step('assign-key', 'function byText(v) { return v }', {
            input: string,
            outputKey: string
          }),
          step(
            'update-state',
            `function keep(v, ctx) {
              const n = Number(v.slice(4))
              ctx.state.accounts.set({ amount: (n * 7919) % 1000, city: 'city' + (n % 50), rate: n / 3 })
              ${ask}
            }`
          )
        )
      })
    ],
    name
  )
}

const suite = new Suite('sql', {
  about:
    'rows of a text key, a u32, one of 50 texts and an f64; SQLite in a process of its own, functions in their thread',
  notMeasured: [
    'States of many columns.',
    'Queries with large results, and how long the process takes to start (about as long as the command).'
  ]
})

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-sql-'))
try {
  await overAMillion()
  await inFunctions()
} finally {
  rmSync(folder, { recursive: true })
}
suite.finish()

async function overAMillion(): Promise<void> {
  const one = accounts('bank', '')
  const bench = new Bench({ clock: new SystemClock() })
  const running = await bench.start(one)
  const held = new Map<string, { amount: number; city: string; rate: number }>()
  for (let from = 0; from < ROWS; from += BATCH) {
    const keys = Array.from({ length: BATCH }, (_, n) => `key-${from + n}`)
    await bench.feed('in', keys)
  }
  await running.drain()
  for (let n = 0; n < ROWS; n++) {
    held.set(`key-${n}`, { amount: (n * 7919) % 1000, city: `city${n % 50}`, rate: n / 3 })
  }
  const sql = new SqlService({
    log: bench.log,
    clock: bench.clock,
    plans: [one],
    windows: noWindows
  })
  const options = { rowsMax: 1_000, timeoutMs: 120_000 }
  const copyMs = await copyCpuMs(bench, one)
  suite.value('CPU time of the first query: a copy of 1,000,000 rows', { unit: 'ms' }, [copyMs])
  await sql.query('select count(*) from accounts', options)
  const loop = await suite.measure('the same groups by a loop over a map', { unit: 'rows' }, () => {
    const groups = new Map<string, { n: number; s: number; r: number }>()
    for (const { city, amount, rate } of held.values()) {
      let group = groups.get(city)
      if (group === undefined) groups.set(city, (group = { n: 0, s: 0, r: 0 }))
      group.n++
      group.s += amount
      group.r += rate
    }
    return ROWS
  })
  const ask = async (text: string): Promise<number> => {
    await sql.query(text, options)
    return ROWS
  }
  const groupBy = { unit: 'rows', ceiling: loop, warmup: 1, runs: 3 }
  await suite.measure('group by of three aggregates', groupBy, () => ask(GROUP_BY))
  await suite.measure('join with itself by key, one city', { unit: 'rows' }, () =>
    ask(
      "select count(*), sum(a.amount) from accounts a join accounts b using (_key) where b.city = 'city7'"
    )
  )
  const begun = performance.now()
  for (let n = 0; n < 100; n++)
    await sql.query(`select * from accounts where _key = 'key-${n}'`, options)
  suite.value('look for one key', { unit: 'ms' }, [(performance.now() - begun) / 100])
  sql.close()
  await running.stop()
}

/** What the process that answers does first, in this one. */
async function copyCpuMs(bench: Bench, one: Plan): Promise<number> {
  const [table] = tablesOf([one])
  const database = new Database([table!])
  const reader = new ChangelogReader(one)
  const source = { topic: changelogOfPlan(one), partition: 0 }
  const before = process.cpuUsage()
  for (let offset = 0; ;) {
    const { bytes, nextOffset } = await bench.log.read({ ...source, offset })
    if (bytes.length === 0) break
    database.write(() =>
      reader.read(bytes, offset, Infinity, ({ key, value, updatedAt }) =>
        database.put(table!, [key, updatedAt], value)
      )
    )
    offset = nextOffset
  }
  const { user, system } = process.cpuUsage(before)
  database.close()
  return (user + system) / 1000
}

function noWindows(): Promise<WindowRows> {
  return Promise.resolve({ open: [], flushed: [] })
}

async function inFunctions(): Promise<void> {
  const random = new SeededRandom(1)
  const keys = Array.from({ length: FUNCTION_RECORDS }, () => `key-${random.below(FUNCTION_KEYS)}`)
  const rate = async (name: string, ask: string): Promise<number> => {
    const one = accounts(name, ask)
    const bench = new Bench({ clock: new SystemClock() })
    await bench.createTopics(one)
    await bench.feed('in', keys)
    const running = await bench.start(one)
    await running.drain()
    return FUNCTION_RECORDS
  }
  const options = { unit: 'records', warmup: 1, runs: 3 }
  const without = await suite.measure('records without ctx.sql', options, () => rate('a', ''))
  await suite.measure(
    'records that each look for one key by ctx.sql',
    { ...options, ceiling: without },
    () => rate('b', "ctx.sql('select amount from accounts where _key = ?', v)")
  )
}
