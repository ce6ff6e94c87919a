// The machine stops at every disk operation of a reference workload, and again at every one of each recovery.
import assert from 'node:assert/strict'

import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../src/base/index.ts'
import { goOn, imagesOfRecovery, imagesOfWorkload, recover, type Image } from './log-images.ts'
import { LogRun } from './log-run.ts'
import { referenceWorkload } from './log-workload.ts'
import type { Counts } from './seeds.ts'

/** Images of second stops per seed; a seed of a long run samples others. */
const SECOND_STOPS = 75

/** Stops before every operation, in all modes. */
export async function stops(seed: number): Promise<Counts> {
  const images = await imagesOfWorkload(referenceWorkload(), seed)
  for (const image of images) {
    const run = await recover(image)
    await run.verify(image.label)
    await goOn(run, image.label)
  }
  return { recoveries: images.length }
}

/** Stops before every operation of the recoveries from some stops, in all modes. */
export async function secondStops(seed: number): Promise<Counts> {
  const images = await imagesOfWorkload(referenceWorkload(), seed)
  const random = new SeededRandom(seed)
  let recoveries = 0
  for (let sample = 0; sample < SECOND_STOPS; sample++) {
    const image = images.splice(random.below(images.length), 1)[0] as Image
    for (const second of await imagesOfRecovery(image, seed)) {
      const run = await recover(second)
      await run.verify(second.label)
      await run.log.close()
      recoveries++
    }
  }
  return { recoveries }
}

/** Stops in the middle of every operation, while the log runs. */
export async function halves(seed: number): Promise<Counts> {
  const operations = await operationsOfWorkload()
  for (let count = 0; count < operations; count++) {
    const label = `half of operation ${count + 1}`
    const disk = new SimulatedDisk(new SeededRandom(seed * 1_000_003 + count))
    const clock = new SimulatedClock()
    disk.crashAfter(count, { half: true })
    const run = await runUntilCrash(disk, clock)
    assert.equal(disk.crashed, true, label)
    const next = await LogRun.start(disk.crash({ mode: 'random' }), clock, run?.model)
    next.open = run?.open ?? []
    await next.verify(label)
    await goOn(next, label)
  }
  return { recoveries: operations }
}

async function operationsOfWorkload(): Promise<number> {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const run = await LogRun.start(disk, new SimulatedClock())
  assert.equal(await run.steps(referenceWorkload()), null)
  return disk.operations
}

/** The run up to where the disk stopped it; null when it stopped the first opening. */
async function runUntilCrash(disk: SimulatedDisk, clock: SimulatedClock): Promise<LogRun | null> {
  let run: LogRun
  try {
    run = await LogRun.start(disk, clock)
  } catch (error) {
    if (disk.crashed) return null
    throw error
  }
  await run.steps(referenceWorkload())
  return run
}
