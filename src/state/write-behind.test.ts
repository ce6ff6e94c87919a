// When changes reach the store: never before their commit, in bounded time, and what happens when they cannot.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SimulatedClock } from '../base/index.ts'
import { RecordCursor } from '../record/index.ts'
import type { StoreChange } from './contract.ts'
import { dataPrefix } from './key-space.ts'
import { MemoryStore } from './store/memory.ts'
import { MemoryChangelog, commit, objectsSpec, openTask } from './test-kit.ts'
import { FLUSH_DELAY_MS } from './write-behind.ts'

const KEY_A = Buffer.concat([dataPrefix('s.n'), Buffer.from('a')])

test('writes nothing to the store before the commit is reported (S2)', async () => {
  const store = new MemoryStore()
  const changelog = new MemoryChangelog()
  const task = await openTask(store, changelog, { flushBytes: 1 })
  task.state('s.n').set('a', 1)
  const first = task.seal(0)
  task.state('s.n').set('a', 2)
  const second = task.seal(0)
  await task.flush()
  assert.equal(store.count, 0)
  task.committed(first.epoch, changelog.append(first.batches))
  await task.flush()
  assert.equal(Buffer.from(store.get(KEY_A)!).readDoubleBE(0), 1)
  task.committed(second.epoch, changelog.append(second.batches))
  await task.flush()
  assert.equal(Buffer.from(store.get(KEY_A)!).readDoubleBE(0), 2)
  await task.close()
})

test('a seal is not changed by later writes (S4)', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, { specs: [objectsSpec('s.n')] })
  const value = { n: 1 }
  task.state('s.n').set('a', value)
  const sealed = task.seal(7)
  task.state('s.n').set('a', { n: 2 })
  task.state('s.n').delete('a')
  changelog.append(sealed.batches)
  const again = await openTask(new MemoryStore(), changelog, { specs: [objectsSpec('s.n')] })
  assert.deepEqual(again.state('s.n').get('a'), { n: 1 })
  await again.close()
  await task.close()
})

test('a small change reaches the store after the delay, without anyone asking', async () => {
  const clock = new SimulatedClock()
  const store = new MemoryStore()
  const changelog = new MemoryChangelog()
  const task = await openTask(store, changelog, { clock })
  task.state('s.n').set('a', 1)
  commit(task, changelog)
  await clock.advance(FLUSH_DELAY_MS - 1)
  assert.equal(store.get(KEY_A), null)
  await clock.advance(1)
  await clock.yield()
  assert.ok(store.get(KEY_A) !== null)
  assert.equal(task.metrics().flushes, 1)
  assert.equal(clock.pending, 0)
  await task.close()
})

test('writes the newest value of a key only, and no more than a piece at a time', async () => {
  const writes: StoreChange[][] = []
  const store = new MemoryStore({ onWrite: changes => void writes.push([...changes]) })
  const changelog = new MemoryChangelog()
  const task = await openTask(store, changelog, { flushPieceRecords: 10 })
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 25; index++) task.state('s.n').set(`k${index}`, round)
    commit(task, changelog)
  }
  await task.flush()
  const dataChanges = writes.flat().filter(change => change.key[0] !== 0)
  assert.equal(dataChanges.length, 25)
  assert.ok(writes.every(changes => changes.length <= 11))
  assert.ok(writes.length > 3)
  await task.close()
})

test('writes a key once in a flush, also one that changes again while the flush runs', async () => {
  const writes: StoreChange[][] = []
  const store = new MemoryStore({
    onWrite: changes => {
      writes.push([...changes])
      if (writes.length === 1) change(20)
    }
  })
  const changelog = new MemoryChangelog()
  const task = await openTask(store, changelog, { flushPieceRecords: 10 })
  const change = (value: number): void => {
    for (let index = 0; index < 25; index++) task.state('s.n').set(`k${index}`, value)
    commit(task, changelog)
  }
  const written = (): number[] =>
    writes
      .splice(0)
      .flat()
      .filter(({ key }) => key[0] !== 0)
      .map(({ value }) => Buffer.from(value!).readDoubleBE(0))
  for (let round = 0; round < 20; round++) change(round)
  await task.flush()
  assert.deepEqual(
    written(),
    Array.from({ length: 25 }, () => 19)
  )
  writes.push([])
  await task.flush()
  assert.deepEqual(
    written(),
    Array.from({ length: 25 }, () => 20)
  )
  await task.close()
})

