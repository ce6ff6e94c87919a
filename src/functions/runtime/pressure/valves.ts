// What is held back: ingress partitions, and delayed messages that are due, until who holds them lets go.
//
// Messages between functions are never held, or a cycle of them could wait for itself. All tasks of an application
// share the valves: a message may wait in another task than its ingress.
import type { SourceReader } from '../../../runtime/task/index.ts'
import type { Feed } from '../envelope.ts'

/** One ingress partition. */
interface Valve {
  readonly reader: SourceReader
  wake(): void
  /** Who holds it. */
  readonly holders: Set<object>
}

/** Somebody who keeps something back in the name of holders. */
export interface Resumable {
  /** `holder` lets go. */
  resume(holder: object): void
}

/** What one holder holds. */
interface Held {
  readonly valves: Set<Valve>
  readonly parked: Set<Resumable>
}

/** Everything of an application that can be held. */
export class Valves {
  readonly #valves = new Map<string, Valve>()
  readonly #held = new Map<object, Held>()

  /** Makes the reader of a feed known; `wake` is its task's. */
  add(feed: Feed, reader: SourceReader, wake: () => void): void {
    this.#valves.set(keyOf(feed), { reader, wake, holders: new Set() })
  }

  /** Whether anything is held. */
  get isHoldingAny(): boolean {
    return this.#held.size > 0
  }

  /** No more records of `feed` until `holder` lets go. */
  hold(feed: Feed, holder: object): void {
    const valve = this.#valves.get(keyOf(feed))
    if (valve === undefined) return
    valve.holders.add(holder)
    valve.reader.isPaused = true
    this.#heldBy(holder).valves.add(valve)
  }

  /** Tells `who` when `holder` lets go. */
  park(holder: object, who: Resumable): void {
    this.#heldBy(holder).parked.add(who)
  }

  /** Lets go of everything that `holder` holds. */
  release(holder: object): void {
    const held = this.#held.get(holder)
    if (held === undefined) return
    this.#held.delete(holder)
    for (const who of held.parked) who.resume(holder)
    for (const valve of held.valves) {
      valve.holders.delete(holder)
      if (valve.holders.size > 0) continue
      valve.reader.isPaused = false
      valve.wake()
    }
  }

  /** Lets go of everything. */
  releaseAll(): void {
    for (const holder of this.#held.keys()) this.release(holder)
  }

  #heldBy(holder: object): Held {
    let held = this.#held.get(holder)
    if (held === undefined) {
      this.#held.set(holder, (held = { valves: new Set(), parked: new Set() }))
    }
    return held
  }
}

function keyOf({ topic, partition, ingress }: Feed): string {
  return `${topic}/${partition}/${ingress}`
}
