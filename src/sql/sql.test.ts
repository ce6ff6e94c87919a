// Tables of states and statements over them: results against plain loops, hostile text, names and places of errors.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, SeededRandom } from '../base/index.ts'
import { compile } from '../dataflow/index.ts'
import type { Plan } from '../dataflow/plan.ts'
import { Database, namesOf, readStatement, tablesOf } from './index.ts'
import type { SqlResult, Table } from './index.ts'
import { tokensOf } from './tokens.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const CASES = Number(process.env['MILLRACE_CASES'] ?? 60)
const LIMITS = { rowsMax: 100_000, bytesMax: 16 * 1024 * 1024 }

const plan = planOf(`apiVersion: 1.0.0
meta: { name: bank, namespace: test, version: 0.1.0 }
topics:
  in: { schema: { value: { type: string, converter: raw } } }
types:
  place: { type: object, properties: { city: { type: string }, zip: { type: u32 } } }
  colour: { type: enum, oneOf: { red: { type: 'null' }, mixed: { type: place } } }
services:
  accounts:
    sources: [{ type: topic, id: in }]
    states:
      balance-of:
        type: keyed-state
        properties: { key: { type: string }, value: { type: s64 } }
      row-of:
        type: keyed-state
        properties:
          key: { type: string }
          value:
            type: arrow-row
            properties:
              amount: { type: u32 }
              rate: { type: f64 }
              open-since: { type: timestamp }
              is-open: { type: bool }
              name: { type: string }
    partition:
      assign-key: { run: "function k(v: string): string { return v }" }
      update-state: { run: "function u(v: string, ctx: Context): void { ctx.state.balanceOf.set(1) }" }
${serviceOf('others', 'row-of', 'u64', '{ type: colour }')}
${serviceOf('shop', 'order', 'bool', '{ type: place }')}
${serviceOf('bin', 'raw', 's32', '{ type: bytes }')}
${serviceOf('deep', 'nested', 'string', '{ type: list, items: { type: place } }')}
`)

/** A service with one state. */
function serviceOf(name: string, state: string, key: string, value: string): string {
  const typescript = { u64: 'bigint', s32: 'number', bool: 'boolean', string: 'string' }[key]
  return `  ${name}:
    sources: [{ type: topic, id: in }]
    states:
      ${state}:
        type: keyed-state
        properties:
          key: { type: ${key}${key === 'u64' ? ', bigint: true' : ''} }
          value: ${value}
    partition:
      assign-key: { run: "function key-${name}(v: string): ${typescript} { return null as never }" }
      update-state: { run: "function set-${name}(v: string): void {}" }`.replaceAll(
    /(key|set)-(\w)/g,
    (_, verb: string, letter: string) => verb + letter.toUpperCase()
  )
}

function planOf(text: string): Plan {
  const { plan: found, diagnostics } = compile(text, { file: 'dataflow.yaml' })
  assert.ok(found !== null, JSON.stringify(diagnostics))
  return found
}

class World {
  readonly tables = tablesOf([plan])
  readonly names = namesOf(this.tables)
  readonly database = new Database(this.tables)

  table(name: string): Table {
    return this.tables.find(one => one.name === name)!
  }

  ask(sql: string, limits = LIMITS): SqlResult {
    return this.database.query(readStatement(sql, this.names), [], limits)
  }

  fails(sql: string): string {
    try {
      this.ask(sql)
    } catch (error) {
      assert.ok(error instanceof MillraceError, String(error))
      return error.message
    }
    return assert.fail(`${sql} gave a result`)
  }
}

interface Row {
  amount: number
  rate: number
  'open-since': number
  'is-open': boolean
  name: string
}

test(`joins, groups and orders are those of plain loops over random states (seed ${SEED}, ${CASES} cases)`, () => {
  const random = new SeededRandom(SEED)
  for (let number = 0; number < CASES; number++) {
    const world = new World()
    const rows = new Map<string, Row>()
    const balances = new Map<string, number>()
    for (let part = 0; part < 4; part++) {
      world.database.write(() => {
        for (let change = random.below(40); change > 0; change--) {
          const key = `k${random.below(20)}`
          if (random.below(4) === 0) {
            rows.delete(key)
            world.database.remove(world.table('accounts_row_of'), key)
          } else {
            const row = {
              amount: random.below(5) * 1_000_000_000,
              rate: random.below(100) / 8,
              'open-since': 1_700_000_000_000 + random.below(1000),
              'is-open': random.below(2) === 1,
              name: ['a', "o'x", '"', 'é', ''][random.below(5)]!
            }
            rows.set(key, row)
            world.database.put(world.table('accounts_row_of'), [key, part], row)
          }
          const other = `k${random.below(20)}`
          const balance = (random.below(2000) - 1000) * 4_000_000_000_000
          balances.set(other, balance)
          world.database.put(world.table('balance_of'), [other, part], balance)
        }
      })
      compareAll(world, rows, balances)
    }
    world.database.close()
  }
})

