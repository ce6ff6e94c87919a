// What joins and dedup must come to, computed the naive way: everything is compared with everything.
import type { LifeEvent } from '../life.ts'
import type { Row } from './world.ts'

/** What happens, in this order. */
export type JoinEvent = LifeEvent<Row, 'l' | 'r'>

/** Which records are late, told as an event-time join tells it: two inputs, one watermark. */
class Lateness {
  readonly #reached: Record<'l' | 'r', number> = { l: -Infinity, r: -Infinity }
  readonly #idle = new Set<'l' | 'r'>()
  readonly #outOfOrdernessMs: number
  readonly #graceMs: number
  #watermark = -Infinity

  constructor({ outOfOrdernessMs, graceMs }: { outOfOrdernessMs: number; graceMs: number }) {
    this.#outOfOrdernessMs = outOfOrdernessMs
    this.#graceMs = graceMs
  }

  /** Takes the next record. */
  isLate({ topic, time }: Row): boolean {
    const isLate = time + this.#graceMs < this.#watermark
    this.#idle.delete(topic)
    this.#reached[topic] = Math.max(this.#reached[topic], time)
    this.#moveOn()
    return isLate
  }

  /** Whether now all inputs are idle. */
  idle(inputs: readonly ('l' | 'r')[]): boolean {
    for (const input of inputs) this.#idle.add(input)
    this.#moveOn()
    return this.#idle.size === 2
  }

  /** A new process waits for all inputs again. */
  restart(): void {
    this.#idle.clear()
  }

  #moveOn(): void {
    const times = (['l', 'r'] as const).flatMap(input =>
      this.#idle.has(input) ? [] : [this.#reached[input]]
    )
    if (times.length === 0) return
    this.#watermark = Math.max(this.#watermark, Math.min(...times) - this.#outOfOrdernessMs)
  }
}

/** Records in eras, at the end of which nothing waits any more; and those that are late. */
function erasOf(
  setup: JoinSetup,
  events: readonly JoinEvent[]
): { readonly eras: readonly (readonly Row[])[]; readonly late: readonly Row[] } {
  const lateness = new Lateness(setup)
  const late: Row[] = []
  const eras: Row[][] = [[]]
  for (const event of events) {
    if (event.kind === 'row') (lateness.isLate(event.row) ? late : eras.at(-1)!).push(event.row)
    else if (event.kind === 'restart') lateness.restart()
    else if (event.kind === 'end' || lateness.idle(event.inputs)) eras.push([])
  }
  return { eras, late }
}

/** Ids of late records, sorted. */
export function naiveLate(setup: JoinSetup, events: readonly JoinEvent[]): string[] {
  return erasOf(setup, events)
    .late.map(row => String(row.id))
    .toSorted()
}

/** Records in parts, each of which ends event time. */
export function eventsOf(parts: readonly (readonly Row[])[]): JoinEvent[] {
  return parts.flatMap((part): JoinEvent[] => [
    ...part.map((row): JoinEvent => ({ kind: 'row', row })),
    { kind: 'end' }
  ])
}

/** How a join is set up. */
export interface JoinSetup {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly beforeMs: number
  readonly afterMs: number
  readonly outOfOrdernessMs: number
  readonly graceMs: number
}

/** `left right time` of every pair, sorted. */
export function naivePairs(setup: JoinSetup, events: readonly JoinEvent[]): string[] {
  const pairs: string[] = []
  for (const rows of erasOf(setup, events).eras) {
    const lefts = rows.filter(row => row.topic === 'l')
    const rights = rows.filter(row => row.topic === 'r')
    const fits = (left: Row, right: Row): boolean =>
      left.key === right.key &&
      right.time >= left.time - setup.beforeMs &&
      right.time <= left.time + setup.afterMs
    for (const left of lefts) {
      const found = rights.filter(right => fits(left, right))
      for (const right of found)
        pairs.push(`${left.id} ${right.id} ${Math.max(left.time, right.time)}`)
      if (found.length === 0 && setup.kind !== 'inner') pairs.push(`${left.id} - ${left.time}`)
    }
    if (setup.kind !== 'outer') continue
    for (const right of rights) {
      if (!lefts.some(left => fits(left, right))) pairs.push(`- ${right.id} ${right.time}`)
    }
  }
  return pairs.toSorted()
}

