// Fused chains: consecutive steps as one generated function, for the case that nothing special happens.
//
// Calling a step through its operator costs about 60 ns, most of it for calls whose target V8 cannot know.
// A chain's own function knows its targets: 0.3 µs less for four steps around 1.5 µs of JSON. The operators
// stay what defines the meaning, and the oracle of this file:
//   U1  What is not plain (a throw, a promise, a keyed or an unexpected result) goes to the operator's
//       `settle` or `caught`, which goes on behind the step by itself.
//   U2  The text is made from this file and from numbers alone; functions and objects are handed in.
import { isKeyed } from '../code/index.ts'
import { LATENCY_STRIDE } from '../task/counters.ts'
import type { FunctionOperator } from './function-operator.ts'
import { type Operator, isPromise } from './operator.ts'

/** What the generated code does with a plain result; `flat-map` and what follows a promise stay outside. */
export type FusedKind = 'map' | 'filter' | 'optional' | 'key' | 'end'

type Push = (value: unknown) => void | Promise<void>

/** A chain of steps and what stands behind it. Its function is generated at the first push. */
class FusedChain implements Operator {
  readonly steps: readonly FunctionOperator[]
  readonly last: Operator
  push: Push

  constructor(steps: readonly FunctionOperator[], last: Operator) {
    this.steps = steps
    this.last = last
    this.push = value => {
      this.push = generate(steps, last)
      return this.push(value)
    }
  }

  addFieldsRead(fields: Set<string>): boolean {
    const first: Operator = this.steps[0]!
    return first.addFieldsRead?.(fields) ?? false
  }
}

/** `step` in front of `next`: one chain with it where both can be fused. */
export function fuse(step: FunctionOperator, next: Operator): Operator {
  if (step.fusedKind === null) return step
  if (next instanceof FusedChain) return new FusedChain([step, ...next.steps], next.last)
  return new FusedChain([step], next)
}

/** Whether a result needs more than being passed on. */
function isSpecial(result: unknown): boolean {
  return typeof result === 'object' && result !== null && (isPromise(result) || isKeyed(result))
}

function generate(steps: readonly FunctionOperator[], last: Operator): Push {
  const names = steps.map((_, at) => `o${at}, f${at}, c${at}, g${at}, frame${at}`).join(', ')
  const counters = steps.map((_, at) => `in${at}, out${at}`).join(', ')
  const text = `'use strict'
const { isSpecial, last, ${names}, ${counters} } = parts
return function push(value) {
let result
${steps.map(textOfStep).join('\n')}
return last.push(value)
}`
  const parts: Record<string, unknown> = { isSpecial, last }
  for (const [at, step] of steps.entries()) {
    const { fn, context, guard, frame, counters: of } = step.parts
    Object.assign(parts, {
      [`o${at}`]: step,
      [`f${at}`]: fn,
      [`c${at}`]: context,
      [`g${at}`]: guard,
      [`frame${at}`]: frame,
      [`in${at}`]: of.in,
      [`out${at}`]: of.out
    })
  }
  // oxlint-disable-next-line no-new-func, no-implied-eval -- the text comes from this file alone (U2)
  return new Function('parts', text)(parts) as Push
}

function textOfStep(step: FunctionOperator, at: number): string {
  const { index, guard } = step.parts
  return `in${at}[${index}] += 1
${guard === null ? '' : `g${at}.begin()`}
if ((in${at}[${index}] & ${LATENCY_STRIDE - 1}) === 1) return o${at}.timed(value)
try { result = f${at}(value, c${at}) } catch (error) { return o${at}.caught(error, value) }
${textOfResult(step, at)}
out${at}[${index}] += 1
${step.fusedKind === 'key' ? `frame${at}.owner = result` : ''}
${step.fusedKind === 'map' || step.fusedKind === 'optional' ? 'value = result' : ''}`
}

/** Leaves the fused path (U1), or drops the record. */
function textOfResult(step: FunctionOperator, at: number): string {
  const settle = `return o${at}.settle(result, value)`
  switch (step.fusedKind) {
    case 'map':
      return `if (result === undefined || isSpecial(result)) ${settle}`
    case 'filter':
      return `if (result !== true) { if (result === false) return; ${settle} }`
    case 'optional':
      return `if (result === undefined || result === null) return
if (isSpecial(result)) ${settle}`
    case 'key':
      return `if (typeof result !== 'string') ${settle}`
    default:
      return settle
  }
}
