// Where transactions are open: for each partition the first offset that any of them holds back.
//
// Readers ask with every read, transactions change it when they begin, grow and end: it is kept, not looked for.

/** A partition of an open transaction, and an offset at or before its first record there. */
export interface TransactionPartition {
  readonly topic: string
  readonly partition: number
  readonly from: number
}

interface OpenPlace {
  /** Where each transaction begins, by its id. */
  readonly froms: Map<string, number>
  first: number
}

/** The partitions of all open transactions. */
export class OpenPlaces {
  readonly #byTopic = new Map<string, Map<number, OpenPlace>>()

  /** First offset of all transactions that are open in a partition; Infinity when there is none. */
  first(topic: string, partition: number): number {
    return this.#byTopic.get(topic)?.get(partition)?.first ?? Infinity
  }

  /** A transaction had `before` open, and has `now`. */
  change(
    id: string,
    before: readonly TransactionPartition[],
    now: readonly TransactionPartition[]
  ): void {
    if (before === now) return
    // A transaction ends with nothing, and grows by keeping what it had in front.
    let kept = 0
    while (kept < before.length && before[kept] === now[kept]) kept++
    for (const each of before.slice(kept)) this.#remove(id, each)
    for (const each of now.slice(kept)) this.#add(id, each)
  }

  #add(id: string, { topic, partition, from }: TransactionPartition): void {
    let places = this.#byTopic.get(topic)
    if (places === undefined) this.#byTopic.set(topic, (places = new Map()))
    let place = places.get(partition)
    if (place === undefined) places.set(partition, (place = { froms: new Map(), first: Infinity }))
    place.froms.set(id, from)
    place.first = Math.min(place.first, from)
  }

  #remove(id: string, { topic, partition }: TransactionPartition): void {
    const places = this.#byTopic.get(topic)
    const place = places?.get(partition)
    if (places === undefined || place === undefined) return
    const from = place.froms.get(id)
    place.froms.delete(id)
    if (place.froms.size === 0) {
      places.delete(partition)
      if (places.size === 0) this.#byTopic.delete(topic)
    } else if (from === place.first) {
      place.first = Infinity
      for (const other of place.froms.values()) place.first = Math.min(place.first, other)
    }
  }
}