/** The same for a stream and versions. */
export function naiveVersions(setup: JoinSetup, events: readonly JoinEvent[]): string[] {
  const pairs: string[] = []
  const versions: Row[] = []
  for (const rows of erasOf(setup, events).eras) {
    versions.push(...rows.filter(row => row.topic === 'r'))
    for (const left of rows.filter(row => row.topic === 'l')) {
      let found: Row | null = null
      for (const version of versions) {
        if (version.key !== left.key || version.time > left.time) continue
        if (found === null || version.time >= found.time) found = version
      }
      if (found?.isTombstone === true) found = null
      if (found === null && setup.kind === 'inner') continue
      pairs.push(`${left.id} ${found?.id ?? '-'} ${left.time}`)
    }
  }
  return pairs.toSorted()
}

/** Which sides are tables, by which property their rows are told apart. */
export interface TableSetup {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly leftRow: 'amount' | 'key' | null
  readonly rightRow: 'amount' | 'key'
}

/** `left right` of every pair, in order; a null leftRow is a stream. */
export function naiveTables(setup: TableSetup, rows: readonly Row[]): string[] {
  const tables: Record<'l' | 'r', Row[]> = { l: [], r: [] }
  const out: string[] = []
  for (const row of rows) {
    if (row.isTombstone === true) {
      tables[row.topic] = tables[row.topic].filter(one => one.key !== row.key)
      continue
    }
    const by = row.topic === 'l' ? setup.leftRow : setup.rightRow
    if (by !== null) {
      const own = tables[row.topic]
      const before = own.findIndex(one => one.key === row.key && one[by] === row[by])
      if (before >= 0) own[before] = row
      else own.push(row)
    } else if (row.topic === 'r') continue
    if (row.topic === 'r' && setup.leftRow === null) continue
    const other = tables[row.topic === 'l' ? 'r' : 'l'].filter(one => one.key === row.key)
    const text = (match: Row | null): string =>
      row.topic === 'l' ? `${row.id} ${match?.id ?? '-'}` : `${match?.id ?? '-'} ${row.id}`
    for (const match of other) out.push(text(match))
    const isAlone = row.topic === 'l' ? setup.kind !== 'inner' : setup.kind === 'outer'
    if (other.length === 0 && isAlone) out.push(text(null))
  }
  return out
}

/** `left sum` of every left record, in order; an amount of -1 forgets the sum of its key. */
export function naiveLookUp(kind: string, rows: readonly Row[]): string[] {
  const sums = new Map<string, number>()
  const out: string[] = []
  for (const { id, topic, key, amount } of rows) {
    const sum = sums.get(key)
    if (topic === 'r') {
      if (amount === -1) sums.delete(key)
      else sums.set(key, (sum ?? 0) + amount)
    } else if (sum !== undefined || kind === 'left') out.push(`${id} ${sum ?? '-'}`)
  }
  return out
}

/** Ids of the records that pass, in order. */
export function naiveDedup(
  bounds: { readonly count: number | null; readonly ageMs: number | null },
  rows: readonly Row[]
): string[] {
  const passed: Row[] = []
  let newest = -Infinity
  for (const row of rows) {
    newest = Math.max(newest, row.time)
    const remembered = passed
      .slice(bounds.count === null ? 0 : Math.max(0, passed.length - bounds.count))
      .filter(one => bounds.ageMs === null || newest - one.time < bounds.ageMs)
    // Of a key only the last that passed counts.
    const last = passed.findLast(one => one.key === row.key)
    if (last === undefined || !remembered.includes(last)) passed.push(row)
  }
  return passed.map(row => String(row.id))
}
