// The power goes at every disk operation of an upgrade, and again during the next one: the states are the old ones, or
// all of the new ones, and what is dropped is gone in the end.
import assert from 'node:assert/strict'

import {
  type CrashMode,
  SeededRandom,
  SimulatedDisk,
  type SimulatedOperation
} from '../../src/base/index.ts'
import type { Plan } from '../../src/dataflow/plan.ts'
import type { Log } from '../../src/log/index.ts'
import { Bench } from '../../src/runtime/test-kit.ts'
import { applyUpgrade, compareWithLog, readRecords } from '../../src/server/upgrade/index.ts'
import { parseKey } from '../../src/state/index.ts'
import { planOf, wordsFile } from '../../src/server/upgrade/upgrade.cases.ts'
import { TickingClock } from '../runtime/crashing-log.ts'
import { SimulatedStores } from './dataflow-world.ts'
import { openLog } from './open-log.ts'
import type { Counts } from './seeds.ts'

const MODES: readonly CrashMode[] = ['lose-all-unsynced', 'keep-all', 'random']
const WORDS = 40

const OLD = planOf(
  wordsFile({
    partitions: 2,
    states:
      'totals: { type: keyed-state, properties: { key: string, value: u32 } }\n' +
      'seen: { type: keyed-state, properties: { key: string, value: string } }\n' +
      'last: { type: keyed-state, properties: { key: string, value: string } }',
    update:
      'ctx.state.totals.update(n => n + 1); ctx.state.seen.set(word); ctx.state.last.set(word)'
  })
)

/** Makes one state anew by a function, renames one, drops one. */
const NEW = planOf(
  wordsFile({
    partitions: 2,
    more: 'migrate: { drop: [count.last] }',
    states:
      'totals:\n' +
      '  type: keyed-state\n' +
      '  properties: { key: string, value: string }\n' +
      '  migrate: { run: "function spell(n: u32): string { return `n${n}` }" }\n' +
      'known: { type: keyed-state, properties: { key: string, value: string }, migrate: { rename-from: seen } }',
    update: 'ctx.state.totals.update(text => `${text}+`)'
  })
)

/** What a process leaves. */
interface Image {
  readonly label: string
  readonly disk: SimulatedDisk
  readonly stores: SimulatedStores
  readonly nowMs: number
}

/** Stops before every operation of the upgrade in all modes; from some of these again during the next upgrade. */
export async function upgradeStops(seed: number): Promise<Counts> {
  const first = await imagesOf(await ranOld(seed), seed)
  let recoveries = 0
  for (const image of first) {
    await recover(image)
    recoveries++
  }
  const random = new SeededRandom(seed)
  const again = first[random.below(first.length)] as Image
  for (const image of await imagesOf(again, seed + 1)) {
    await recover(image)
    recoveries++
  }
  return { recoveries }
}

/** A data directory on which the old file ran. */
async function ranOld(seed: number): Promise<Image> {
  const clock = new TickingClock()
  const disk = new SimulatedDisk(new SeededRandom(seed))
  const log = await openLog(disk, clock)
  const stores = new SimulatedStores()
  const bench = new Bench({ clock, log })
  await upgrade(OLD, bench, stores)
  const words = Array.from({ length: WORDS }, (_, at) => ({ key: `k${at}`, value: `w${at % 20}` }))
  await bench.feed('lines', words)
  const running = await bench.start(OLD, { openStore: index => stores.open(index, clock) })
  await running.settle()
  await running.stop()
  await log.close()
  return { label: `seed ${seed}`, disk, stores, nowMs: clock.now() }
}

