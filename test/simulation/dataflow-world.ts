// What outlives a process that runs a dataflow: its disk, its stores, and what the outside knows of them.
import assert from 'node:assert/strict'

import type { Clock, Random, SimulatedDisk } from '../../src/base/index.ts'
import type { Plan } from '../../src/dataflow/plan.ts'
import { delegateLog, type Commit, type CommitResult, type Log } from '../../src/log/index.ts'
import { partitionForKey, RecordCursor } from '../../src/record/index.ts'
import { Bench, type Line } from '../../src/runtime/test-kit.ts'
import {
  MemoryStore,
  type MemoryStoreOptions,
  type StateStore,
  type StoreChange
} from '../../src/state/index.ts'
import { TickingClock } from '../runtime/crashing-log.ts'

/** Records that the feeder commits together. */
export interface Portion {
  readonly topic: string
  /** Where records without a key go. */
  readonly partition: number
  readonly lines: readonly Line[]
  /** Portions of one group are asked for at once. */
  readonly group: number
  /** How far the clock moves when the group is there, ms. */
  readonly advanceMs: number
}

/** A dataflow and what it is fed. */
export interface Workload {
  readonly plan: Plan
  readonly portions: readonly Portion[]
  /** Topics that are fed, with their partitions. */
  readonly outside: ReadonlyMap<string, number>
  readonly stateHotBytes: number
}

/** Everything that a stop of the machine leaves, and what was promised by then. */
export class World {
  readonly workload: Workload
  readonly disk: SimulatedDisk
  readonly clock: TickingClock
  readonly stores: SimulatedStores
  /** Portions that were acknowledged: the first so many. */
  acknowledged = 0
  /** Portions that were asked for: those above may be there, wholly each, in this order. */
  asked = 0
  /** Records whose commits were acknowledged, by `topic/partition`, from offset 0 on. Internal topics apart. */
  visible: Map<string, string[]> = new Map()

  constructor(workload: Workload, disk: SimulatedDisk, options: Partial<WorldOptions> = {}) {
    this.workload = workload
    this.disk = disk
    this.clock = new TickingClock(options.nowMs)
    this.stores = options.stores ?? new SimulatedStores()
  }

  /** The world of the next process, on the disk as it finds it. Of unresolved store writes some were made. */
  next(disk: SimulatedDisk, random: Random): World {
    const nowMs = this.clock.now()
    const world = new World(this.workload, disk, { nowMs, stores: this.stores.next(random) })
    world.acknowledged = this.acknowledged
    world.asked = this.asked
    world.visible = new Map([...this.visible].map(([place, records]) => [place, [...records]]))
    return world
  }

  /**
   * Checks that what was visible is there, and that what was fed is the acknowledged portions and a prefix of
   * the others, wholly each. Takes that as the state to go on from.
   */
  async verify(log: Log, label: string): Promise<void> {
    const found = await recordsOf(log)
    for (const [place, records] of this.visible) {
      const now = found.get(place)?.slice(0, records.length) ?? []
      assert.deepEqual(now, records, `${label}: what was visible in ${place}`)
    }
    const fed = this.#fedIn(found)
    const fits = range(this.acknowledged, this.asked).find(count => {
      const wanted = this.#contentOf(count)
      return [...wanted].every(([place, records]) => isEqual(records, fed.get(place) ?? []))
    })
    const bounds = `${this.acknowledged} to ${this.asked}`
    const text = JSON.stringify([...fed])
    assert.ok(fits !== undefined, `${label}: not the first ${bounds} portions: ${text}`)
    this.acknowledged = fits
    this.asked = fits
    this.visible = found
  }

  /** Checks that exactly what was acknowledged is visible. */
  async verifyAcknowledged(log: Log, label: string): Promise<void> {
    const found = await recordsOf(log)
    for (const [place, records] of found) {
      assert.deepEqual(records, this.visible.get(place) ?? [], `${label}: ${place}`)
    }
  }

