// Small random streams for windows of every kind, and the dataflow that they run through.
import * as fc from 'fast-check'
import type { Plan, StepPlan, WindowShape } from '../../../src/dataflow/plan.ts'
import {
  eventTime,
  partition,
  plan,
  service,
  sink,
  step as makeStep,
  string,
  topic,
  window,
  windowedState
} from '../../../src/runtime/test-kit.ts'
import type { CrashPoint } from '../crashing-log.ts'
import type { Setup, TimedRecord } from './oracle.ts'

/** Which functions a window has. */
export interface Functions {
  /** Once a window, or once for each key. */
  readonly flush: 'window' | 'key'
  readonly hasMerge: boolean
  readonly isAsync: boolean
}

/** A stream, how it is cut up, and where the process dies. */
export interface WindowCase extends Setup, Functions {
  /** Each drained before the next begins; batches of records in the order of the log's timestamps. */
  readonly parts: readonly (readonly (readonly TimedRecord[])[])[]
  readonly crashes: readonly CrashPoint[]
}

const shapes: fc.Arbitrary<WindowShape> = fc.oneof(
  fc
    .record({ durationMs: fc.integer({ min: 1, max: 12 }), offsetMs: fc.nat(11) })
    .map(({ durationMs, offsetMs }): WindowShape => ({
      kind: 'tumbling',
      durationMs,
      offsetMs: offsetMs % durationMs
    })),
  fc
    .record({
      durationMs: fc.integer({ min: 1, max: 12 }),
      slideMs: fc.integer({ min: 1, max: 12 }),
      offsetMs: fc.nat(11)
    })
    .map(({ durationMs, slideMs, offsetMs }): WindowShape => {
      const slide = Math.min(slideMs, durationMs)
      return { kind: 'sliding', durationMs, slideMs: slide, offsetMs: offsetMs % slide }
    }),
  fc.integer({ min: 1, max: 8 }).map((gapMs): WindowShape => ({ kind: 'session', gapMs })),
  fc.integer({ min: 1, max: 4 }).map((records): WindowShape => ({ kind: 'count', records })),
  fc.constant<WindowShape>({ kind: 'global' })
)

const drafts = fc.array(
  fc.record({
    input: fc.nat(2),
    key: fc.nat(2),
    // How far time moves on, and how far the record lags behind it.
    step: fc.nat(6),
    lag: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(20))
  }),
  { minLength: 1, maxLength: 14 }
)

const common = {
  shape: shapes,
  outOfOrdernessMs: fc.nat(6),
  graceMs: fc.oneof(fc.constant(0), fc.nat(6)),
  inputs: fc.integer({ min: 1, max: 3 }),
  flush: fc.constantFrom<('window' | 'key')[]>('window', 'key'),
  hasMerge: fc.boolean(),
  isAsync: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  parts: fc.array(drafts, { minLength: 1, maxLength: 2 }),
  batch: fc.integer({ min: 1, max: 5 }),
  crashes: fc.array(
    fc.record({ commit: fc.integer({ min: 1, max: 7 }), isDurable: fc.boolean() }),
    {
      maxLength: 3
    }
  )
}

/** Out of order and late, in one task: what comes when is defined. */
export const disordered: fc.Arbitrary<WindowCase> = fc.record(common).map(one => {
  let now = 20
  let count = 0
  const parts = one.parts.map(part =>
    part.map((draft): TimedRecord => {
      now += draft.step
      const time = Math.max(0, now - draft.lag)
      return { id: `r${count++}`, key: 'abc'[draft.key]!, time, input: draft.input % one.inputs }
    })
  )
  return caseOf({ ...one, parts: parts.map(part => cut(part, one.batch)) })
})

/** Each input in order, so that nothing is late in whatever order tasks get on. */
export const ordered: fc.Arbitrary<WindowCase> = fc.record(common).map(one => {
  let count = 0
  const parts = one.parts.map((part, index) => {
    const times = Array.from({ length: one.inputs }, () => 20 + index * 1_000)
    return part.map((draft): TimedRecord => {
      const input = draft.input % one.inputs
      times[input]! += draft.step
      return { id: `r${count++}`, key: 'abc'[draft.key]!, time: times[input]!, input }
    })
  })
  return caseOf({ ...one, parts: parts.map(part => cut(part, one.batch)) })
})

function caseOf(one: WindowCase): WindowCase {
  const { kind } = one.shape
  return { ...one, hasMerge: kind === 'session' || (kind === 'sliding' && one.hasMerge) }
}

