// Opening a task's state: positions, lost and damaged stores, changed types, budgets.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { ClassicLevel } from 'classic-level'

import { SimulatedClock } from '../base/index.ts'
import { openMemoryLog } from '../log/index.ts'
import { MemoryStore, changelogOf, openLevelStore, openTaskState } from './index.ts'
import { META_KIND, metaKey } from './key-space.ts'
import { MemoryChangelog, commit, numbersSpec, openTask } from './test-kit.ts'

async function filled(changelog: MemoryChangelog, store: MemoryStore, keys = 50): Promise<void> {
  const task = await openTask(store, changelog)
  for (let index = 0; index < keys; index++) task.state('s.n').set(`k${index}`, index)
  commit(task, changelog)
  await task.close()
}

test('replays from the position of the store, not from the start', async () => {
  const changelog = new MemoryChangelog(1)
  const store = new MemoryStore()
  const task = await openTask(store, changelog)
  for (let round = 0; round < 5; round++) {
    task.state('s.n').set(`k${round}`, round)
    commit(task, changelog)
    if (round === 2) await task.flush()
  }
  assert.equal(task.metrics().flushedPosition, changelog.baseOffsets[3])
  store.crash()
  changelog.reads = 0
  const again = await openTask(store.reopen(), changelog)
  assert.equal(changelog.reads, 3)
  assert.equal(again.state('s.n').size, 5)
  // What was replayed needs no look into the store, what was not does.
  assert.deepEqual([again.state('s.n').get('k3'), again.state('s.n').get('k4')], [3, 4])
  assert.equal(again.metrics().coldReads, 0)
  assert.equal(again.state('s.n').get('k2'), 2)
  assert.equal(again.metrics().coldReads, 1)
  await again.close()
})

test('works over a log as it is', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  await log.createTopic('changes', { partitions: 2, cleanup: 'compact', internal: true })
  const changelog = changelogOf(log, 'changes', 1)
  const task = await openTask(new MemoryStore(), changelog)
  for (let round = 0; round < 3; round++) {
    task.state('s.n').set('a', round)
    const { batches, epoch, recordCounts } = task.seal(0)
    const commit = batches.map(batch => ({ topic: 'changes', partition: 1, batch }))
    const { baseOffsets } = await log.commit({ batches: commit, offsets: [] })
    task.committed(epoch, baseOffsets.at(-1)! + recordCounts.at(-1)!)
  }
  await task.close()
  const again = await openTask(new MemoryStore(), changelog)
  assert.deepEqual([...again.state('s.n').entries()], [['a', 2]])
  await again.close()
  await log.close()
})

test('refuses a changed type, also when the store is lost, and leaves everything as it was', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  await filled(changelog, store)
  const specs = [numbersSpec('s.n', 'string→u32')]
  for (const next of [store.reopen(), new MemoryStore()]) {
    await assert.rejects(openTask(next, changelog, { specs }), {
      code: 'STATE_TYPE_CHANGED',
      message: /s\.n was stored as string→f64 and is declared as string→u32.*another state name/s
    })
    const again = await openTask(next.reopen(), changelog)
    assert.equal(again.state('s.n').size, 50)
    await again.close()
  }
})

test('keeps the entries of a state that is not declared for a while', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  const both = [numbersSpec('s.n'), numbersSpec('s.other')]
  const task = await openTask(store, changelog, { specs: both })
  task.state('s.n').set('a', 1)
  task.state('s.other').set('b', 2)
  commit(task, changelog)
  store.crash()
  const less = await openTask(store.reopen(), changelog)
  assert.throws(() => less.state('s.other'), {
    code: 'STATE_UNKNOWN',
    message: /expected one of s\.n/
  })
  await less.close()
  const more = await openTask(new MemoryStore(), changelog, { specs: both })
  assert.equal(more.state('s.other').get('b'), 2)
  await more.close()
})

test('keeps undeclared entries in the store over its flushes', async () => {
  const changelog = new MemoryChangelog()
  const first = new MemoryStore()
  const both = [numbersSpec('s.n'), numbersSpec('s.other')]
  const task = await openTask(first, changelog, { specs: both })
  task.state('s.other').set('b', 2)
  commit(task, changelog)
  first.crash()
  const second = first.reopen()
  const less = await openTask(second, changelog)
  await less.close()
  const third = second.reopen()
  changelog.reads = 0
  const more = await openTask(third, changelog, { specs: both })
  assert.equal(more.metrics().hotKeys, 0)
  assert.equal(more.state('s.other').size, 1)
  assert.equal(more.state('s.other').get('b'), 2)
  await more.close()
})

test('refuses a store that is ahead of its changelog', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  await filled(changelog, store)
  await assert.rejects(openTask(store.reopen(), new MemoryChangelog()), {
    code: 'STATE_STORE_AHEAD',
    message: /up to offset 52, which is past its end/
  })
})

test('refuses a changelog with records that are none of a state', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  await filled(changelog, store)
  changelog.appendRaw(Buffer.from([0x09, 0x41]), Buffer.from('x'))
  await assert.rejects(openTask(new MemoryStore(), changelog), {
    code: 'CHANGELOG_CORRUPT',
    message: /has the key 0x0941/
  })
})

