// Benches of src/state: hot reads and writes, seals, a million keys with commits, recovery, more keys than memory.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SeededRandom, SystemClock } from '../src/base/index.ts'
import { openMemoryLog } from '../src/log/index.ts'
import {
  type StateStore,
  type TaskState,
  MemoryStore,
  changelogOf,
  openLevelStore,
  openTaskState
} from '../src/state/index.ts'
import { numbersSpec } from '../src/state/test-kit.ts'
import { Suite } from './harness.ts'

const MIB = 1024 * 1024
const KEYS = 1_000_000
const LARGER_KEYS = 100_000
const HOT_KEYS = 100_000
const COUNT = 200_000
/** Updates of one epoch, as the runtime seals them. */
const EPOCH = 10_000

const clock = new SystemClock()
const specs = [numbersSpec('bench.count')]
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-state-'))
// Through bytes, as decoded keys are: a string that was put together takes more until it is flattened.
const keys = Array.from({ length: KEYS }, (_, index) =>
  Buffer.from(`key-${String(index).padStart(16, '0')}`).toString()
)

const suite = new Suite('state', {
  about: 'string keys of 20 bytes, numbers as values, one thread; stores in LevelDB on disk',
  notMeasured: [
    'Keys as fresh strings from decoded records: the map then hashes each one (about 0.5 µs more).',
    'Large objects as values: their codec decides.',
    'A changelog on disk: the log suite measures it; here commits go to a log in memory.'
  ]
})

/** A task over a log in memory, and the store that `path` names ('' for one in memory). */
class Bench {
  readonly log = openMemoryLog({ clock })
  task!: TaskState
  readonly #path: string
  #store!: StateStore
  #running: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  async create(): Promise<this> {
    await this.log.createTopic('changes', { partitions: 1, cleanup: 'compact', internal: true })
    return this
  }

  async open(
    hotBytesMax: number,
    options: {
      readonly path?: string
      readonly flushBytes?: number
      readonly flushDelayMs?: number
    } = {}
  ): Promise<TaskState> {
    const { path = this.#path, ...rest } = options
    this.#store = path === '' ? new MemoryStore() : await openLevelStore(join(folder, path))
    const changelog = changelogOf(this.log, 'changes', 0)
    this.task = await openTaskState({
      specs,
      store: this.#store,
      changelog,
      clock,
      hotBytesMax,
      ...rest
    })
    return this.task
  }

  /** Ends the store without a flush, as a kill would. */
  async kill(): Promise<void> {
    await this.#store.close()
  }

  /** Seals, and commits behind the next epoch, as the runtime does. */
  async commit(): Promise<void> {
    await this.#running
    const { epoch, batches, recordCounts } = this.task.seal(1.7e12)
    this.#running = this.log
      .commit({
        batches: batches.map(batch => ({ topic: 'changes', partition: 0, batch })),
        offsets: []
      })
      .then(({ baseOffsets }) => {
        this.task.committed(epoch, (baseOffsets.at(-1) ?? 0) + (recordCounts.at(-1) ?? 0))
      })
    await (this.task.admitted() ?? clock.yield())
  }

  /** Adds one to the keys that `order` names, with a mark before each as before a user's function. */
  async update(order: Uint32Array): Promise<void> {
    for (let at = 0; at < order.length; at += EPOCH) {
      updateSome(this.task, order, at, Math.min(order.length, at + EPOCH))
      await this.commit()
    }
    await this.#running
  }
}

function updateSome(task: TaskState, order: Uint32Array, from: number, to: number): void {
  const numbers = task.state<number>('bench.count')
  for (let index = from; index < to; index++) {
    const key = keys[order[index]!]!
    task.mark()
    numbers.set(key, (numbers.get(key) ?? 0) + 1)
  }
}

function updateMap(map: Map<string, number>, order: Uint32Array): void {
  for (let index = 0; index < order.length; index++) {
    const key = keys[order[index]!]!
    map.set(key, (map.get(key) ?? 0) + 1)
  }
}

function orderOf(count: number, below: number, seed: number): Uint32Array {
  const random = new SeededRandom(seed)
  return Uint32Array.from({ length: count }, () => random.below(below))
}

function everyKey(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => index)
}

async function benchHot(): Promise<void> {
  const bench = await new Bench('').create()
  const task = await bench.open(Infinity)
  await bench.update(everyKey(HOT_KEYS))
  const map = new Map(keys.slice(0, HOT_KEYS).map(key => [key, 0]))
  const order = orderOf(COUNT, HOT_KEYS, 1)
  await suite.measure(
    'get and set, mark before each',
    {
      unit: 'updates',
      count: COUNT,
      goal: 3e6,
      ceiling: { name: 'get and set of a plain Map', run: () => updateMap(map, order) }
    },
    () => updateSome(task, order, 0, COUNT)
  )
  await bench.commit()
  const rates: number[] = []
  for (let round = 0; round < 6; round++) {
    updateSome(task, everyKey(HOT_KEYS), 0, HOT_KEYS)
    const start = performance.now()
    await bench.commit()
    rates.push(performance.now() - start)
  }
  suite.value(
    'seal and commit of 100,000 entries',
    { unit: 'ms', goal: HOT_KEYS / 1500 },
    rates.slice(1)
  )
  await task.close()
}

