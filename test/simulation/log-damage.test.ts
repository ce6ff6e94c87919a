// A journal that was cut at any byte, or of which any bit flipped: found, named, and never other data.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  isMillraceError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type MillraceError
} from '../../src/base/index.ts'
import { takeSnapshot, type LogModel } from './log-model.ts'
import { LogRun } from './log-run.ts'
import { referenceWorkload, smallWorkload } from './log-workload.ts'
import { forEachSeed, samples } from './seeds.ts'

test('keeps exactly the whole commits of a journal that is cut at any byte', async () => {
  const { disk, path, ends, models, clock } = await runSmall()
  const size = disk.readAll(path).length
  const first = ends[0] as number
  for (let length = 0; length <= size; length++) {
    const label = `cut to ${length} of ${size} bytes`
    const copy = disk.copy({ mode: 'keep-all', random: new SeededRandom(1) })
    const file = await copy.open(path, { write: true, create: false })
    await file.truncate(length)
    await file.close()
    if (length < first) {
      // A file gets its name when its first frame is durable, so no crash leaves less.
      const error = await failureOf(LogRun.start(copy, clock))
      assertNamesDamage(error, path, label)
      continue
    }
    const whole = ends.filter(end => end <= length).length - 1
    const run = await LogRun.start(copy, clock, (models[whole] as LogModel).clone())
    await run.verifyAcknowledged(label)
    const cut = run.events.filter(event => event.kind === 'tail-cut')
    const end = ends[whole] as number
    const expected = { kind: 'tail-cut', file: path.slice(0), position: end, bytes: length - end }
    assert.deepEqual(cut, length === end ? [] : [expected], label)
    await run.log.close()
  }
})

for (const ending of ['closed', 'crashed'] as const) {
  test(`finds every flipped bit of a log that was ${ending}`, async context => {
    const counts: Record<string, number> = {}
    await forEachSeed('log-damage', 1, async seed => {
      const { disk, model, earlier, clock } = await runReference(seed, ending)
      const random = new SeededRandom(seed)
      const files = disk.files().filter(path => !path.endsWith('/lock'))
      const sizes = files.map(path => disk.readAll(path).length)
      const total = sizes.reduce((sum, size) => sum + size, 0)
      for (let sample = samples(5000); sample > 0; sample--) {
        let position = random.below(total)
        let index = 0
        while (position >= (sizes[index] as number)) position -= sizes[index++] as number
        const path = files[index] as string
        const bit = random.below(8)
        const label = `seed ${seed}, bit ${bit} of byte ${position} of ${path}`
        const copy = disk.copy({ mode: 'keep-all', random: new SeededRandom(1) })
        copy.flipBit(path, position, bit)
        const outcome = await outcomeOf(copy, { model, earlier, clock, path, label })
        counts[outcome] = (counts[outcome] ?? 0) + 1
      }
    })
    context.diagnostic(JSON.stringify(counts))
    assert.ok((counts['refused'] ?? 0) > 0 && (counts['partition refused'] ?? 0) > 0)
    assert.equal(counts['unnoticed'], undefined)
    // A log that was closed in order ends with a frame of its own: what is cut there was no commit.
    if (ending === 'closed') assert.equal(counts['cut, reported'], undefined)
  })
}

/** How a log answers to one flipped bit. Throws when it shows anything that was not written. */
async function outcomeOf(
  disk: SimulatedDisk,
  damage: {
    model: LogModel
    earlier: readonly LogModel[]
    clock: SimulatedClock
    path: string
    label: string
  }
): Promise<string> {
  const { model, earlier, clock, path, label } = damage
  let run: LogRun
  try {
    run = await LogRun.start(disk, clock, model)
  } catch (error) {
    assertNamesDamage(error, path, label)
    return 'refused'
  }
  const found = await takeSnapshot(run.log)
  const now = clock.now()
  const kinds = new Set(run.events.map(event => event.kind))
  await run.log.close()
  const difference = model.difference(found, now)
  if (difference === null) {
    if (kinds.has('index-rebuilt')) return 'index built anew'
    return kinds.has('tail-cut') ? 'cut, nothing lost' : 'unnoticed'
  }
  if (model.difference(found, now, { damageAllowed: true }) === null) {
    assert.ok(kinds.has('partition-damaged'), `${label}: ${difference}, but no event`)
    return 'partition refused'
  }
  assert.ok(kinds.has('tail-cut'), `${label}: ${difference}`)
  assert.ok(
    earlier.some(other => other.difference(found, now) === null),
    `${label}: ${difference}, and this was never so`
  )
  return 'cut, reported'
}

function assertNamesDamage(error: unknown, path: string, label: string): void {
  assert.ok(isMillraceError(error, 'LOG_DAMAGED'), `${label}: ${String(error)}`)
  const { message, details } = error as MillraceError
  assert.equal(details['file'], path, label)
  assert.equal(typeof details['position'], 'number', label)
  assert.match(message, /damaged at byte \d+: .*expected.*millrace log repair/, label)
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail('a failure was expected')
}

/** A log in one file, with the file's size and the model after each step. Not closed. */
async function runSmall(): Promise<{
  disk: SimulatedDisk
  path: string
  ends: number[]
  models: LogModel[]
  clock: SimulatedClock
}> {
  const clock = new SimulatedClock()
  const disk = new SimulatedDisk(new SeededRandom(1))
  const run = await LogRun.start(disk, clock)
  const path = disk.files().find(file => file.endsWith('.journal')) as string
  const ends = [disk.readAll(path).length]
  const models = [run.model.clone()]
  for (const step of smallWorkload()) {
    assert.equal(await run.step(step), null)
    ends.push(disk.readAll(path).length)
    models.push(run.model.clone())
  }
  assert.equal(disk.files().filter(file => file.endsWith('.journal')).length, 1)
  return { disk: disk.crash({ mode: 'lose-all-unsynced' }), path, ends, models, clock }
}

async function runReference(
  seed: number,
  ending: 'closed' | 'crashed'
): Promise<{
  disk: SimulatedDisk
  model: LogModel
  /** States before each step. */
  earlier: LogModel[]
  clock: SimulatedClock
}> {
  const clock = new SimulatedClock()
  const disk = new SimulatedDisk(new SeededRandom(seed))
  const run = await LogRun.start(disk, clock)
  const earlier: LogModel[] = []
  for (const step of referenceWorkload()) {
    earlier.push(run.model.clone())
    assert.equal(await run.step(step), null)
  }
  await run.verify('before any damage')
  if (ending === 'closed') await run.log.close()
  return { disk: disk.crash({ mode: 'lose-all-unsynced' }), model: run.model, earlier, clock }
}
