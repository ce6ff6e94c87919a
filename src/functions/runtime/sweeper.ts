// Removes values whose time is over from the state; reading does not wait for it.
//
// A pass looks at all addresses, cold ones too, a portion of the store at a time between the task's other work. It is
// made only when something can be over, and takes no more than a small share of the time.
import type { Clock } from '../../base/index.ts'
import type { Expiring } from '../../runtime/task/index.ts'
import type { KeyedState } from '../../state/contract.ts'
import { type AddressState, isOver } from './address-state.ts'

/** A pass that took so many ms is followed by none for this many times as long. */
const REST_FACTOR = 50
/** Addresses that a pass finds before they are removed; then it begins anew. */
const FOUND_MAX = 10_000

/** What a {@link Sweeper} is made from. */
export interface SweeperOptions {
  readonly states: KeyedState<AddressState>
  readonly clock: Clock
  /** Wall time of the current slice. */
  readonly time: { readonly now: number }
  /** There is something to remove. */
  wake(): void
  /** The store cannot be read. */
  failed(error: unknown): void
}

/** Sweeps the values of one task. */
export class Sweeper implements Expiring {
  readonly #options: SweeperOptions
  /** The earliest expiration that is known; 0 when there may be an earlier one. */
  #nextAt = 0
  #restUntil = 0
  #isPassing = false
  /** What the last pass has found and {@link remove} has not removed. */
  #found: string[] = []

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** Whether {@link remove} has something to do. */
  get isReady(): boolean {
    return this.#found.length > 0
  }

  /** Something may expire at `expiresAt`. */
  note(expiresAt: number): void {
    if (expiresAt !== 0 && expiresAt < this.#nextAt) this.#nextAt = expiresAt
  }

  /** Begins a pass if something can be over; it goes on by itself. */
  sweep(): boolean {
    const { clock, time, failed } = this.#options
    const isBusy = this.#isPassing || this.isReady || clock.monotonic() < this.#restUntil
    if (!isBusy && time.now >= this.#nextAt) this.#pass().catch(failed)
    return false
  }

  /** Removes the values of one address that are over; there must be one. */
  remove(): void {
    const { states, time } = this.#options
    const key = this.#found.pop()!
    const state = states.get(key)
    if (state !== undefined) {
      const left = state.filter(slot => !isOver(slot, time.now))
      if (left.length === 0) states.delete(key)
      else if (left.length < state.length) states.set(key, left)
    }
    if (!this.isReady) this.sweep()
  }

  async #pass(): Promise<void> {
    const { states, clock, time, wake } = this.#options
    const { now } = time
    const startMs = clock.monotonic()
    this.#isPassing = true
    this.#nextAt = Infinity
    let nextAt = Infinity
    const isTouched = (state: AddressState): boolean => {
      let isTouched = false
      for (const slot of state) {
        if (isOver(slot, now)) isTouched = true
        else if (slot.expiresAt !== 0) nextAt = Math.min(nextAt, slot.expiresAt)
      }
      return isTouched
    }
    const found = (await states.keysWhere(isTouched, FOUND_MAX)) as string[]
    this.#isPassing = false
    this.#found = found
    if (found.length < FOUND_MAX) {
      this.note(nextAt)
      const endMs = clock.monotonic()
      this.#restUntil = endMs + (endMs - startMs) * REST_FACTOR
    } else {
      this.#nextAt = 0
    }
    if (this.isReady) wake()
  }
}
