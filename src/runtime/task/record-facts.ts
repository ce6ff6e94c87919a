// A record as it is handed from its reader to the services: ranges in bytes, nothing decoded.

/**
 * What a reader must tell. A `RecordCursor` tells it of a record read from the log; a sink tells it of one
 * that it has just made. Ranges are in `data`, which stays as it is until the delivery has settled.
 */
export interface RecordFacts {
  readonly data: Buffer
  /** −1: not known yet. */
  readonly offset: number
  readonly timestamp: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly headersStart: number
  readonly headersEnd: number
  readonly headerCount: number
}

/** Takes records of one topic. */
export interface RecordTaker {
  accept(facts: RecordFacts, topic: string, partition: number): void | Promise<void>
}

/** All services of a task that read a topic, in the order of graph/delivery-order.ts. */
export class TopicReaders implements RecordTaker {
  readonly #takers: RecordTaker[] = []

  add(taker: RecordTaker): void {
    this.#takers.push(taker)
  }

  /** The service, if it is the only one: records need not go through this list. */
  only(): RecordTaker | null {
    return this.#takers.length === 1 ? this.#takers[0]! : null
  }

  /** Hands the record to each service in turn; the next one begins when the one before is done with it. */
  accept(facts: RecordFacts, topic: string, partition: number): void | Promise<void> {
    // Hot: per record.
    const takers = this.#takers
    for (let index = 0; index < takers.length; index++) {
      const pending = takers[index]!.accept(facts, topic, partition)
      if (pending !== undefined) return this.#rest(pending, index + 1, facts, topic, partition)
    }
  }

  async #rest(
    first: Promise<void>,
    from: number,
    facts: RecordFacts,
    topic: string,
    partition: number
  ): Promise<void> {
    await first
    for (let index = from; index < this.#takers.length; index++) {
      const pending = this.#takers[index]!.accept(facts, topic, partition)
      if (pending !== undefined) await pending
    }
  }
}
