// Small random dataflows over text, with the functions that their steps are drawn from.
import * as fc from 'fast-check'
import type { Plan, ServicePlan, StepPlan } from '../../src/dataflow/plan.ts'
import {
  partition,
  plan,
  reference,
  service,
  sink,
  source,
  state,
  step,
  string,
  topic,
  u32
} from '../../src/runtime/test-kit.ts'
import type { CrashPoint } from './crashing-log.ts'

/** A dataflow with its input and the crashes on the way. */
export interface Case {
  readonly plan: Plan
  readonly partitions: number
  /** Whether the order of outputs is defined: one task, one outside topic. */
  readonly isOrdered: boolean
  /** Batches of values for the outside topics, in the order of their appending. */
  readonly batches: readonly {
    readonly topic: string
    readonly partition: number
    readonly keys: boolean
    readonly values: readonly string[]
  }[]
  readonly crashes: readonly CrashPoint[]
}

const MAPS = [
  `function addA(v) { return v + 'a' }`,
  `async function addB(v) { return v + 'b' }`,
  `function byLast(v) { return keyed(v.slice(-1), v) }`,
  `function noKey(v) { return keyed(null, v + 'n') }`,
  `function noSevens(v) { if (v.includes('7')) throw new Error('a seven'); return v }`,
  `async function noEights(v) { if (v.includes('8')) throw new Error('an eight'); return v }`,
  `function withKey(v, ctx) { return (ctx.key ?? '-') + v }`
]
const FILTERS = [
  `function notThird(v) { return v.length % 3 !== 0 }`,
  `async function noNines(v) { return !v.includes('9') }`,
  `function all(v) { return true }`
]
const FILTER_MAPS = [
  `function short(v) { return v.length > 4 ? undefined : v + 's' }`,
  `async function noZero(v) { return v.includes('0') ? null : keyed('z' + v.slice(-1), v) }`
]
const FLAT_MAPS = [
  `function digits(v) { return [...v.slice(0, 3)] }`,
  `function* twice(v) { yield v; yield keyed(v.slice(0, 1), v + 't') }`,
  `async function perhaps(v) { return v.includes('5') ? [] : [v, 'p' + v] }`
]
const KEYS = [
  `function keyLast(v) { return v.slice(-1) }`,
  `function keyFirst(v) { return v.slice(0, 1) }`,
  `async function keyLength(v) { return String(v.length % 4) }`,
  `function keyNoSix(v) { if (v.includes('6')) throw new Error('a six'); return v.slice(-1) }`
]
const UPDATES = [
  `function count(v, ctx) { return keyed(ctx.key, ctx.key + ':' + ctx.state.seen.update(n => n + 1)) }`,
  `async function countLater(v, ctx) {
    const n = ctx.state.seen.update(n => n + 1)
    await null
    return keyed(ctx.key, ctx.key + ';' + n)
  }`,
  `function countThenFail(v, ctx) {
    const n = ctx.state.seen.update(n => n + 1)
    if (v.includes('4')) throw new Error('a four')
    return keyed(ctx.key, ctx.key + '=' + n)
  }`,
  `function countQuietly(v, ctx) { ctx.state.seen.update(n => n + 1) }`
]
/** Only where the order is defined: what they give depends on it. */
const ORDERED_UPDATES = [
  `function tally(v, ctx) { return v + '/' + ctx.state.seen.update(n => n + v.length) }`,
  `function forget(v, ctx) {
    if (v.length % 5 === 0) ctx.state.seen.delete()
    return v + '!' + ctx.state.seen.update(n => n + 1)
  }`
]
const READER = `function peek(v, ctx) { return v + '@' + ctx.state.other.at(v.slice(-1)).get() }`

const stepsOf = (count: number) =>
  fc.array(
    fc.oneof(
      fc.constantFrom(...MAPS).map(text => step('map', text)),
      fc.constantFrom(...FILTERS).map(text => step('filter', text)),
      fc.constantFrom(...FILTER_MAPS).map(text => step('filter-map', text)),
      fc.constantFrom(...FLAT_MAPS).map(text => step('flat-map', text))
    ),
    { maxLength: count }
  )

