// One state as the functions of a task see it: plain, with a time to live, or with a record-wide undo.
import type { ByteWriter } from '../../base/index.ts'
import type { KeyedState, StateKey, TaskState, ValueCodec } from '../../state/contract.ts'
import { Expiring } from './sweeper.ts'

/** What accessors need of a state. Values read are copies; values written belong to the state. */
export interface StateView {
  read(key: StateKey): unknown
  has(key: StateKey): boolean
  write(key: StateKey, value: unknown): void
  delete(key: StateKey): boolean
  entries(): Iterable<[StateKey, unknown]>
}

/**
 * Takes back what one call of a function wrote (S5), also from the record-wide log. The state's mark is set at
 * the call's first write: most functions of a service with states only read.
 */
export class WriteGuard {
  readonly #state: TaskState
  readonly #log: UndoLog | null
  /** How often writes were taken back. */
  rollbacks = 0
  #hasWritten = false
  #length = 0

  constructor(state: TaskState, log: UndoLog | null) {
    this.#state = state
    this.#log = log
  }

  /** Whether the present or last call has written. */
  get hasWritten(): boolean {
    return this.#hasWritten
  }

  /** Before each call of a function that may write. */
  begin(): void {
    this.#hasWritten = false
  }

  /** Before each write. */
  beforeWrite(): void {
    if (this.#hasWritten) return
    this.#hasWritten = true
    this.#state.mark()
    if (this.#log !== null) this.#length = this.#log.length
  }

  rollback(): void {
    if (!this.#hasWritten) return
    this.#hasWritten = false
    this.rollbacks++
    this.#state.rollback()
    if (this.#log !== null) this.#log.truncate(this.#length)
  }
}

/** A state without a time to live. */
export class PlainView implements StateView {
  /** Gets the keys that are written, while a table follows the state. */
  written: Set<StateKey> | null = null
  readonly #state: KeyedState
  readonly #guard: WriteGuard

  constructor(state: KeyedState, guard: WriteGuard) {
    this.#state = state
    this.#guard = guard
  }

  read(key: StateKey): unknown {
    return this.#state.get(key)
  }

  has(key: StateKey): boolean {
    return this.#state.has(key)
  }

  write(key: StateKey, value: unknown): void {
    this.#guard.beforeWrite()
    if (this.written !== null) this.written.add(key)
    this.#state.set(key, value)
  }

  delete(key: StateKey): boolean {
    this.#guard.beforeWrite()
    if (this.written !== null) this.written.add(key)
    return this.#state.delete(key)
  }

  entries(): Iterable<[StateKey, unknown]> {
    return this.#state.entries()
  }
}

/** A value with the time of its last update, ms since the epoch. */
export interface Stamped {
  readonly at: number
  readonly value: unknown
}

/** The codec of values that are kept with the time of their last update in front of them. */
export function stampedCodec(inner: ValueCodec): ValueCodec<Stamped> {
  return {
    encode(stamped: Stamped, sink: ByteWriter): void {
      sink.f64be(stamped.at)
      inner.encode(stamped.value, sink)
    },
    decode(bytes: Uint8Array, start: number, end: number): Stamped {
      const at = new DataView(bytes.buffer, bytes.byteOffset + start, 8).getFloat64(0)
      return { at, value: inner.decode(bytes, start + 8, end) }
    },
    zero: () => ({ at: 0, value: inner.zero() }),
    copy: stamped => ({ at: stamped.at, value: inner.copy(stamped.value) }),
    check: value => value as Stamped,
    size: stamped => 24 + inner.size(stamped.value)
  }
}

/** A state whose values are absent once they were not updated for `ttlMs`. */
export class ExpiringView implements StateView {
  /** Gets the keys that are written, while a table follows the state. */
  written: Set<StateKey> | null = null
  /** For sweeps. */
  readonly expiring: Expiring<Stamped>
  readonly #state: KeyedState<Stamped>
  readonly #guard: WriteGuard
  readonly #ttlMs: number
  readonly #time: { readonly now: number }

  constructor(
    state: KeyedState<Stamped>,
    guard: WriteGuard,
    ttlMs: number,
    time: { readonly now: number }
  ) {
    this.#state = state
    this.#guard = guard
    this.#ttlMs = ttlMs
    this.#time = time
    this.expiring = new Expiring({
      state,
      overAt: stamped => stamped.at + ttlMs,
      left: () => undefined,
      newOverAt: now => now + ttlMs
    })
  }

  read(key: StateKey): unknown {
    const stamped = this.#state.get(key)
    return stamped === undefined || this.#isOver(stamped) ? undefined : stamped.value
  }

  /** A read that counts like a write. */
  touch(key: StateKey): unknown {
    const stamped = this.#state.get(key)
    if (stamped === undefined || this.#isOver(stamped)) return undefined
    if (stamped.at >= this.#time.now) return stamped.value
    this.write(key, stamped.value)
    // What was written belongs to the state.
    return this.#state.get(key)!.value
  }

  has(key: StateKey): boolean {
    const stamped = this.#state.get(key)
    return stamped !== undefined && !this.#isOver(stamped)
  }

  write(key: StateKey, value: unknown): void {
    this.#guard.beforeWrite()
    if (this.written !== null) this.written.add(key)
    this.#state.set(key, { at: this.#time.now, value })
  }

  delete(key: StateKey): boolean {
    const was = this.has(key)
    this.#guard.beforeWrite()
    if (this.written !== null) this.written.add(key)
    this.#state.delete(key)
    return was
  }

  *entries(): Iterable<[StateKey, unknown]> {
    for (const [key, stamped] of this.#state.entries()) {
      if (!this.#isOver(stamped)) yield [key, stamped.value]
    }
  }

  /** When the value was written, ms since the epoch; null when there is none. */
  updatedAt(key: StateKey): number | null {
    return this.#state.get(key)?.at ?? null
  }

  #isOver(stamped: Stamped): boolean {
    return this.#time.now - stamped.at >= this.#ttlMs
  }
}

/** The same for functions whose reads count. */
export class TouchingView implements StateView {
  readonly #inner: ExpiringView

  constructor(inner: ExpiringView) {
    this.#inner = inner
  }

  read(key: StateKey): unknown {
    return this.#inner.touch(key)
  }

  has(key: StateKey): boolean {
    return this.#inner.has(key)
  }

  write(key: StateKey, value: unknown): void {
    this.#inner.write(key, value)
  }

  delete(key: StateKey): boolean {
    return this.#inner.delete(key)
  }

  entries(): Iterable<[StateKey, unknown]> {
    return this.#inner.entries()
  }
}

/** The writes of the record under way, so that a failing one can be taken back as a whole. */
export class UndoLog {
  readonly #undos: (() => void)[] = []

  note(undo: () => void): void {
    this.#undos.push(undo)
  }

  /** How many writes there are. */
  get length(): number {
    return this.#undos.length
  }

  /** The record succeeded. */
  clear(): void {
    this.#undos.length = 0
  }

  /** Forgets the writes after the first `length`: they were taken back by other means. */
  truncate(length: number): void {
    this.#undos.length = length
  }

  /** Takes back all writes, last first. */
  undo(): void {
    while (this.#undos.length > 0) this.#undos.pop()!()
  }
}

/** A state that notes in `log` how to take back each write. Only where a service's policy is `fail`. */
export class UndoableView implements StateView {
  readonly #inner: StateView
  readonly #log: UndoLog

  constructor(inner: StateView, log: UndoLog) {
    this.#inner = inner
    this.#log = log
  }

  read(key: StateKey): unknown {
    return this.#inner.read(key)
  }

  has(key: StateKey): boolean {
    return this.#inner.has(key)
  }

  write(key: StateKey, value: unknown): void {
    this.#note(key)
    this.#inner.write(key, value)
  }

  delete(key: StateKey): boolean {
    this.#note(key)
    return this.#inner.delete(key)
  }

  entries(): Iterable<[StateKey, unknown]> {
    return this.#inner.entries()
  }

  #note(key: StateKey): void {
    const before = this.#inner.read(key)
    this.#log.note(() => {
      if (before === undefined) this.#inner.delete(key)
      else this.#inner.write(key, before)
    })
  }
}