function compareAll(
  world: World,
  rows: ReadonlyMap<string, Row>,
  balances: ReadonlyMap<string, number>
): void {
  const groups = new Map<string, { n: number; sum: number; most: number }>()
  for (const { name, amount, rate } of rows.values()) {
    const group = groups.get(name) ?? { n: 0, sum: 0, most: -1 }
    groups.set(name, {
      n: group.n + 1,
      sum: group.sum + amount,
      most: Math.max(group.most, rate)
    })
  }
  assert.deepEqual(
    new Map(
      world
        .ask('select name, count(*), sum(amount), max(rate) from accounts.row_of group by name')
        .rows.map(([name, n, sum, most]) => [name, { n, sum, most }])
    ),
    groups
  )
  const joined = [...rows]
    .flatMap(([key, row]) => {
      const balance = balances.get(key)
      return balance !== undefined && row['is-open'] ? [[key, row.amount + balance, true]] : []
    })
    .toSorted(([a], [b]) => (a! < b! ? -1 : 1))
  assert.deepEqual(
    world.ask(
      'select r._key, r.amount + b.value, r."is-open" from "accounts.row-of" r ' +
        'join accounts.balance_of b on b._key = r._key where r."is-open" order by 1'
    ).rows,
    joined
  )
  assert.deepEqual(
    new Set(
      world
        .ask('select _key from balance_of full join "accounts"."row-of" using (_key)')
        .rows.map(([key]) => key)
    ),
    new Set([...rows.keys(), ...balances.keys()])
  )
}

test('values come back as they are: big integers, booleans, bytes, enums, lists and objects', () => {
  const world = new World()
  const put = (name: string, key: unknown, value: unknown): void =>
    world.database.write(() => world.database.put(world.table(name), [key, 5], value))
  put('others_row_of', 2n ** 64n - 1n, 'red')
  put('others_row_of', 2n ** 62n, { mixed: { city: 'x', zip: 1 } })
  put('balance_of', 'min', -(2 ** 53) + 1)
  put('order', true, { city: 'Ulm', zip: 89073 })
  put('raw', -7, new Uint8Array([0, 255]))
  put('nested', 'n', [{ city: 'a', zip: 2 }])
  assert.deepEqual(
    world.ask('select * from others.row_of order by _updated_at, typeof(_key)').rows,
    [
      [2n ** 62n, 5, '{"mixed":{"city":"x","zip":1}}'],
      ['18446744073709551615', 5, 'red']
    ]
  )
  assert.deepEqual(world.ask('select value from balance_of').rows, [[-(2 ** 53) + 1]])
  assert.deepEqual(world.ask('select * from "order"').rows, [[true, 5, 'Ulm', 89073]])
  assert.deepEqual(world.ask('select _key, value from raw').rows, [[-7, new Uint8Array([0, 255])]])
  const nested = world.ask("select value, value ->> '$[0].city' as city from nested")
  assert.deepEqual(nested, {
    columns: ['value', 'city'],
    rows: [[[{ city: 'a', zip: 2 }], 'a']],
    isCut: false
  })
})