function cut<T>(items: readonly T[], size: number): T[][] {
  const pieces: T[][] = []
  for (let at = 0; at < items.length; at += size) pieces.push(items.slice(at, at + size))
  return pieces
}

const steps = new Map<string, StepPlan>()

/** As the test kit's, each function once: taking its types away is slow. */
function step(...parameters: Parameters<typeof makeStep>): StepPlan {
  const [operator, source] = parameters
  const name = `${operator} ${source}`
  const known = steps.get(name) ?? makeStep(...parameters)
  steps.set(name, known)
  return known
}

/** Ids of a key and window, one behind the other. */
const ADD = `{ ctx.state.ids.update(ids => ids + id(v) + ',') }`
const ID = `const id = text => text.split(':')[0];`

/**
 * The dataflow of a case: topics of one partition each in one task, or one topic with a partition for each input.
 * Values are `id:key:time`; results `key start-end id,…`.
 */
export function planOf(
  one: Setup & Functions,
  options: { readonly asTasks: boolean; readonly idlenessMs?: number }
): Plan {
  const { shape, outOfOrdernessMs, graceMs, inputs, flush, hasMerge, isAsync } = one
  const topics = options.asTasks ? ['in0'] : names(inputs)
  const partitions = options.asTasks ? inputs : 1
  const later = isAsync ? 'async ' : ''
  const wait = isAsync ? 'await null;' : ''
  const types = { input: string, output: string }
  const assign = step('assign-timestamp', `function when(v) { return Number(v.split(':')[2]) }`)
  const key = step('assign-key', `function byKey(v) { return v.split(':')[1] }`, {
    ...types,
    outputKey: string
  })
  const update = step('update-state', `${later}function add(v, ctx) { ${ID} ${wait} ${ADD} }`)
  const merge = step(
    'merge',
    `function merge(part, ctx) { ctx.state.ids.update(ids => ids + part.ids) }`
  )
  const perKey = flush === 'key'
  const sorted = `ids.slice(0, -1).split(',').sort().join()`
  const line = `(key, ids) => key + ' ' + ctx.window.start + '-' + ctx.window.end + ' ' + ${sorted}`
  const text = perKey
    ? `${later}function end(ctx) { ${wait} return [(${line})(ctx.key, ctx.state.ids.get())] }`
    : `${later}function end(ctx) {
        ${wait}
        return [...ctx.state.ids.entries()].map(([key, ids]) => (${line})(key, ids))
      }`
  const closing = step('flush', text)
  return plan(
    [
      ...topics.map(name => topic(name, string, { partitions })),
      topic('out', string, { partitions }),
      topic('late', string, { partitions })
    ],
    [
      service('windows', {
        sources: topics,
        sinks: [
          sink(
            'out',
            step('flat-map', 'function lines(v) { return v.map(line => keyed(line, line)) }')
          )
        ],
        states: [windowedState('ids', string, string)],
        time: eventTime({
          assignTimestamp: assign,
          outOfOrdernessMs,
          idlenessMs: options.idlenessMs ?? null
        }),
        window: window(shape, {
          gracePeriodMs: graceMs,
          merge: hasMerge ? merge : null,
          flush: perKey ? null : closing,
          flushKey: perKey ? closing : null,
          lateTopic: 'late'
        }),
        partition: partition(key, update),
        // Its function returns nothing.
        emitsFromUpdateState: false
      })
    ]
  )
}

/** Names of the topics of a case. */
export function names(inputs: number): string[] {
  return Array.from({ length: inputs }, (_, index) => `in${index}`)
}

/** Length of the windows of {@link withSecond}. */
export const SECOND_MS = 4

/** The dataflow with windows over the results of its windows, which count them into `second`. */
export function withSecond(one: Plan): Plan {
  const key = step('assign-key', `function all() { return 'all' }`, {
    input: string,
    outputKey: string
  })
  const update = step(
    'update-state',
    `function add(v, ctx) { ctx.state.ids.update(ids => ids + '.') }`
  )
  const end = step(
    'flush',
    `function end(ctx) { return ctx.window.start + ' ' + ctx.state.ids.at('all').get().length }`
  )
  const second = service('second', {
    sources: ['out'],
    sinks: ['second'],
    states: [windowedState('ids', string, string)],
    time: eventTime(),
    window: window({ kind: 'tumbling', durationMs: SECOND_MS, offsetMs: 0 }, { flush: end }),
    partition: partition(key, update),
    emitsFromUpdateState: false
  })
  const topics = { ...one.topics, second: topic('second', string) }
  return { ...one, topics, services: [...one.services, second] }
}