  /** Notes what a commit has made visible. */
  note(commit: Commit, { baseOffsets }: CommitResult): void {
    const cursor = new RecordCursor()
    for (const [index, { topic, partition, batch }] of commit.batches.entries()) {
      if (isInternal(topic)) continue
      const place = `${topic}/${partition}`
      let records = this.visible.get(place)
      if (records === undefined) this.visible.set(place, (records = []))
      const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength)
      let offset = baseOffsets[index]!
      for (cursor.open(bytes, 0); cursor.next(); offset++) {
        records[offset] = textOf(cursor.key(), cursor.value())
      }
    }
  }

  #fedIn(found: ReadonlyMap<string, string[]>): Map<string, string[]> {
    return new Map(
      [...found].filter(([place]) =>
        this.workload.outside.has(place.slice(0, place.lastIndexOf('/')))
      )
    )
  }

  /** What the first `count` portions come to, by place; places without records too. */
  #contentOf(count: number): Map<string, string[]> {
    const content = new Map<string, string[]>()
    for (const [topic, partitions] of this.workload.outside) {
      for (let one = 0; one < partitions; one++) content.set(`${topic}/${one}`, [])
    }
    for (const { topic, partition, lines } of this.workload.portions.slice(0, count)) {
      for (const line of lines) {
        const key = typeof line.key === 'string' ? Buffer.from(line.key) : null
        const partitions = this.workload.outside.get(topic)!
        const to = key === null ? partition : partitionForKey(key, 0, key.length, partitions)
        content.get(`${topic}/${to}`)!.push(textOf(key, Buffer.from(line.value ?? '')))
      }
    }
    return content
  }
}

interface WorldOptions {
  readonly nowMs: number
  readonly stores: SimulatedStores
}

/** The log as the dataflow and the feeder see it: tells the world of commits, and reads one batch at a time. */
export function witnessed(log: Log, world: World): Log {
  return delegateLog(log, {
    commit: async commit => {
      const result = await log.commit(commit)
      world.note(commit, result)
      return result
    },
    read: request => log.read({ ...request, bytesMax: 1 })
  })
}

/** All records but those of internal topics, by `topic/partition`. */
async function recordsOf(log: Log): Promise<Map<string, string[]>> {
  const bench = new Bench({ log })
  const found = new Map<string, string[]>()
  for (const { name, spec } of await log.listTopics()) {
    for (let one = 0; one < spec.partitions; one++) found.set(`${name}/${one}`, [])
    for (const { key, value, partition } of await bench.read(name)) {
      found.get(`${name}/${partition}`)!.push(`${key} ${value}`)
    }
  }
  return found
}

function textOf(key: Buffer | null, value: Buffer | null): string {
  return `${key?.toString() ?? null} ${value?.toString() ?? null}`
}

function isInternal(topic: string): boolean {
  return topic.startsWith('_millrace.')
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at])
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

/** What was written to one task's store, in order; the first `made` writes are made. */
interface History {
  readonly writes: (readonly StoreChange[])[]
  made: number
}

/** The stores of all tasks. Each write is all or nothing; one that has resolved survives a stop. */
export class SimulatedStores {
  readonly #histories = new Map<number, History>()
  /** Writes since this process started. */
  writes = 0
  #failAt = Number.POSITIVE_INFINITY

  /** Lets write number `number`, counted from 1, and all later ones fail. */
  failAt(number: number): void {
    this.#failAt = number
  }

  /** The store of task `index` as this process finds it. */
  async open(index: number, clock: Clock): Promise<StateStore> {
    const history = this.#histories.get(index) ?? { writes: [], made: 0 }
    this.#histories.set(index, history)
    let isOpen = false
    const delay = async (): Promise<void> => (isOpen ? clock.yield() : undefined)
    const onWrite = (): void => {
      if (!isOpen) return
      this.writes++
      if (this.writes >= this.#failAt) throw new Error('ENOSPC: no space left on device, simulated')
      history.made++
    }
    const store = new RecordedStore(history, { delay, onWrite })
    await Promise.all(history.writes.map(changes => store.restore(changes)))
    isOpen = true
    return store
  }

  /** Loses everything: the changelog has it. */
  clear(): void {
    this.#histories.clear()
  }

  /** What the next process finds. */
  next(random: Random): SimulatedStores {
    const stores = new SimulatedStores()
    for (const [index, { writes, made }] of this.#histories) {
      const kept = writes.slice(0, made + random.below(writes.length - made + 1))
      stores.#histories.set(index, { writes: kept, made: kept.length })
    }
    return stores
  }
}

class RecordedStore extends MemoryStore {
  readonly #history: History

  constructor(history: History, options: MemoryStoreOptions) {
    super(options)
    this.#history = history
  }

  restore(changes: readonly StoreChange[]): Promise<void> {
    return super.write(changes)
  }

  override write(changes: readonly StoreChange[]): Promise<void> {
    const copies = changes.map(({ key, value }) => ({
      key: Uint8Array.from(key),
      value: value === null ? null : Uint8Array.from(value)
    }))
    this.#history.writes.push(copies)
    return super.write(changes)
  }

  override async clear(): Promise<void> {
    await super.clear()
    this.#history.writes.length = 0
    this.#history.made = 0
  }
}
