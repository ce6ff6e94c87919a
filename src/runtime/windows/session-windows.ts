// Sessions: windows of one key that last as long as records come less than a gap apart.
//
// `$sessions` keeps the open sessions of each key, four numbers each. The states of a session stand in the namespace
// of its slot, the least number that no other open session of the key has: mostly 0, so that there are few namespaces.
// A queue has each session once, by the time at which it ended when it was put there; one that has got records since
// is put back when its turn comes, so a record costs the queue nothing.
// An early result comes with a record by which a session has been through more multiples of `early.records` than those
// that it is made of: two that merge add what they had since their last results.
import type { KeyCodec, KeyedState, StateKey } from '../../state/contract.ts'
import type { Operator } from '../operators/operator.ts'
import type { Frame } from '../task/frame.ts'
import type { WindowBounds } from '../task/window-scope.ts'
import { after, inTurn } from '../time/in-turn.ts'
import type { EntryOptions, Windows, WindowsOptions } from './contract.ts'
import { DueQueue } from './due-queue.ts'

/** Numbers of one session in the list of its key. */
const FIELDS = 4
const NONE: readonly number[] = []

/** An open session. */
interface Session {
  readonly slot: number
  readonly start: number
  /** Time of the newest record. */
  readonly last: number
  readonly records: number
}

/** What {@link SessionWindows} are made from. */
export interface SessionOptions extends WindowsOptions {
  readonly gapMs: number
  readonly key: KeyCodec
  /** `[slot, start, last, records]` of each open session, by key. */
  readonly registry: KeyedState<readonly number[]>
}

/** Windows that end with silence. */
export class SessionWindows implements Windows {
  floor: number = Number.NEGATIVE_INFINITY
  open = 0
  closed = 0
  readonly #options: SessionOptions
  readonly #queue = new DueQueue<{ readonly key: StateKey; readonly slot: number }>()
  /** Keys with records since the last early results. */
  readonly #fresh = new Set<StateKey>()
  /** Early results that the sessions of the record under way had before it, because of their records. */
  #earlyBefore = 0

  constructor(options: SessionOptions) {
    this.#options = options
  }

  get due(): number {
    return this.#queue.first
  }

  restore(): void {
    for (const [key, list] of this.#options.registry.entries()) {
      for (const session of sessionsOf(list)) this.#opened(key, session)
    }
    this.#options.results.last.restoreKeys()
  }

