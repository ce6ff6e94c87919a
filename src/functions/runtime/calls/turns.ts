// Whose turn it is to call: so many calls at once in a task, of which no type can take what others need.
//
//   T1  A type has at most FUNCTION_CALLS_MAX calls under way, and no more than are free in the task: one that hangs
//       takes a part of the room, the next one a part of what is left. Each has FUNCTION_CALLS_MIN of its own.
//   T2  A remote type whose states are not known yet is called once at a time, until it has asked for them or answered.
//   T3  Addresses of a type wait in the order in which they came; types take turns.
import {
  FUNCTION_CALLS_MAX,
  FUNCTION_CALLS_MIN,
  FUNCTION_CALLS_TASK_MAX
} from '../../../base/index.ts'
import { Fifo } from '../fifo.ts'
import type { FunctionEntry } from '../function-table.ts'
import type { Mailbox } from '../mailboxes.ts'

/** The turns of one task. */
export class Turns {
  /** Mailboxes that have something to call next. */
  readonly next: Fifo<Mailbox> = new Fifo<Mailbox>()
  /** Function types with addresses that wait for their turn. */
  readonly #waiting = new Set<FunctionEntry>()
  #underWay = 0

  /** Whether one more call of a type may begin. */
  mayCall(entry: FunctionEntry): boolean {
    if (entry.isLearning && entry.calls > 0) return false
    const free = FUNCTION_CALLS_TASK_MAX - this.#underWay
    return entry.calls < Math.max(FUNCTION_CALLS_MIN, Math.min(FUNCTION_CALLS_MAX, free))
  }

  /** Lets an address wait for its turn. */
  wait(box: Mailbox): void {
    box.entry.waiting.push(box)
    this.#waiting.add(box.entry)
  }

  /** A call has begun. */
  began(entry: FunctionEntry): void {
    entry.calls++
    this.#underWay++
  }

  /** A call has ended: the next address gets its turn, of this type and of another one. */
  ended(entry: FunctionEntry): void {
    entry.calls--
    this.#underWay--
    this.passed(entry)
  }

  /** The same for a turn that went by without a call. */
  passed(ended: FunctionEntry): void {
    if (this.#waiting.size === 0) return
    if (this.#waiting.has(ended) && this.mayCall(ended)) this.#give(ended, 1)
    for (const entry of this.#waiting) {
      if (entry !== ended && this.mayCall(entry)) return this.#give(entry, 1)
    }
  }

  /** The states of a type are known: all that wait get their turn, as far as there are turns (T2). */
  learnt(entry: FunctionEntry): void {
    entry.isLearning = false
    if (this.#waiting.has(entry)) this.#give(entry, FUNCTION_CALLS_MAX)
  }

  #give(entry: FunctionEntry, turns: number): void {
    const { waiting } = entry
    for (let turn = 0; turn < turns && waiting.length > 0; turn++) this.next.push(waiting.shift())
    // Deleting and adding puts the type behind the others.
    this.#waiting.delete(entry)
    if (waiting.length > 0) this.#waiting.add(entry)
  }
}
