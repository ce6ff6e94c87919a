// What `ctx.state.<name>` is: access to one state under the record's key, under any key, and over all.
import { MillraceError } from '../../base/index.ts'
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
  /** False where the service reads another's state. */
  readonly writable: boolean
}

/** Access under one key. */
class Accessor {
  readonly #spec: AccessSpec
  readonly #view: StateView
  readonly #frame: Frame | null
  readonly #key: StateKey | undefined

  constructor(spec: AccessSpec, frame: Frame | null, key: StateKey | undefined) {
    this.#spec = spec
    this.#view = spec.view
    this.#frame = frame
    this.#key = key
  }

  get(): unknown {
    const value = this.#view.read(this.#current())
    return value === undefined ? this.#spec.value.zero() : value
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
    if (this.#frame === null) return this.#key!
    const key = this.#frame.stateKey
    if (key === null) throw keyMissing(this.#spec.name)
    return this.#spec.key.check(key)
  }

  #assertWritable(call: string): void {
    if (!this.#spec.writable) throw readOnly(this.#spec.name, call)
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
export class StateAccess extends Accessor {
  readonly #spec: AccessSpec

  constructor(spec: AccessSpec, frame: Frame) {
    super(spec, frame, undefined)
    this.#spec = spec
  }

  /** The same for a key of the function's choice. */
  at(key: unknown): Accessor {
    return new Accessor(this.#spec, null, this.#spec.key.check(key))
  }

  /** All pairs of this task, in no promised order; values are copies. */
  entries(): Iterable<[StateKey, unknown]> {
    return this.#spec.view.entries()
  }
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

function readOnly(name: string, call: string): MillraceError {
  return new MillraceError(
    'STATE_READ_ONLY',
    `${call} on state ${name}, which belongs to another service; expected only get, has, at and ` +
      `entries here; write it in the service that declares it`
  )
}
