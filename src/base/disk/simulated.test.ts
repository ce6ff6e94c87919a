// The simulated disk loses what a real one may lose, and nothing else.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { CrashMode } from './simulated-file.ts'
import { SimulatedDisk } from './simulated.ts'
import type { DiskFile } from './disk.ts'
import { isMillraceError } from '../errors.ts'
import { SeededRandom } from '../random.ts'

const CREATE = { write: true, create: true }
const SEEDS = Array.from({ length: 300 }, (_, seed) => seed)
const MODES: readonly CrashMode[] = ['lose-all-unsynced', 'keep-all', 'random']

suite('a crash', () => {
  test('loses bytes that no sync covered', async () => {
    const disk = newDisk(1)
    const file = await durableFile(disk, 'a', 'synced')
    await file.write([bytes('UNSAFE')], 0)
    assert.equal(text(disk.readAll('a')), 'UNSAFE')
    assert.equal(text(disk.crash({ mode: 'lose-all-unsynced' }).readAll('a')), 'synced')
  })

  test('loses names until their directory is synced', async () => {
    const disk = newDisk(1)
    const file = await disk.open('a', CREATE)
    await file.write([bytes('x')], 0)
    await file.sync()
    assert.deepEqual(disk.copy({ mode: 'lose-all-unsynced' }).files(), [])
    await disk.syncDirectory('/')
    assert.deepEqual(disk.copy({ mode: 'lose-all-unsynced' }).files(), ['/a'])
  })

  test('loses a directory with all it holds until its parent is synced', async () => {
    const disk = newDisk(1)
    await disk.createDirectory('d/e')
    await durableFile(disk, 'd/e/a', 'x')
    await disk.syncDirectory('d')
    assert.deepEqual(disk.copy({ mode: 'lose-all-unsynced' }).files(), [])
    await disk.syncDirectory('/')
    assert.deepEqual(disk.copy({ mode: 'lose-all-unsynced' }).files(), ['/d/e/a'])
  })

  test('takes back renames and removals', async () => {
    const disk = newDisk(1)
    await durableFile(disk, 'a', 'A')
    await durableFile(disk, 'b', 'B')
    await disk.rename('a', 'b')
    assert.deepEqual(disk.copy({ mode: 'lose-all-unsynced' }).files(), ['/a', '/b'])
    await disk.syncDirectory('/')
    await disk.remove('b')
    const next = disk.crash({ mode: 'lose-all-unsynced' })
    assert.deepEqual(next.files(), ['/b'])
    assert.equal(text(next.readAll('b')), 'A')
  })

  test('never leaves a file that moves between directories without a name', async () => {
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      await disk.createDirectory('from')
      await disk.createDirectory('to')
      await disk.syncDirectory('/')
      await durableFile(disk, 'from/a', 'moved')
      await disk.rename('from/a', 'to/a')
      if (seed % 3 === 1) await disk.syncDirectory('from')
      if (seed % 3 === 2) await disk.syncDirectory('to')
      const next = disk.crash({ mode: 'random' })
      const expected = seed % 3 === 0 ? [['/from/a'], ['/to/a']] : [['/to/a']]
      assert.ok(
        expected.some(files => String(files) === String(next.files())),
        `seed ${seed}: ${next.files()}`
      )
    }
  })

  test('loses or tears any sector, any size, and nothing that was synced', async () => {
    const outcomes = new Set<string>()
    const sizes = new Set<number>()
    let torn = 0
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      const file = await durableFile(disk, 'a', 'o'.repeat(2048))
      await file.write([bytes('n'.repeat(1536))], 512)
      await file.write([bytes('g'.repeat(1000))], 2048)
      const found = text(disk.crash({ mode: 'random' }).readAll('a'))
      assert.equal(found.slice(0, 512), 'o'.repeat(512), `seed ${seed}`)
      assert.match(found.slice(512, 2048), /^[on]{1536}$/, `seed ${seed}`)
      assert.match(found.slice(2048), /^[g\0]{0,1000}$/, `seed ${seed}`)
      sizes.add(found.length)
      const sectors = [512, 1024, 1536].map(at => found.slice(at, at + 512))
      if (sectors.some(sector => /^n+o+$/.test(sector))) torn++
      else outcomes.add(sectors.map(sector => sector.charAt(0)).join(''))
    }
    assert.equal(outcomes.size, 8, [...outcomes].join(' '))
    assert.ok(torn > 10, `${torn} torn`)
    assert.ok(sizes.has(2048) && sizes.has(3048), [...sizes].join(' '))
  })

  test('keeps a prefix of the changes of names, or any of them', async () => {
    const found = new Set<string>()
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      for (const name of ['a', 'b', 'c']) await disk.open(name, CREATE)
      found.add(disk.crash({ mode: 'random' }).files().join(''))
    }
    const expected = ['', '/a', '/a/b', '/a/b/c', '/b', '/c', '/a/c', '/b/c']
    assert.deepEqual([...found].toSorted(), expected.toSorted())
  })

  test('leaves the old or the new content at every point of a replacement', async () => {
    for (const mode of MODES) {
      for (const seed of SEEDS.slice(0, 40)) {
        for (let count = 0; count <= 5; count++) {
          const disk = newDisk(seed)
          await disk.replaceFile('a', bytes('old'))
          disk.crashAfter(disk.operations + count, { half: seed % 2 === 0 })
          const failed = await disk.replaceFile('a', bytes('other')).then(
            () => false,
            () => true
          )
          const found = text(disk.crash({ mode }).readAll('a'))
          assert.equal(failed, count < 5)
          const allowed = failed ? ['old', 'other'] : ['other']
          assert.ok(allowed.includes(found), `${mode}, seed ${seed}, count ${count}: '${found}'`)
        }
      }
    }
  })

  test('is the same for the same seed', async () => {
    const [one, other] = await Promise.all([scramble(7), scramble(7)])
    assert.deepEqual(one, other)
    assert.notDeepEqual(one, await scramble(8))
  })

  test('frees locks', async () => {
    const disk = newDisk(1)
    await disk.lock('lock')
    const next = disk.crash({ mode: 'keep-all' })
    await (await next.lock('lock')).release()
  })

  test('leaves a copy that changes apart from its original', async () => {
    const disk = newDisk(1)
    const file = await durableFile(disk, 'a', 'same')
    const copy = disk.copy({ mode: 'keep-all' })
    copy.flipBit('a', 0, 0)
    await file.write([bytes('S')], 0)
    assert.equal(text(disk.readAll('a')), 'Same')
    assert.equal(text(copy.readAll('a')), 'rame')
    assert.equal(text(copy.crash({ mode: 'lose-all-unsynced' }).readAll('a')), 'rame')
  })
})

