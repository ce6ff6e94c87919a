// Draining linked dataflows, with dataflows that are counters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drainAll } from './drain.ts'
import type { Drainable } from './drain.ts'

/** Dataflows that move records: each drain passes on what came in, `hops` times at most in all. */
class Model {
  readonly topics = new Map<string, number>()
  readonly drains: string[] = []
  readonly dataflows: Drainable[] = []
  #hops: number

  constructor(hops = Infinity) {
    this.#hops = hops
  }

  add(name: string, sources: string[], sinks: string[]): void {
    const read = new Map<string, number>()
    const drain = async () => {
      this.drains.push(name)
      for (const topic of sources) {
        const end = this.topics.get(topic) ?? 0
        const count = Math.min(end - (read.get(topic) ?? 0), this.#hops)
        read.set(topic, end)
        if (count > 0) this.#hops -= count
        for (const sink of sinks) this.topics.set(sink, (this.topics.get(sink) ?? 0) + count)
      }
    }
    this.dataflows.push({ name, sources, sinks, drain })
  }

  run(): Promise<void> {
    return drainAll(this.dataflows, async topic => this.topics.get(topic) ?? 0)
  }
}

test('a chain is drained upstream first, each dataflow once', async () => {
  const model = new Model()
  model.add('last', ['b'], ['c'])
  model.add('first', ['in'], ['a'])
  model.add('middle', ['a'], ['b'])
  model.topics.set('in', 5)
  await model.run()
  assert.deepEqual(model.drains, ['first', 'middle', 'last'])
  assert.equal(model.topics.get('c'), 5)
})

test('a dataflow that reads what it writes is drained once', async () => {
  const model = new Model()
  model.add('own', ['in', 'mid'], ['mid'])
  model.topics.set('in', 3)
  await model.run()
  assert.deepEqual(model.drains, ['own'])
})

test('dataflows in a cycle are drained until nothing is new', async () => {
  const model = new Model(7)
  model.add('ping', ['in', 'pong'], ['ping'])
  model.add('pong', ['ping'], ['pong'])
  model.topics.set('in', 2)
  await model.run()
  assert.equal((model.topics.get('ping') ?? 0) + (model.topics.get('pong') ?? 0), 7)
})

test('without dataflows there is nothing to do', async () => {
  await new Model().run()
})
