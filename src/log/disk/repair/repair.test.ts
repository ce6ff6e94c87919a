// Damaged logs are verified and repaired: what is found, what is kept, what is said to be lost.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { append, boundsOf, readAll, rejects, to } from '../../../../conformance/log-kit.ts'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../../base/index.ts'
import type { Log } from '../../log.ts'
import { openDiskLog } from '../disk-log.ts'
import { type RepairReport, repairDiskLog } from './repair.ts'
import { verifyDiskLog } from './verify.ts'

const FOLDER = '/data'
const FLIPS = 50

function open(disk: SimulatedDisk): Promise<Log> {
  const [clock, random] = [new SimulatedClock(), new SeededRandom(disk.operations)]
  const options = { fileBytesTarget: 1500, cleanupIntervalMs: 0 }
  return openDiskLog({ disk, folder: FOLDER, clock, random, ...options })
}

/** A log of several files with two topics; `a` has records `0`…`39` in partition 0, `b` the same. */
async function makeLog(ending: 'closed' | 'crashed'): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const log = await open(disk)
  await log.createTopic('a')
  await log.createTopic('b', { partitions: 2 })
  for (let index = 0; index < 40; index++) {
    const position = { topic: 'a', partition: 0, offset: index, metadata: '' }
    await log.commit({
      batches: [to('a', 0, `${index}`), to('b', 1, `${index}`)],
      offsets: [{ group: 'g', ...position }]
    })
  }
  if (ending === 'closed') await log.close()
  return disk.crash({ mode: 'lose-all-unsynced' })
}

function files(disk: SimulatedDisk, suffix: string): string[] {
  return disk.files().filter(path => path.endsWith(suffix))
}

const repair = (disk: SimulatedDisk): Promise<RepairReport> =>
  repairDiskLog({ disk, folder: FOLDER, random: new SeededRandom(disk.operations) })
const verify = (disk: SimulatedDisk): ReturnType<typeof verifyDiskLog> =>
  verifyDiskLog({ disk, folder: FOLDER })

/** Opens a repaired log and checks it against what the report says is lost. */
async function checkRepaired(
  disk: SimulatedDisk,
  report: RepairReport,
  label: string
): Promise<void> {
  assert.deepEqual((await verify(disk)).problems, [], label)
  const log = await open(disk)
  const isNamed = (await log.listTopics()).every(({ name }) => name === 'a' || name === 'b')
  for (const { name, spec } of await log.listTopics()) {
    for (let partition = 0; partition < spec.partitions; partition++) {
      const found = await readAll(log, name, { partition })
      for (const { offset, value } of found) assert.equal(value, `${offset}`, label)
      const isMeant = (name === 'a' && partition === 0) || (name === 'b' && partition === 1)
      if (!isMeant) continue
      const offsets = new Set(found.map(record => record.offset))
      const isLost = (offset: number): boolean =>
        report.lost.some(lost => {
          const isHere = lost.topic === name && lost.partition === partition
          return isHere && lost.firstOffset <= offset && offset <= lost.lastOffset
        })
      for (let offset = 0; offset < 40; offset++) {
        const isKnown = offsets.has(offset) || isLost(offset) || report.unreadable.length > 0
        assert.ok(isKnown, `${label}: ${name}/${partition} lost ${offset} without a word`)
        assert.ok(!(offsets.has(offset) && isLost(offset)), `${label}: ${offset} is not lost`)
      }
    }
  }
  if (isNamed)
    assert.ok(report.unreadable.length > 0 || (await boundsOf(log, 'a'))[1] === 40, label)
  await log.createTopic('next')
  assert.equal(await append(log, 'next', 'x'), 0)
  await log.close()
}

