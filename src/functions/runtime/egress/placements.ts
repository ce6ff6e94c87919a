// Tells of records that an epoch writes where they are, once that is durable.
//
//   N1  All records that a task writes to a partition that somebody asks about are noted, in their order.
//   N2  Each is told of once: that it is durable, or, when the task ends, that it is not.
import type { CommitBatch } from '../../../log/log.ts'
import { readBatchHeader } from '../../../record/index.ts'
import type { EpochEnd } from '../../../runtime/task/index.ts'

/** Whoever wants to know of a record. */
export interface Told {
  /** It is durable, at this offset of its partition. */
  durable(offset: number): void
  /** The task has ended before it was. */
  lost(): void
}

/** The records for one partition. */
export interface Lane {
  readonly topic: string
  readonly partition: number
  /** Of the running epoch (N1). */
  noted: Told[]
}

/** The records of one task that somebody asks about. */
export class Placements {
  readonly #lanes: Lane[] = []
  /** Of the epoch that is being committed. */
  #sealed: readonly Told[][] = []

  /** The lane of a partition: one for all who write to it. */
  lane(topic: string, partition: number): Lane {
    let lane = this.#find(topic, partition)
    if (lane === undefined) this.#lanes.push((lane = { topic, partition, noted: [] }))
    return lane
  }

  /** The epoch is sealed. */
  sealed(batches: readonly CommitBatch[]): EpochEnd | null {
    if (this.#lanes.every(({ noted }) => noted.length === 0)) return null
    const indexes: number[] = []
    const groups: Told[][] = []
    for (const [index, { topic, partition, batch }] of batches.entries()) {
      const lane = this.#find(topic, partition)
      if (lane === undefined) continue
      indexes.push(index)
      groups.push(lane.noted.splice(0, readBatchHeader(batch, 0).recordCount))
    }
    this.#sealed = groups
    return baseOffsets => {
      this.#sealed = []
      for (const [at, group] of groups.entries()) {
        const base = baseOffsets[indexes[at]!]!
        for (let index = 0; index < group.length; index++) group[index]!.durable(base + index)
      }
    }
  }

  /** The task has ended (N2). */
  ended(): void {
    const lost = [...this.#sealed, ...this.#lanes.map(lane => lane.noted)]
    this.#sealed = []
    for (const lane of this.#lanes) lane.noted = []
    for (const group of lost) for (const told of group) told.lost()
  }

  #find(topic: string, partition: number): Lane | undefined {
    return this.#lanes.find(lane => lane.partition === partition && lane.topic === topic)
  }
}