interface Shape {
  readonly reads: readonly number[]
  readonly writes: readonly number[]
  readonly sourceSteps: readonly StepPlan[]
  readonly steps: readonly StepPlan[]
  readonly partition: null | {
    readonly key: string
    readonly update: string | null
    readonly orderedUpdate: string | null
    readonly steps: readonly StepPlan[]
  }
  readonly sinkSteps: readonly StepPlan[]
  readonly looksBack: boolean
}

const shape: fc.Arbitrary<Shape> = fc.record({
  reads: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 2 }),
  writes: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 2 }),
  sourceSteps: stepsOf(1),
  steps: stepsOf(2),
  partition: fc.option(
    fc.record({
      key: fc.constantFrom(...KEYS),
      update: fc.option(fc.constantFrom(...UPDATES)),
      orderedUpdate: fc.option(fc.constantFrom(...ORDERED_UPDATES)),
      steps: stepsOf(1)
    })
  ),
  sinkSteps: stepsOf(1),
  looksBack: fc.boolean()
})

/** Cases with 1–3 services on 1–3 partitions; topics `t0`, `t1`, … written only by earlier services. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
    partitions: fc.integer({ min: 1, max: 3 }),
    outside: fc.integer({ min: 1, max: 2 }),
    batches: fc.array(
      fc.record({
        outside: fc.nat(1),
        partition: fc.nat(2),
        keys: fc.boolean(),
        values: fc.array(fc.nat(999).map(String), { minLength: 1, maxLength: 5 })
      }),
      { minLength: 1, maxLength: 6 }
    ),
    crashes: fc.array(
      fc.record({ commit: fc.integer({ min: 1, max: 7 }), isDurable: fc.boolean() }),
      { maxLength: 4 }
    )
  })
  .map(({ shapes, partitions, outside, batches, crashes }) => {
    const isOrdered = partitions === 1 && outside === 1
    const services = shapes.map((one, at) => serviceOf(shapes, at, { ...one, outside }, isOrdered))
    const names = new Set(
      services.flatMap(one => [...one.sources, ...one.sinks].map(io => io.topic))
    )
    for (let index = 0; index < outside; index++) names.add(`t${index}`)
    return {
      plan: plan(
        [...names].map(name => topic(name, string, { partitions })),
        services
      ),
      partitions,
      isOrdered,
      batches: batches.map(batch => ({
        topic: `t${batch.outside % outside}`,
        partition: batch.partition % partitions,
        keys: batch.keys,
        values: batch.values
      })),
      crashes
    }
  })

/** Service `at` reads outside topics and those of earlier services, and writes `a<at>` and `b<at>`. */
function serviceOf(
  shapes: readonly Shape[],
  at: number,
  one: Shape & { readonly outside: number },
  isOrdered: boolean
): ServicePlan {
  const readable = Array.from({ length: one.outside }, (_, index) => `t${index}`)
  for (let before = 0; before < at; before++) readable.push(`a${before}`, `b${before}`)
  const reads = new Set(
    one.reads.map(index => readable[(readable.length - 1 + index) % readable.length]!)
  )
  const writes = new Set(one.writes.map(index => `${'ab'[index % 2]}${at}`))
  const update = isOrdered
    ? (one.partition?.orderedUpdate ?? one.partition?.update)
    : one.partition?.update
  const earlier = shapes.findIndex((other, index) => index < at && updatesOf(other))
  const looks = isOrdered && one.looksBack && earlier >= 0
  const steps = looks ? [...one.steps, step('map', READER)] : one.steps
  return service(`s${at}`, {
    sources: [...reads].map(name => source(name, ...one.sourceSteps)),
    states: [
      ...(update ? [state('seen', string, u32)] : []),
      ...(looks ? [{ ...reference(`s${earlier}`, 'seen'), property: 'other' }] : [])
    ],
    steps,
    partition:
      one.partition === null
        ? null
        : partition(
            step('assign-key', one.partition.key, { input: string, output: string }),
            update ? step('update-state', update) : null,
            // Which of two equal keys gets which count is not defined without order: they must look alike.
            ...one.partition.steps.filter(inner => isOrdered || !textOf(inner).includes('keyed('))
          ),
    sinks: [...writes].map(name => sink(name, ...one.sinkSteps))
  })
}

function textOf(inner: StepPlan): string {
  return inner.code.kind === 'inline' ? inner.code.source : ''
}

function updatesOf(shape: Shape): boolean {
  return shape.partition !== null && shape.partition.update !== null
}
