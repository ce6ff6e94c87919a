// What windows must come to, computed the naive way: every record looks at every window, nothing is indexed.
//
// Knows nothing of tasks, batches, panes, slots or queues. A window is its records; a result is their ids.
import type { WindowShape } from '../../../src/dataflow/plan.ts'

/** The furthest that a Date reaches: the end of a global window. */
const LAST_MOMENT_MS = 8.64e15

/** A record as the window sees it. */
export interface TimedRecord {
  readonly id: string
  readonly key: string
  readonly time: number
  /** Which input it comes from: each has a watermark of its own. */
  readonly input: number
}

/** What happens, in this order. */
export type Event =
  | { readonly kind: 'record'; readonly record: TimedRecord }
  /** Event time is at its end. */
  | { readonly kind: 'end' }
  /** The process died: another one waits for all inputs again. */
  | { readonly kind: 'restart' }
  /** These inputs have become idle. */
  | { readonly kind: 'idle'; readonly inputs: readonly number[] }

/** How windows are set up. */
export interface Setup {
  readonly shape: WindowShape
  readonly outOfOrdernessMs: number
  readonly graceMs: number
  readonly inputs: number
}

/** Windows as `key start-end id,id,…`, ids sorted; and the ids of late records. */
export interface WindowOutcome {
  readonly windows: readonly string[]
  readonly late: readonly string[]
}

interface Window {
  readonly key: string
  start: number
  end: number
  ids: string[]
}

/** Runs `events` through the windows of `setup`. */
export function naiveWindows(setup: Setup, events: readonly Event[]): WindowOutcome {
  const oracle = new Oracle(setup)
  for (const event of events) oracle.take(event)
  return oracle.outcome()
}

class Oracle {
  readonly #setup: Setup
  readonly #reached: number[]
  readonly #idle: boolean[]
  #watermark = Number.NEGATIVE_INFINITY
  /** Up to here windows were closed by force. */
  #floor = Number.NEGATIVE_INFINITY
  #open: Window[] = []
  readonly #closed: Window[] = []
  readonly #late: string[] = []

  constructor(setup: Setup) {
    this.#setup = setup
    this.#reached = Array.from({ length: setup.inputs }, () => Number.NEGATIVE_INFINITY)
    this.#idle = this.#reached.map(() => false)
  }

  take(event: Event): void {
    switch (event.kind) {
      case 'record':
        this.#idle[event.record.input] = false
        this.#moveOn()
        this.#record(event.record)
        this.#reached[event.record.input] = Math.max(
          this.#reached[event.record.input]!,
          event.record.time
        )
        this.#moveOn()
        break
      case 'idle':
        for (const input of event.inputs) this.#idle[input] = true
        this.#moveOn()
        if (this.#idle.every(Boolean) && this.#endsWithTime) this.#closeAll()
        break
      case 'restart':
        this.#idle.fill(false)
        break
      case 'end':
        this.#closeAll()
        break
    }
  }

  outcome(): WindowOutcome {
    return {
      windows: this.#closed
        .map(({ key, start, end, ids }) => `${key} ${start}-${end} ${ids.toSorted().join()}`)
        .toSorted(),
      late: this.#late.toSorted()
    }
  }

  #record(record: TimedRecord): void {
    const { shape } = this.#setup
    switch (shape.kind) {
      case 'tumbling': {
        const start = floorTo(record.time, shape.durationMs, shape.offsetMs)
        return this.#into(record, [[start, start + shape.durationMs]])
      }
      case 'sliding': {
        const last = floorTo(record.time, shape.slideMs, shape.offsetMs)
        const bounds: [number, number][] = []
        for (let start = last; start + shape.durationMs > record.time; start -= shape.slideMs) {
          bounds.push([start, start + shape.durationMs])
        }
        return this.#into(record, bounds)
      }
      case 'global':
        return this.#into(record, [[0, LAST_MOMENT_MS]])
      case 'session':
        return this.#session(record, shape.gapMs)
      case 'count':
        return this.#count(record, shape.records)
    }
  }

  #into(record: TimedRecord, bounds: readonly (readonly [number, number])[]): void {
    let taken = 0
    for (const [start, end] of bounds) {
      if (this.#isOver(end)) continue
      taken++
      this.#windowOf(record.key, start, end).ids.push(record.id)
    }
    if (taken === 0) this.#late.push(record.id)
  }

  #session({ id, key, time }: TimedRecord, gapMs: number): void {
    const near = this.#open.filter(
      window => window.key === key && time > window.start - gapMs && time < window.end
    )
    if (near.length === 0 && this.#isOver(time + gapMs)) {
      this.#late.push(id)
      return
    }
    const merged = {
      key,
      start: Math.min(time, ...near.map(window => window.start)),
      end: Math.max(time + gapMs, ...near.map(window => window.end)),
      ids: [...near.flatMap(window => window.ids), id]
    }
    this.#open = [...this.#open.filter(window => !near.includes(window)), merged]
  }

  #count({ id, key, time }: TimedRecord, records: number): void {
    let window = this.#open.find(one => one.key === key)
    if (window === undefined) {
      window = { key, start: time, end: time + 1, ids: [] }
      this.#open.push(window)
    }
    window.start = Math.min(window.start, time)
    window.end = Math.max(window.end, time + 1)
    window.ids.push(id)
    if (window.ids.length === records) this.#close([window])
  }

  #windowOf(key: string, start: number, end: number): Window {
    const known = this.#open.find(one => one.key === key && one.start === start)
    if (known !== undefined) return known
    const window = { key, start, end, ids: [] }
    this.#open.push(window)
    return window
  }

  #moveOn(): void {
    const times = this.#reached.filter((_, input) => !this.#idle[input])
    if (times.length > 0) {
      const least = Math.min(...times) - this.#setup.outOfOrdernessMs
      this.#watermark = Math.max(this.#watermark, least)
    }
    if (!this.#endsWithTime) return
    this.#close(this.#open.filter(window => this.#isOver(window.end)))
  }

  #closeAll(): void {
    if (this.#endsWithTime) {
      const ends = this.#open.map(window => window.end + this.#setup.graceMs)
      this.#floor = Math.max(this.#floor, ...ends)
    }
    this.#close(this.#open)
  }

  #close(windows: readonly Window[]): void {
    this.#closed.push(...windows)
    this.#open = this.#open.filter(window => !windows.includes(window))
  }

  get #endsWithTime(): boolean {
    const { kind } = this.#setup.shape
    return kind !== 'count' && kind !== 'global'
  }

  #isOver(end: number): boolean {
    return end + this.#setup.graceMs <= Math.max(this.#watermark, this.#floor)
  }
}

function floorTo(time: number, step: number, offset: number): number {
  return Math.floor((time - offset) / step) * step + offset
}
