// What only a log with files has: locks, fences, torn and damaged files, sidecars, cleanup in the background.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import {
  append,
  at,
  boundsOf,
  fillFile,
  readAll,
  rejects,
  to,
  valuesOf
} from '../../../conformance/log-kit.ts'
import { MillraceError, SeededRandom, SimulatedClock, SimulatedDisk } from '../../base/index.ts'
import type { Log } from '../log.ts'
import { openDiskLog } from './disk-log.ts'
import type { DiskLogEvent } from './events.ts'
import { verifyDiskLog } from './repair/verify.ts'

interface World {
  disk: SimulatedDisk
  readonly clock: SimulatedClock
  events: DiskLogEvent[]
  readonly cleanupIntervalMs?: number
}

function makeWorld(options: Partial<World> = {}): World {
  const disk = new SimulatedDisk(new SeededRandom(1))
  return { disk, clock: new SimulatedClock(), events: [], ...options }
}

function open(world: World): Promise<Log> {
  const { disk, clock, cleanupIntervalMs = 0 } = world
  world.events = []
  return openDiskLog({
    disk,
    folder: '/data',
    clock,
    random: new SeededRandom(disk.operations),
    fileBytesTarget: 4096,
    cleanupIntervalMs,
    onEvent: event => world.events.push(event)
  })
}

/** Paths of files that end so, ascending. */
function filesOf({ disk }: World, suffix: string): string[] {
  return disk.files().filter(path => path.endsWith(suffix))
}

function crash(world: World): void {
  world.disk = world.disk.crash({ mode: 'lose-all-unsynced' })
}

async function errorOf(promise: Promise<unknown>): Promise<MillraceError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof MillraceError)
    return error
  }
  return assert.fail('it should reject')
}

suite('one process', () => {
  test('refuses a second one, and tells who has it', async () => {
    const world = makeWorld()
    const log = await open(world)
    const error = await errorOf(open(world))
    assert.equal(error.code, 'LOG_LOCKED')
    assert.match(
      error.message,
      /^process \d+ has the log in \/data open; .* stop it or use another/
    )
    await log.close()
    await (await open(world)).close()
  })
})

suite('a fence', () => {
  for (const fault of ['sync', 'io', 'full'] as const) {
    test(`stops all commits after a failing operation (${fault}), and reads go on`, async () => {
      const world = makeWorld()
      let log = await open(world)
      await log.createTopic('a')
      await append(log, 'a', 'safe')
      const waiting = log.wait([at('a', 1)])
      world.disk.failAt(world.disk.operations + 1, fault)
      const results = await Promise.allSettled([
        append(log, 'a', 'x'),
        append(log, 'a', 'y'),
        log.createTopic('b'),
        waiting
      ])
      for (const result of results) {
        assert.equal(result.status, 'rejected')
        const error = result.reason as MillraceError
        assert.equal(error.code, 'LOG_FENCED')
        assert.equal(error.retriable, false)
        assert.ok(error.cause instanceof MillraceError)
        assert.match(error.message, /\/data\/journal\/0000000001.journal.*open the log again/)
      }
      world.disk.repair()
      await rejects(append(log, 'a', 'z'), 'LOG_FENCED')
      await rejects(log.createTopic('b'), 'LOG_FENCED')
      await rejects(log.cleanup(), 'LOG_FENCED')
      await rejects(log.wait([at('a', 1)]), 'LOG_FENCED')
      assert.deepEqual(await valuesOf(log, 'a'), ['safe'])
      assert.deepEqual(await boundsOf(log, 'a'), [0, 1])
      assert.deepEqual(
        world.events.map(event => event.kind),
        ['fenced']
      )
      await log.close()
      log = await open(world)
      const values = await valuesOf(log, 'a')
      assert.equal(values[0], 'safe')
      await append(log, 'a', 'after')
      crash(world)
      log = await open(world)
      assert.deepEqual(await valuesOf(log, 'a'), [...values, 'after'])
      await log.close()
    })
  }
})

