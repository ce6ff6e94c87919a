// A journal that was cut at any byte, or of which any bit flipped: found, named, and never other data.
import assert from 'node:assert/strict'

import {
  isMillraceError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type MillraceError
} from '../../src/base/index.ts'
import { repairDiskLog, verifyDiskLog } from '../../src/log/index.ts'
import { takeSnapshot, type LogModel } from './log-model.ts'
import { LogRun } from './log-run.ts'
import { referenceWorkload, smallWorkload } from './log-workload.ts'
import type { Counts } from './seeds.ts'

/** Flips per seed. */
const FLIPS = 500

/** Cuts the journal's only file at every byte. */
export async function cuts(): Promise<Counts> {
  const { disk, path, ends, models, clock } = await runSmall()
  const size = Math.min(disk.readAll(path).length, (ends.at(-1) as number) + 20)
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
    // Zeros at the end may be room made ready for frames, so they are cut without a word.
    const bytes = disk.readAll(path).subarray(end, length)
    const written = bytes.findLastIndex(byte => byte !== 0) + 1
    const expected = { kind: 'tail-cut', file: path.slice(0), position: end, bytes: written }
    assert.deepEqual(cut, written === 0 ? [] : [expected], label)
    await run.log.close()
  }
  return { cuts: size + 1 }
}

/** Flips bits of a log that was closed in order. */
export function flipsAfterClosing(seed: number): Promise<Counts> {
  return flips(seed, 'closed')
}

/** Flips bits of a log whose machine stopped between two commits. */
export function flipsAfterCrash(seed: number): Promise<Counts> {
  return flips(seed, 'crashed')
}

/** Flips bits of a log whose machine stopped while a commit was written. */
export function flipsBesideTornTail(seed: number): Promise<Counts> {
  return flips(seed, 'torn')
}

type Ending = 'closed' | 'crashed' | 'torn'

async function flips(seed: number, ending: Ending): Promise<Counts> {
  const counts: Record<string, number> = {}
  const reference = await runReference(seed, ending)
  const random = new SeededRandom(seed)
  const files = reference.disk.files().filter(path => !path.endsWith('/lock'))
  const sizes = files.map(path => reference.disk.readAll(path).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  for (let flip = 0; flip < FLIPS; flip++) {
    let position = random.below(total)
    let index = 0
    while (position >= (sizes[index] as number)) position -= sizes[index++] as number
    const path = files[index] as string
    const bit = random.below(8)
    const label = `bit ${bit} of byte ${position} of ${path}`
    const disk = reference.disk.copy({ mode: 'keep-all', random: new SeededRandom(1) })
    disk.flipBit(path, position, bit)
    const damage = { ...reference, path, label }
    if (flip % 5 === 0) await checkRepaired(disk.copy({ mode: 'keep-all' }), damage)
    const outcome = await outcomeOf(disk, damage)
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}

/** How a log answers to one flipped bit. Throws when it shows anything that was not written. */
async function outcomeOf(
  disk: SimulatedDisk,
  damage: Reference & { readonly path: string; readonly label: string }
): Promise<string> {
  const { model, earlier, clock, path, label } = damage
  await checkVerified(disk.copy({ mode: 'keep-all' }), damage)
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
  if (difference === null) return kinds.has('index-rebuilt') ? 'index built anew' : 'nothing lost'
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

/** The check of a log that nobody has open finds the bit, also where a start does not look. */
async function checkVerified(
  disk: SimulatedDisk,
  { path, label, tornBytes }: Reference & { readonly path: string; readonly label: string }
): Promise<void> {
  const report = await verifyDiskLog({ disk, folder: '/log' })
  for (const problem of report.problems) {
    assert.equal(problem.file, path, label)
    assert.match(problem.message, /damaged at byte \d+: /, label)
  }
  const isTail = report.tornBytes > 0 && disk.files().findLast(isJournal) === path
  assert.ok(report.problems.length > 0 || isTail, `${label} was not found`)
  if (!isTail) assert.equal(report.tornBytes, tornBytes, label)
}

/** Repairs what was flipped; what the log shows then was written, and what is gone was reported as lost. */
async function checkRepaired(
  disk: SimulatedDisk,
  { model, clock, label, tornBytes }: Reference & { readonly path: string; readonly label: string }
): Promise<void> {
  const random = new SeededRandom(1)
  const report = await repairDiskLog({ disk, folder: '/log', random })
  const again = await verifyDiskLog({ disk, folder: '/log' })
  assert.deepEqual(again.problems, [], `${label}, after its repair`)
  const run = await LogRun.start(disk, clock, model)
  const found = await takeSnapshot(run.log)
  await run.log.close()
  const isTold =
    report.lost.length > 0 || report.unreadable.length > 0 || again.tornBytes > tornBytes
  const difference = isTold ? model.contradiction(found) : model.difference(found, clock.now())
  assert.equal(difference, null, `${label}, after its repair`)
}

const isJournal = (path: string): boolean => path.endsWith('.journal')

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
  const imageOf = (): SimulatedDisk => disk.copy({ mode: 'keep-all', random: new SeededRandom(1) })
  const images = [imageOf()]
  const models = [run.model.clone()]
  for (const step of smallWorkload()) {
    assert.equal(await run.step(step), null)
    images.push(imageOf())
    models.push(run.model.clone())
  }
  assert.equal(disk.files().filter(file => file.endsWith('.journal')).length, 1)
  const crashed = disk.crash({ mode: 'lose-all-unsynced' })
  // Not the ends of the files, behind which room is made ready.
  const ends: number[] = []
  for (const image of images) {
    ends.push((await verifyDiskLog({ disk: image, folder: '/log' })).bytes)
  }
  return { disk: crashed, path, ends, models, clock }
}

/** A log with sealed, rewritten and removed files behind it, stopped as asked. */
interface Reference {
  readonly disk: SimulatedDisk
  readonly model: LogModel
  /** States before each step. */
  readonly earlier: readonly LogModel[]
  readonly clock: SimulatedClock
  /** What a commit that was never acknowledged left behind the others. */
  readonly tornBytes: number
}

async function runReference(seed: number, ending: Ending): Promise<Reference> {
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
  if (ending === 'torn') {
    disk.crashAfter(disk.operations, { half: true })
    const records = [{ timestamp: 1, key: null, value: 'never acknowledged'.repeat(20) }]
    const batches = [{ topic: 'clicks', partition: 0, records }]
    assert.notEqual(await run.step({ kind: 'commit', batches, offsets: [] }), null)
  }
  const image = disk.crash({ mode: 'keep-all' })
  const { tornBytes } = await verifyDiskLog({
    disk: image.copy({ mode: 'keep-all' }),
    folder: '/log'
  })
  assert.equal(tornBytes > 0, ending === 'torn')
  return { disk: image, model: run.model, earlier, clock, tornBytes }
}
