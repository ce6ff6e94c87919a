// The fetch loop over a reader that is made of data: order, bounds, failures, leaders that move.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { MillraceError, SimulatedClock } from '../../base/index.ts'
import type { DriverAdmin, Fetched, FetchRequest, Reader, TopicPartition } from '../driver.ts'
import { FetchLoop, newPlace } from './fetch-loop.ts'

const RECORD_BYTES = 100

/** A cluster of two nodes in memory. */
class World implements Reader {
  readonly clock = new SimulatedClock()
  readonly leaders_ = new Map<number, number>([
    [0, 1],
    [1, 2]
  ])
  readonly ends = new Map<number, number>([
    [0, 50],
    [1, 50]
  ])
  readonly requests: FetchRequest[] = []
  readonly retries: string[] = []
  start = 0
  failures: Error[] = []

  leaders(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<number, TopicPartition[]>> {
    return Promise.resolve(Map.groupBy(partitions, each => this.leaders_.get(each.partition)!))
  }

  async fetch(request: FetchRequest): Promise<readonly Fetched[]> {
    this.requests.push(request)
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    const found: Fetched[] = []
    for (const { topic, partition, offset } of request.positions) {
      if (this.leaders_.get(partition) !== request.node) throw moved()
      if (offset < this.start) {
        found.push({
          topic,
          partition,
          records: [],
          nextOffset: offset,
          problem: 'OFFSET_OUT_OF_RANGE'
        })
        continue
      }
      const nextOffset = Math.min(offset + 5, this.ends.get(partition)!)
      if (nextOffset === offset) continue
      const records = Array.from({ length: nextOffset - offset }, (_, index) => ({
        offset: offset + index,
        timestamp: 0,
        key: null,
        value: Buffer.alloc(RECORD_BYTES),
        headers: []
      }))
      found.push({ topic, partition, records, nextOffset, problem: null })
    }
    if (found.length === 0) await this.clock.sleep(request.waitMs)
    return found
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  loop(bufferBytes = 1_000_000): FetchLoop {
    const loop = new FetchLoop({
      reader: this,
      admin: {
        offsets: queries =>
          Promise.resolve(queries.map(({ at }) => (at === 'beginning' ? this.start : 50)))
      } as Partial<DriverAdmin> as DriverAdmin,
      clock: this.clock,
      isolation: 'committed',
      bytesMax: 1_000,
      partitionBytesMax: 1_000,
      bufferBytes,
      waitMs: 500,
      onRetry: error => this.retries.push((error as MillraceError).code),
      onChange: () => {}
    })
    const places = [0, 1].map(partition => newPlace({ topic: 't', partition }, 0, 50))
    loop.assign(places)
    return loop
  }

  /** Takes all that comes until the end; gives the offsets of each partition. */
  async drain(loop: FetchLoop): Promise<number[][]> {
    const offsets: number[][] = [[], []]
    for (let turn = 0; turn < 2_000 && !loop.isDone; turn++) {
      const chunk = loop.take()
      if (chunk === undefined) await this.clock.advance(50)
      else offsets[chunk.place.partition]!.push(...chunk.records.map(record => record.offset))
    }
    return offsets
  }
}

const moved = (): MillraceError => new MillraceError('REQUEST_FAILED', 'moved', { retriable: true })
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

test('each offset of each partition comes once, in order, up to the end', async () => {
  const world = new World()
  const loop = world.loop()
  deepStrictEqual(await world.drain(loop), [numbers(0, 50), numbers(0, 50)])
  ok(loop.isDone)
})

test('nothing is fetched while enough is waiting', async () => {
  const world = new World()
  const loop = world.loop(1_200)
  await world.clock.advance(10_000)
  const before = world.requests.length
  ok(before <= 4, `${before} fetches`)
  await world.clock.advance(10_000)
  strictEqual(world.requests.length, before)
  deepStrictEqual(await world.drain(loop), [numbers(0, 50), numbers(0, 50)])
})

test('a leader that moves is followed', async () => {
  const world = new World()
  const loop = world.loop(1_200)
  await world.clock.advance(100)
  world.leaders_.set(0, 2)
  deepStrictEqual(await world.drain(loop), [numbers(0, 50), numbers(0, 50)])
  ok(world.retries.length > 0)
  ok(world.requests.some(({ node, positions }) => node === 2 && positions.length === 2))
})

test('failures that may pass are tried again, others end the loop', async () => {
  const world = new World()
  world.failures = Array.from({ length: 12 }, moved)
  const loop = world.loop()
  deepStrictEqual(await world.drain(loop), [numbers(0, 50), numbers(0, 50)])
  strictEqual(world.retries.length, 12)
  const other = new World()
  other.failures = [new MillraceError('ACCESS_DENIED', 'no')]
  const failed = other.loop()
  await other.clock.advance(5_000)
  strictEqual((failed.failure as MillraceError).code, 'ACCESS_DENIED')
})

test('what retention removed is skipped', async () => {
  const world = new World()
  world.start = 20
  deepStrictEqual(await world.drain(world.loop()), [numbers(20, 50), numbers(20, 50)])
})

test('a place that stops goes to its end and not behind, also when more was fetched', async () => {
  const world = new World()
  world.ends.set(0, 60)
  const loop = world.loop()
  loop.assign([newPlace({ topic: 't', partition: 0 }, 48, 50)])
  await world.clock.advance(100)
  const chunk = loop.take()!
  deepStrictEqual(
    chunk.records.map(record => record.offset),
    [48, 49]
  )
  strictEqual(chunk.nextOffset, 50)
  ok(loop.isDone)
})

test('what is put back comes next again, unless its partition was taken away', async () => {
  const world = new World()
  const loop = world.loop()
  await world.clock.advance(100)
  const first = loop.take()!
  loop.putBack(first)
  strictEqual(loop.take(), first)
  const second = loop.take()!
  loop.assign(loop.places.filter(place => place !== second.place))
  loop.putBack(second)
  const [lost, read] = await world.drain(loop)
  const [kept, given] = second.place.partition === 0 ? [read, lost] : [lost, read]
  deepStrictEqual(given, [])
  strictEqual(kept!.at(-1), 49)
})

test('a partition that is taken away gives nothing more', async () => {
  const world = new World()
  const loop = world.loop(1_200)
  await world.clock.advance(100)
  const [kept] = loop.places.filter(place => place.partition === 1)
  loop.assign([kept!])
  const [lost, read] = await world.drain(loop)
  deepStrictEqual([lost, read], [[], numbers(0, 50)])
})
