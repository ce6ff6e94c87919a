// No window stays open for ever unsaid: what closes windows when nothing comes, and who is told where nothing does.
import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import { compile } from '../../dataflow/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import { Bench } from '../test-kit.ts'
import { EventTime, TimeInput } from './event-time.ts'
import { TUMBLING, counting, lines, taken } from '../windows/counting.cases.ts'

const MINUTE = 60_000

function stalls(bench: Bench): string[] {
  return bench.lines.flatMap(({ message }) =>
    message.includes('event time has not moved') ? [message] : []
  )
}

test('an input that fell idle and came back falls idle again', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const one = counting(TUMBLING, { time: { idlenessMs: 1_000 } })
  const running = await bench.start(one)
  const found: number[] = []
  for (let round = 0; round < 4; round++) {
    await bench.feed('in', lines(`a${1 + round * 10}`))
    await taken(bench, running, round + 1)
    await clock.advance(1_000)
    await running.settle()
    found.push((await bench.values('out')).length)
  }
  deepEqual(found, [1, 2, 3, 4])
  await running.stop()
})

test('inputs that fall idle at one moment leave the watermark, whichever is looked at first', async () => {
  for (const order of [
    [0, 1],
    [1, 0]
  ] as const) {
    const inputs = [new TimeInput('one'), new TimeInput('other')]
    const time = new EventTime(inputs, 0)
    await time.observe(inputs[0]!, 100)
    await time.fallIdle(order.map(index => inputs[index]!))
    equal(time.exact(), Number.NEGATIVE_INFINITY)
    equal(time.isIdle, true)
  }
})

test('time does not go back when an input comes back after others went on without it', async () => {
  const inputs = [new TimeInput('one'), new TimeInput('other')]
  const time = new EventTime(inputs, 0)
  await time.observe(inputs[0]!, 100)
  await time.observe(inputs[1]!, 100)
  await time.setIdle(inputs[1]!, true)
  await time.observe(inputs[0]!, 500)
  equal(time.exact(), 500)
  await time.setIdle(inputs[1]!, false)
  equal(time.exact(), 500)
})

test('who was told once is told again when time moved on and stands still anew', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const running = await bench.start(counting(TUMBLING))
  await bench.feed('in', lines('a1'))
  await taken(bench, running, 1)
  await clock.advance(10 * MINUTE)
  equal(stalls(bench).length, 1)
  await bench.feed('in', lines('a31'))
  await taken(bench, running, 2)
  deepEqual(await bench.values('out'), ['a1 0-10'])
  await clock.advance(10 * MINUTE)
  equal(stalls(bench).length, 2)
  await running.stop()
})

test('session windows that nothing closes are told of', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const running = await bench.start(counting({ kind: 'session', gapMs: 10 }))
  await bench.feed('in', lines('a1'))
  await taken(bench, running, 1)
  await clock.advance(2 * MINUTE)
  match(stalls(bench)[0]!, /^1 windows are open .* waits for a record of in\/0\./)
  await running.stop()
})

function planOf(service: string): { readonly plan: Plan | null; readonly codes: string[] } {
  const { plan, diagnostics } = compile(
    `apiVersion: 1.0.0
meta: { name: open }
types: { row: { type: object, properties: { id: string, at: timestamp } } }
topics:
  l: { schema: { value: { type: row, converter: json } } }
  r: { schema: { value: { type: row, converter: json } } }
services:
  work:
${service}
`,
    { file: 'dataflow.yaml' }
  )
  return { plan, codes: diagnostics.map(({ severity, code }) => `${severity} ${code}`) }
}

test('events that wait in a join are told of', async () => {
  const clock = new SimulatedClock()
  const bench = new Bench({ clock })
  const { plan } = planOf(`    sources: [{ type: topic, id: l }, { type: topic, id: r }]
    join:
      kind: left
      left: { source: l, key: id, timestamp: at }
      right: { source: r, key: id, timestamp: at }
      within: { after: 10s }`)
  const running = await bench.start(plan!)
  await bench.feed('l', [{ value: '{"id":"a","at":1000}' }])
  await taken(bench, running, 1)
  await clock.advance(2 * MINUTE)
  match(stalls(bench)[0]!, /^1 buckets of the join are open .* waits for a record of r\/0\./)
  await running.stop()
})

test('windows that time does not end, without early results, are warned of when the file is checked', () => {
  for (const kind of ['global: {}', 'count: { records: 3 }']) {
    for (const early of ['', '      early: { every: 1s }']) {
      const { codes } = planOf(`    sources: [{ type: topic, id: l }]
    window:
      ${kind}
      partition: { assign-key: { field: id }, aggregate: { n: count } }
${early}`)
      const found = codes.filter(code => code.includes('WINDOW'))
      deepEqual(found, early === '' ? ['warning WINDOW_OPEN'] : [], `${kind} ${early}`)
    }
  }
})
