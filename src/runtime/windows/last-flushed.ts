// What the states of a service held in the window that was closed last: for those who look, until the next one closes.
//
// In memory only: it is empty after a start until a window closes. Values come here as their state lets go of them.
import type { StateKey } from '../../state/contract.ts'
import type { WindowRow } from '../contract.ts'
import type { WindowBounds } from '../task/window-scope.ts'

/** Windows of single keys that are remembered. */
const KEYS_MAX = 10_000

type Pairs = Iterable<readonly [StateKey, unknown]>

/** The window of one service in one task that was closed last; of windows per key, that of each key. */
export class LastFlushed {
  /** Rises with all that is kept anew. */
  changes = 0
  #bounds: WindowBounds | null = null
  #pairs = new Map<string, Pairs>()
  readonly #byKey = new Map<string, Map<StateKey, WindowRow>>()

  /** From here on a window over all keys is the last one. */
  begin(bounds: WindowBounds): void {
    this.changes++
    this.#bounds = bounds
    this.#pairs = new Map()
  }

  /** What a state held in it. */
  take(state: string, pairs: Pairs): void {
    this.changes++
    this.#pairs.set(state, pairs)
  }

  /** What a state held in a window of one key. */
  takeKey(state: string, key: StateKey, value: unknown, { start, end }: WindowBounds): void {
    this.changes++
    let rows = this.#byKey.get(state)
    if (rows === undefined) this.#byKey.set(state, (rows = new Map()))
    // The latest stand at the end.
    rows.delete(key)
    rows.set(key, { key, value, start, end })
    if (rows.size <= KEYS_MAX) return
    for (const first of rows.keys()) {
      rows.delete(first)
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
}
