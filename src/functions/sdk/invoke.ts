// Runs a batch of messages through a function and gives what they cause, as data; touches nothing else.
//
//   I1  Invocations run one after another over one view of the state; each sees what the ones before have set.
//   I2  A handler that throws fails the batch: no effect of any invocation is given out.
//   I3  Without promises from handlers there is none from `invoke`.
import { MillraceError, messageOf } from '../../base/index.ts'
import { typeName, type Address } from './address.ts'
import type { Context, SendAfterOptions, Storage, StoredValue } from './context.ts'
import type {
  DelayedEffect,
  Effects,
  EgressMessage,
  InvocationBatch,
  OutgoingMessage,
  StateMutation,
  StateView
} from './effects.ts'
import { Message } from './message.ts'
import type { StatefulFunction } from './stateful-function.ts'
import type { AnyValueSpec } from './value-spec.ts'

type AnyStorage = Storage<readonly AnyValueSpec[]>

/**
 * The effects of a batch; a promise only if a handler gave one. State values in the effects are decoded values that
 * belong to the caller.
 * @throws FUNCTION_FAILED a handler threw or rejected: `cause` is what it threw, `details.index` which invocation of
 *   the batch it was
 */
export function invoke(fn: StatefulFunction, batch: InvocationBatch): Effects | Promise<Effects> {
  const run = new Run(fn, batch)
  return run.from(0)
}

/** One batch while it runs; collects its effects. */
class Run {
  readonly #fn: StatefulFunction
  readonly #batch: InvocationBatch
  readonly #cells: Cell[] = []
  readonly storage: AnyStorage
  readonly messages: OutgoingMessage[] = []
  readonly delayed: DelayedEffect[] = []
  readonly egress: EgressMessage[] = []

  constructor(fn: StatefulFunction, batch: InvocationBatch) {
    this.#fn = fn
    this.#batch = batch
    const storage: Record<string, StoredValue<unknown>> = {}
    for (const spec of fn.specs) {
      const cell = new Cell(spec, batch.state)
      this.#cells.push(cell)
      storage[spec.name] = cell
    }
    this.storage = storage as AnyStorage
  }

  /** Goes on at the invocation `start`; changes over to promises at the first one it meets. */
  from(start: number): Effects | Promise<Effects> {
    const { invocations, target } = this.#batch
    for (let index = start; index < invocations.length; index++) {
      const { caller, argument } = invocations[index]!
      const context = new RunContext(this, target, caller)
      let pending: void | Promise<void>
      try {
        pending = this.#fn.handler(context, new Message(argument))
      } catch (error) {
        context.close()
        throw this.#failed(error, index)
      }
      if (isThenable(pending)) return this.#awaiting(pending, context, index)
      context.close()
    }
    return this.#effects()
  }

  async #awaiting(
    pending: PromiseLike<void>,
    context: RunContext,
    index: number
  ): Promise<Effects> {
    try {
      await pending
    } catch (error) {
      throw this.#failed(error, index)
    } finally {
      context.close()
    }
    return this.from(index + 1)
  }

  #effects(): Effects {
    const mutations: StateMutation[] = []
    for (const cell of this.#cells) {
      cell.close()
      if (cell.isChanged) mutations.push({ name: cell.name, value: cell.pending })
    }
    return { mutations, messages: this.messages, delayed: this.delayed, egress: this.egress }
  }

  #failed(error: unknown, index: number): MillraceError {
    for (const cell of this.#cells) cell.close()
    const { target } = this.#batch
    const message =
      `${typeName(target)} failed for id ${JSON.stringify(target.id)}: ${messageOf(error)}; ` +
      'none of its effects is applied'
    const details = { typename: typeName(target), id: target.id, index }
    return new MillraceError('FUNCTION_FAILED', message, { cause: error, details })
  }
}

/** One persistent value within a batch: what was set in it, or else what the view holds. */
class Cell implements StoredValue<unknown> {
  readonly #spec: AnyValueSpec
  readonly #view: StateView
  #isClosed = false
  isChanged = false
  /** What was set last, a copy of our own; null: removed. */
  pending: unknown = null

  constructor(spec: AnyValueSpec, view: StateView) {
    this.#spec = spec
    this.#view = view
  }

  get name(): string {
    return this.#spec.name
  }

  get(): unknown {
    this.#checkOpen()
    if (!this.isChanged) return this.#view.get(this.#spec.name) ?? null
    const { type } = this.#spec
    return this.pending === null || type.immutable ? this.pending : type.own(this.pending)
  }

  set(value: unknown): void {
    this.#checkOpen()
    if (value === null || value === undefined) {
      throw new MillraceError(
        'FUNCTION_VALUE',
        `the value "${this.name}" was set to ${value}; expected a value of ${this.#spec.type.typename}; ` +
          'call remove() to delete it'
      )
    }
    this.pending = this.#spec.type.own(value)
    this.isChanged = true
  }

  remove(): void {
    this.#checkOpen()
    this.pending = null
    this.isChanged = true
  }

  close(): void {
    this.#isClosed = true
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError(`the value "${this.name}" was used`)
  }
}

/** Methods are getters of bound functions, so that handlers may take them out: `({ send }, message) => …`. */
class RunContext implements Context {
  readonly self: Address
  readonly caller: Address | null
  readonly storage: AnyStorage
  readonly #run: Run
  #isClosed = false

  constructor(run: Run, self: Address, caller: Address | null) {
    this.#run = run
    this.self = self
    this.caller = caller
    this.storage = run.storage
  }

  get send(): Context['send'] {
    return message => {
      this.#checkOpen()
      this.#run.messages.push(message)
    }
  }

  get sendAfter(): Context['sendAfter'] {
    return (delayMs, message, options) => this.#sendAfter(delayMs, message, options)
  }

  get cancelDelayedMessage(): Context['cancelDelayedMessage'] {
    return cancellationToken => {
      this.#checkOpen()
      checkToken(cancellationToken)
      this.#run.delayed.push({ kind: 'cancel', cancellationToken })
    }
  }

  get egress(): Context['egress'] {
    return message => {
      this.#checkOpen()
      this.#run.egress.push(message)
    }
  }

  #sendAfter(delayMs: number, message: OutgoingMessage, options: SendAfterOptions = {}): void {
    this.#checkOpen()
    const whole = Math.ceil(delayMs)
    if (!(whole >= 0) || !Number.isSafeInteger(whole)) {
      const expected = 'expected milliseconds from 0 to 2^53 - 1; correct it'
      throw effectError(`a message is to be sent after ${delayMs} ms; ${expected}`)
    }
    const { cancellationToken = null } = options
    if (cancellationToken !== null) checkToken(cancellationToken)
    const { target, argument } = message
    this.#run.delayed.push({
      kind: 'send',
      delayMs: whole + 0,
      target,
      argument,
      cancellationToken
    })
  }

  close(): void {
    this.#isClosed = true
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError('a context was used')
  }
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === 'object' && value !== null && 'then' in value
}

function checkToken(token: string): void {
  if (typeof token === 'string' && token !== '' && token.isWellFormed()) return
  throw effectError(
    `a cancellation token is ${JSON.stringify(token)}; expected a text of Unicode that is not empty; name it`
  )
}

function effectError(message: string): MillraceError {
  return new MillraceError('FUNCTION_EFFECT', message)
}

function closedError(what: string): MillraceError {
  return new MillraceError(
    'FUNCTION_CONTEXT_CLOSED',
    `${what} after its invocation had ended; expected use within the handler; await what it starts`
  )
}
