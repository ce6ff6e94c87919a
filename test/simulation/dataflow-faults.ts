// Every disk operation of a running dataflow fails once, and every write to its stores: nothing is lost or doubled.
import assert from 'node:assert/strict'

import {
  isMillraceError,
  SeededRandom,
  SimulatedDisk,
  type SimulatedFault,
  type SimulatedOperation
} from '../../src/base/index.ts'
import { assertFailure, complete, Life } from './dataflow-life.ts'
import { checkReference, referenceWorkload } from './dataflow-reference.ts'
import { SHARES } from './dataflow-shares.ts'
import { World } from './dataflow-world.ts'
import type { Counts } from './seeds.ts'

const ORDERS = 20
/** So that two seeds leave no operation out where each fault takes half of them. */
const SHIFTS: Readonly<Record<SimulatedFault, number>> = { full: 0, io: 2, sync: 1 }
const CRASH_MODES = ['lose-all-unsynced', 'keep-all', 'random'] as const

/** The disk is full, once or from then on. */
export function full(seed: number): Promise<Counts> {
  return failEachOperation('full', seed)
}

/** The disk has an error, once or from then on. */
export function inputOutputError(seed: number): Promise<Counts> {
  return failEachOperation('io', seed)
}

/** A sync fails: some of the bytes are durable, the others lost. */
export function failingSync(seed: number): Promise<Counts> {
  return failEachOperation('sync', seed)
}

/** A store takes no more writes. */
export async function failingStore(seed: number): Promise<Counts> {
  const whole = worldOf(seed)
  const life = await Life.begin(whole, 'a run without faults')
  await life.run()
  await life.log.close()
  const { writes } = whole.stores
  for (let number = 1; number <= writes; number++) {
    const world = worldOf(seed)
    world.stores.failAt(number)
    const label = `seed ${seed}: store write ${number} of ${writes} fails`
    const error = await survive(world, { label, seed: seed * 1_000_003 + number })
    assert.ok(isMillraceError(error, 'STATE_STORE_FAILED'), `${label}: ${String(error)}`)
  }
  return { faults: writes, failed: writes }
}

async function failEachOperation(fault: SimulatedFault, seed: number): Promise<Counts> {
  const operations = await operationsOfRun(seed)
  const counts = { faults: 0, failed: 0, fenced: 0 }
  for (const { number, kind, path } of operations) {
    if (number % SHARES !== (seed + SHIFTS[fault]) % SHARES) continue
    const world = worldOf(seed)
    world.disk.failAt(number, fault, { lasting: (number + seed) % 4 < 2 })
    const label = `seed ${seed}: ${fault} at ${number} (${kind} ${path})`
    const error = await survive(world, { label, seed: seed * 1_000_003 + number })
    counts.faults++
    if (error !== null) counts.failed++
    if (isMillraceError(error, 'LOG_FENCED')) counts.fenced++
  }
  return counts
}

/** Runs into the fault; after the repair the next process comes to the end. Gives how the first one failed. */
async function survive(
  world: World,
  options: { readonly label: string; readonly seed: number }
): Promise<unknown> {
  const { label, seed } = options
  const random = new SeededRandom(seed)
  const failure = await runInto(world, label)
  world.disk.repair()
  const isPowerLost = random.below(2) === 0
  const mode = CRASH_MODES[random.below(CRASH_MODES.length)]!
  const disk = isPowerLost ? world.disk.crash({ mode, random }) : world.disk
  const check = checkReference.bind(null, world.workload)
  const after = isPowerLost ? `a power failure, ${mode}` : 'a restart'
  await complete(world.next(disk, random), { label: `${label}, ${after}`, random, check })
  return failure
}

/** The error that the dataflow failed with, or that kept it from starting; null when it could do without. */
async function runInto(world: World, label: string): Promise<unknown> {
  let life: Life
  try {
    life = await Life.begin(world, label)
  } catch (error) {
    assertFailure(error, label)
    return error
  }
  try {
    await life.run()
  } catch (error) {
    return life.fail(error)
  }
  await life.log.close().catch(error => assertFailure(error, label))
  return null
}

async function operationsOfRun(seed: number): Promise<readonly SimulatedOperation[]> {
  const operations: SimulatedOperation[] = []
  const world = worldOf(seed, operation => operations.push(operation))
  const life = await Life.begin(world, 'a run without faults')
  await life.run()
  await life.log.close()
  return operations
}

function worldOf(seed: number, onOperation: (one: SimulatedOperation) => void = () => {}): World {
  const disk = new SimulatedDisk(new SeededRandom(seed), { onOperation })
  return new World(referenceWorkload(ORDERS, seed % 2 === 0 ? 1_000 : 1_000_000), disk)
}
