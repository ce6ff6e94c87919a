// The function of an aggregate: one state of all its properties for a key, replaced as a whole with every record.
//
//   G1  A state is never changed in place: what was read may be held by an undo, a window or a reader.
//   G2  What add gives of many records is what merge gives of the parts in any grouping, in the order of time.
import { MillraceError, unreachable } from '../../base/index.ts'
import type { AggregatePlan, BuiltinCall } from '../../dataflow/plan.ts'
import type { UserFunction } from '../code/contract.ts'
import { keyed } from '../code/user.ts'
import { compileValueCodec } from '../convert/index.ts'
import { addDistinct, countDistinct, mergeDistinct } from './hyper-log-log.ts'
import { fieldText, generate } from './text.ts'
import { addTop, mergeTop, topValues } from './top-list.ts'

type AggregateCall = Extract<BuiltinCall, { readonly name: 'aggregate' }>

/** What is seen of a value that an aggregate keeps, of `key` and, where it is one of a window, of that. */
export type SeeState = (
  value: unknown,
  key: unknown,
  window: { readonly start: number | null; readonly end: number | null } | null
) => unknown

/**
 * The text of one aggregate. Names in it: `before`, `next`, `one`, `other` are states, `ctx` the context; in results
 * `key` and `window` are those of `next`.
 */
interface Texts {
  /** Properties of the state after a record, `name: expression` each. */
  readonly add: readonly string[]
  readonly merge: readonly string[]
  readonly result: string
}

/** The function that adds, merges or gives the result. */
export function aggregateFunction(call: AggregateCall): UserFunction {
  const { aggregates, part, sends } = call
  const texts = aggregates.map(textsOf)
  const state = `ctx.state[${JSON.stringify(call.property)}]`
  const result = 'keyed(ctx.key, see(next, ctx.key, ctx.window))'
  const helpers = { ...HELPERS, see: aggregateResult(aggregates) }
  switch (part) {
    case 'add':
      return generate(
        `return function aggregate(value, ctx) {
const state = ${state}
const before = state.get()
${fieldsOf(aggregates)}
const next = { ${texts.flatMap(text => text.add).join(',\n')} }
state.set(next)
${sends ? `return ${result}` : ''}
}`,
        helpers
      )
    case 'merge':
      return generate(
        `return function merge(part, ctx) {
const state = ${state}
const one = state.get()
const other = part[${quote(call.property)}]
state.set({ ${texts.flatMap(text => text.merge).join(',\n')} })
}`,
        helpers
      )
    case 'result':
      return generate(
        `return function result(ctx) {
const next = ${state}.get()
return ${result}
}`,
        helpers
      )
    default:
      return unreachable(part)
  }
}

/** What makes results of states; they share nothing (G1). */
export function aggregateResult(aggregates: readonly AggregatePlan[]): SeeState {
  const properties = aggregates.map(
    (one, index) => `${quote(one.name)}: ${textsOf(one, index).result}`
  )
  return generate(
    `return function see(next, key, window) { return { ${properties.join(', ')} } }`,
    { ...HELPERS, ...copiers(aggregates) }
  ) as SeeState
}

/** Reads each field once. */
function fieldsOf(aggregates: readonly AggregatePlan[]): string {
  return aggregates
    .flatMap(({ field, by }, index) => [
      ...(field === null ? [] : [`const f${index} = ${fieldText(field)}`]),
      ...(by === null ? [] : [`const b${index} = ${fieldText(by)}`])
    ])
    .join('\n')
}