  entry({ frame, next }: EntryOptions): Operator {
    return { push: value => this.#push(value, frame, next) }
  }

  advance(watermark: number): void | Promise<void> {
    if (this.#queue.first > watermark) return
    const due: (() => void | Promise<void>)[] = []
    while (this.#queue.first <= watermark) {
      const { key, slot } = this.#queue.pop()!
      const session = this.#find(key, slot)
      if (session === undefined) continue
      const closes = this.#closesAt(session)
      if (closes > watermark) this.#queue.push(closes, { key, slot })
      else due.push(() => this.#close(key, slot))
    }
    return inTurn(due, close => close())
  }

  idle(isIdle: boolean): void | Promise<void> {
    if (isIdle) return this.closeAll()
  }

  closeAll(): void | Promise<void> {
    for (const [, list] of this.#options.registry.entries()) {
      for (const session of sessionsOf(list)) {
        this.floor = Math.max(this.floor, this.#closesAt(session))
      }
    }
    return this.advance(this.floor)
  }

  giveEarly(): void | Promise<void> {
    const keys = [...this.#fresh]
    this.#fresh.clear()
    return inTurn(keys, key =>
      inTurn(sessionsOf(this.#options.registry.get(key) ?? NONE), session =>
        this.#give(key, session, false)
      )
    )
  }

  beforeSeal(): void {
    // Each record has changed the state already.
    this.#options.results.last.seal()
  }

  boundsOf(namespace: number, key: StateKey): WindowBounds | null {
    const session = this.#find(key, namespace)
    return session === undefined ? null : this.#boundsOf(session, false)
  }

  #push(value: unknown, frame: Frame, next: Operator): void | Promise<void> {
    // Hot: per record.
    const { scope, late, registry, early, gapMs, clock } = this.#options
    const key = this.#options.key.check(frame.stateKey)
    const time = clock === null ? frame.timestamp : Math.max(clock.now(), this.floor)
    const list = registry.get(key) ?? NONE
    const session = this.#take(key, list, time)
    if (session === null) return late.take(value, frame, time + gapMs)
    if (early !== null && early.everyMs !== null) this.#fresh.add(key)
    const isEarly = this.#earlyOf(session.records) > this.#earlyBefore
    frame.window = this.#boundsOf(session, false)
    scope.enter(session.slot)
    const pending = next.push(value)
    const given = isEarly ? session : null
    if (pending !== undefined) return pending.then(() => this.#leave(key, given, frame))
    return this.#leave(key, given, frame)
  }

  /** After a record; of the session `given` there is an early result. */
  #leave(key: StateKey, given: Session | null, frame: Frame): void | Promise<void> {
    this.#options.scope.leave()
    frame.window = null
    if (given !== null) return this.#give(key, given, false)
  }

  /** How many early results a session of so many records has had because of them. */
  #earlyOf(records: number): number {
    const every = this.#options.early?.records ?? null
    return every === null ? 0 : Math.floor(records / every)
  }

  /** The session that a record of `time` belongs to from now on; null when it is too late for one of its own. */
  #take(key: StateKey, list: readonly number[], time: number): Session | null {
    const { gapMs, registry } = this.#options
    if (list.length === FIELDS) {
      // Hot: per record. Mostly a key has one session, and the record belongs to it.
      const [slot, start, last, records] = list as [number, number, number, number]
      if (time > start - gapMs && time < last + gapMs) {
        this.#earlyBefore = this.#earlyOf(records)
        const session = {
          slot,
          start: time < start ? time : start,
          last: time > last ? time : last,
          records: records + 1
        }
        registry.set(key, [slot, session.start, session.last, session.records])
        return session
      }
    }
    const near: Session[] = []
    const others: Session[] = []
    for (const session of sessionsOf(list)) {
      const isNear = time > session.start - gapMs && time < session.last + gapMs
      if (isNear) near.push(session)
      else others.push(session)
    }
    const [first, second] = near
    this.#earlyBefore = near.reduce((sum, one) => sum + this.#earlyOf(one.records), 0)
    if (first === undefined) {
      const session = { slot: freeSlot(others), start: time, last: time, records: 1 }
      const closes = this.#closesAt(session)
      if (closes <= this.floor || closes <= this.#options.time.exact()) return null
      registry.set(key, listOf([...others, session]))
      this.#opened(key, session)
      this.#options.time.want(this.due)
      return session
    }
    let { start, last, records } = first
    records++
    if (second !== undefined) {
      start = Math.min(start, second.start)
      last = Math.max(last, second.last)
      records += second.records
    }
    const session = {
      slot: first.slot,
      start: Math.min(start, time),
      last: Math.max(last, time),
      records
    }
    if (second !== undefined) this.#merge(key, session, second)
    registry.set(key, others.length === 0 ? listOf([session]) : listOf([...others, session]))
    return session
  }

  /** Two sessions have turned out to be one. */
  #merge(key: StateKey, into: Session, from: Session): void {
    this.#options.results.mergeKey(from.slot, into.slot, key, this.#boundsOf(into, false))
    this.open--
  }

  #opened(key: StateKey, session: Session): void {
    this.open++
    this.#queue.push(this.#closesAt(session), { key, slot: session.slot })
  }

  #close(key: StateKey, slot: number): void | Promise<void> {
    const session = this.#find(key, slot)
    if (session === undefined) return
    return after(this.#give(key, session, true), () => {
      const { registry, results } = this.#options
      const rest = sessionsOf(registry.get(key)!).filter(other => other.slot !== slot)
      if (rest.length === 0) registry.delete(key)
      else registry.set(key, listOf(rest))
      results.clearKey(slot, key)
      this.open--
      this.closed++
      if (this.#options.clock !== null) {
        this.floor = Math.max(this.floor, this.#closesAt(session))
      }
    })
  }

  #give(key: StateKey, session: Session, isFinal: boolean): void | Promise<void> {
    const bounds = this.#boundsOf(session, isFinal)
    return this.#options.results.giveKey(session.slot, key, bounds, bounds.end - 1)
  }

  #find(key: StateKey, slot: number): Session | undefined {
    const list = this.#options.registry.get(key)
    if (list === undefined) return undefined
    return sessionsOf(list).find(session => session.slot === slot)
  }

  /** The watermark at which a session closes. */
  #closesAt({ last }: Session): number {
    return last + this.#options.gapMs + this.#options.graceMs
  }

  #boundsOf({ start, last }: Session, isFinal: boolean): WindowBounds {
    return { start, end: last + this.#options.gapMs, isFinal }
  }
}

function sessionsOf(list: readonly number[]): Session[] {
  const sessions: Session[] = []
  for (let at = 0; at < list.length; at += FIELDS) {
    sessions.push({
      slot: list[at]!,
      start: list[at + 1]!,
      last: list[at + 2]!,
      records: list[at + 3]!
    })
  }
  return sessions
}

/** The earlier session first. */
function listOf(sessions: readonly Session[]): number[] {
  const sorted = sessions.length === 1 ? sessions : sessions.toSorted((a, b) => a.start - b.start)
  return sorted.flatMap(({ slot, start, last, records }) => [slot, start, last, records])
}

function freeSlot(sessions: readonly Session[]): number {
  let slot = 0
  while (sessions.some(session => session.slot === slot)) slot++
  return slot
}
