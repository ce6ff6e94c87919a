// route: hands each value to several sinks, one after the other, in the order of the file.
//
// A sink with functions of its own gets a copy, so that what they change is not seen by the sinks behind
// it; the last one gets the value itself. Each begins with the key that arrived (O3).
import { MillraceError } from '../../base/index.ts'
import type { Frame } from '../task/frame.ts'
import type { Operator } from './operator.ts'

/** Deeper values are no data; the same bound as for files. */
const DEPTH_MAX = 100

/** One way on. */
export interface Branch {
  readonly operator: Operator
  /** Whether functions stand in it, which may change the value. */
  readonly mayChange: boolean
  /** Deals with a value that cannot be copied. */
  failed(error: unknown): void
}

/** Pushes to all branches. */
export class RouteOperator implements Operator {
  readonly #branches: readonly Branch[]
  readonly #frame: Frame

  constructor(branches: readonly Branch[], frame: Frame) {
    this.#branches = branches
    this.#frame = frame
  }

  push(value: unknown): void | Promise<void> {
    const frame = this.#frame
    const { rekeyed, owner } = frame
    const key = rekeyed ? frame.key : null
    for (let index = 0; index < this.#branches.length; index++) {
      const pending = this.#pushTo(index, value)
      if (pending !== undefined) return this.#rest(pending, index + 1, value, key, rekeyed, owner)
      frame.restoreKey(key, rekeyed, owner)
    }
  }

  addFieldsRead(fields: Set<string>): boolean {
    return this.#branches.every(({ operator }) => operator.addFieldsRead?.(fields) ?? false)
  }

  #pushTo(index: number, value: unknown): void | Promise<void> {
    const branch = this.#branches[index]!
    const isLast = index === this.#branches.length - 1
    if (isLast || !branch.mayChange) return branch.operator.push(value)
    let copy: unknown
    try {
      copy = copyOf(value, 0)
    } catch (error) {
      return branch.failed(error)
    }
    return branch.operator.push(copy)
  }

  async #rest(
    first: Promise<void>,
    from: number,
    value: unknown,
    key: unknown,
    rekeyed: boolean,
    owner: unknown
  ): Promise<void> {
    await first
    this.#frame.restoreKey(key, rekeyed, owner)
    for (let index = from; index < this.#branches.length; index++) {
      const pending = this.#pushTo(index, value)
      if (pending !== undefined) await pending
      this.#frame.restoreKey(key, rekeyed, owner)
    }
  }
}

/** A value that shares nothing mutable: plain objects, arrays, Map and bytes here, others by structured clone. */
export function copyOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEPTH_MAX) {
    throw new MillraceError(
      'RECORD_VALUE',
      `a value nested more than ${DEPTH_MAX} deep; expected plain data without cycles; return that`
    )
  }
  if (Array.isArray(value)) return value.map(item => copyOf(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    const copy: Record<string, unknown> = prototype === null ? Object.create(null) : {}
    for (const name of Object.keys(value)) {
      define(copy, name, copyOf((value as Record<string, unknown>)[name], depth + 1))
    }
    return copy
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [key, copyOf(item, depth + 1)]))
  }
  return structuredClone(value)
}

/** Not an assignment where the name is special: `__proto__` is data here. */
function define(into: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') into[name] = value
  else
    Object.defineProperty(into, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true
    })
}
