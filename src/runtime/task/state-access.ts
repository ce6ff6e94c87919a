// What `ctx.state.<name>` is: access to one state under the record's key, under any key, and over all.
import { MillraceError } from '../../base/index.ts'
import type { SeeState } from '../builtin/index.ts'
import type { KeyCodec, StateKey, ValueCodec } from '../../state/contract.ts'
import { isPromise } from '../operators/operator.ts'
import type { Frame } from './frame.ts'
import type { StateView } from './state-view.ts'

/** A state as a service declared it. */
export interface AccessSpec {
  /** `<service>.<state>`, for messages. */
  readonly name: string
  readonly key: KeyCodec
  readonly value: ValueCodec
  readonly view: StateView
  /** False where the service reads another's state, or that of its aggregate. */
  readonly writable: boolean
  /** Of an aggregate: what functions see of its values. */
  readonly see?: SeeState
}

/** Access under one key. */
class Accessor {
  readonly #spec: AccessSpec
  readonly #view: StateView
  readonly #frame: Frame
  readonly #key: StateKey | undefined

  /** Without `key` that of the record. */
  constructor(spec: AccessSpec, frame: Frame, key: StateKey | undefined) {
    this.#spec = spec
    this.#view = spec.view
    this.#frame = frame
    this.#key = key
  }

  get(): unknown {
    const key = this.#current()
    const { see, value: codec } = this.#spec
    const found = this.#view.read(key)
    const value = found === undefined ? codec.zero() : found
    return see === undefined ? value : see(value, key, this.#frame.window)
  }

  has(): boolean {
    return this.#view.has(this.#current())
  }

  set(value: unknown): void {
    this.#assertWritable('set')
    const codec = this.#spec.value
    this.#view.write(this.#current(), codec.copy(codec.check(value)))
  }

  update(change: (value: unknown) => unknown): unknown {
    // Hot: per record.
    this.#assertWritable('update')
    const codec = this.#spec.value
    const key = this.#current()
    const before = this.#view.read(key) ?? codec.zero()
    const result = change(before)
    if (result === undefined ? !isComposite(before) : isPromise(result)) {
      throw this.#badUpdate(result)
    }
    const after = codec.check(result === undefined ? before : result)
    this.#view.write(key, codec.copy(after))
    return after
  }

  delete(): boolean {
    this.#assertWritable('delete')
    return this.#view.delete(this.#current())
  }

  #current(): StateKey {
    if (this.#key !== undefined) return this.#key
    const key = this.#frame.stateKey
    if (key === null) throw keyMissing(this.#spec.name)
    return this.#spec.key.check(key)
  }

  #assertWritable(call: string): void {
    if (!this.#spec.writable) throw readOnly(this.#spec, call)
  }

  #badUpdate(result: unknown): MillraceError {
    const what = result === undefined ? 'nothing' : 'a promise'
    return new MillraceError(
      'RECORD_VALUE',
      `the function given to update of state ${this.#spec.name} returned ${what}; expected the new ` +
        `value; return it, and await before calling update`
    )
  }
}

/** Access under the record's key; `at` and `entries` go beyond it. */
class StateAccess extends Accessor {
  readonly #spec: AccessSpec
  readonly #frame: Frame

  constructor(spec: AccessSpec, frame: Frame) {
    super(spec, frame, undefined)
    this.#spec = spec
    this.#frame = frame
  }

  /** The same for a key of the function's choice. */
  at(key: unknown): Accessor {
    return new Accessor(this.#spec, this.#frame, this.#spec.key.check(key))
  }

  /** All pairs of this task, in no promised order; values are copies. */
  entries(): Iterable<[StateKey, unknown]> {
    const { view, see } = this.#spec
    return see === undefined ? view.entries() : this.#seen(see)
  }

  *#seen(see: SeeState): Generator<[StateKey, unknown], undefined> {
    for (const [key, value] of this.#spec.view.entries()) {
      yield [key, see(value, key, this.#frame.window)]
    }
  }
}

/** What stands under `ctx.state`: states by property. */
export function accessTo(
  states: readonly (readonly [string, AccessSpec])[],
  frame: Frame
): Readonly<Record<string, unknown>> {
  const access = states.map(([property, spec]) => [property, new StateAccess(spec, frame)] as const)
  return Object.freeze(Object.fromEntries(access))
}

function isComposite(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function keyMissing(name: string): MillraceError {
  return new MillraceError(
    'STATE_KEY_MISSING',
    `state ${name} was asked for the record's key, but the record has none; expected a keyed record; ` +
      `give the service a partition with assign-key, or use at(key)`
  )
}

function readOnly({ name, see }: AccessSpec, call: string): MillraceError {
  const [why, how] =
    see === undefined
      ? ['which belongs to another service', 'write it in the service that declares it']
      : ['which an aggregate keeps', 'keep a state of your own beside it, with update-state']
  return new MillraceError(
    'STATE_READ_ONLY',
    `${call} on state ${name}, ${why}; expected only get, has, at and entries here; ${how}`
  )
}