suite('a start', () => {
  test('cuts a torn tail, and says where and how much', async () => {
    const world = makeWorld()
    let log = await open(world)
    await log.createTopic('a')
    await append(log, 'a', 'kept')
    crash(world)
    const [path] = filesOf(world, '.journal')
    const whole = await verifyDiskLog({ disk: world.disk, folder: '/data' })
    const size = whole.bytes
    const file = await world.disk.open(path!, { write: true, create: false })
    await file.write([Buffer.alloc(77, 0xa7)], size)
    await file.sync()
    log = await open(world)
    assert.deepEqual(world.events, [{ kind: 'tail-cut', file: path, position: size, bytes: 77 }])
    assert.deepEqual(await valuesOf(log, 'a'), ['kept'])
    assert.equal(await append(log, 'a', 'next'), 1)
    await log.close()
  })

  test('cuts room that was made ready without a word, and leaves none in sealed and closed files', async () => {
    const world = makeWorld()
    const verify = () => verifyDiskLog({ disk: world.disk, folder: '/data' })
    const bytesOf = (): number =>
      filesOf(world, '.journal').reduce((sum, path) => sum + world.disk.readAll(path).length, 0)
    let log = await open(world)
    await log.createTopic('a')
    await append(log, 'a', 'kept')
    const ready = bytesOf()
    await append(log, 'a', 'too')
    assert.equal(bytesOf(), ready, 'the second frame stands in room made ready')
    crash(world)
    assert.ok((await verify()).bytes < ready)
    log = await open(world)
    assert.deepEqual(world.events, [])
    assert.deepEqual(await valuesOf(log, 'a'), ['kept', 'too'])
    await fillFile(log)
    await append(log, 'a', 'next')
    await log.close()
    const { bytes, problems } = await verify()
    assert.equal(bytes, bytesOf())
    assert.deepEqual(problems, [])
    const [path, next] = filesOf(world, '.journal')
    assert.ok(next !== undefined, 'a file is sealed')
    const file = await world.disk.open(path!, { write: true, create: false })
    await file.truncate(world.disk.readAll(path!).length + 100)
    assert.deepEqual(
      (await verify()).problems.map(problem => problem.kind),
      ['frame', 'index']
    )
  })

  test('refuses only the partition of a damaged batch, from there on, and names the place', async () => {
    const world = makeWorld()
    let log = await open(world)
    await log.createTopic('a', { partitions: 2 })
    await append(log, 'a', 'good')
    await append(log, 'a', 'flipped')
    await log.commit({ batches: [to('a', 1, 'other')], offsets: [] })
    await log.close()
    const [path] = filesOf(world, '.journal')
    world.disk.flipBit(path!, Buffer.from(world.disk.readAll(path!)).indexOf('flipped'), 0)
    log = await open(world)
    const sentence = new RegExp(
      '^a/0 is damaged .*0000000001.journal is damaged at byte \\d+: the batch has a wrong checksum; ' +
        '0x[0-9a-f]{8} was expected, 0x[0-9a-f]{8} was found; ' +
        '.*"millrace log repair --data-dir /data"'
    )
    const event = world.events.at(0)
    assert.ok(event?.kind === 'partition-damaged' && event.offset === 1)
    assert.match(event.reason, sentence)
    const first = await log.read({ topic: 'a', partition: 0, offset: 0 })
    assert.equal(first.nextOffset, 1)
    const error = await errorOf(log.read({ topic: 'a', partition: 0, offset: 1 }))
    assert.equal(error.code, 'PARTITION_DAMAGED')
    assert.match(error.message, sentence)
    await rejects(append(log, 'a', 'refused'), 'PARTITION_DAMAGED')
    const { status } = await log.describeTopic('a')
    assert.match(status.partitions[0]?.damage ?? '', sentence)
    assert.equal(status.partitions[1]?.damage, null)
    await log.commit({ batches: [to('a', 1, 'more')], offsets: [] })
    assert.deepEqual(await valuesOf(log, 'a', { partition: 1 }), ['other', 'more'])
    await log.close()
  })

  test('finds damage in a sealed file when it is read', async () => {
    const world = makeWorld()
    let log = await open(world)
    await log.createTopic('a')
    await append(log, 'a', 'flipped')
    await fillFile(log)
    await log.close()
    const [path] = filesOf(world, '.journal')
    world.disk.flipBit(path!, Buffer.from(world.disk.readAll(path!)).indexOf('flipped'), 0)
    log = await open(world)
    assert.equal(world.events.length, 0)
    await rejects(log.read({ topic: 'a', partition: 0, offset: 0 }), 'PARTITION_DAMAGED')
    assert.equal(world.events.at(0)?.kind, 'partition-damaged')
    await rejects(append(log, 'a', 'refused'), 'PARTITION_DAMAGED')
    await log.cleanup()
    await rejects(log.read({ topic: 'a', partition: 0, offset: 0 }), 'PARTITION_DAMAGED')
    await log.close()
  })

  test('takes sealed files from their sidecars, and builds missing ones', async () => {
    const world = makeWorld()
    let log = await open(world)
    await log.createTopic('a')
    for (let index = 0; index < 10; index++) await append(log, 'a', `${index}`.repeat(2000))
    await log.close()
    const [first, second] = filesOf(world, '.index')
    await world.disk.remove(first!)
    world.disk.flipBit(second!, 40, 0)
    log = await open(world)
    assert.deepEqual(world.events, [
      { kind: 'index-rebuilt', file: first },
      { kind: 'index-rebuilt', file: second }
    ])
    assert.equal((await readAll(log, 'a')).length, 10)
    await log.close()
    log = await open(world)
    assert.deepEqual(world.events, [])
    assert.equal((await readAll(log, 'a')).length, 10)
    await log.close()
  })

  test('leaves nothing of interrupted steps behind', async () => {
    const world = makeWorld()
    await (await open(world)).close()
    const names = ['0000000002.journal.new', '0000000001.journal.rewritten', '0000000009.index']
    for (const name of names)
      await world.disk.open(`/data/journal/${name}`, { write: true, create: true })
    await (await open(world)).close()
    assert.deepEqual(world.disk.files(), ['/data/journal/0000000001.journal'])
  })
})