function textsOf(aggregate: AggregatePlan, index: number): Texts {
  const { name, function: fn, field, size, order } = aggregate
  const key = quote(name)
  const counted = quote(`$${name}-count`)
  const value = field === null ? 'value' : `f${index}`
  const has = field === null ? 'true' : `${value} !== null && ${value} !== undefined`
  const state = (of: string, property = key): string => `${of}[${property}]`
  const kept = (text: string): string => `${key}: ${has} ? ${text} : ${state('before')}`
  const merged = (text: string): string => `${key}: ${text}`
  switch (fn) {
    case 'key':
      return { add: [], merge: [], result: 'key' }
    case 'window-start':
      return { add: [], merge: [], result: 'window.start' }
    case 'window-end':
      return { add: [], merge: [], result: 'window.end' }
    case 'count':
      return plain(key, kept(`${state('before')} + 1`), `${state('one')} + ${state('other')}`)
    case 'sum': {
      const add = isFloat(aggregate) ? '' : 'whole'
      const sum = (one: string, other: string): string => `${add}(${one} + ${other})`
      return plain(key, kept(sum(state('before'), value)), sum(state('one'), state('other')))
    }
    case 'avg': {
      const count = (text: string): string => `${counted}: ${text}`
      return {
        add: [
          kept(`${state('before')} + Number(${value})`),
          count(`${state('before', counted)} + (${has} ? 1 : 0)`)
        ],
        merge: [
          merged(`${state('one')} + ${state('other')}`),
          count(`${state('one', counted)} + ${state('other', counted)}`)
        ],
        result: `mean(${state('next')}, ${state('next', counted)})`
      }
    }
    case 'min':
    case 'max': {
      const call = `${fn === 'min' ? 'least' : 'greatest'}`
      const text = (one: string, other: string): string => `${call}(${one}, ${other})`
      return plain(key, kept(text(state('before'), value)), text(state('one'), state('other')))
    }
    case 'first':
    case 'last':
      return timed(aggregate, index, value, has)
    case 'distinct':
      return {
        ...plain(
          key,
          kept(`addDistinct(${state('before')}, ${value})`),
          `mergeDistinct(${state('one')}, ${state('other')})`
        ),
        result: `countDistinct(${state('next')})`
      }
    case 'top': {
      const sign = order === 'descending' ? 1 : -1
      const ranked = `b${index} !== null && b${index} !== undefined`
      const text = `addTop(${state('before')}, ${size}, ${sign}, b${index}, ctx.timestamp, ${value})`
      return {
        add: [`${key}: ${ranked} ? ${text} : ${state('before')}`],
        merge: [merged(`mergeTop(${state('one')}, ${state('other')}, ${size}, ${sign})`)],
        result: `copy${index}(topValues(${state('next')}))`
      }
    }
    default:
      return unreachable(fn)
  }
}

/** The value with the least or the greatest time. */
function timed(
  { name, function: fn }: AggregatePlan,
  index: number,
  value: string,
  has: string
): Texts {
  const key = quote(name)
  const at = quote(`$${name}-at`)
  const state = (of: string, property = key): string => `${of}[${property}]`
  const isBetter = fn === 'first' ? 'isBefore' : 'isBehind'
  const wins = `(${has}) && ${isBetter}(ctx.timestamp, ${state('before', at)})`
  const other = `${state('other', at)} !== null && ${isBetter}(${state('other', at)}, ${state('one', at)})`
  return {
    add: [
      `${key}: ${wins} ? ${value} : ${state('before')}`,
      `${at}: ${wins} ? ctx.timestamp : ${state('before', at)}`
    ],
    merge: [
      `${key}: ${other} ? ${state('other')} : ${state('one')}`,
      `${at}: ${other} ? ${state('other', at)} : ${state('one', at)}`
    ],
    result: `copy${index}(${state('next')})`
  }
}

function plain(key: string, add: string, merge: string): Texts {
  return { add: [add], merge: [`${key}: ${merge}`], result: `next[${key}]` }
}

function quote(name: string): string {
  return JSON.stringify(name)
}

function isFloat({ type }: AggregatePlan): boolean {
  const inner = type?.kind === 'option' ? type.value : type
  return inner?.kind === 'f64' || inner?.kind === 'f32'
}

/** What leaves is the receiver's (G1). */
function copiers(aggregates: readonly AggregatePlan[]): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const [index, { function: fn, type }] of aggregates.entries()) {
    if (type === null) continue
    if (fn === 'top') made[`copy${index}`] = compileValueCodec({ kind: 'list', items: type }).copy
    else if (fn === 'first' || fn === 'last') {
      const { copy } = compileValueCodec(type)
      made[`copy${index}`] = (value: unknown) => (value === null ? null : copy(value))
    }
  }
  return made
}

function whole(sum: number | bigint): number | bigint {
  if (typeof sum === 'bigint' || Number.isSafeInteger(sum)) return sum
  throw new MillraceError(
    'RECORD_VALUE',
    `the sum ${sum} is beyond 2^53, where whole numbers are not exact any more; expected less; ` +
      `declare the field as f64, or as a 64-bit integer with bigint: true`
  )
}

function mean(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count
}

type Ordered = number | bigint | string

function least(one: Ordered | null, other: Ordered | null): Ordered | null {
  if (one === null) return other
  return other === null || one <= other ? one : other
}

function greatest(one: Ordered | null, other: Ordered | null): Ordered | null {
  if (one === null) return other
  return other === null || one >= other ? one : other
}

function isBefore(time: number, before: number | null): boolean {
  return before === null || time < before
}

function isBehind(time: number, before: number | null): boolean {
  return before === null || time >= before
}

const HELPERS = {
  keyed,
  whole,
  mean,
  least,
  greatest,
  isBefore,
  isBehind,
  addDistinct,
  mergeDistinct,
  countDistinct,
  addTop,
  mergeTop,
  topValues
}
