// SQL over running dataflows: whole commits of all tasks, while they write, and queries that take too much.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SimulatedClock, isMillraceError } from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import {
  Bench,
  partition,
  plan,
  service,
  state,
  step,
  string,
  topic,
  u32
} from '../../runtime/test-kit.ts'
import { delegateLog } from '../../log/index.ts'
import type { RunningDataflow } from '../../runtime/index.ts'
import { SqlService } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sql-'))
after(() => rmSync(folder, { recursive: true }))
const ALL = { rowsMax: 100_000 }

/** Two states that each record changes together, in two services. */
function twins(partitions: number, ttlMs: number | null = null): Plan {
  const one = service('one', {
    sources: ['in'],
    sinks: [],
    states: [state('left', string, u32), state('right', string, u32, ttlMs)],
    partition: partition(
      step('assign-key', 'function byText(text) { return text }', {
        input: string,
        outputKey: string
      }),
      step(
        'update-state',
        'function both(text, ctx) { ctx.state.left.update(n => n + 1); ctx.state.right.update(n => n + 1) }'
      )
    )
  })
  return plan([topic('in', string, { partitions })], [one], `twins-${partitions}`)
}

function serviceOf(bench: Bench, one: Plan, running: RunningDataflow): SqlService {
  return new SqlService({
    log: bench.log,
    clock: bench.clock,
    plans: [one],
    windows: (_, name) => running.windowRows(name)
  })
}

for (const workers of [0, 2]) {
  test(`a query sees whole commits while tasks write: ${workers} workers`, async () => {
    const one = twins(4)
    const bench = new Bench()
    const running = await bench.start(one, {
      workers,
      storeFolder: join(folder, String(workers))
    })
    const sql = serviceOf(bench, one, running)
    try {
      let fed = 0
      let before = 0
      for (let round = 0; round < 12; round++) {
        const lines = Array.from({ length: 500 }, (_, n) => ({
          key: `k${(n * 7 + round) % 90}`,
          value: `k${(n * 7 + round) % 90}`
        }))
        fed += lines.length
        const feeding = bench.feed('in', lines)
        const { rows } = await sql.query(
          'select coalesce(sum(l.value), 0), coalesce(sum(l.value - r.value), 0), count(*) - count(r.value) ' +
            'from "left" l full join "right" r using (_key)',
          ALL
        )
        const [sum, difference, missing] = rows[0] as [number, number, number]
        assert.deepEqual([difference, missing], [0, 0])
        assert.ok(sum >= before && sum <= fed, `${before} ≤ ${sum} ≤ ${fed}`)
        before = sum
        await feeding
      }
      await running.drain()
      const after = await sql.query('select sum(value), count(*) from one."left"', ALL)
      assert.deepEqual(after.rows, [[fed, 90]])
    } finally {
      sql.close()
      await running.stop()
    }
  })
}

test('what is committed while a query reads the changelogs comes with the next one', async () => {
  const one = twins(1)
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'c'])
  const running = await bench.drain(one)
  let more: readonly string[] = ['a', 'b']
  const { log } = bench
  const late = delegateLog(log, {
    listTopics: async options => {
      const topics = await log.listTopics(options)
      if (more.length > 0) await bench.feed('in', more)
      more = []
      await bench.drain(one)
      return topics
    }
  })
  const sql = new SqlService({
    log: late,
    clock: bench.clock,
    plans: [one],
    windows: (_, name) => running.windowRows(name)
  })
  try {
    const ask = async (): Promise<unknown> =>
      (
        await sql.query(
          'select _key, l.value, r.value from "left" l join "right" r using (_key)',
          ALL
        )
      ).rows
    const first = [
      ['a', 1, 1],
      ['c', 1, 1]
    ]
    const second = [
      ['a', 2, 2],
      ['b', 1, 1],
      ['c', 1, 1]
    ]
    assert.deepEqual(await ask(), first)
    assert.deepEqual(await ask(), second)
  } finally {
    sql.close()
  }
})

test('deleted and expired keys are gone, also for a copy that follows from the middle', async () => {
  const clock = new SimulatedClock()
  const one = twins(1, 1_000)
  const bench = new Bench({ clock })
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'b'])
  const running = await bench.drain(one)
  const sql = serviceOf(bench, one, running)
  try {
    const ask = async (): Promise<unknown> =>
      (
        await sql.query(
          'select l._key, r.value from "left" l left join "right" r using (_key)',
          ALL
        )
      ).rows
    assert.deepEqual(await ask(), [
      ['a', 1],
      ['b', 1]
    ])
    await clock.advance(1_000)
    assert.deepEqual(await ask(), [
      ['a', null],
      ['b', null]
    ])
    await bench.feed('in', ['b'])
    await bench.drain(one)
    assert.deepEqual(await ask(), [
      ['a', null],
      ['b', 1]
    ])
    const times = await sql.query('select max(_updated_at) from "left"', ALL)
    assert.deepEqual(times.rows, [[clock.now()]])
  } finally {
    sql.close()
  }
})

test('a query that takes too long or too much is ended, and the next one is answered', async () => {
  const one = twins(1)
  const bench = new Bench()
  await bench.createTopics(one)
  await bench.feed('in', ['a', 'b', 'b'])
  const sql = serviceOf(bench, one, await bench.drain(one))
  const endless = 'with c(x) as (select 1 union all select x + 1 from c) select'
  const hungry = `${endless} count(distinct hex(zeroblob(100000)) || x) from c`
  try {
    await assert.rejects(
      sql.query(`${endless} count(*) from c`, { ...ALL, timeoutMs: 300 }),
      (error: Error) =>
        isMillraceError(error, 'SQL_TIMEOUT') && /longer than 0\.3 s/.test(error.message)
    )
    await assert.rejects(
      sql.query(hungry, { ...ALL, timeoutMs: 60_000, memoryBytesMax: 32 * 1024 * 1024 }),
      {
        code: 'SQL_LIMIT'
      }
    )
    const cut = await sql.query('select * from "left" order by 1', { rowsMax: 1 })
    assert.deepEqual([cut.rows.length, cut.isCut], [1, true])
    // One after the other, in the order of the calls; what fails does not stop those behind it.
    const three = await Promise.allSettled([
      sql.query('select value from "left" order by 1', ALL),
      sql.query('select nothing from "left"', ALL),
      sql.query('select count(*) from "right"', ALL)
    ])
    assert.deepEqual(
      three.map(one => (one.status === 'fulfilled' ? one.value.rows : (one.reason as Error).name)),
      [[[1], [2]], 'MillraceError', [[2]]]
    )
  } finally {
    sql.close()
  }
})
