// A keyed state in namespaces: one hot state for each, made when it is first asked for, forgotten when it was cleared.
import type { KeyedState, NamespacedState, StateKey, StateSpec, StateStore } from './contract.ts'
import { HotState } from './hot-state.ts'
import type { Ledger } from './ledger.ts'

/** The parts of one namespaced state of a task; made and driven by its task state. */
export class Namespaces implements NamespacedState {
  readonly spec: StateSpec
  readonly #store: StateStore
  readonly #ledger: Ledger
  readonly #parts = new Map<number, HotState>()

  constructor(spec: StateSpec, store: StateStore, ledger: Ledger) {
    this.spec = spec
    this.#store = store
    this.#ledger = ledger
  }

  in(namespace: number): KeyedState {
    const part = this.part(namespace)
    part.isKept = true
    return part
  }

  namespaces(): number[] {
    const found: number[] = []
    for (const [namespace, part] of this.#parts) if (part.size > 0) found.push(namespace)
    return found
  }

  clear(namespace: number, take?: (key: StateKey, value: unknown) => void): void {
    const part = this.#parts.get(namespace)
    if (part === undefined) return
    part.clear(take)
    part.isKept = false
  }

  get size(): number {
    let size = 0
    for (const part of this.#parts.values()) size += part.size
    return size
  }

  // ---- for the task state and recovery ----

  /** The hot state of a namespace. */
  part(namespace: number): HotState {
    let part = this.#parts.get(namespace)
    if (part === undefined) {
      part = new HotState(this.spec, this.#store, this.#ledger, namespace)
      this.#parts.set(namespace, part)
      this.#ledger.states.push(part)
    }
    return part
  }

  /** Forgets cleared parts of which nothing waits for the store any more. */
  forgetEmpty(): void {
    for (const [namespace, part] of this.#parts) {
      if (part.isKept || part.size > 0 || part.hotKeys > 0) continue
      this.#parts.delete(namespace)
      this.#ledger.remove(part)
    }
  }
}