test('what is no query of states is refused, and changes nothing', () => {
  const world = new World()
  world.database.write(() => world.database.put(world.table('balance_of'), ['a', 1], 1))
  const hostile = [
    'delete from balance_of',
    'insert into balance_of values (1)',
    "update balance_of set value = 2 where _key = 'a'",
    'drop table balance_of',
    'create table x (y)',
    'vacuum into "/tmp/millrace-out.db"',
    "attach 'x.db' as x",
    'pragma query_only = off',
    'begin',
    'explain select 1',
    '/* select */ delete from balance_of',
    'with a as (select 1) delete from balance_of',
    'with a as (select 1) insert into balance_of select * from balance_of',
    'select 1; delete from balance_of',
    'select 1;;; drop table balance_of -- ',
    "select load_extension('x.so')",
    "select readfile('/etc/passwd')",
    "select writefile('/tmp/x', 'y')",
    'select * from sqlite_master',
    'select * from sqlite_temp_schema',
    'select * from pragma_database_list',
    "select fts3_tokenizer('x')",
    '',
    '  -- nothing\n',
    ';',
    "select 'unclosed",
    'select "unclosed',
    'select (((((((',
    'select 1 from balance_of where',
    '\u0000select 1',
    'select ' + '('.repeat(5000) + '1' + ')'.repeat(5000),
    'select 1 '.repeat(30_000)
  ]
  for (const sql of hostile) assert.match(world.fails(sql), /\S/, sql)
  assert.deepEqual(world.ask('select _key, value from balance_of').rows, [['a', 1]])
  assert.match(world.fails('select zeroblob(2000000000)'), /takes more memory than it may/)
  assert.match(
    (() => {
      try {
        world.ask(
          'with recursive c(x) as (select 1 union all select x + 1 from c) select x from c',
          {
            rowsMax: 1e9,
            bytesMax: 100_000
          }
        )
      } catch (error) {
        return String(error)
      }
      return ''
    })(),
    /more than 100000 bytes after \d+ rows/
  )
})

test('random text is refused with a message or answered, never worse', () => {
  const world = new World()
  const random = new SeededRandom(SEED)
  const words = (
    'select from where _key value balance_of "accounts.row-of" row_of . , * ( ) \' " ` [ ] ; -- /* */ ' +
    '= 1 join using as order by limit ? @a :b $c || é 0x -'
  ).split(' ')
  let answered = 0
  for (let number = 0; number < 3_000; number++) {
    const text = Array.from({ length: random.below(9) }, () => words[random.below(words.length)]!)
    const sql = `select * from balance_of ${number % 2 === 0 ? '' : 'where _key = '}${text.join(' ')}`
    const end = tokensOf(sql).at(-1)?.end ?? 0
    assert.ok(end <= sql.length)
    try {
      world.ask(sql)
      answered++
    } catch (error) {
      assert.ok(error instanceof MillraceError, `${sql}: ${String(error)}`)
    }
  }
  assert.ok(answered > 50, `${answered} answered`)
})

test('tables are called by service and state, in quotes or in snake case, and short where one has the name', () => {
  const world = new World()
  assert.deepEqual(
    world.tables.map(({ name, state }) => `${name}=${state}`),
    [
      'balance_of=accounts.balance-of',
      'accounts_row_of=accounts.row-of',
      'others_row_of=others.row-of',
      'order=shop.order',
      'raw=bin.raw',
      'nested=deep.nested'
    ]
  )
  for (const name of [
    'balance_of',
    'BALANCE_OF',
    '"balance-of"',
    'accounts.balance_of',
    '"accounts.balance-of"',
    '"bank/accounts.balance-of"',
    '"accounts" . `balance-of`',
    'accounts.[balance-of]',
    'others_row_of',
    'others."row-of"',
    'shop.order',
    '"order"'
  ]) {
    assert.deepEqual(world.ask(`select count(*) as n from ${name}`).rows, [[0]], name)
  }
  assert.match(
    world.fails('select * from row_of'),
    /no such table: row_of; several services have it: write accounts.row_of or others.row_of/
  )
  assert.match(world.fails('select * from order'), /1:15: near "order": syntax error/)
})

test('errors say where, and what is near', () => {
  const world = new World()
  assert.equal(
    world.fails('select _key,\n  balace from balance_of'),
    '2:3: no such column: balace; there are _key, _updated_at, value\n    balace from balance_of\n    ^'
  )
  assert.equal(
    world.fails('select b.amont from accounts_row_of b'),
    '1:10: no such column: b.amont; did you mean amount?\n  select b.amont from accounts_row_of b\n           ^'
  )
  assert.equal(
    world.fails('select is-open from accounts_row_of').split('\n')[0],
    '1:8: near "is": syntax error; a hyphen is a minus outside of quotes: write "is-open"'
  )
  assert.equal(
    world.fails('select summ(value) from balance_of').split('\n')[0],
    '1:8: no such function: summ'
  )
  assert.equal(
    world.fails('select 1 union select 1, 2').split('\n')[0],
    '1:1: SELECTs to the left and right of UNION do not have the same number of result columns'
  )
})