test('closes with a few large pieces, each of which the store syncs', async () => {
  let writes = 0
  const store = new MemoryStore({ onWrite: () => void writes++ })
  const changelog = new MemoryChangelog()
  const task = await openTask(store, changelog, { flushPieceRecords: 10 })
  for (let index = 0; index < 1000; index++) task.state('s.n').set(`k${index}`, index)
  commit(task, changelog)
  await task.close()
  assert.ok(writes <= 8, `${writes} writes`)
})

test('lets the task wait while too much is unflushed, and go on afterwards', async () => {
  const changelog = new MemoryChangelog()
  const specs = [objectsSpec('s.o')]
  const task = await openTask(new MemoryStore(), changelog, { specs, flushBytes: Infinity })
  const megabyte = 'x'.repeat(1024 * 1024)
  const sealed = []
  for (let index = 0; index < 65; index++) {
    assert.equal(task.admitted(), null)
    task.state('s.o').set(`k${index}`, megabyte)
    sealed.push(task.seal(0))
  }
  // Waiting would help nothing: none of it may be flushed yet.
  assert.equal(task.admitted(), null)
  for (const { epoch, batches } of sealed) task.committed(epoch, changelog.append(batches))
  const admitted = task.admitted()
  assert.ok(admitted !== null)
  await admitted
  assert.equal(task.admitted(), null)
  assert.equal(task.metrics().flushes, 1)
  await task.close()
})

test('lets the task wait while it is far over its budget, and is within it afterwards', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, { hotBytesMax: 50_000 })
  for (let epoch = 0; epoch < 20; epoch++) {
    for (let index = 0; index < 200; index++) task.state('s.n').set(`k${epoch}-${index}`, index)
    commit(task, changelog)
    await task.admitted()
    assert.ok(task.metrics().hotBytes <= 62_500, `${task.metrics().hotBytes} hot bytes`)
  }
  assert.equal(task.state('s.n').size, 4000)
  await task.close()
})

test('a store that cannot write stops the task, and nothing is lost', async () => {
  let broken = false
  const store = new MemoryStore({
    onWrite: () => {
      if (broken) throw new Error('no space left on device')
    }
  })
  const changelog = new MemoryChangelog()
  const task = await openTask(store, changelog)
  task.state('s.n').set('a', 1)
  commit(task, changelog)
  await task.flush()
  broken = true
  task.state('s.n').set('a', 2)
  commit(task, changelog)
  const failed = {
    code: 'STATE_STORE_FAILED',
    message: /no space left.*the changelog has everything/
  }
  await assert.rejects(task.flush(), failed)
  await assert.rejects(task.admitted()!, failed)
  await assert.rejects(task.close(), failed)
  broken = false
  const again = await openTask(store.reopen(), changelog)
  assert.equal(again.state('s.n').get('a'), 2)
  await again.close()
})

test('evicts what is flushed only, and reads it back', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, { hotBytesMax: 5000 })
  const numbers = task.state<number>('s.n')
  for (let index = 0; index < 500; index++) numbers.set(`k${index}`, index)
  const sealed = task.seal(0)
  await task.flush()
  assert.equal(task.metrics().hotKeys, 500)
  task.committed(sealed.epoch, changelog.append(sealed.batches))
  await task.flush()
  assert.ok(task.metrics().hotBytes <= 5000)
  assert.ok(task.metrics().evicted > 400)
  for (let index = 0; index < 500; index++) assert.equal(numbers.get(`k${index}`), index)
  assert.ok(task.metrics().hotBytes <= 5500, 'reading cold keys keeps to the budget')
  assert.equal(numbers.size, 500)
  await task.close()
})

test('a flush brings many keys that were all just used within the budget', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, { hotBytesMax: 100_000 })
  for (let index = 0; index < 20_000; index++) task.state('s.n').set(`k${index}`, index)
  commit(task, changelog)
  await task.flush()
  assert.ok(task.metrics().hotBytes <= 100_000, `${task.metrics().hotBytes} hot bytes`)
  await task.close()
})

