// Each operator alone, against what the same function does to an array.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/index.ts'
import { isKeyed, keyed } from '../code/index.ts'
import { Library } from '../graph/library.ts'
import { DEAD_LETTER, plan, string, topic } from '../test-kit.ts'
import { RecordContext, contextLog } from '../task/context.ts'
import { Counters } from '../task/counters.ts'
import { Frame } from '../task/frame.ts'
import { EpochOutputs } from '../task/outputs.ts'
import { AssignKeyOperator } from './assign-key.ts'
import { FilterMapOperator } from './filter-map.ts'
import { FilterOperator } from './filter.ts'
import { FlatMapOperator } from './flat-map.ts'
import type { FunctionOperator, FunctionParts, UserFunction } from './function-operator.ts'
import { MapOperator } from './map.ts'
import type { Operator } from './operator.ts'
import { RecordErrors } from './record-errors.ts'
import { UpdateStateOperator } from './update-state.ts'

type Pair = readonly [key: unknown, value: unknown]

const INPUT = Array.from({ length: 40 }, (_, n) => `${n}`)
const library = await Library.load(plan([topic('t')], []), '/')
const { key: text } = library.topic('t')

const onLog = (): void => {}

/** What an operator `o` of a service `s` is made from. */
function partsOf(
  counters: Counters,
  frame: Frame = new Frame(text),
  next: Operator = { push: () => undefined }
): Omit<FunctionParts, 'fn'> {
  const deadLetters = new EpochOutputs({ staged: false }).open({
    topic: 'd',
    partitions: 1,
    compression: 'none',
    producerId: () => -1
  })
  const log = contextLog('s', 'o', onLog)
  return {
    name: 'o',
    describe: error => ({ message: String(error), place: '' }),
    context: new RecordContext({
      frame,
      inPartition: false,
      params: {},
      env: {},
      state: {},
      log,
      sql: () => []
    }),
    frame,
    counters,
    index: 0,
    guard: null,
    errors: new RecordErrors({
      dataflow: 'd',
      service: 's',
      policy: DEAD_LETTER,
      deadLetters,
      counters,
      onLog
    }),
    clock: new SimulatedClock(),
    signal: new AbortController().signal,
    next
  }
}

/** What an operator around `fn` passes on for each input, with its counters. */
async function passed(
  make: (parts: FunctionParts) => FunctionOperator,
  fn: UserFunction
): Promise<{ pairs: Pair[]; counters: Counters; operator: FunctionOperator }> {
  const counters = new Counters([{ service: 's', operator: 'o' }])
  const frame = new Frame(text)
  const pairs: Pair[] = []
  const next: Operator = {
    push: value => void pairs.push([frame.owner ?? frame.key, value])
  }
  const operator = make({ ...partsOf(counters, frame, next), fn })
  for (const value of INPUT) {
    frame.begin()
    const pending = operator.push(value)
    if (pending !== undefined) await pending
  }
  return { pairs, counters, operator }
}

/** The same function, after a turn. */
function later(fn: UserFunction): UserFunction {
  return async (value, ctx) => {
    await Promise.resolve()
    return fn(value, ctx)
  }
}

function pairOf(result: unknown): Pair {
  return isKeyed(result) ? [result.key, result.value] : [null, result]
}

