// What all operators with a user's function share: calling it, waiting for it, retrying it, giving up.
import { MillraceError, type Clock } from '../../base/index.ts'
import { fieldsRead } from '../code/index.ts'
import type { RecordContext } from '../task/context.ts'
import { type Counters, LATENCY_STRIDE } from '../task/counters.ts'
import { Abandoned, endsTask } from '../task/failure.ts'
import type { Frame } from '../task/frame.ts'
import type { WriteGuard } from '../task/state-view.ts'
import type { FusedKind } from './fuse.ts'
import { type Operator, isPromise } from './operator.ts'
import type { ErrorText, RecordErrors } from './record-errors.ts'

/** A loaded step. */
export type UserFunction = (value: unknown, ctx: RecordContext) => unknown

/** What an operator with a function is made from. */
export interface FunctionParts {
  readonly name: string
  readonly fn: UserFunction
  describe(error: unknown): ErrorText
  readonly context: RecordContext
  readonly frame: Frame
  readonly counters: Counters
  /** Where its counters stand. */
  readonly index: number
  /** Takes back a failing call's writes; null where the service owns no state. */
  readonly guard: WriteGuard | null
  readonly errors: RecordErrors
  readonly clock: Clock
  /** Aborted when the task stops; ends waits between retries. */
  readonly signal: AbortSignal
  readonly next: Operator
}

/** Calls the function with each value and hands the result to {@link emit}. */
export abstract class FunctionOperator implements Operator {
  protected readonly next: Operator
  protected readonly frame: Frame
  protected readonly name: string
  /** For fused chains. */
  readonly parts: FunctionParts
  readonly #guard: WriteGuard | null

  constructor(parts: FunctionParts) {
    this.parts = parts
    this.#guard = parts.guard
    this.next = parts.next
    this.frame = parts.frame
    this.name = parts.name
  }

  /** How the step looks in a fused chain; null where it cannot be fused. */
  get fusedKind(): FusedKind | null {
    return null
  }

  /** The step alone; fused chains do the same in one function with others. */
  push(value: unknown): void | Promise<void> {
    // Hot: per record. No promise unless the function gave one (O1).
    const { counters, index, fn, context } = this.parts
    counters.in[index]! += 1
    if (this.#guard !== null) this.#guard.begin()
    if ((counters.in[index]! & (LATENCY_STRIDE - 1)) === 1) return this.timed(value)
    let result: unknown
    try {
      result = fn(value, context)
    } catch (error) {
      return this.caught(error, value)
    }
    return this.settle(result, value)
  }

  /** One call of the function with its duration taken; then on as usual. */
  timed(value: unknown): void | Promise<void> {
    const { fn, context, clock } = this.parts
    const start = clock.monotonic()
    let result: unknown
    try {
      result = fn(value, context)
    } catch (error) {
      this.#took(start)
      return this.caught(error, value)
    }
    if (typeof result !== 'object' || !isPromise(result)) {
      this.#took(start)
      return this.settle(result, value)
    }
    const end = (): void => this.#took(start)
    result.then(end, end)
    return this.settle(result, value)
  }

  /** Goes on with what the function returned for `value`. */
  settle(result: unknown, value: unknown): void | Promise<void> {
    if (typeof result === 'object' && isPromise(result)) return this.#later(result, value)
    return this.emit(result, value)
  }

  /** Goes on after the function threw: tries again, or gives the record to the error policy. */
  caught(error: unknown, value: unknown): void | Promise<void> {
    if (endsTask(error)) throw error
    if (this.#guard !== null) this.#guard.rollback()
    if (this.parts.errors.policy.retries > 0) return this.#retry(error, value)
    this.#giveUp(error, 1)
  }

  /** Of the function alone; see {@link Operator.addFieldsRead}. For operators that pass on only what it returned. */
  protected addOwnFields(fields: Set<string>): boolean {
    const read = fieldsRead(this.parts.fn)
    if (read === null) return false
    for (const field of read) fields.add(field)
    return true
  }

  /** The same for operators that pass the value itself on. */
  protected addFieldsFromHere(fields: Set<string>): boolean {
    return this.addOwnFields(fields) && (this.next.addFieldsRead?.(fields) ?? false)
  }

  /** What is wrong with what the function returned, or null: the clear form of what `emit` looks at. */
  protected check(result: unknown): Error | null {
    if (result !== undefined) return null
    return this.unexpected('nothing', 'a value')
  }

  /** For `emit`: the function returned what {@link check} finds wrong. */
  protected reject(result: unknown, value: unknown): void | Promise<void> {
    return this.caught(this.check(result), value)
  }

  /** Passes on what the function made of `value`, or rejects it. */
  protected abstract emit(result: unknown, value: unknown): void | Promise<void>

  /** Counts a value that leaves. */
  protected left(): void {
    this.parts.counters.out[this.parts.index]! += 1
  }

  protected unexpected(found: string, expected: string): MillraceError {
    return new MillraceError(
      'RECORD_VALUE',
      `function ${this.name} returned ${found}; expected ${expected}; correct what it returns`
    )
  }

  async #later(promise: PromiseLike<unknown>, value: unknown): Promise<void> {
    let result: unknown
    try {
      result = await promise
    } catch (error) {
      return this.caught(error, value)
    }
    return this.emit(result, value)
  }

  /** Calls the function again with the same input until it succeeds or the tries are used up. */
  async #retry(first: unknown, value: unknown): Promise<void> {
    const { errors, clock, signal } = this.parts
    const { retries, backoffMs, backoffMaxMs } = errors.policy
    let error = first
    for (let retry = 0; retry < retries; retry++) {
      const waitMs = Math.min(backoffMs * 2 ** retry, backoffMaxMs)
      if (waitMs > 0) await clock.sleep(waitMs, signal).catch(abandon)
      if (this.#guard !== null) this.#guard.begin()
      let result: unknown
      try {
        result = await this.parts.fn(value, this.parts.context)
        const problem = this.check(result)
        if (problem !== null) throw problem
      } catch (again) {
        if (endsTask(again)) throw again
        if (this.#guard !== null) this.#guard.rollback()
        error = again
        continue
      }
      return this.emit(result, value)
    }
    this.#giveUp(error, retries + 1)
  }

  #took(start: number): void {
    const { counters, index, clock } = this.parts
    counters.timed[index]! += 1
    counters.timedMs[index]! += clock.monotonic() - start
  }

  #giveUp(error: unknown, attempts: number): void {
    const { name, index, describe } = this.parts
    const text = describe(error)
    this.parts.errors.settle({ error, text, operator: name, index, frame: this.frame, attempts })
  }
}

function abandon(): never {
  throw new Abandoned()
}