test('asks the store once for a key that is nowhere, and never when all keys are hot', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  const task = await openTask(store, changelog)
  task.state('s.n').set('a', 1)
  assert.equal(task.state('s.n').get('none'), undefined)
  assert.equal(task.metrics().coldReads, 0)
  commit(task, changelog)
  await task.close()
  const again = await openTask(store.reopen(), changelog)
  for (let round = 0; round < 3; round++) assert.equal(again.state('s.n').get('none'), undefined)
  assert.equal(again.metrics().coldReads, 1)
  again.state('s.n').set('none', 5)
  again.state('s.n').get('a')
  assert.equal(again.metrics().coldReads, 2)
  assert.equal(again.state('s.n').get('other'), undefined)
  assert.equal(again.metrics().coldReads, 2)
  await again.close()
})

test('splits a large seal into batches, in order and counted', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, { specs: [objectsSpec('s.o')] })
  for (let index = 0; index < 40; index++) task.state('s.o').set(`k${index}`, 'x'.repeat(50_000))
  const { batches, recordCounts } = commit(task, changelog, 1234)
  assert.ok(batches.length >= 8, `${batches.length} batches`)
  assert.ok(batches.every(batch => batch.length < 300_000))
  const cursor = new RecordCursor()
  for (const [index, batch] of batches.entries()) {
    let count = 0
    cursor.open(batch, 0)
    while (cursor.next()) {
      assert.equal(cursor.timestamp, 1234)
      count++
    }
    assert.equal(recordCounts[index], count)
  }
  // Forty values, the type and the number of keys.
  assert.equal(
    recordCounts.reduce((sum, count) => sum + count, 0),
    42
  )
  await task.close()
})

test('refuses a value that no batch could hold, and stays as it was', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, { specs: [objectsSpec('s.o')] })
  task.state('s.o').set('a', 'small')
  assert.throws(() => task.state('s.o').set('a', 'x'.repeat(3_000_000)), {
    code: 'STATE_VALUE_TOO_LARGE',
    message: /under the key a of the state s\.o takes about 6000004 bytes/
  })
  assert.equal(task.state('s.o').get('a'), 'small')
  await task.close()
})

test('gives nothing to commit when nothing changed', async () => {
  const task = await openTask(new MemoryStore(), new MemoryChangelog())
  task.mark()
  assert.equal(task.state('s.n').delete('none'), false)
  const { epoch, batches } = task.seal(0)
  assert.deepEqual(batches, [])
  task.committed(epoch, 0)
  await task.flush()
  assert.equal(task.metrics().flushes, 0)
  await task.close()
})

test('a key that came and went within an epoch leaves nothing behind', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog)
  const numbers = task.state('s.n')
  numbers.set('stays', 1)
  numbers.set('goes', 1)
  numbers.delete('goes')
  // The type, the number of keys, and one key.
  assert.deepEqual(commit(task, changelog).recordCounts, [3])
  numbers.set('goes', 1)
  numbers.delete('goes')
  assert.equal(task.dirty, true)
  assert.deepEqual(commit(task, changelog).recordCounts, [])
  assert.equal(task.metrics().hotKeys, 1)
  numbers.delete('stays')
  assert.deepEqual(commit(task, changelog).recordCounts, [2])
  await task.close()
})

test('a snapshot that fails says so, and flushing goes on', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  store.snapshot = () => Promise.reject(new Error('no room for a snapshot'))
  const task = await openTask(store, changelog, { flushBytes: 1 })
  task.state('s.n').set('a', 1)
  commit(task, changelog)
  await assert.rejects(task.snapshot('copy'), /no room/)
  task.state('s.n').set('a', 2)
  commit(task, changelog)
  await task.flush()
  assert.equal(task.metrics().flushes, 2)
  await task.close()
})

test('a commit that was left out or reported twice is a bug that is named', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog)
  const seals = [1, 2, 3].map(value => {
    task.state('s.n').set('a', value)
    return task.seal(0)
  })
  task.committed(seals[0]!.epoch, changelog.append(seals[0]!.batches))
  assert.throws(() => task.committed(seals[0]!.epoch, 3), /each once/)
  assert.throws(() => task.committed(seals[2]!.epoch, 9), /no seal with changes is left out/)
  assert.throws(() => task.committed(99, 9), /after it was made/)
})
