// Where records come into windows on a grid: into the one namespace of their time, or into all windows that cover it.
import type { Operator } from '../operators/operator.ts'
import { copyOf } from '../operators/route.ts'
import { after, inTurn } from '../time/in-turn.ts'
import type { AlignedWindows, Slot } from './aligned-windows.ts'
import type { EntryOptions } from './contract.ts'

/** Each record belongs to one namespace. */
export class SlotEntry implements Operator {
  readonly #windows: AlignedWindows
  readonly #options: EntryOptions

  constructor(windows: AlignedWindows, options: EntryOptions) {
    this.#windows = windows
    this.#options = options
  }

  push(value: unknown): void | Promise<void> {
    // Hot: per record.
    const windows = this.#windows
    const { frame, next } = this.#options
    const time = windows.timeOf(frame.timestamp)
    const slot = windows.slotAt(time)
    if (slot === null) return windows.options.late.take(value, frame, windows.lastEnd(time))
    windows.count(slot, time)
    frame.window = slot.bounds
    windows.options.scope.enter(slot.start)
    const pending = next.push(value)
    if (pending !== undefined) return pending.then(() => this.#leave(slot))
    return this.#leave(slot)
  }

  #leave(slot: Slot): void | Promise<void> {
    this.#windows.options.scope.leave()
    this.#options.frame.window = null
    return this.#windows.giveEarlyOf(slot)
  }
}

/** Each record belongs to several windows: it is worked on once for each that is open. */
export class OverlapEntry implements Operator {
  readonly #windows: AlignedWindows
  readonly #options: EntryOptions

  constructor(windows: AlignedWindows, options: EntryOptions) {
    this.#windows = windows
    this.#options = options
  }

  push(value: unknown): void | Promise<void> {
    const windows = this.#windows
    const { frame, next, mayChange } = this.#options
    const time = windows.timeOf(frame.timestamp)
    const slots: Slot[] = []
    for (const start of windows.startsCovering(time)) {
      const slot = windows.slotFrom(start)
      if (slot !== null) slots.push(slot)
    }
    const last = slots.at(-1)
    if (last === undefined) return windows.options.late.take(value, frame, windows.lastEnd(time))
    const { rekeyed, owner } = frame
    const key = rekeyed ? frame.key : null
    return inTurn(slots, slot => {
      windows.count(slot, time)
      frame.window = slot.bounds
      windows.options.scope.enter(slot.start)
      const own = slot === last || !mayChange ? value : copyOf(value, 0)
      return after(next.push(own), () => {
        windows.options.scope.leave()
        frame.window = null
        frame.restoreKey(key, rekeyed, owner)
        return windows.giveEarlyOf(slot)
      })
    })
  }
}
