// How a join sends pairs on: one object of both sides, keyed, at a time of its own.
import type { Operator } from '../operators/operator.ts'
import type { Frame } from '../task/frame.ts'

/** Makes the value of a pair; null stands for a side that is missing. */
export type MakePair = (left: unknown, right: unknown) => unknown

/** Pairs of one record, before they are sent. Lists of one length, reused from record to record. */
export class Pairs {
  readonly lefts: unknown[] = []
  readonly rights: unknown[] = []
  readonly times: number[] = []

  get length(): number {
    return this.times.length
  }

  add(left: unknown, right: unknown, time: number): void {
    this.lefts.push(left)
    this.rights.push(right)
    this.times.push(time)
  }

  clear(): void {
    this.lefts.length = 0
    this.rights.length = 0
    this.times.length = 0
  }
}

/** Sends the pairs of the record in `frame`, which is afterwards as before; then they are forgotten. */
export function sendPairs(
  pairs: Pairs,
  make: MakePair,
  frame: Frame,
  next: Operator
): void | Promise<void> {
  // Hot: per record. Most records have no pair or one.
  if (pairs.length === 0) return
  const { rekeyed, owner, timestamp } = frame
  const key = rekeyed ? frame.key : null
  for (let index = 0; index < pairs.length; index++) {
    frame.timestamp = pairs.times[index]!
    frame.assignKey(owner)
    const pending = next.push(make(pairs.lefts[index], pairs.rights[index]))
    if (pending !== undefined) {
      return pending.then(() =>
        rest(pairs, index + 1, make, frame, next, { key, rekeyed, owner, timestamp })
      )
    }
    frame.restoreKey(key, rekeyed, owner)
  }
  frame.timestamp = timestamp
  pairs.clear()
}

interface Before {
  readonly key: unknown
  readonly rekeyed: boolean
  readonly owner: unknown
  readonly timestamp: number
}

async function rest(
  pairs: Pairs,
  from: number,
  make: MakePair,
  frame: Frame,
  next: Operator,
  before: Before
): Promise<void> {
  const { key, rekeyed, owner, timestamp } = before
  frame.restoreKey(key, rekeyed, owner)
  for (let index = from; index < pairs.length; index++) {
    frame.timestamp = pairs.times[index]!
    frame.assignKey(owner)
    await next.push(make(pairs.lefts[index], pairs.rights[index]))
    frame.restoreKey(key, rekeyed, owner)
  }
  frame.timestamp = timestamp
  pairs.clear()
}
