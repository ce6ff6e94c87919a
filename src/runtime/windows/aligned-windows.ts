// Windows whose bounds do not depend on records: tumbling, sliding (with and without panes), and global.
//
// States stand in namespaces named by their start: of the window, or with `merge` of the pane. A pane is as long as
// the greatest common divisor of duration and slide, so that every window consists of whole panes and each record is
// worked on once; its namespace goes with the last window that covers it. `$windows` keeps what is open, by
// namespace: how many records it has, and the time of the newest; and under LAST the bounds of what was closed last.
import type { KeyedState } from '../../state/contract.ts'
import type { Operator } from '../operators/operator.ts'
import { TIMESTAMP_MS_MAX } from '../convert/index.ts'
import type { WindowBounds } from '../task/window-scope.ts'
import { after, inTurn } from '../time/in-turn.ts'
import { OverlapEntry, SlotEntry } from './aligned-entries.ts'
import type { EntryOptions, Windows, WindowsOptions } from './contract.ts'
import { DueQueue } from './due-queue.ts'
import { LAST } from './last-flushed.ts'

/** The end of a window that ends with no time: the last moment that a timestamp can be. */
const NEVER = TIMESTAMP_MS_MAX

/** Where the bounds are. */
export interface AlignedShape {
  /** Infinite for the global window. */
  readonly durationMs: number
  /** Equals the duration where windows do not overlap. */
  readonly slideMs: number
  readonly offsetMs: number
  /** Whether records are worked on in panes. */
  readonly inPanes: boolean
}

/** A namespace with records: a window, or a pane of several. */
export class Slot {
  readonly start: number
  readonly end: number
  /** What functions see. */
  readonly bounds: WindowBounds
  isOpen = true
  records = 0
  newest: number = Number.NEGATIVE_INFINITY
  /** Whether the state does not know the fields above yet. */
  isDirty = false
  /** Records since the last early result; in panes since the last one by the clock. */
  fresh = 0

  constructor(start: number, end: number) {
    this.start = start
    this.end = end
    this.bounds = Object.freeze({ start, end, isFinal: false })
  }
}

const NO_SLOT = new Slot(0, 0)

/** What {@link AlignedWindows} are made from. */
export interface AlignedOptions extends WindowsOptions {
  readonly shape: AlignedShape
  /** `[records, newest]` by start. */
  readonly registry: KeyedState<readonly number[]>
}

/** Windows on a grid. */
export class AlignedWindows implements Windows {
  floor: number = Number.NEGATIVE_INFINITY
  closed = 0
  readonly options: AlignedOptions
  readonly #shape: AlignedShape
  readonly #slotMs: number
  readonly #slots = new Map<number, Slot>()
  /** Starts of the open windows, and the queue of their ends. */
  readonly #windows = new Set<number>()
  readonly #queue = new DueQueue<number>()
  readonly #earlyRecords: number | null
  /** Of windows in panes: records since the last early result that records led to. */
  readonly #freshOf = new Map<number, number>()
  #dirty: Slot[] = []
  #current: Slot = NO_SLOT

  constructor(options: AlignedOptions) {
    this.options = options
    this.#shape = options.shape
    this.#earlyRecords = options.early?.records ?? null
    const { durationMs, slideMs, inPanes } = options.shape
    this.#slotMs = inPanes ? commonDivisor(durationMs, slideMs) : durationMs
  }

  get due(): number {
    return this.#queue.first + this.options.graceMs
  }

  get open(): number {
    return this.#windows.size
  }

  restore(): void {
    const { registry, results } = this.options
    for (const [key, [records, newest]] of registry.entries()) {
      if (key === LAST) continue
      const slot = this.#add(key as number)
      slot.records = records!
      slot.newest = newest!
    }
    const last = registry.get(LAST)
    if (last === undefined) return
    const [start, end] = last as [number, number]
    // A window that is open again has its namespace for itself.
    const isPut = this.#shape.inPanes || this.#slots.has(start)
    results.last.restore({ start, end, isFinal: true }, isPut)
  }

  entry(options: EntryOptions): Operator {
    const { durationMs, slideMs, inPanes } = this.#shape
    const overlaps = slideMs < durationMs && !inPanes
    return overlaps ? new OverlapEntry(this, options) : new SlotEntry(this, options)
  }

