// The state of one task: reads, writes, seals, rollback, recovery, eviction.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from './index.ts'
import { MemoryChangelog, commit, numbersSpec, objectsSpec, openTask } from './test-kit.ts'

test('keeps what was set, through a crash of the store, from the changelog alone', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  const task = await openTask(store, changelog)
  const numbers = task.state<number>('s.n')
  numbers.set('a', 1)
  numbers.set('b', 2)
  numbers.delete('a')
  commit(task, changelog)
  numbers.set('c', 3)
  store.crash()

  const again = await openTask(store.reopen(), changelog)
  const found = again.state<number>('s.n')
  assert.deepEqual([...found.entries()], [['b', 2]])
  assert.equal(found.size, 1)
  assert.equal(found.get('a'), undefined)
  assert.equal(found.get('c'), undefined)
  await again.close()
})

test('reads cold values back after a flush and a reopening without replaying anything', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  const task = await openTask(store, changelog)
  for (let index = 0; index < 100; index++) task.state('s.n').set(`k${index}`, index)
  commit(task, changelog)
  await task.close()

  const again = await openTask(store.reopen(), changelog)
  const numbers = again.state<number>('s.n')
  assert.equal(again.metrics().hotKeys, 0)
  assert.equal(numbers.size, 100)
  assert.equal(numbers.get('k7'), 7)
  assert.equal(numbers.get('none'), undefined)
  assert.equal(numbers.delete('k8'), true)
  assert.equal(numbers.delete('k8'), false)
  assert.equal(numbers.size, 99)
  const keys = [...numbers.entries()].map(([key]) => key)
  assert.equal(new Set(keys).size, 99)
  assert.equal(keys.length, 99)
  assert.ok(!keys.includes('k8'))
  await again.close()
})

test('a rollback undoes exactly the writes since the mark', async () => {
  const changelog = new MemoryChangelog()
  const task = await openTask(new MemoryStore(), changelog, {
    specs: [numbersSpec('s.n'), objectsSpec('s.o')]
  })
  const numbers = task.state<number>('s.n')
  const objects = task.state<{ list: number[] }>('s.o')
  numbers.set('kept', 1)
  objects.set('kept', { list: [1] })
  task.mark()
  numbers.set('kept', 2)
  numbers.set('new', 3)
  numbers.delete('kept')
  const value = objects.get('kept')!
  value.list.push(2)
  objects.set('kept', value)
  task.rollback()
  assert.equal(numbers.get('kept'), 1)
  assert.equal(numbers.has('new'), false)
  assert.equal(numbers.size, 1)
  assert.deepEqual(objects.get('kept'), { list: [1] })
  commit(task, changelog)
  task.mark()
  numbers.set('kept', 9)
  task.rollback()
  assert.equal(task.dirty, false)
  assert.equal(task.dirtyBytes, 0)
  await task.close()
})
