// Windows of so many records of one key. `$counts` keeps how many the open window of a key has, and their times.
import type { KeyCodec, KeyedState, StateKey } from '../../state/contract.ts'
import type { Operator } from '../operators/operator.ts'
import type { Frame } from '../task/frame.ts'
import type { WindowBounds } from '../task/window-scope.ts'
import { after, inTurn } from '../time/in-turn.ts'
import type { EntryOptions, Windows, WindowsOptions } from './contract.ts'

/** A key has one open window at most, so all states stand in one namespace. */
const NAMESPACE = 0

/** What {@link CountWindows} are made from. */
export interface CountOptions extends WindowsOptions {
  readonly records: number
  readonly key: KeyCodec
  /** `[records, first, last]` of the open window, by key; times of the earliest and the latest record. */
  readonly registry: KeyedState<readonly number[]>
}

/** Windows that end with their last record; time does not close them. */
export class CountWindows implements Windows {
  floor: number = Number.NEGATIVE_INFINITY
  closed = 0
  readonly due: number = Number.POSITIVE_INFINITY
  readonly #options: CountOptions
  readonly #fresh = new Set<StateKey>()

  constructor(options: CountOptions) {
    this.#options = options
  }

  get open(): number {
    return this.#options.registry.size
  }

  restore(): void {
    this.#options.results.last.restoreKeys()
  }

  entry({ frame, next }: EntryOptions): Operator {
    return { push: value => this.#push(value, frame, next) }
  }

  advance(): void {
    // Records close windows.
  }

  idle(): void {
    // A pause does not complete a window.
  }

  /** Gives what incomplete windows have. */
  closeAll(): void | Promise<void> {
    const entries = [...this.#options.registry.entries()]
    return inTurn(entries, ([key, counts]) => this.#close(key, counts))
  }

  giveEarly(): void | Promise<void> {
    const keys = [...this.#fresh]
    this.#fresh.clear()
    return inTurn(keys, key => {
      const counts = this.#options.registry.get(key)
      return counts === undefined ? undefined : this.#give(key, counts, false)
    })
  }

  beforeSeal(): void {
    // Each record has changed the state already.
    this.#options.results.last.seal()
  }

  boundsOf(_namespace: number, key: StateKey): WindowBounds | null {
    const counts = this.#options.registry.get(key)
    return counts === undefined ? null : boundsOf(counts, false)
  }

  #push(value: unknown, frame: Frame, next: Operator): void | Promise<void> {
    // Hot: per record.
    const { scope, registry, early, clock } = this.#options
    const key = this.#options.key.check(frame.stateKey)
    const time = clock === null ? frame.timestamp : clock.now()
    const before = registry.get(key)
    const counts =
      before === undefined
        ? [1, time, time]
        : [before[0]! + 1, Math.min(before[1]!, time), Math.max(before[2]!, time)]
    registry.set(key, counts)
    if (early !== null && early.everyMs !== null) this.#fresh.add(key)
    frame.window = boundsOf(counts, false)
    scope.enter(NAMESPACE)
    const pending = next.push(value)
    if (pending !== undefined) return pending.then(() => this.#leave(key, counts, frame))
    return this.#leave(key, counts, frame)
  }

  #leave(key: StateKey, counts: readonly number[], frame: Frame): void | Promise<void> {
    const { scope, records, early } = this.#options
    scope.leave()
    frame.window = null
    const [count] = counts
    if (count! >= records) return this.#close(key, counts)
    const every = early?.records ?? null
    if (every !== null && count! % every === 0) return this.#give(key, counts, false)
  }

  #close(key: StateKey, counts: readonly number[]): void | Promise<void> {
    return after(this.#give(key, counts, true), () => {
      this.#options.registry.delete(key)
      this.#options.results.clearKey(NAMESPACE, key)
      this.#fresh.delete(key)
      this.closed++
    })
  }

  #give(key: StateKey, counts: readonly number[], isFinal: boolean): void | Promise<void> {
    return this.#options.results.giveKey(NAMESPACE, key, boundsOf(counts, isFinal), counts[2]!)
  }
}

/** From the earliest to the latest record, which is in it. */
function boundsOf(counts: readonly number[], isFinal: boolean): WindowBounds {
  return { start: counts[1]!, end: counts[2]! + 1, isFinal }
}