const digit = (value: unknown): number => Number(String(value).at(-1))
const isEven = (value: unknown): boolean => digit(value) % 2 === 0
const cases: readonly {
  readonly name: string
  readonly make: (parts: FunctionParts) => FunctionOperator
  readonly fn: UserFunction
  /** The naive form over the whole array; undefined for a value that fails. */
  readonly oracle: (results: readonly unknown[], values: readonly string[]) => readonly Pair[]
}[] = [
  {
    name: 'map',
    make: parts => new MapOperator(parts),
    fn: value => (isEven(value) ? `${String(value)}!` : keyed(`k${digit(value)}`, null)),
    oracle: results => results.map(pairOf)
  },
  {
    name: 'map that sometimes returns nothing',
    make: parts => new MapOperator(parts),
    fn: value => (isEven(value) ? undefined : value),
    oracle: results => results.filter(result => result !== undefined).map(pairOf)
  },
  {
    name: 'filter',
    make: parts => new FilterOperator(parts),
    fn: isEven,
    oracle: (results, values) => values.filter((_, at) => results[at]).map(pairOf)
  },
  {
    name: 'filter-map',
    make: parts => new FilterMapOperator(parts),
    fn: value => [undefined, null, keyed('k', 0), 'x', 0, false][digit(value) % 6],
    oracle: results => results.filter(one => one !== undefined && one !== null).map(pairOf)
  },
  {
    name: 'flat-map over arrays',
    make: parts => new FlatMapOperator(parts),
    fn: value => Array.from({ length: digit(value) % 4 }, (_, n) => (n === 1 ? keyed('k', n) : n)),
    oracle: results => results.flatMap(one => one as unknown[]).map(pairOf)
  },
  {
    name: 'flat-map over other iterables',
    make: parts => new FlatMapOperator(parts),
    fn: value => new Set([digit(value), keyed(null, 'z'), 1]),
    oracle: results => results.flatMap(one => [...(one as Set<unknown>)]).map(pairOf)
  },
  {
    name: 'assign-key',
    make: parts => new AssignKeyOperator(parts, { codec: library.keyCodec(string) }),
    fn: value => (digit(value) === 3 ? 3 : `k${digit(value)}`),
    oracle: (results, values) =>
      values
        .map((value, at): Pair => [results[at], value])
        .filter(([key]) => typeof key === 'string')
  },
  {
    name: 'update-state that emits',
    make: parts => new UpdateStateOperator(parts, { emits: true }),
    fn: value => [undefined, null, keyed('k', 0), 'x'][digit(value) % 4],
    oracle: results => results.filter(one => one !== undefined && one !== null).map(pairOf)
  },
  {
    name: 'update-state of an old file',
    make: parts => new UpdateStateOperator(parts, { emits: false }),
    fn: value => value,
    oracle: () => []
  }
]

for (const { name, make, fn, oracle } of cases) {
  test(`${name} does what an array does, at once and asynchronously`, async () => {
    const expected = oracle(
      INPUT.map(value => fn(value, null as never)),
      INPUT
    )
    for (const form of [fn, later(fn)]) {
      const { pairs, counters } = await passed(make, form)
      assert.deepEqual(pairs, expected)
      assert.equal(counters.in[0], INPUT.length)
      assert.equal(counters.out[0], expected.length)
    }
  })
}

test('a function that returns no promise makes no promise', async () => {
  const { operator } = await passed(
    parts => new MapOperator(parts),
    value => value
  )
  assert.equal(operator.push('x'), undefined)
})

test('a function is timed at its first call and at every 1,024th after it', () => {
  const counters = new Counters([{ service: 's', operator: 'o' }])
  const clock = new SimulatedClock()
  let now = 0
  clock.monotonic = () => (now += 2)
  const operator = new MapOperator({ ...partsOf(counters), clock, fn: value => value })
  for (let call = 0; call < 2_050; call++) void operator.push('v')
  assert.equal(counters.timed[0], 3)
  assert.equal(counters.timedMs[0], 6)
})

function read(operator: Operator): string[] | null {
  const fields = new Set<string>()
  return operator.addFieldsRead?.(fields) === true ? [...fields] : null
}

test('operators tell which fields of a value they and those behind them look at', () => {
  const counters = new Counters([{ service: 's', operator: 'o' }])
  type Fields = { a: number; b: number; c: string; d: string }
  const look = (fn: (value: Fields) => unknown) => fn as UserFunction
  const behind = (next: Operator, fn: UserFunction): FunctionParts => ({
    ...partsOf(counters, undefined, next),
    fn
  })
  const unknown: Operator = { push: () => undefined }
  const map = new MapOperator(
    behind(
      unknown,
      look(value => value.b)
    )
  )
  const filter = (next: Operator): FunctionOperator =>
    new FilterOperator(
      behind(
        next,
        look(value => value.a > 0)
      )
    )
  assert.deepEqual(read(map), ['b'])
  assert.deepEqual(read(filter(map)), ['a', 'b'])
  assert.deepEqual(read(filter(filter(map))), ['a', 'b'])
  assert.deepEqual(
    read(
      new AssignKeyOperator(
        behind(
          map,
          look(value => value.c)
        ),
        { codec: null }
      )
    ),
    ['c', 'b']
  )
  // Behind a filter stands somebody who may look at everything.
  assert.equal(read(filter(unknown)), null)
  assert.equal(read(new MapOperator(behind(unknown, value => value))), null)
})