async function benchMillion(): Promise<Bench> {
  const bench = await new Bench('million').create()
  const before = await memory()
  const task = await bench.open(Infinity)
  const start = performance.now()
  await bench.update(everyKey(KEYS))
  await task.flush()
  suite.value('first write of 1,000,000 keys, commit each 10,000, flushed', { unit: 'ms' }, [
    performance.now() - start
  ])
  const after = await memory()
  suite.value('heap of 1,000,000 keys without the keys themselves (44 MB)', { unit: 'MB' }, [
    (after.heapUsed - before.heapUsed) / 1e6
  ])
  suite.value('RSS of the same, with a log in memory and LevelDB', { unit: 'MB', goal: 400 }, [
    (after.rss - before.rss) / 1e6
  ])
  suite.value('what the budget counts for the same, with the keys', { unit: 'MB' }, [
    task.metrics().hotBytes / 1e6
  ])
  await task.close()
  await timed('rebuild a lost store from 1,000,000 changes', undefined, () => rebuild(bench))
  await bench.open(Infinity)
  updateSome(bench.task, everyKey(KEYS), 0, KEYS)
  await bench.commit()
  const map = new Map(keys.map(key => [key, 0]))
  const order = orderOf(COUNT, KEYS, 2)
  await suite.measure(
    'updates over 1,000,000 keys, commit each 10,000, write-behind',
    {
      unit: 'updates',
      count: COUNT,
      warmup: 0,
      runs: 2,
      ceiling: { name: 'plain Map of 1,000,000 keys', run: () => updateMap(map, order) }
    },
    () => bench.update(order)
  )
  await bench.task.close()
  return bench
}

async function benchRecovery(bench: Bench): Promise<void> {
  await timed('open 1,000,000 keys after a clean end, read one', 2000, () => readOne(bench))
  // As after a kill: what was committed since the last flush is not in the store.
  await bench.update(orderOf(COUNT, KEYS, 3))
  await bench.kill()
  await timed('the same after a kill, 200,000 changes unflushed', 2000, () => readOne(bench))
  await bench.task.close()
}

async function rebuild(bench: Bench): Promise<void> {
  const task = await bench.open(Infinity, { path: 'lost' })
  const { size } = task.state('bench.count')
  if (size !== KEYS) throw new Error(`${size} keys were recovered; expected ${KEYS}`)
  await task.close()
}

async function readOne(bench: Bench): Promise<void> {
  const task = await bench.open(Infinity, { flushBytes: Infinity, flushDelayMs: 1e9 })
  task.state<number>('bench.count').get(keys[77]!)
}

async function memory(): Promise<NodeJS.MemoryUsage> {
  for (let round = 0; round < 3; round++) {
    await clock.sleep(20)
    globalThis.gc?.()
  }
  return process.memoryUsage()
}

async function timed(
  name: string,
  goal: number | undefined,
  run: () => Promise<void>
): Promise<void> {
  globalThis.gc?.()
  const start = performance.now()
  await run()
  const options = goal === undefined ? { unit: 'ms' } : { unit: 'ms', goal }
  suite.value(name, options, [performance.now() - start])
}

async function benchLarger(): Promise<void> {
  const bench = await new Bench('larger').create()
  const task = await bench.open(3.5 * MIB)
  await bench.update(everyKey(LARGER_KEYS))
  await task.flush()
  const share = Math.round((task.metrics().hotKeys / LARGER_KEYS) * 100)
  const order = orderOf(50_000, LARGER_KEYS, 4)
  await suite.measure(
    `updates over 100,000 keys of which ${share} % fit the budget`,
    { unit: 'updates', count: order.length, warmup: 1, runs: 3 },
    () => bench.update(order)
  )
  await timed('loop over all 100,000 entries, hot and cold', undefined, async () => {
    let seen = 0
    for (const _ of task.state('bench.count').entries()) seen++
    if (seen !== LARGER_KEYS) throw new Error(`the loop saw ${seen} keys; expected ${LARGER_KEYS}`)
  })
  await task.close()
}

try {
  // First, while the heap holds nothing but the keys.
  await benchRecovery(await benchMillion())
  await benchHot()
  await benchLarger()
  suite.finish()
} finally {
  rmSync(folder, { recursive: true })
}
