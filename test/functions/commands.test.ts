// Random commands over functions that are killed at random commits, against an oracle: exactly once, in order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/index.ts'
import { addressOf, stringType } from '../../src/functions/index.ts'
import { type FunctionsOptions, startFunctions } from '../../src/functions/runtime/index.ts'
import { FunctionsBench, egressToTopic, intOf } from '../../src/functions/runtime/kit.cases.ts'
import { BatchBuilder, partitionForKey } from '../../src/record/index.ts'
import { MemoryStore } from '../../src/state/index.ts'
import { type CrashPoint, CrashingLog, TickingClock } from '../runtime/crashing-log.ts'
import { Generator, ORDER_TYPENAME, interpreter, orderBytes } from './commands.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const RUNS = Number(process.env['MILLRACE_CASES'] ?? 60)
const IDS = 7
const MESSAGES = 30
const DEPTH = 4
/** Longer than any delay of the commands. */
const DELAYS_MS = 1_100

let deaths = 0

/** One random application and its end; gives how many commits its last life took. */
async function check(
  seed: number,
  messages: number,
  crashOf: (life: number, random: SeededRandom) => CrashPoint | null
): Promise<number> {
  const random = new SeededRandom(seed)
  const clock = new TickingClock()
  const bench = new FunctionsBench(clock)
  const tasks = 1 + random.below(4)
  const partitions = 1 + random.below(4)
  const generator = new Generator(random, IDS)
  const app = bench.options({
    functions: [interpreter(() => clock.sleep(random.below(20)))],
    ingresses: [
      {
        kind: 'targets',
        topic: 'in',
        valueType: ORDER_TYPENAME,
        targets: ['smoke/interpreter']
      }
    ],
    egresses: [egressToTopic('smoke/out', 'out')],
    tasks
  })
  await bench.createTopics(app, partitions)
  await bench.bench.log.createTopic('out', { partitions: 2 })
  for (let index = 0; index < messages; index++) {
    await feed(bench, partitions, generator, DEPTH)
  }
  const stores = new Map<number, MemoryStore>()
  let commits = 0
  for (let life = 0; ; life++) {
    const crash = crashOf(life, random)
    const log = new CrashingLog(bench.bench.log, crash)
    const fate = { isDead: false, isDrained: false }
    const died = log.crashed.then(() => {
      fate.isDead = true
      return null
    })
    const live = async () => {
      const running = await startFunctions({
        ...app,
        log,
        openStore: index => {
          const store = stores.get(index)?.reopen() ?? new MemoryStore()
          stores.set(index, store)
          return Promise.resolve(store)
        }
      })
      // Until nothing is pending: delays are over after a while, and drain ends what they began.
      do await clock.advance(DELAYS_MS)
      while ((await running.metrics()).timers > 0 && !fate.isDead)
      const drained = running.drain().then(() => (fate.isDrained = true))
      while (!fate.isDrained && !fate.isDead) {
        await clock.advance(10)
        await Promise.race([drained, clock.yield()])
      }
      await drained
      return running
    }
    const running = await Promise.race([live(), died])
    if (running !== null) {
      if ((await running.metrics()).timers > 0) continue
      commits = log.commits
      break
    }
    deaths++
    for (const store of stores.values()) store.crash()
  }
  await compareCounts(app, generator, seed)
  const texts = (await bench.read('out')).map(line =>
    stringType.deserialize(Buffer.from(line.value!))
  )
  assert.deepEqual(texts.toSorted(), generator.expected.egress.toSorted(), `seed ${seed}`)
  const letters = await bench.read('app.dead-letter')
  assert.equal(letters.length, generator.expected.deadLetters, `seed ${seed}`)
  return commits
}

function emptyStore(): Promise<MemoryStore> {
  return Promise.resolve(new MemoryStore())
}

/** Often within the first commits of one of the first lives. */
function randomCrash(life: number, random: SeededRandom): CrashPoint | null {
  if (life >= 6 || random.below(5) === 0) return null
  return { commit: 1 + random.below(12), isDurable: random.below(2) === 0 }
}

/** Looks at the values in a state that is rebuilt from the changelog alone. */
async function compareCounts(
  app: FunctionsOptions,
  { expected }: Generator,
  seed: number
): Promise<void> {
  const running = await startFunctions({ ...app, openStore: emptyStore })
  for (let id = 0; id < IDS; id++) {
    const found = intOf(running, addressOf('smoke/interpreter', String(id)), 'count') ?? 0
    assert.equal(found, expected.counts.get(String(id)) ?? 0, `seed ${seed}, id ${id}`)
  }
  await running.stop()
}

/** Appends one first message. */
async function feed(
  { bench: { log } }: FunctionsBench,
  partitions: number,
  generator: Generator,
  depth: number
): Promise<void> {
  const id = generator.id()
  const key = Buffer.from(id)
  const builder = new BatchBuilder()
  builder.append(1_000, key, orderBytes(generator.commands(id, depth)))
  const partition = partitionForKey(key, 0, key.length, partitions)
  await log.commit({ batches: [{ topic: 'in', partition, batch: builder.build() }], offsets: [] })
}

test(`random commands with crashes come to what the oracle says (seed ${SEED})`, async () => {
  for (let run = 0; run < RUNS; run++) await check(SEED * 1_000 + run, MESSAGES, randomCrash)
  assert.ok(deaths > RUNS, `${deaths} crashes in ${RUNS} runs are too few to show anything`)
})

test('a crash at any one commit changes nothing', async () => {
  for (const isDurable of [false, true]) {
    let commitsMax = 1
    for (let commit = 1; commit <= commitsMax; commit++) {
      const commits = await check(7, 10, life => (life === 0 ? { commit, isDurable } : null))
      commitsMax = Math.max(commitsMax, commits)
    }
    assert.ok(commitsMax > 5, `${commitsMax} commits are too few to show anything`)
  }
})
