// Removes values whose time is over from the state; reading does not wait for it.
//
// A pass goes over all addresses, cold ones too, so it is made only when something can be over, and never takes
// more than a small share of the time.
import type { Clock } from '../../base/index.ts'
import type { Expiring } from '../../runtime/task/index.ts'
import type { KeyedState } from '../../state/contract.ts'
import { type AddressState, isOver } from './address-state.ts'

/** A pass that took so many ms is followed by none for this many times as long. */
const REST_FACTOR = 50

/** Sweeps the values of one task. */
export class Sweeper implements Expiring {
  readonly #states: KeyedState<AddressState>
  readonly #clock: Clock
  readonly #time: { readonly now: number }
  /** The earliest expiration that the last pass has left; 0 when there may be an earlier one. */
  #nextAt = 0
  #restUntil = 0

  constructor(states: KeyedState<AddressState>, clock: Clock, time: { readonly now: number }) {
    this.#states = states
    this.#clock = clock
    this.#time = time
  }

  /** Something may expire at `expiresAt`. */
  note(expiresAt: number): void {
    if (expiresAt !== 0 && expiresAt < this.#nextAt) this.#nextAt = expiresAt
  }

  sweep(countMax: number): number {
    const { now } = this.#time
    const startMs = this.#clock.monotonic()
    if (now < this.#nextAt || startMs < this.#restUntil) return 0
    const over: [string, AddressState][] = []
    let nextAt = Infinity
    for (const [key, state] of this.#states.entries()) {
      let isTouched = false
      for (const slot of state) {
        if (isOver(slot, now)) isTouched = true
        else if (slot.expiresAt !== 0) nextAt = Math.min(nextAt, slot.expiresAt)
      }
      if (!isTouched) continue
      if (over.length === countMax) {
        nextAt = 0
        break
      }
      over.push([key as string, state.filter(slot => !isOver(slot, now))])
    }
    for (const [key, state] of over) {
      if (state.length === 0) this.#states.delete(key)
      else this.#states.set(key, state)
    }
    this.#nextAt = nextAt
    this.#restUntil = startMs + (this.#clock.monotonic() - startMs) * REST_FACTOR
    return over.length
  }
}
