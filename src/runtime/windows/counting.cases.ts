// A dataflow that counts values by window, and what tests do with it.
import type { Plan, StepPlan, TimePlan, WindowPlan, WindowShape } from '../../dataflow/plan.ts'
import {
  Bench,
  type Line,
  eventTime,
  partition,
  plan,
  service,
  step,
  string,
  topic,
  u32,
  window,
  windowedState
} from '../test-kit.ts'

export const TUMBLING: WindowShape = { kind: 'tumbling', durationMs: 10, offsetMs: 0 }
export const byKey: StepPlan = step('assign-key', 'function byKey(v) { return v }', {
  input: string,
  outputKey: string
})
export const count: StepPlan = step(
  'update-state',
  'function count(v, ctx) { ctx.state.n.update(n => n + 1) }'
)
export const add: StepPlan = step(
  'merge',
  'function add(part, ctx) { ctx.state.n.update(n => n + part.n) }'
)
export const each: StepPlan = step(
  'flush',
  `function each(ctx) {
    const { start, end, isFinal } = ctx.window
    return ctx.key + ctx.state.n.get() + ' ' + start + '-' + end + (isFinal ? '' : ' so far')
  }`
)

/** What {@link counting} is made from beside its bounds. */
export interface Parts {
  readonly time?: Partial<TimePlan>
  readonly window?: Partial<WindowPlan>
  readonly partitions?: number
  readonly steps?: readonly StepPlan[]
}

/** Counts values of `in` by window into `out`; late ones go to `late`. */
export function counting(shape: WindowShape, parts: Parts = {}): Plan {
  const partitions = parts.partitions ?? 1
  const topics = ['in', 'out', 'late'].map(id => topic(id, string, { partitions }))
  return plan(topics, [
    service('count', {
      sources: ['in'],
      sinks: ['out'],
      states: [windowedState('n', string, u32)],
      steps: parts.steps ?? [],
      time: parts.window?.time === 'processing' ? null : eventTime(parts.time),
      window: window(shape, { flushKey: each, merge: null, ...parts.window }),
      partition: partition(byKey, count),
      emitsFromUpdateState: false
    })
  ])
}

/** As {@link counting}, with a flush, and an end to the dataflow when it fails. */
export function failing(flush: string): Plan {
  const one = counting(TUMBLING, { window: { flushKey: step('flush', flush) } })
  const errors = { policy: 'fail', retries: 0, backoffMs: 0, backoffMaxMs: 0 } as const
  return { ...one, services: one.services.map(only => ({ ...only, errors })) }
}

/** `a1 b5 …`: values with their times. */
export function lines(text: string): Line[] {
  return text.split(' ').map(word => ({ value: word[0]!, timestamp: Number(word.slice(1)) }))
}

/** Waits until so many records were taken, without moving the clock. */
export async function taken(
  bench: Bench,
  running: Awaited<ReturnType<Bench['start']>>,
  records: number
): Promise<void> {
  while ((await running.metrics()).recordsIn < records) await bench.clock.yield()
  // What they lead to is committed: the log in memory needs a few turns for that.
  for (let turn = 0; turn < 20; turn++) await bench.clock.yield()
}
