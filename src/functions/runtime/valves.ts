// Back-pressure: which ingress partitions wait because functions that they feed have too much in their mailboxes.
//
// Only readers of ingresses are ever held. Messages between functions are not, or a cycle of them could wait for
// itself. All tasks of an application share the valves: a message may wait in another task than its ingress.
import type { SourceReader } from '../../runtime/task/index.ts'
import type { Feed } from './envelope.ts'

/** One ingress partition. */
interface Valve {
  readonly reader: SourceReader
  wake(): void
  /** Who holds it. */
  readonly holders: Set<object>
}

/** The ingress partitions of an application. */
export class Valves {
  readonly #valves = new Map<string, Valve>()
  readonly #held = new Map<object, Set<Valve>>()

  /** Makes the reader of a feed known; `wake` is its task's. */
  add(feed: Feed, reader: SourceReader, wake: () => void): void {
    this.#valves.set(keyOf(feed), { reader, wake, holders: new Set() })
  }

  /** Whether `holder` holds anything. */
  isHolding(holder: object): boolean {
    return this.#held.has(holder)
  }

  /** No more records of `feed` until `holder` lets go. */
  hold(feed: Feed, holder: object): void {
    const valve = this.#valves.get(keyOf(feed))
    if (valve === undefined) return
    valve.holders.add(holder)
    valve.reader.isPaused = true
    const held = this.#held.get(holder)
    if (held === undefined) this.#held.set(holder, new Set([valve]))
    else held.add(valve)
  }

  /** Lets go of everything that `holder` holds. */
  release(holder: object): void {
    for (const valve of this.#held.get(holder) ?? []) {
      valve.holders.delete(holder)
      if (valve.holders.size > 0) continue
      valve.reader.isPaused = false
      valve.wake()
    }
    this.#held.delete(holder)
  }
}

function keyOf({ topic, partition, ingress }: Feed): string {
  return `${topic}/${partition}/${ingress}`
}
