// Conditions as functions, against a naive reading of them; objects of chosen fields.
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compile } from '../../dataflow/index.ts'
import type { CodePlan, ConditionPlan, Literal } from '../../dataflow/plan.ts'
import { fieldsRead } from '../code/fields-read.ts'
import { builtinFunction } from './functions.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)

const paths = fc.constantFrom([], ['a'], ['b'], ['c', 'a'], ['c', 'odd-name'], ['d', 'a', 'b'])
const scalars = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('', 'a', 'ab', 'b'),
  fc.boolean()
)
const ordered = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('', 'a', 'ab', 'b'))
const values = fc.oneof(
  { weight: 5, arbitrary: objects() },
  scalars,
  fc.constant(null),
  fc.constant(undefined)
)

function objects(): fc.Arbitrary<unknown> {
  const inner = fc.option(scalars, { nil: null })
  const deep = fc.option(fc.record({ b: inner }, { requiredKeys: [], noNullPrototype: true }), {
    nil: null
  })
  return fc.record(
    {
      a: inner,
      b: inner,
      c: fc.option(
        fc.record({ a: inner, 'odd-name': inner }, { requiredKeys: [], noNullPrototype: true }),
        { nil: null }
      ),
      d: fc.option(fc.record({ a: deep }, { requiredKeys: [], noNullPrototype: true }), {
        nil: null
      })
    },
    { requiredKeys: [], noNullPrototype: true }
  )
}

const conditions = fc.letrec<{ condition: ConditionPlan }>(tie => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant('exists' as const), field: paths }),
    fc.record({
      kind: fc.constantFrom('above', 'at-least', 'below', 'at-most'),
      field: paths,
      literals: ordered.map(one => [one])
    }),
    fc.record({
      kind: fc.constantFrom('is', 'in'),
      field: paths,
      literals: fc.array(scalars, { minLength: 1, maxLength: 3 })
    }),
    fc.record({
      kind: fc.constant('matches' as const),
      field: paths,
      pattern: fc.constantFrom('a', '^b', '^$')
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('condition') }),
    fc.record({
      kind: fc.constantFrom('all', 'any'),
      of: fc.array(tie('condition'), { minLength: 1, maxLength: 3 })
    })
  )
})).condition

test(`a condition is true of what the naive reading says (seed ${SEED})`, () => {
  fc.assert(
    fc.property(conditions, values, (condition, value) => {
      const where = builtinFunction({ name: 'where', condition })
      equal(where(value as never, null as never), naive(condition, value))
    }),
    { seed: SEED, numRuns: 3_000 }
  )
})

test('whole numbers beyond 2^53 are compared as they are', () => {
  const condition: ConditionPlan = {
    kind: 'above',
    field: ['id'],
    literals: [{ bigint: '9007199254740992' }]
  }
  const where = builtinFunction({ name: 'where', condition })
  equal(where({ id: 9007199254740993n } as never, null as never), true)
  equal(where({ id: 9007199254740992n } as never, null as never), false)
})

test('a number is compared with a field of 32 bits as the field has it', () => {
  const { plan } = compile(
    `apiVersion: 1.0.0
meta: { name: narrow }
types: { one: { type: object, properties: { x: f32 } } }
topics: { in: { schema: { value: one } } }
services:
  keep:
    sources: [{ type: topic, id: in }]
    transforms: [{ operator: filter, where: { field: x, in: [0.1, 0.5] } }]
`,
    { file: 'dataflow.yaml' }
  )
  const { code } = plan!.services[0]!.steps[0]!
  const where = builtinFunction((code as Extract<CodePlan, { kind: 'builtin' }>).call)
  const narrow = new Float32Array([0.1, 0.2, 0.5])
  deepEqual(
    [...narrow].map(x => where({ x } as never, null as never)),
    [true, false, true]
  )
})

test('a source need not read what no condition and no pick looks at', () => {
  const condition: ConditionPlan = {
    kind: 'all',
    of: [
      { kind: 'is', field: ['a'], literals: [1] },
      { kind: 'not', of: { kind: 'exists', field: ['b', 'c'] } }
    ]
  }
  const where = builtinFunction({ name: 'where', condition })
  deepEqual([...fieldsRead(where as never)!].toSorted(), ['a', 'b'])
  const pick = builtinFunction({
    name: 'pick',
    properties: [
      { name: 'x', path: ['d', 'e'], constant: null },
      { name: 'y', path: null, constant: 'text' }
    ]
  })
  deepEqual([...fieldsRead(pick as never)!], ['d'])
  deepEqual(pick({ d: { e: 1 } } as never, null as never), { x: 1, y: 'text' })
  deepEqual(pick({ d: null } as never, null as never), { x: null, y: 'text' })
})

function naive(condition: ConditionPlan, value: unknown): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.every(one => naive(one, value))
    case 'any':
      return condition.of.some(one => naive(one, value))
    case 'not':
      return !naive(condition.of, value)
    default: {
      let found = value
      for (const name of condition.field) {
        found = (found as Record<string, unknown> | null | undefined)?.[name]
      }
      if (found === null || found === undefined) return false
      if (condition.kind === 'exists') return true
      if (condition.kind === 'matches')
        return typeof found === 'string' && new RegExp(condition.pattern).test(found)
      return condition.literals.some(literal => compare(condition.kind, found, literal))
    }
  }
}

function compare(kind: string, found: unknown, literal: Literal): boolean {
  const [one, other] = [found as number, literal as number]
  if (kind === 'is' || kind === 'in') return one === other
  if (kind === 'above') return one > other
  if (kind === 'at-least') return one >= other
  return kind === 'below' ? one < other : one <= other
}
