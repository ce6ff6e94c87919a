// A step as the builder keeps it: an operator, its function, and what is said of it.
import type { OperatorKind } from '../dataflow/plan.ts'
import type { DescribedStep } from './condition.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { TypeNode, TypeValue } from './types.ts'

/** Any function of a user's. */
export type AnyFunction = (...args: never[]) => unknown

/** What may be said of a step beside its function. */
export interface StepOptions {
  /** Name of the operator where the function has none, or another one. */
  readonly name?: string
  /** Static parameters, `ctx.params`. */
  readonly with?: Readonly<Record<string, string | number | boolean>>
}

/** A step as data, beside its function. */
export interface StepNode {
  readonly operator: OperatorKind
  readonly fn: AnyFunction
  readonly name: string | null
  readonly with: Readonly<Record<string, string | number | boolean>>
  readonly output: TypeNode | null
  readonly at: SourcePlace | null
}

/** A step of any kind. */
export type AnyStep = StepNode | DescribedStep

const REFERENCE: symbol = Symbol.for('millrace.uses')

/**
 * A function of a file or package by its name, as `uses` in the file: `uses<typeof parse>('./lines.ts#parse')`. It is
 * loaded when the dataflow starts.
 */
export function uses<F extends AnyFunction>(reference: string): F {
  const stand = (): never => {
    throw new Error(`${reference} is loaded when the dataflow starts; call the function itself`)
  }
  return Object.assign(stand as unknown as F, { [REFERENCE]: reference })
}

/** What {@link uses} named; null for a function itself. */
export function referenceOf(fn: AnyFunction): string | null {
  const reference = (fn as unknown as Record<symbol, unknown>)[REFERENCE]
  return typeof reference === 'string' ? reference : null
}

/** Makes a step of what a method of the builder got; `called` is that method, for the place. */
export function stepOf(
  operator: OperatorKind,
  fn: AnyFunction,
  options: StepOptions & { readonly output?: TypeNode | TypeValue<unknown> | null },
  called: AnyFunction
): StepNode {
  return {
    operator,
    fn,
    name: options.name ?? null,
    with: options.with ?? {},
    output: nodeOf(options.output ?? null),
    at: placeOfCaller(called)
  }
}

function nodeOf(type: TypeNode | TypeValue<unknown> | null): TypeNode | null {
  return type !== null && 'node' in type ? type.node : type
}
