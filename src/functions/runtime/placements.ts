// Tells of records that an epoch writes where they are, once that is durable.
//
//   N1  All records that a task writes to a partition that somebody asks about are noted, in their order.
//   N2  Each is told of once: that it is durable, or, when the task ends, that it is not.
import type { CommitBatch } from '../../log/log.ts'
import { readBatchHeader } from '../../record/index.ts'
import type { EpochEnd } from '../../runtime/task/index.ts'

/** Whoever wants to know of a record. */
export interface Told {
  /** It is durable, at this offset of its partition. */
  durable(offset: number): void
  /** The task has ended before it was. */
  lost(): void
}

/** The records of one task that somebody asks about. */
export class Placements {
  /** Of the running epoch, by topic and partition. */
  #noted = new Map<string, Told[]>()
  /** Of the epoch that is being committed. */
  #sealed: readonly Told[][] = []

  /** A record was written (N1). */
  note(topic: string, partition: number, told: Told): void {
    const key = `${topic}/${partition}`
    const noted = this.#noted.get(key)
    if (noted === undefined) this.#noted.set(key, [told])
    else noted.push(told)
  }

  /** The epoch is sealed. */
  sealed(batches: readonly CommitBatch[]): EpochEnd | null {
    if (this.#noted.size === 0) return null
    const indexes: number[] = []
    const groups: Told[][] = []
    for (const [index, { topic, partition, batch }] of batches.entries()) {
      const noted = this.#noted.get(`${topic}/${partition}`)
      if (noted === undefined) continue
      indexes.push(index)
      groups.push(noted.splice(0, readBatchHeader(batch, 0).recordCount))
    }
    this.#noted = new Map()
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
    const lost = [...this.#sealed, ...this.#noted.values()]
    this.#sealed = []
    this.#noted = new Map()
    for (const group of lost) for (const told of group) told.lost()
  }
}