suite('operations', () => {
  test('are counted when they change something', async () => {
    const seen: string[] = []
    const disk = new SimulatedDisk(new SeededRandom(1), {
      onOperation: ({ number, kind, path }) => seen.push(`${number} ${kind} ${path}`)
    })
    await disk.createDirectory('d/e')
    const file = await disk.open('d/a', CREATE)
    await file.write([bytes('abc')], 0)
    await file.read(new Uint8Array(1), 0)
    await file.truncate(1)
    await file.sync()
    await disk.rename('d/a', 'd/b')
    await disk.syncDirectory('d')
    await disk.removeDirectory('d')
    assert.deepEqual(seen, [
      '1 createDirectory /d',
      '2 createDirectory /d/e',
      '3 create /d/a',
      '4 write /d/a',
      '5 truncate /d/a',
      '6 sync /d/a',
      '7 rename /d/a',
      '8 syncDirectory /d',
      '9 remove /d/e',
      '10 remove /d/b',
      '11 remove /d'
    ])
    assert.equal(disk.operations, 11)
  })

  test('stop for good after the given number', async () => {
    const disk = newDisk(1)
    const file = await durableFile(disk, 'a', 'abc')
    disk.crashAfter(disk.operations + 1)
    await file.write([bytes('ABC')], 0)
    await rejectsWith('DISK_CRASHED', file.sync())
    assert.equal(disk.crashed, true)
    await rejectsWith('DISK_CRASHED', file.read(new Uint8Array(1), 0))
    await rejectsWith('DISK_CRASHED', disk.list('/'))
    await rejectsWith('DISK_CRASHED', disk.open('b', CREATE))
    await file.close()
    assert.equal(text(disk.crash({ mode: 'lose-all-unsynced' }).readAll('a')), 'abc')
  })

  test('may be half done when the machine stops', async () => {
    const lengths = new Set<number>()
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      const file = await durableFile(disk, 'a', '')
      disk.crashAfter(disk.operations, { half: true })
      await rejectsWith('DISK_CRASHED', file.write([bytes('abc')], 0))
      lengths.add(disk.crash({ mode: 'keep-all' }).readAll('a').length)
    }
    assert.deepEqual([...lengths].toSorted(), [0, 1, 2])
  })

  test('sync only what was written before', async () => {
    const disk = newDisk(1)
    const file = await durableFile(disk, 'a', '')
    const first = file.write([bytes('1')], 0)
    await first
    await Promise.all([file.sync(), file.write([bytes('2')], 1)])
    assert.equal(text(disk.crash({ mode: 'lose-all-unsynced' }).readAll('a')), '1')
  })
})