  advance(watermark: number): void | Promise<void> {
    if (this.due > watermark) return
    const due: number[] = []
    while (this.due <= watermark) due.push(this.#queue.pop()!)
    return inTurn(due, start => this.#close(start))
  }

  /** The global window does not end with time, so a pause does not end it either. */
  idle(isIdle: boolean): void | Promise<void> {
    if (isIdle && this.#shape.durationMs < NEVER) return this.closeAll()
  }

  closeAll(): void | Promise<void> {
    const due: number[] = []
    while (this.#queue.size > 0) due.push(this.#queue.pop()!)
    const last = due.at(-1)
    if (last === undefined) return
    const end = this.#endOf(last)
    if (end < NEVER) this.floor = Math.max(this.floor, end + this.options.graceMs)
    return inTurn(due, start => this.#close(start))
  }

  giveEarly(): void | Promise<void> {
    const changed = new Set<number>()
    for (const slot of this.#slots.values()) {
      if (slot.fresh === 0) continue
      slot.fresh = 0
      for (const start of this.#windowsOf(slot)) changed.add(start)
    }
    const starts = [...changed].toSorted((a, b) => a - b)
    return inTurn(starts, start => this.#give(start, false))
  }

  beforeSeal(): void {
    for (const slot of this.#dirty) {
      slot.isDirty = false
      if (slot.isOpen) this.options.registry.set(slot.start, [slot.records, slot.newest])
    }
    this.#dirty = []
    const last = this.options.results.last.seal()
    if (last === null) this.options.registry.delete(LAST)
    else if (last !== undefined) this.options.registry.set(LAST, last)
  }

  boundsOf(namespace: number): WindowBounds | null {
    return this.#slots.get(namespace)?.bounds ?? null
  }

  // ---- for the entries ----

  /** The time by which a record finds its window. */
  timeOf(timestamp: number): number {
    const { clock } = this.options
    return clock === null ? timestamp : Math.max(clock.now(), this.floor)
  }

  /** The namespace of a time, opened if need be; null when it is too late for all its windows. */
  slotAt(time: number): Slot | null {
    // Hot: per record.
    const current = this.#current
    if (time >= current.start && time < current.end && current.isOpen) return current
    const slot = this.slotFrom(floorTo(time, this.#slotMs, this.#shape.offsetMs))
    if (slot !== null) this.#current = slot
    return slot
  }

  /** The namespace that begins at `start`, opened if need be; null when it is closed. */
  slotFrom(start: number): Slot | null {
    const known = this.#slots.get(start)
    if (known !== undefined) return known
    return this.#isClosed(this.#lastStart(start)) ? null : this.#add(start)
  }

  /** Starts of all windows that cover `time`, earliest first. */
  startsCovering(time: number): number[] {
    const { durationMs, slideMs } = this.#shape
    const starts: number[] = []
    for (let start = this.#lastStart(time); start > time - durationMs; start -= slideMs) {
      starts.push(start)
    }
    return starts.toReversed()
  }

  /** The end of the last window that covers `time`. */
  lastEnd(time: number): number {
    return this.#endOf(this.#lastStart(time))
  }

  /** Counts a record in a namespace that is open. */
  count(slot: Slot, time: number): void {
    // Hot: per record.
    slot.records++
    slot.fresh++
    if (time > slot.newest) slot.newest = time
    if (slot.isDirty) return
    slot.isDirty = true
    this.#dirty.push(slot)
  }

  /** Early results of the windows of a namespace that have had enough records with one that was just counted. */
  giveEarlyOf(slot: Slot): void | Promise<void> {
    // Hot: per record.
    const records = this.#earlyRecords
    if (records === null) return
    if (!this.#shape.inPanes) {
      if (slot.fresh < records) return
      slot.fresh = 0
      return this.#give(slot.start, false)
    }
    const due = this.#windowsOf(slot).filter(start => {
      const fresh = (this.#freshOf.get(start) ?? 0) + 1
      this.#freshOf.set(start, fresh < records ? fresh : 0)
      return fresh >= records
    })
    return inTurn(due, start => this.#give(start, false))
  }

  #give(start: number, isFinal: boolean): void | Promise<void> {
    const { results } = this.options
    if (results.isSilent && !isFinal) return
    const end = this.#endOf(start)
    const bounds = Object.freeze({ start, end, isFinal })
    if (!this.#shape.inPanes) {
      const timestamp = end === NEVER ? this.#slots.get(start)!.newest : end - 1
      return results.give(start, bounds, timestamp)
    }
    return results.givePanes(this.#panesOf(start), bounds, end - 1)
  }

  /** Whether the window that starts at `start` takes no more records. */
  #isClosed(start: number): boolean {
    if (this.#windows.has(start)) return false
    const end = this.#endOf(start) + this.options.graceMs
    return end <= this.floor || end <= this.options.time.exact()
  }

  #close(start: number): void | Promise<void> {
    return after(this.#give(start, true), () => {
      this.#windows.delete(start)
      this.#freshOf.delete(start)
      this.closed++
      if (this.options.clock !== null) this.floor = Math.max(this.floor, this.#endOf(start))
      if (!this.#shape.inPanes) return this.#drop(start)
      // A pane goes with the last window that covers it.
      for (const pane of this.#panesOf(start)) {
        if (pane < start + this.#shape.slideMs) this.#drop(pane)
      }
    })
  }

  #drop(start: number): void {
    const slot = this.#slots.get(start)!
    slot.isOpen = false
    this.#slots.delete(start)
    this.options.results.clear(start)
    this.options.registry.delete(start)
  }

  /** Opens a namespace, with the windows that it belongs to. */
  #add(start: number): Slot {
    this.options.results.open(start)
    const slot = new Slot(start, Math.min(start + this.#slotMs, NEVER))
    this.#slots.set(start, slot)
    for (const window of this.#shape.inPanes ? this.startsCovering(start) : [start]) {
      if (this.#windows.has(window) || this.#isClosed(window)) continue
      this.#windows.add(window)
      this.#queue.push(this.#endOf(window), window)
    }
    this.options.time.want(this.due)
    return slot
  }

  /** The open windows that a namespace belongs to. */
  #windowsOf(slot: Slot): number[] {
    const starts = this.#shape.inPanes ? this.startsCovering(slot.start) : [slot.start]
    return starts.filter(start => this.#windows.has(start))
  }

  #panesOf(start: number): number[] {
    const panes: number[] = []
    for (let pane = start; pane < start + this.#shape.durationMs; pane += this.#slotMs) {
      if (this.#slots.has(pane)) panes.push(pane)
    }
    return panes
  }

  #endOf(start: number): number {
    return Math.min(start + this.#shape.durationMs, NEVER)
  }

  /** The start of the last window that covers `time`. */
  #lastStart(time: number): number {
    return floorTo(time, this.#shape.slideMs, this.#shape.offsetMs)
  }
}

function floorTo(time: number, step: number, offset: number): number {
  if (step === Number.POSITIVE_INFINITY) return 0
  return Math.floor((time - offset) / step) * step + offset
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}