suite('cleanup of files', () => {
  test('runs in the background and reports what it removed', async () => {
    const world = makeWorld({ cleanupIntervalMs: 1000 })
    const log = await open(world)
    await log.createTopic('a', { retentionBytes: 0 })
    await append(log, 'a', 'x'.repeat(5000))
    await fillFile(log)
    const [first] = filesOf(world, '.journal')
    await world.clock.advance(3500)
    assert.deepEqual(await boundsOf(log, 'a'), [1, 1])
    assert.equal(await world.disk.exists(first!), false)
    assert.equal(world.events.at(0)?.kind, 'cleaned')
    await log.close()
    assert.equal(world.clock.pending, 0)
  })

  test('compacts in passes when the keys do not fit, with the same result', async () => {
    const world = makeWorld()
    const { disk, clock } = world
    const log = await openDiskLog({
      disk,
      folder: '/data',
      clock,
      random: new SeededRandom(1),
      fileBytesTarget: 4096,
      cleanupIntervalMs: 0,
      compactionKeyBytesMax: 1000
    })
    await log.createTopic('a', { cleanup: 'compact' })
    const expected = new Map<string, string>()
    for (let index = 0; index < 300; index++) {
      const key = `key-${(index * 7) % 90}`
      await append(log, 'a', { key, value: `${index}` }, { key: `once-${index % 150}`, value: '' })
      expected.set(key, `${index}`).set(`once-${index % 150}`, '')
    }
    await fillFile(log)
    await log.cleanup()
    const found = await readAll(log, 'a')
    assert.equal(found.length, expected.size)
    assert.deepEqual(new Map(found.map(record => [record.key, record.value])), expected)
    assert.equal((await log.cleanup()).recordsRemoved, 0)
    await log.close()
  })

  test('lets who reads a file end with it', async () => {
    const world = makeWorld({ disk: new SimulatedDisk(new SeededRandom(1), { turnsMax: 20 }) })
    const log = await open(world)
    await log.createTopic('a', { cleanup: 'compact' })
    const count = 60
    for (let index = 0; index < count; index++) {
      await append(log, 'a', { key: `${index % 7}`, value: `${index}`.padEnd(300) })
    }
    await fillFile(log)
    await log.close()
    const again = await open(world)
    const readers = Array.from({ length: 20 }, async (_, offset) => {
      const found = await readAll(again, 'a', { offset })
      for (const record of found) assert.equal(record.value, `${record.offset}`.padEnd(300))
      return new Set(found.map(record => record.key)).size
    })
    const [report, ...keys] = await Promise.all([again.cleanup(), ...readers])
    assert.equal(report.recordsRemoved, count - 7)
    assert.deepEqual(
      keys,
      keys.map(() => 7)
    )
    assert.equal((await readAll(again, 'a')).length, 7)
    await again.close()
  })

  test('frees the disk when a full one lets it write nothing, once there is room', async () => {
    const world = makeWorld()
    const log = await open(world)
    await log.createTopic('a', { cleanup: 'compact' })
    for (let index = 0; index < 20; index++)
      await append(log, 'a', { key: 'k', value: 'x'.repeat(500) })
    await fillFile(log)
    await world.clock.yield()
    world.disk.failAt(world.disk.operations + 1, 'full', { lasting: true })
    await rejects(log.cleanup(), 'DISK_FULL')
    world.disk.repair()
    assert.equal((await log.cleanup()).recordsRemoved, 19)
    assert.equal(await append(log, 'a', 'x'), 20)
    await log.close()
  })

  test('closes while it runs', async () => {
    const world = makeWorld({ disk: new SimulatedDisk(new SeededRandom(1), { turnsMax: 20 }) })
    let log = await open(world)
    await log.createTopic('a', { cleanup: 'compact' })
    for (let index = 0; index < 50; index++)
      await append(log, 'a', { key: 'k', value: 'x'.repeat(500) })
    const [outcome] = await Promise.allSettled([log.cleanup(), log.close()])
    if (outcome.status === 'rejected') await rejects(Promise.reject(outcome.reason), 'LOG_CLOSED')
    log = await open(world)
    assert.equal((await readAll(log, 'a')).at(-1)?.offset, 49)
    await log.close()
  })
})
