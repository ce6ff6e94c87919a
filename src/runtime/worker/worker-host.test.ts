// Tasks in worker threads, against the same dataflow in this thread.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SeededRandom, SystemClock, SystemDisk } from '../../base/index.ts'
import { openDiskLog } from '../../log/index.ts'
import { Bench, counting, topicOfNumbers } from '../test-kit.ts'
import { lines, counting as windowed } from '../windows/counting.cases.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-workers-'))
})
after(() => rm(folder, { recursive: true, force: true }))

test('two workers with four tasks give what one thread gives', async () => {
  const plan = counting({ partitions: 4 })
  const lines = topicOfNumbers(400)
  const here = new Bench()
  await here.createTopics(plan)
  await here.feed('in', lines)
  await here.drain(plan)

  const there = new Bench()
  await there.createTopics(plan)
  await there.feed('in', lines)
  const running = await there.drain(plan, { workers: 2, storeFolder: folder })
  assert.equal(running.tasks, 4)
  assert.deepEqual(await there.lastByKey('out'), await here.lastByKey('out'))
  const metrics = await running.metrics()
  assert.equal(metrics.recordsOut, 400)
  assert.equal(metrics.lag, 0)
})

test('windows in workers close when the dataflow is drained', async () => {
  const plan = windowed({ kind: 'tumbling', durationMs: 10, offsetMs: 0 }, { partitions: 3 })
  const bench = new Bench()
  await bench.createTopics(plan)
  await bench.feed('in', lines('a1 b2 a12'), 0)
  await bench.feed('in', lines('a3 c4'), 1)
  const options = { workers: 2, storeFolder: join(folder, 'windows') }
  const running = await bench.drain(plan, options)
  const found = await bench.values('out')
  assert.deepEqual(found.toSorted(), ['a1 10-20', 'a2 0-10', 'b1 0-10', 'c1 0-10'])
  // Of the first window two tasks have a part each.
  assert.equal((await running.metrics()).times[0]!.closedWindows, 3)
})

test('two workers on a disk log go on where they were stopped', async () => {
  const clock = new SystemClock()
  const log = await openDiskLog({
    disk: new SystemDisk(),
    folder: join(folder, 'log'),
    clock,
    random: new SeededRandom(1),
    cleanupIntervalMs: 0
  })
  const plan = counting({ partitions: 3 })
  const bench = new Bench({ clock, log })
  await bench.createTopics(plan)
  const options = { workers: 2, storeFolder: join(folder, 'disk') }
  for (const part of [0, 1]) {
    await bench.feed('in', topicOfNumbers(200))
    const running = await bench.drain(plan, options)
    assert.equal(running.status, 'stopped')
    const last = await bench.lastByKey('out')
    const count = 20 * (part + 1)
    assert.deepEqual(
      last,
      Object.fromEntries([...'0123456789'].map(digit => [digit, `${digit}:${count}`]))
    )
    assert.equal((await running.states())[0]!.keys, 10)
  }
  await log.close()
})

test('a worker that crashes fails the dataflow and names its tasks', async () => {
  const bench = new Bench()
  const plan = counting({ partitions: 2, crashAt: '13' })
  await bench.createTopics(plan)
  const running = await bench.start(plan, { workers: 1, storeFolder: join(folder, 'crash') })
  await bench.feed('in', topicOfNumbers(20))
  await assert.rejects(running.finished, { code: 'WORKER_FAILED' })
  assert.equal(running.status, 'failed')
})
