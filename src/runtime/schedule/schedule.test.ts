// Ticks of schedules: each once over stops and crashes, what was missed as the file says, beside records and windows.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import { delegateLog } from '../../log/index.ts'
import { compile } from '../../dataflow/index.ts'
import type { Plan, SchedulePlan, TopicPlan } from '../../dataflow/plan.ts'
import { Bench } from '../test-kit.ts'
import type { RunningDataflow } from '../contract.ts'
import { ScheduleFeeder, scheduleTopics } from './schedule-feeder.ts'
import { Ticks } from './ticks.ts'

const MINUTE = 60_000
/** 2026-11-22, midnight UTC. */
const MIDNIGHT = Date.UTC(2026, 10, 22)

function planOf(text: string): Plan {
  const { plan, diagnostics } = compile(text, { file: 'dataflow.yaml' })
  ok(plan !== null, JSON.stringify(diagnostics, null, 1))
  return plan
}

function everyMinute(missed = 'once'): Plan {
  return planOf(`apiVersion: 1.0.0
meta: { name: clock }
schedule: { minute: { cron: "* * * * *", missed: ${missed} } }
topics: { out: { schema: { value: { type: string } } } }
services:
  tell:
    sources: [{ type: schedule, id: minute }]
    transforms:
      - operator: map
        run: |
          function tell(at: s64, ctx: Context): string { return at + ' ' + (ctx.timestamp === at) }
    sinks: [{ type: topic, id: out }]
`)
}

/** Minutes after midnight of what came out. */
async function minutes(bench: Bench): Promise<number[]> {
  const values = await bench.values('out')
  return values.map(value => {
    const [at, isTimestamp] = value!.split(' ')
    equal(isTimestamp, 'true')
    return (Number(at) - MIDNIGHT) / MINUTE
  })
}

async function pass(running: RunningDataflow, clock: SimulatedClock, ms: number): Promise<void> {
  await clock.advance(ms)
  await running.settle()
}

test('gives each tick once, with its own time, over stops', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  const plan = everyMinute()
  const first = await bench.start(plan)
  await pass(first, clock, 3 * MINUTE + 1)
  deepEqual(await minutes(bench), [1, 2, 3])
  await first.stop()
  const second = await bench.start(plan)
  await pass(second, clock, MINUTE)
  await second.stop()
  deepEqual(await minutes(bench), [1, 2, 3, 4])
})

test('gives of what was missed the latest, nothing, or all', async () => {
  const expected = { once: [1, 9, 10], skip: [1, 10], all: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }
  for (const [missed, ticks] of Object.entries(expected)) {
    const clock = new SimulatedClock(MIDNIGHT)
    const bench = new Bench({ clock })
    const first = await bench.start(everyMinute(missed))
    await pass(first, clock, MINUTE)
    await first.stop()
    await clock.advance(8 * MINUTE + 30_000)
    const second = await bench.start(everyMinute(missed))
    await pass(second, clock, 45_000)
    await second.stop()
    deepEqual(await minutes(bench), ticks, missed)
  }
})

test('a clockwork that is stopped while it starts gives nothing', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  const plan = everyMinute()
  await bench.createTopics(plan)
  const feeder = new ScheduleFeeder({ plan, log: bench.log, clock })
  const starting = feeder.start()
  await feeder.stop()
  await starting
  await clock.advance(3 * MINUTE)
  const [{ name }] = scheduleTopics(plan) as [TopicPlan]
  deepEqual(await bench.read(name), [])
})

test('a tick that is found some seconds late was not missed', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  const first = await bench.start(everyMinute('skip'))
  await first.stop()
  await clock.advance(MINUTE + 5_000)
  await bench.drain(everyMinute('skip'))
  deepEqual(await minutes(bench), [1])
})

test('a drain takes what is due and waits for nothing', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  await bench.drain(everyMinute('all'))
  deepEqual(await minutes(bench), [])
  await clock.advance(1_000 * MINUTE)
  await bench.drain(everyMinute('all'))
  equal((await minutes(bench)).length, 1_000)
})

