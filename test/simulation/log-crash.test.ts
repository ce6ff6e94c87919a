// The machine stops at every disk operation of a reference workload, and again at every one of each recovery.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../src/base/index.ts'
import { goOn, imagesOfRecovery, imagesOfWorkload, recover, type Image } from './log-images.ts'
import { LogRun } from './log-run.ts'
import { referenceWorkload } from './log-workload.ts'
import { forEachSeed, samples } from './seeds.ts'

test('has what was acknowledged after a stop before every operation', async context => {
  let recoveries = 0
  await forEachSeed('log-crash', 1, async seed => {
    for (const image of await imagesOfWorkload(referenceWorkload(), seed)) {
      const run = await recover(image)
      await run.verify(image.label)
      await goOn(run, image.label)
      recoveries++
    }
  })
  context.diagnostic(`${recoveries} recoveries`)
  assert.ok(recoveries > 300)
})

test('has it after a second stop before every operation of a recovery', async context => {
  let recoveries = 0
  await forEachSeed('log-crash', 1, async seed => {
    const images = await imagesOfWorkload(referenceWorkload(), seed)
    const random = new SeededRandom(seed)
    for (let sample = samples(100); sample > 0 && images.length > 0; sample--) {
      const image = images.splice(random.below(images.length), 1)[0] as Image
      for (const second of await imagesOfRecovery(image, seed)) {
        const run = await recover(second)
        await run.verify(second.label)
        await run.log.close()
        recoveries++
      }
    }
  })
  context.diagnostic(`${recoveries} recoveries`)
  assert.ok(recoveries > 100)
})

test('acknowledges nothing when the machine stops in the middle of any operation', async () => {
  const operations = await operationsOfWorkload()
  await forEachSeed('log-crash', 1, async seed => {
    for (let count = 0; count < operations; count++) {
      const label = `seed ${seed}, half of operation ${count + 1}`
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
  })
})

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
