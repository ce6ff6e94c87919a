// The join with a table: of a stream with what holds now, or of two tables with whichever side changes.
//
// Nothing waits: a record meets what the other side holds when it arrives. Of two tables each change is sent with all
// rows of the other side, so many rows of one key on both sides give all their pairs.
import type { KeyedState, StateKey } from '../../state/contract.ts'
import type { Operator } from '../operators/operator.ts'
import type { JoinEntryOptions, Sided, SideValues } from './contract.ts'
import { type MakePair, Pairs, sendPairs } from './pairs.ts'
import { TableRows } from './rows.ts'

const ROW_BYTES = 32

/** A side; a stream keeps nothing. */
export interface TableSide extends SideValues {
  readonly state: KeyedState<TableRows> | null
}

/** What a {@link TableJoin} is made from. */
export interface TableJoinOptions {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly left: TableSide
  readonly right: TableSide
  readonly make: MakePair
}

/** Looks at the other side and keeps its own. */
export class TableJoin {
  readonly #options: TableJoinOptions

  constructor(options: TableJoinOptions) {
    this.#options = options
  }

  entry(entry: JoinEntryOptions): Operator {
    return new TableEntry(this.#options, entry)
  }
}

class TableEntry implements Operator {
  readonly #options: TableJoinOptions
  readonly #entry: JoinEntryOptions
  readonly #pairs = new Pairs()

  constructor(options: TableJoinOptions, entry: JoinEntryOptions) {
    this.#options = options
    this.#entry = entry
  }

  push(value: unknown): void | Promise<void> {
    // Hot: per record.
    const { kind, left, right, make } = this.#options
    const { frame, next } = this.#entry
    const sided = value as Sided
    const { isLeft } = sided
    const own = isLeft ? left : right
    const other = isLeft ? right : left
    const one = isLeft ? sided.left : sided.right
    const key = frame.owner as StateKey
    if (own.state !== null) keep(own, own.state, key, one)
    // A row that went, or a table that only streams look at, sends nothing.
    if (one === null || other.state === null) return
    const pairs = this.#pairs
    const { timestamp } = frame
    const rows = other.state.get(key)
    if (rows !== undefined) {
      for (const match of rows.rows.values()) {
        if (isLeft) pairs.add(one, match, timestamp)
        else pairs.add(match, one, timestamp)
      }
    }
    if (pairs.length === 0 && (isLeft ? kind !== 'inner' : kind === 'outer')) {
      if (isLeft) pairs.add(one, null, timestamp)
      else pairs.add(null, one, timestamp)
    }
    return sendPairs(pairs, make, frame, next)
  }
}

/** The last value of a row holds; null ends all rows of the key. */
function keep(side: SideValues, state: KeyedState<TableRows>, key: StateKey, value: unknown): void {
  if (value === null) {
    state.delete(key)
    return
  }
  const rows = state.get(key) ?? new TableRows()
  const id = side.rowOf(value)
  const before = rows.rows.get(id)
  rows.bytes += side.size(value) + (before === undefined ? ROW_BYTES : -side.size(before))
  rows.rows.set(id, value)
  state.set(key, rows)
}