test('looking at a dataflow gives no ticks', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  await bench.drain(everyMinute())
  await clock.advance(5 * MINUTE)
  const running = await bench.start(everyMinute(), { givesTicks: false })
  await pass(running, clock, 5 * MINUTE)
  await running.stop()
  deepEqual(await minutes(bench), [])
})

test('ticks that cannot be written end the dataflow', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  const plan = everyMinute()
  await bench.createTopics(plan)
  const { log } = bench
  let isBroken = false
  const broken = delegateLog(log, {
    commit: commit => (isBroken ? Promise.reject(new Error('disk full')) : log.commit(commit))
  })
  const running = await bench.start(plan, { log: broken })
  isBroken = true
  await clock.advance(MINUTE)
  await running.finished.then(
    () => ok(false, 'it ended well'),
    (error: Error) => equal(error.message, 'disk full')
  )
  equal(running.status, 'failed')
})

test('an hourly tick beside records holds no window open', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  const plan = planOf(`apiVersion: 1.0.0
meta: { name: beside }
schedule: { hour: { cron: "@hourly" } }
topics:
  in: { schema: { value: { type: string } } }
  out: { schema: { value: { type: string } } }
services:
  count:
    sources:
      - { type: topic, id: in }
      - type: schedule
        id: hour
        transforms: [{ operator: map, run: "function tick(at: s64): string { return 'tick' }" }]
    states: { seen: { type: keyed-state, properties: { key: string, value: u32 } } }
    window:
      tumbling: { duration: 10s }
      partition:
        assign-key: { constant: all }
        update-state: { run: "function count(one: string, ctx: Context): void { ctx.state.seen.update(n => n + 1) }" }
        flush: { run: "function tell(ctx: Context): string { return ctx.window.start + ' ' + ctx.state.seen.get() }" }
    sinks: [{ type: topic, id: out }]
`)
  const running = await bench.start(plan)
  await bench.feed('in', [
    { value: 'a', timestamp: MIDNIGHT + 1_000 },
    { value: 'b', timestamp: MIDNIGHT + 12_000 }
  ])
  await running.settle()
  deepEqual(await bench.values('out'), [`${MIDNIGHT} 1`])
  await running.stop()
})

test('ticks alone are the time of their service', async () => {
  const clock = new SimulatedClock(MIDNIGHT)
  const bench = new Bench({ clock })
  const plan = planOf(`apiVersion: 1.0.0
meta: { name: alone }
schedule: { minute: { cron: "* * * * *" } }
topics: { out: { schema: { value: { type: string } } } }
services:
  count:
    sources: [{ type: schedule, id: minute }]
    window:
      tumbling: { duration: 5m }
      partition:
        assign-key: { constant: all }
        aggregate: { n: count }
    sinks:
      - type: topic
        id: out
        transforms: [{ operator: map, run: "function n(one: any): string { return String(one.n) }" }]
`)
  const running = await bench.start(plan)
  await pass(running, clock, 11 * MINUTE)
  await running.stop()
  deepEqual(await bench.values('out'), ['4', '5'])
})

test('a change of clocks leaves no day out and repeats none', () => {
  const schedule: SchedulePlan = { cron: '30 2 * * *', timezone: 'Europe/Berlin', missed: 'all' }
  const times = (from: number, days: number): string[] => {
    const ticks = new Ticks(schedule, from)
    return ticks.take(from + days * 86_400_000, 100).map(time => new Date(time).toISOString())
  }
  deepEqual(times(Date.UTC(2026, 2, 28), 3), [
    '2026-03-28T01:30:00.000Z',
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z'
  ])
  deepEqual(times(Date.UTC(2026, 9, 24), 3), [
    '2026-10-24T00:30:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z'
  ])
})

test('finds the latest of a year of seconds at once', () => {
  const schedule: SchedulePlan = { cron: '* * * * * *', timezone: 'UTC', missed: 'once' }
  const ticks = new Ticks(schedule, MIDNIGHT)
  const now = MIDNIGHT + 365 * 86_400_000 + 500
  const found = ticks.take(now, 100)
  deepEqual([found[0], found.at(-1)], [now - 10_500, now - 500])
  equal(found.length, 11)
})