test('flushes while it replays more than may wait, and keeps to the budget when it is read', async () => {
  const changelog = new MemoryChangelog(4000)
  await filled(changelog, new MemoryStore(), 2000)
  const task = await openTask(new MemoryStore(), changelog, {
    hotBytesMax: 20_000,
    unflushedBytesMax: 8_000
  })
  assert.ok(task.metrics().flushes >= 1)
  assert.equal(task.metrics().hotKeys, 0)
  assert.equal(task.state('s.n').size, 2000)
  assert.equal([...task.state('s.n').entries()].length, 2000)
  await task.flush()
  // A loop keeps all entries until the next mark.
  task.mark()
  for (let index = 0; index < 2000; index++) assert.equal(task.state('s.n').get(`k${index}`), index)
  assert.ok(task.metrics().evicted > 1500)
  assert.ok(task.metrics().hotBytes < 25_000, `${task.metrics().hotBytes} hot bytes`)
  await task.close()
})

test('rebuilds a store that says it is damaged, and tells why', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  await filled(changelog, store)
  const damaged = store.reopen()
  await damaged.write([{ key: metaKey(META_KIND.damaged), value: Buffer.from('a test broke it') }])
  const reasons: string[] = []
  const task = await openTask(damaged, changelog, { onRebuild: reason => reasons.push(reason) })
  assert.deepEqual(reasons, ['a test broke it'])
  assert.equal(task.state('s.n').size, 50)
  await task.close()
  const again = await openTask(damaged.reopen(), changelog, { onRebuild: () => assert.fail() })
  assert.equal(again.state('s.n').get('k49'), 49)
  await again.close()
})

test('rebuilds a LevelDB store whose files were damaged, in use and at the start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-rebuild-'))
  const path = join(folder, 'store')
  const changelog = new MemoryChangelog()
  try {
    const task = await openTask(await openLevelStore(path), changelog)
    for (let index = 0; index < 500; index++) task.state('s.n').set(`k${index}`, index)
    commit(task, changelog)
    await task.close()
    await damageValues(path)

    const reasons: string[] = []
    const onRebuild = (reason: string): void => void reasons.push(reason)
    const broken = await openTask(await openLevelStore(path), changelog, { onRebuild })
    assert.throws(() => broken.state('s.n').get('k7'), { code: 'STATE_STORE_DAMAGED' })
    // A function may have caught it; what it made of that is not committed.
    broken.state('s.n').set('new', 0)
    assert.throws(() => broken.seal(0), { code: 'STATE_STORE_DAMAGED' })
    await assert.rejects(broken.admitted()!, { code: 'STATE_STORE_DAMAGED' })
    await broken.close()
    assert.deepEqual(reasons, [])

    const rebuilt = await openTask(await openLevelStore(path), changelog, { onRebuild })
    assert.match(reasons.join(), /checksum/)
    assert.equal(rebuilt.state('s.n').get('k7'), 7)
    assert.equal(rebuilt.state('s.n').size, 500)
    await rebuilt.close()

    await writeFile(join(path, 'CURRENT'), 'nonsense')
    const reopened = await openTask(await openLevelStore(path), changelog, { onRebuild })
    assert.match(reasons[1]!, /CURRENT/)
    assert.equal(reopened.state('s.n').get('k499'), 499)
    await reopened.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a snapshot taken meanwhile opens and catches up from the changelog', async () => {
  const changelog = new MemoryChangelog()
  const snapshots = new Map<string, MemoryStore>()
  const task = await openTask(new MemoryStore({ snapshots }), changelog)
  const numbers = task.state<number>('s.n')
  numbers.set('a', 1)
  numbers.set('b', 1)
  commit(task, changelog)
  numbers.set('a', 2)
  await task.snapshot('copy')
  numbers.delete('b')
  commit(task, changelog)
  const restored = await openTask(snapshots.get('copy')!, changelog, { verify: true })
  assert.deepEqual([...restored.state('s.n').entries()], [['a', 2]])
  await restored.close()
  await task.close()
})

test('a snapshot that is older than dropped deletions is noticed and rebuilt', async () => {
  const changelog = new MemoryChangelog()
  const snapshots = new Map<string, MemoryStore>()
  const task = await openTask(new MemoryStore({ snapshots }), changelog)
  const numbers = task.state<number>('s.n')
  numbers.set('a', 1)
  numbers.set('b', 1)
  commit(task, changelog)
  await task.snapshot('copy')
  numbers.delete('b')
  commit(task, changelog)
  numbers.set('c', 1)
  commit(task, changelog)
  await task.close()
  // What compaction leaves once nobody may need the deletion any more.
  changelog.drop(key => key.includes('b'))
  const reasons: string[] = []
  const restored = await openTaskState({
    specs: [numbersSpec('s.n')],
    store: snapshots.get('copy')!,
    changelog,
    clock: new SimulatedClock(),
    verify: true,
    onRebuild: reason => void reasons.push(reason)
  })
  assert.match(reasons.join(), /holds 3 keys of the state s\.n that are not in memory; expected 2/)
  assert.deepEqual([...restored.state('s.n').entries()].toSorted(), [
    ['a', 1],
    ['c', 1]
  ])
  await restored.close()
})

/** Changes a byte of each table's first value, after all was moved into tables. */
async function damageValues(path: string): Promise<void> {
  const raw = new ClassicLevel<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false
  })
  await raw.open()
  // Rewritten without compression, so that a byte is a byte.
  for await (const [key, value] of raw.iterator()) await raw.put(key, value)
  await raw.compactRange(Buffer.of(0), Buffer.of(255))
  await raw.close()
  const key = Buffer.from('k7')
  for (const file of (await readdir(path)).filter(name => name.endsWith('.ldb'))) {
    const bytes = await readFile(join(path, file))
    const value = Buffer.alloc(8)
    value.writeDoubleBE(7)
    const at = bytes.indexOf(value)
    assert.ok(at > 0, `the value of ${key.toString()} stands in ${file}`)
    bytes[at + 7] = 1
    await writeFile(join(path, file), bytes)
  }
}
