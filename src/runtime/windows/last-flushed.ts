// What the states of a service held in the window that was closed last: for those who look, until the next one closes.
//
// It outlives the process, by as little as does for that (F1–F3):
//   F1  The namespace of a window over all keys stays in its states until the next window closes: nothing is written
//       for it, only removed later.
//   F2  What stands in no namespace of its own (windows of single keys, windows put together from panes) is written
//       once in an epoch into the namespace LAST, as of the end of the epoch.
//   F3  Bounds stand in the books of the windows: of a window over all keys under the key LAST of `$windows`, of
//       windows of keys in `$last`.
import type { KeyedState, StateKey } from '../../state/contract.ts'
import type { WindowRow } from '../contract.ts'
import type { WindowBounds, WindowedView } from '../task/window-scope.ts'

/** Windows of single keys that are remembered. */
const KEYS_MAX = 10_000
/** No window begins there. */
export const LAST: number = Number.MIN_SAFE_INTEGER

type Pairs = Iterable<readonly [StateKey, unknown]>

/** Bounds of windows of keys, `[start, end]` by key. */
export type LastBook = KeyedState<readonly number[]>

/** The window of one service in one task that was closed last; of windows per key, that of each key. */
export class LastFlushed {
  /** Rises with all that is kept anew. */
  changes = 0
  readonly #views: readonly WindowedView[]
  /** Of windows of single keys. */
  readonly #book: LastBook | null
  #bounds: WindowBounds | null = null
  /** Where it stands in the states (F1). */
  #namespace: number | null = null
  /** Whether its bounds and, of panes, its rows are to be written. */
  #isChanged = false
  #pairs = new Map<string, Pairs>()
  readonly #byKey = new Map<string, Map<StateKey, WindowRow>>()
  /** Keys with rows that are not written, and keys that are written and have no rows any more. */
  readonly #fresh = new Set<StateKey>()
  readonly #gone = new Set<StateKey>()

  constructor(views: readonly WindowedView[], book: LastBook | null) {
    this.#views = views
    this.#book = book
    for (const { name } of views) this.#byKey.set(name, new Map())
  }

  /** Whether a namespace holds what was closed last, and no open window. */
  keeps(namespace: number): boolean {
    return namespace === LAST || namespace === this.#namespace
  }

  /** How many keys of a state are only there for those who look. */
  keptKeys({ states }: WindowedView): number {
    const kept = this.#namespace === null ? 0 : states.in(this.#namespace).size
    return kept + states.in(LAST).size
  }

  /** A window over all keys was closed: its namespace is the last one (F1). */
  closed(namespace: number, bounds: WindowBounds): void {
    this.#clearNamespace()
    this.#begin(bounds)
    this.#namespace = namespace
    for (const view of this.#views) this.#pairs.set(view.name, new Live(view, namespace))
  }

  /** A window over all keys was closed that was put together: its rows by state. */
  put(bounds: WindowBounds, pairs: ReadonlyMap<string, Pairs>): void {
    this.#clearNamespace()
    this.#begin(bounds)
    for (const [name, of] of pairs) this.#pairs.set(name, of)
  }

  /** What a state held in a window of one key. */
  takeKey(state: string, key: StateKey, value: unknown, { start, end }: WindowBounds): void {
    this.changes++
    const rows = this.#byKey.get(state)!
    // The latest stand at the end.
    rows.delete(key)
    rows.set(key, { key, value, start, end })
    this.#fresh.add(key)
    this.#gone.delete(key)
    if (rows.size <= KEYS_MAX) return
    for (const first of rows.keys()) {
      rows.delete(first)
      this.#fresh.delete(first)
      if (this.#book?.has(first) === true) this.#gone.add(first)
      break
    }
  }

  /** Its rows of a state. */
  rows(state: string): WindowRow[] {
    const rows = [...(this.#byKey.get(state)?.values() ?? [])]
    if (this.#bounds === null) return rows
    const { start, end } = this.#bounds
    for (const [key, value] of this.#pairs.get(state) ?? []) rows.push({ key, value, start, end })
    return rows
  }

  /** The namespace of the last window is wanted for another one: what it held is only in memory from now on. */
  release(): void {
    this.freeze()
    this.#clearNamespace()
    this.#isChanged = true
  }

  /** Nothing is read from the states any more. */
  freeze(): void {
    for (const [name, pairs] of this.#pairs) this.#pairs.set(name, [...pairs])
  }

  /**
   * Writes what an epoch must not lose. Gives the bounds that are to be kept of a window over all keys: null for none,
   * undefined where nothing changed.
   */
  seal(): readonly [number, number] | null | undefined {
    if (this.#book !== null) this.#sealKeys(this.#book)
    if (!this.#isChanged) return undefined
    this.#isChanged = false
    const isPut = this.#namespace === null && this.#bounds !== null && this.#pairs.size > 0
    for (const { name, states } of this.#views) {
      states.clear(LAST)
      if (!isPut) continue
      const kept = states.in(LAST)
      const { copy } = states.spec.value
      for (const [key, value] of this.#pairs.get(name) ?? []) kept.set(key, copy(value))
    }
    if (this.#bounds === null || (!isPut && this.#namespace === null)) return null
    return [this.#bounds.start, this.#bounds.end]
  }

  /** Takes over what stands in the states: in LAST if it was put there, as it was where LAST has anything. */
  restore(bounds: WindowBounds, wasPut: boolean): void {
    const isPut = wasPut || this.#views.some(({ states }) => states.in(LAST).size > 0)
    const namespace = isPut ? LAST : bounds.start
    this.#begin(bounds)
    this.#isChanged = false
    this.#namespace = namespace === LAST ? null : namespace
    for (const view of this.#views) this.#pairs.set(view.name, new Live(view, namespace))
  }

  /** The same of windows of keys. */
  restoreKeys(): void {
    for (const { name, states } of this.#views) {
      for (const [key, value] of states.in(LAST).entries()) {
        const [start, end] = this.#book!.get(key)!
        this.#byKey.get(name)!.set(key, { key, value, start: start!, end: end! })
      }
    }
    this.changes++
  }

  #begin(bounds: WindowBounds): void {
    this.changes++
    this.#isChanged = true
    this.#bounds = bounds
    this.#pairs = new Map()
  }

  #clearNamespace(): void {
    if (this.#namespace === null) return
    for (const { states } of this.#views) states.clear(this.#namespace)
    this.#namespace = null
  }

  /** F2. */
  #sealKeys(book: LastBook): void {
    for (const { name, states } of this.#views) {
      const rows = this.#byKey.get(name)!
      const kept = states.in(LAST)
      const { copy } = states.spec.value
      for (const key of this.#gone) kept.delete(key)
      for (const key of this.#fresh) {
        const row = rows.get(key)
        if (row === undefined) kept.delete(key)
        else kept.set(key, copy(row.value))
        if (row !== undefined) book.set(key, [row.start, row.end])
      }
    }
    for (const key of this.#gone) book.delete(key)
    this.#fresh.clear()
    this.#gone.clear()
  }
}

/** The pairs of a namespace that nobody writes any more, read when they are asked for. */
class Live {
  readonly #view: WindowedView
  readonly #namespace: number

  constructor(view: WindowedView, namespace: number) {
    this.#view = view
    this.#namespace = namespace
  }

  [Symbol.iterator](): Iterator<[StateKey, unknown]> {
    return this.#view.states.in(this.#namespace).entries()[Symbol.iterator]()
  }
}