/** Upgrades from `start`, which does not change, and takes an image before each operation. */
async function imagesOf(start: Image, seed: number): Promise<Image[]> {
  const images: Image[] = []
  const random = new SeededRandom(seed)
  const clock = new TickingClock(start.nowMs)
  const stores = start.stores.next(random)
  const disk = start.disk.copy({
    mode: 'keep-all',
    random,
    onOperation: ({ number, kind, path }: SimulatedOperation) => {
      for (const mode of MODES) {
        const chance = new SeededRandom(seed * 1_000_003 + number)
        const label = `${start.label}; ${mode} before operation ${number} (${kind} ${path})`
        const copy = disk.copy({ mode, random: chance })
        images.push({ label, disk: copy, stores: stores.next(chance), nowMs: clock.now() })
      }
    }
  })
  const log = await openLog(disk, clock)
  await upgrade(NEW, new Bench({ clock, log }), stores)
  await log.close()
  return images
}

/** First the states are wholly old or wholly new; after the upgrade they are new, and then it is over. */
async function recover({ label, disk, stores, nowMs }: Image): Promise<void> {
  const clock = new TickingClock(nowMs)
  const log = await openLog(disk, clock)
  const bench = new Bench({ clock, log })
  const { changes } = await compare(OLD, log)
  const isOld = changes.every(({ status }) => status !== 'refused')
  if (isOld) {
    const counts = await states(OLD, bench, stores, ['totals', 'seen', 'last'])
    const words = Object.fromEntries(names().map(word => [word, word]))
    assert.deepEqual(counts, [ofAll(2), words, words], `${label}: the old states`)
  }
  await upgrade(NEW, bench, stores)
  const words = Object.fromEntries(names().map(word => [word, word]))
  const found = await states(NEW, bench, stores, ['totals', 'known'])
  assert.deepEqual(found, [ofAll('n2'), words], `${label}: the new states`)
  const record = (await readRecords(log)).get('default/words')!
  assert.deepEqual(record.removing, [], `${label}: nothing is left to remove`)
  const before = await ends(log)
  await upgrade(NEW, bench, stores)
  assert.equal(await ends(log), before, `${label}: a second start does nothing`)
  const live = Object.entries(await bench.lastByKey('_millrace.default.words.changelog'))
  const stored = new Set(record.states.map(state => state.stored))
  for (const [key, value] of live) {
    if (value === null) continue
    const { name } = parseKey(Buffer.from(key), 0, Buffer.byteLength(key))
    assert.ok(stored.has(name), `${label}: ${name} is left in the changelog`)
  }
  await log.close()
}

async function upgrade(plan: Plan, bench: Bench, stores: SimulatedStores): Promise<Plan> {
  const { log, clock } = bench
  const compared = await compare(plan, log)
  assert.deepEqual(
    compared.changes.filter(({ status }) => status === 'refused'),
    []
  )
  await bench.createTopics(compared.plan)
  await applyUpgrade(compared, {
    log,
    clock,
    folder: '/',
    openStore: task => stores.open(task, clock),
    onDone: () => {}
  })
  return compared.plan
}

async function compare(plan: Plan, log: Log): ReturnType<typeof compareWithLog> {
  return compareWithLog(plan, log, await readRecords(log), 1)
}

async function states(
  plan: Plan,
  bench: Bench,
  stores: SimulatedStores,
  wanted: readonly string[]
): Promise<Record<string, unknown>[]> {
  const stored = (await compare(plan, bench.log)).plan
  const running = await bench.start(stored, {
    openStore: index => stores.open(index, bench.clock)
  })
  const found: Record<string, unknown>[] = []
  for (const name of wanted) {
    const entries = await running.stateEntries(name, { limit: 1_000 })
    found.push(Object.fromEntries(entries.map(({ key, value }) => [String(key), value])))
  }
  await running.stop()
  return found
}

async function ends(log: Log): Promise<string> {
  const topics = await log.listTopics({ internal: true })
  return JSON.stringify(topics.map(({ status }) => status.partitions.map(one => one.endOffset)))
}

function names(): string[] {
  return Array.from({ length: 20 }, (_, at) => `w${at}`)
}

function ofAll<T>(value: T): Record<string, T> {
  return Object.fromEntries(names().map(word => [word, value]))
}