suite('verify and repair', () => {
  test('finds nothing wrong in a good log, and repairs nothing', async () => {
    for (const ending of ['closed', 'crashed'] as const) {
      const disk = await makeLog(ending)
      const report = await verify(disk)
      assert.deepEqual(report.problems, [])
      assert.equal(report.tornBytes, 0)
      assert.ok(report.files > 4 && report.frames > 40 && report.batches === 80)
      const before = disk.files().map(path => disk.readAll(path))
      assert.deepEqual(await repair(disk), {
        repaired: [],
        lost: [],
        unreadable: [],
        indexesRemoved: []
      })
      assert.deepEqual(
        disk.files().map(path => disk.readAll(path)),
        before
      )
    }
  })

  for (const ending of ['closed', 'crashed'] as const) {
    test(`finds and repairs any flipped bit of a log that was ${ending}`, async () => {
      const disk = await makeLog(ending)
      const random = new SeededRandom(7)
      const paths = disk.files().filter(path => !path.endsWith('/lock'))
      for (let count = 0; count < FLIPS; count++) {
        const path = paths[random.below(paths.length)]!
        const position = random.below(disk.readAll(path).length)
        const copy = disk.copy({ mode: 'keep-all', random: new SeededRandom(1) })
        copy.flipBit(path, position, random.below(8))
        const label = `a bit of byte ${position} of ${path} (flip ${count})`
        const { problems, tornBytes } = await verify(copy)
        if (problems.length === 0) {
          assert.ok(tornBytes > 0 && path === files(disk, '.journal').at(-1), `${label}: not found`)
          continue
        }
        const [problem] = problems
        assert.equal(problem?.file, path, label)
        assert.match(problem?.message ?? '', /damaged at byte \d+: .* expected/, label)
        await checkRepaired(copy, await repair(copy), label)
      }
    })
  }

  test('names the records of a damaged batch, keeps the original, loses nothing else', async () => {
    const disk = await makeLog('closed')
    const path = files(disk, '.journal').at(-2)!
    const before = disk.readAll(path)
    disk.flipBit(path, before.length - 5, 0)
    const damaged = disk.readAll(path)
    const { problems } = await verify(disk)
    const [problem] = problems
    assert.equal(problems.length, 1)
    assert.equal(problem?.kind, 'batch')
    assert.equal(`${problem?.topic}/${problem?.partition}`, 'b/1')
    const report = await repair(disk)
    const { firstOffset, lastOffset } = problem!
    assert.deepEqual(report.lost, [{ topic: 'b', partition: 1, firstOffset, lastOffset }])
    assert.deepEqual(report.repaired, [{ file: path, original: `${path}.damaged` }])
    assert.deepEqual(disk.readAll(`${path}.damaged`), damaged)
    const log = await open(disk)
    assert.equal((await readAll(log, 'a')).length, 40)
    assert.equal((await readAll(log, 'b', { partition: 1 })).length, 39)
    await log.close()
  })

  test('never gives an offset away twice after losing the end of a file', async () => {
    const disk = await makeLog('closed')
    const path = files(disk, '.journal').at(-1)!
    const bytes = Buffer.from(disk.readAll(path))
    const frames: number[] = []
    const magic = Buffer.from([0xa7, 0x4d, 0x4a, 0x46])
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) frames.push(at)
    disk.flipBit(path, frames.at(-2)! + 9, 0)
    await rejects(open(disk), 'LOG_DAMAGED')
    const report = await repair(disk)
    assert.equal(report.unreadable.length, 1)
    const log = await open(disk)
    const [, end] = await boundsOf(log, 'a')
    assert.ok(end >= 38, `the end is ${end}`)
    assert.equal(await append(log, 'a', 'next'), end)
    assert.deepEqual((await readAll(log, 'a', { offset: end })).length, 1)
    await log.close()
  })

  test('keeps batches whose frame is damaged, when the index knows them', async () => {
    const disk = await makeLog('closed')
    const path = files(disk, '.journal')[1]!
    const magic = Buffer.from([0xa7, 0x4d, 0x4a, 0x46])
    const second = Buffer.from(disk.readAll(path)).indexOf(magic, 100)
    disk.flipBit(path, second, 3)
    const report = await repair(disk)
    assert.equal(report.repaired.length, 1)
    assert.deepEqual([report.lost, report.unreadable], [[], []])
    await checkRepaired(disk, report, 'a damaged frame')
  })

  test('can be stopped anywhere and done again', async () => {
    const disk = await makeLog('crashed')
    const path = files(disk, '.journal').at(-1)!
    disk.flipBit(path, 200, 0)
    for (let stop = 0; ; stop++) {
      const copy = disk.copy({ mode: 'keep-all', random: new SeededRandom(stop) })
      copy.crashAfter(stop)
      const isDone = await repair(copy).then(
        () => true,
        () => false
      )
      const next = copy.crash({ mode: 'random' })
      const report = await repair(next)
      const log = await open(next)
      assert.ok((await boundsOf(log, 'a'))[1] <= 40)
      await log.close()
      assert.deepEqual((await verify(next)).problems, [], `stopped after ${stop}`)
      if (isDone) break
      assert.ok(report.repaired.length <= 1)
    }
  })

  test('refuses a log that is open, and a folder without one', async () => {
    const disk = await makeLog('closed')
    const log = await open(disk)
    await rejects(verify(disk), 'LOG_LOCKED')
    await rejects(repair(disk), 'LOG_LOCKED')
    await log.close()
    await rejects(verifyDiskLog({ disk, folder: '/nothing' }), 'DISK_NOT_FOUND')
    await rejects(repairDiskLog({ disk, folder: '/nothing' }), 'DISK_NOT_FOUND')
    assert.equal(await disk.exists('/nothing'), false)
  })
})
