// The ceiling of a query: its functions in one plain loop over the same bytes, states in Maps, outputs into batches.
//
// No log, no types, nothing that survives; and it may rely on the input's order, so windows end with the first record
// behind them. What a dataflow costs more is what durability, checks and disorder cost.
import { BatchBuilder, RecordCursor } from '../../src/record/index.ts'
import type { Plan, StepPlan, WindowShape } from '../../src/dataflow/plan.ts'

type Fn = (...args: never[]) => unknown
type Key = string | number

const BATCH_BYTES = 256 * 1024

/** A state as functions see it. */
class PlainState {
  values = new Map<Key, unknown>()
  readonly #zero: () => unknown
  readonly #scope: Scope
  readonly #key: Key | null

  constructor(zero: () => unknown, scope: Scope, key: Key | null = null) {
    this.#zero = zero
    this.#scope = scope
    this.#key = key
  }

  get(): unknown {
    return this.values.get(this.#at) ?? this.#zero()
  }

  has(): boolean {
    return this.values.has(this.#at)
  }

  set(value: unknown): void {
    this.values.set(this.#at, value)
  }

  update(change: (value: unknown) => unknown): unknown {
    const before = this.get()
    const value = change(before) ?? before
    this.set(value)
    return value
  }

  delete(): boolean {
    return this.values.delete(this.#at)
  }

  at(key: Key): PlainState {
    const other = new PlainState(this.#zero, this.#scope, key)
    other.values = this.values
    return other
  }

  entries(): Iterable<[Key, unknown]> {
    return this.values
  }

  get #at(): Key {
    return this.#key ?? this.#scope.key
  }
}

/** What the functions of a service see beside their value. */
interface Scope {
  key: Key
  window: { start: number; end: number } | null
  readonly state: Record<string, PlainState>
}

/** The steps of a service, as functions. */
interface Loaded {
  readonly transforms: readonly { readonly operator: string; readonly fn: Fn }[]
  readonly assignKey: Fn | null
  readonly update: Fn | null
  readonly flush: Fn | null
  readonly flushKey: Fn | null
  readonly merge: Fn | null
}

/** One service of a query as a loop. */
export class PlainLoop {
  readonly #loaded: Loaded
  readonly #shape: WindowShape | null
  readonly #isByClock: boolean
  readonly #scope: Scope
  readonly #builder = new BatchBuilder()
  readonly #cursor = new RecordCursor()
  /** States of each pane or window, by start. */
  readonly #slots = new Map<number, Map<Key, unknown>[]>()
  readonly #sessions = new Map<Key, { start: number; last: number }>()
  readonly #states: PlainState[]
  readonly #next: PlainLoop | null
  #slot = Number.NaN
  #slotEnd = 0

  constructor(plan: Plan, load: (step: StepPlan) => Fn, at = 0) {
    const service = plan.services[at]!
    const { window, partition } = service
    const optional = (step: StepPlan | null | undefined): Fn | null =>
      step === null || step === undefined ? null : load(step)
    this.#loaded = {
      transforms: service.steps.map(step => ({ operator: step.operator, fn: load(step) })),
      assignKey: optional(partition?.assignKey),
      update: optional(partition?.updateState),
      flush: optional(window?.flush),
      flushKey: optional(window?.flushKey),
      merge: optional(window?.merge)
    }
    this.#shape = window?.shape ?? null
    this.#isByClock = window?.time === 'processing'
    this.#scope = { key: 0, window: null, state: {} }
    this.#states = service.states.map(state => {
      const zero = state.kind === 'owned' ? zeroOf(state.value) : () => undefined
      return (this.#scope.state[state.property] = new PlainState(zero, this.#scope))
    })
    this.#next = at + 1 < plan.services.length ? new PlainLoop(plan, load, at + 1) : null
  }

  /** Goes through batches. */
  run(batches: readonly Uint8Array[]): void {
    const cursor = this.#cursor
    for (const batch of batches) {
      // A copy, since functions may change what they are given.
      cursor.open(Buffer.from(batch), 0)
      while (cursor.next()) {
        const { data, valueStart, valueEnd, timestamp } = cursor
        const value = new Uint8Array(
          data.buffer,
          data.byteOffset + valueStart,
          valueEnd - valueStart
        )
        this.#take(value, timestamp)
      }
    }
  }

  #take(given: unknown, time: number): void {
    const { transforms, assignKey, update } = this.#loaded
    let value = given
    for (const { operator, fn } of transforms) {
      const result = fn(value as never)
      if (operator === 'filter') {
        if (result !== true) return
      } else if (result === undefined) return
      else value = result
    }
    if (assignKey === null) return this.#give(value, time)
    const scope = this.#scope
    scope.key = assignKey(value as never) as Key
    if (this.#shape !== null) this.#enter(this.#isByClock ? 0 : time)
    const result = update!(value as never, scope as never)
    if (result !== undefined && this.#shape === null) this.#give(result, time)
  }

  /** Puts the states of the record's window into the scope. */
  #enter(time: number): void {
    const shape = this.#shape!
    if (shape.kind === 'session') return this.#enterSession(time, shape.gapMs)
    if (time < this.#slotEnd && time >= this.#slot) return
    const length = this.#slotMs()
    const start = time - (time % length)
    this.#closeBefore(start)
    this.#slot = start
    this.#slotEnd = start + length
    const maps = this.#states.map(() => new Map<Key, unknown>())
    this.#slots.set(start, maps)
    this.#use(maps)
  }

  #enterSession(time: number, gapMs: number): void {
    const { key } = this.#scope
    const session = this.#sessions.get(key)
    if (session === undefined) {
      this.#sessions.set(key, { start: time, last: time })
    } else if (time < session.last + gapMs) {
      session.last = time
    } else {
      this.#scope.window = { start: session.start, end: session.last + gapMs }
      this.#give(this.#loaded.flushKey!(this.#scope as never), session.last)
      for (const state of this.#states) state.delete()
      session.start = session.last = time
    }
  }

  #slotMs(): number {
    const shape = this.#shape!
    if (shape.kind === 'sliding') return shape.slideMs
    return shape.kind === 'tumbling' ? shape.durationMs : Number.MAX_SAFE_INTEGER
  }

  /** Gives the result of the window that ends where a new slot begins. */
  #closeBefore(start: number): void {
    const shape = this.#shape!
    if (Number.isNaN(this.#slot) || !('durationMs' in shape)) return
    const { key } = this.#scope
    const from = this.#slotEnd - shape.durationMs
    const panes = [...this.#slots].filter(([at]) => at >= from).map(([, maps]) => maps)
    if (panes.length > 1) this.#merge(panes)
    this.#scope.window = { start: from, end: this.#slotEnd }
    const { flush, flushKey } = this.#loaded
    if (flush !== null) this.#give(flush(this.#scope as never), start)
    else this.#flushKeys(flushKey!, start)
    for (const at of this.#slots.keys()) if (at < start - shape.durationMs) this.#slots.delete(at)
    this.#scope.key = key
  }

  #flushKeys(flushKey: Fn, time: number): void {
    const keys = new Set(this.#states.flatMap(state => [...state.values.keys()]))
    for (const key of keys) {
      this.#scope.key = key
      this.#give(flushKey(this.#scope as never), time)
    }
  }

  /** Adds panes, of which this bench has one state each. */
  #merge(panes: readonly (readonly Map<Key, unknown>[])[]): void {
    const [state] = this.#states
    const [property] = Object.keys(this.#scope.state)
    this.#use(panes[0]!.map(map => new Map(map)))
    for (const [map] of panes.slice(1)) {
      for (const [key, value] of map!) {
        this.#scope.key = key
        if (state!.has()) this.#loaded.merge!({ [property!]: value } as never, this.#scope as never)
        else state!.set(value)
      }
    }
  }

  #use(maps: readonly Map<Key, unknown>[]): void {
    for (const [index, state] of this.#states.entries()) state.values = maps[index]!
  }

  /** Writes a result, or hands it to the next service. */
  #give(result: unknown, time: number): void {
    if (result === undefined) return
    if (Array.isArray(result)) {
      for (const row of result) this.#give(row, time)
    } else if (this.#next !== null) {
      this.#next.#take(result, time)
    } else if (
      typeof result === 'object' &&
      result !== null &&
      'key' in result &&
      'value' in result
    ) {
      this.#append(Buffer.from(String(result.key)), result.value, time)
    } else {
      this.#append(null, result, time)
    }
  }

  #append(key: Buffer | null, value: unknown, time: number): void {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
    this.#builder.append(time, key, bytes)
    if (this.#builder.byteLength >= BATCH_BYTES) this.#builder.build()
  }
}

function zeroOf(type: Plan['types'][string]): () => unknown {
  switch (type.kind) {
    case 'list':
      return () => []
    case 'object':
    case 'arrow-row':
      return () => Object.fromEntries(type.fields.map(({ name }) => [name, 0]))
    case 'bytes':
      return () => new Uint8Array(0)
    case 'string':
      return () => ''
    case 'bool':
      return () => false
    default:
      return () => 0
  }
}
