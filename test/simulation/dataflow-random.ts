// Random dataflows on a disk that stops and fails at random, each from one seed, against the naive oracle.
import assert from 'node:assert/strict'
import * as fc from 'fast-check'

import { type CrashMode, type Random, SeededRandom, SimulatedDisk } from '../../src/base/index.ts'
import { compareOutcome } from '../runtime/compare-outcome.ts'
import { naiveOutcome, type Outcome } from '../runtime/oracle.ts'
import { type Case, cases } from '../runtime/random-dataflow.ts'
import { type Check, complete, Life, assertFailure } from './dataflow-life.ts'
import { type Portion, World } from './dataflow-world.ts'
import type { Counts } from './seeds.ts'

/** Lives with something in store for them; the one after them comes to the end. */
const LIVES_MAX = 5
const MODES: readonly CrashMode[] = ['lose-all-unsynced', 'keep-all', 'random', 'random']

/** One dataflow, its input, and what goes wrong on the way. */
export async function randomDataflow(seed: number): Promise<Counts> {
  const counts = { dataflows: 1, lives: 1, stops: 0, faults: 0 }
  const random = new SeededRandom(seed)
  const [one] = fc.sample(cases, { seed, numRuns: 1 }) as [Case]
  const turnsMax = random.below(4)
  let world = worldOf(one, random, new SimulatedDisk(random, { turnsMax }))
  const lives = random.below(LIVES_MAX + 1)
  for (let life = 1; life <= lives; life++) {
    const planned = plan(random, world)
    const label = `life ${life}, ${planned}`
    const hasFailed = await live(world, label)
    counts.lives++
    if (world.disk.crashed) counts.stops++
    else if (hasFailed) counts.faults++
    const disk = diskOfNext(world, random, turnsMax)
    world = world.next(disk, random)
  }
  await complete(world, { label: 'the last life', random, check: await checkOf(one) })
  return counts
}

function worldOf(one: Case, random: Random, disk: SimulatedDisk): World {
  let group = 0
  const portions = one.batches.map(({ topic, partition, keys, values }): Portion => {
    const lines = values.map(value => {
      return { key: keys ? value.slice(-1) : null, value, timestamp: 1_000 + random.below(100) }
    })
    if (random.below(3) > 0) group++
    const advanceMs = random.below(4) === 0 ? random.below(40_000) : 0
    return { topic, partition, lines, group, advanceMs }
  })
  const outside = new Map(one.batches.map(batch => [batch.topic, one.partitions]))
  const stateHotBytes = random.below(2) === 0 ? random.below(2_000) : 1_000_000
  return new World({ plan: one.plan, portions, outside, stateHotBytes }, disk)
}

/** Decides what happens to the disk or the stores; says it. */
function plan(random: Random, world: World): string {
  const { disk, stores } = world
  const at = disk.operations + random.below(60)
  switch (random.below(5)) {
    case 0: {
      const fault = (['full', 'io', 'sync'] as const)[random.below(3)]!
      const lasting = random.below(2) === 0
      disk.failAt(at + 1, fault, { lasting })
      return `${fault} at ${at + 1}${lasting ? ' and later' : ''}`
    }
    case 1: {
      const number = 1 + random.below(4)
      stores.failAt(number)
      return `store write ${number} fails`
    }
    default: {
      const half = random.below(2) === 0
      disk.crashAfter(at, { half })
      return `stop after ${at}${half ? ' and a half' : ''}`
    }
  }
}

/** Runs until something fails, or to the end; says which. */
async function live(world: World, label: string): Promise<boolean> {
  let life: Life
  try {
    life = await Life.begin(world, label)
  } catch (error) {
    assertFailure(error, label)
    return true
  }
  try {
    await life.run()
  } catch (error) {
    await life.fail(error)
    return true
  }
  await life.log.close().catch(error => assertFailure(error, label))
  return false
}

/** The machine stops, or only the process ended: then its disk goes on, with whatever is not synced. */
function diskOfNext(world: World, random: Random, turnsMax: number): SimulatedDisk {
  if (!world.disk.crashed && random.below(2) === 0) {
    world.disk.repair()
    world.disk.crashAfter(Number.POSITIVE_INFINITY)
    return world.disk
  }
  return world.disk.crash({ mode: MODES[random.below(MODES.length)]!, turnsMax })
}

async function checkOf(one: Case): Promise<Check> {
  const inputs = one.batches.flatMap(({ topic, keys, values }) =>
    values.map(value => ({ topic, item: { key: keys ? value.slice(-1) : null, value } }))
  )
  const expected = await naiveOutcome(one.plan, inputs)
  return async (left, label) => {
    await compareOutcome(one, expected, name => left.topic(name))
    for (const name of statesOf(one)) {
      const found = Object.fromEntries(await left.state(name))
      assert.deepEqual(found, wantedState(expected, name), `${label}: state ${name}`)
    }
  }
}

function statesOf(one: Case): string[] {
  const owned = one.plan.services.flatMap(service =>
    service.states.map(state => (state.kind === 'owned' ? `${service.name}.${state.name}` : ''))
  )
  return owned.filter(name => name !== '')
}

function wantedState(expected: Outcome, name: string): Readonly<Record<string, number>> {
  return { ...expected.states[name] }
}