suite('a fault', () => {
  test('fills the disk in the middle of a write, once', async () => {
    const disk = newDisk(3)
    const file = await durableFile(disk, 'a', '')
    disk.failAt(disk.operations + 1, 'full')
    await rejectsWith('DISK_FULL', file.write([bytes('x'.repeat(100))], 0))
    assert.ok((await file.size()) < 100)
    await file.write([bytes('y')], 0)
  })

  test('keeps the disk full for writes and new names until it is repaired', async () => {
    const disk = newDisk(3)
    const file = await durableFile(disk, 'a', '')
    disk.failAt(disk.operations + 1, 'full', { lasting: true })
    await rejectsWith('DISK_FULL', file.write([bytes('x')], 0))
    await rejectsWith('DISK_FULL', disk.open('b', CREATE))
    await file.truncate(0)
    await file.sync()
    disk.repair()
    await file.write([bytes('x')], 0)
  })

  test('of a sync loses bytes for good, whatever a later sync says', async () => {
    const found = new Set<string>()
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      const file = await durableFile(disk, 'a', 'old')
      await file.write([bytes('new')], 0)
      disk.failAt(1, 'sync')
      await rejectsWith('DISK_FAILED', file.sync())
      assert.equal(text(disk.readAll('a')), 'new')
      await file.sync()
      found.add(text(disk.crash({ mode: 'keep-all' }).readAll('a')))
      const next = newDisk(seed)
      const other = await durableFile(next, 'a', 'old')
      await other.write([bytes('new')], 0)
      next.failAt(1, 'sync')
      await rejectsWith('DISK_FAILED', other.sync())
      await other.sync()
      found.add(text(next.crash({ mode: 'lose-all-unsynced' }).readAll('a')))
    }
    assert.ok(found.has('old') && found.has('new'), [...found].join(' '))
  })

  test('of a directory sync loses names for good', async () => {
    const found = new Set<string>()
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      await disk.open('a', CREATE)
      disk.failAt(disk.operations + 1, 'io')
      await rejectsWith('DISK_FAILED', disk.syncDirectory('/'))
      await disk.syncDirectory('/')
      found.add(disk.crash({ mode: 'lose-all-unsynced' }).files().join(''))
    }
    assert.deepEqual([...found].toSorted(), ['', '/a'])
  })

  test('of reading lasts until it is repaired', async () => {
    const disk = newDisk(1)
    const file = await durableFile(disk, 'a', 'abc')
    disk.failReads('a')
    await rejectsWith('DISK_FAILED', file.read(new Uint8Array(1), 0))
    await rejectsWith('DISK_FAILED', disk.readFile('a'))
    disk.repair()
    assert.equal(text(await disk.readFile('a')), 'abc')
  })

  test('of the medium flips a bit that survives a crash', async () => {
    const disk = newDisk(1)
    await durableFile(disk, 'a', 'abc')
    disk.flipBit('a', 1, 7)
    assert.deepEqual([...disk.crash({ mode: 'lose-all-unsynced' }).readAll('a')], [97, 226, 99])
  })
})

function newDisk(seed: number): SimulatedDisk {
  return new SimulatedDisk(new SeededRandom(seed))
}

/** A file whose name and bytes survive a crash. */
async function durableFile(disk: SimulatedDisk, path: string, content: string): Promise<DiskFile> {
  const file = await disk.open(path, CREATE)
  await file.write([bytes(content)], 0)
  await file.sync()
  await disk.syncDirectory(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '/')
  return file
}

/** The bytes that are left of many unsynced changes. */
async function scramble(seed: number): Promise<readonly string[]> {
  const random = new SeededRandom(seed)
  const disk = new SimulatedDisk(random, { turnsMax: 3 })
  const calls: Promise<void>[] = []
  for (const name of ['a', 'b', 'c']) {
    const file = await disk.open(name, CREATE)
    for (let write = 0; write < 5; write++) {
      calls.push(file.write([random.bytes(300)], random.below(2000)))
    }
  }
  await Promise.all(calls)
  const next = disk.crash({ mode: 'random' })
  return next.files().map(path => `${path} ${Buffer.from(next.readAll(path)).toString('hex')}`)
}

async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, error => isMillraceError(error, code))
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}
