// What a start replays: found by key before the store, in loops and in order, and written once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskState } from './contract.ts'
import { MemoryStore } from './store/memory.ts'
import { MemoryChangelog, commit, numbersSpec, openTask } from './test-kit.ts'

const NAMESPACED = [{ ...numbersSpec('s.w'), namespaced: true }]

/**
 * A task after a crash: the store has a, b, c and d of its last flush; of the changes since then, which it has to
 * replay, one renews a, one deletes b, one adds e, and one adds f that the last deletes again.
 */
async function restarted(): Promise<{ task: TaskState; store: MemoryStore }> {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  const task = await openTask(store, changelog)
  const state = task.state<number>('s.n')
  for (const [at, key] of ['a', 'b', 'c', 'd'].entries()) state.set(key, at)
  commit(task, changelog)
  await task.flush()
  state.set('a', 10)
  commit(task, changelog)
  state.delete('b')
  state.set('f', 1)
  commit(task, changelog)
  state.set('a', 11)
  state.set('e', 12)
  state.delete('f')
  commit(task, changelog)
  store.crash()
  const reopened = store.reopen()
  return { task: await openTask(reopened, changelog), store: reopened }
}

const PAIRS = [
  ['a', 11],
  ['c', 2],
  ['d', 3],
  ['e', 12]
]

test('makes an entry of a key when it is asked for, and asks the store for none that was replayed', async () => {
  const { task } = await restarted()
  const state = task.state<number>('s.n')
  assert.equal(task.metrics().hotKeys, 0)
  assert.equal(state.size, 4)
  assert.deepEqual(
    [state.get('a'), state.get('b'), state.get('e'), state.get('f')],
    [11, undefined, 12, undefined]
  )
  assert.equal(task.metrics().coldReads, 0)
  assert.equal(state.get('c'), 2)
  assert.equal(task.metrics().coldReads, 1)
  await task.close()
})

test('loops over replayed and stored keys once each, whichever were asked for before', async () => {
  for (const asked of ['', 'a', 'b', 'ae', 'acd', 'abcdef']) {
    const { task } = await restarted()
    const state = task.state<number>('s.n')
    for (const key of asked) state.get(key)
    assert.deepEqual([...state.entries()].toSorted(), PAIRS, `after a look at ${asked}`)
    await task.flush()
    assert.deepEqual([...state.entries()].toSorted(), PAIRS, `flushed, after a look at ${asked}`)
    await task.close()
  }
})

test('a loop sees a replayed key as it is at its turn', async () => {
  const { task } = await restarted()
  const state = task.state<number>('s.n')
  const seen = new Map<unknown, unknown>()
  for (const [key, value] of state.entries()) {
    if (seen.size === 0) {
      for (const other of ['a', 'e']) if (other !== key) state.set(other, 99)
      if (key !== 'c') state.delete('c')
    }
    seen.set(key, value)
  }
  const first = [...seen.keys()][0] as string
  const expected = new Map<unknown, unknown>(PAIRS as [string, number][])
  for (const other of ['a', 'e']) if (other !== first) expected.set(other, 99)
  if (first !== 'c') expected.delete('c')
  assert.deepEqual([...seen].toSorted(), [...expected].toSorted())
  await task.close()
})

test('gives keys in order from replay and store', async () => {
  for (const asked of ['', 'a', 'b', 'ce']) {
    const { task } = await restarted()
    const state = task.state<number>('s.n')
    for (const key of asked) state.get(key)
    assert.deepEqual(await state.keysFrom('', 10), ['a', 'c', 'd', 'e'])
    assert.deepEqual(await state.keysFrom('b', 2), ['c', 'd'])
    await task.close()
  }
})

test('undoes a write to a replayed key', async () => {
  const { task } = await restarted()
  const state = task.state<number>('s.n')
  task.mark()
  state.set('a', 1)
  state.set('b', 1)
  state.delete('e')
  task.rollback()
  assert.deepEqual([...state.entries()].toSorted(), PAIRS)
  assert.equal(state.size, 4)
  await task.close()
})

test('a flush writes the newest replayed record of a key only', async () => {
  const { task, store } = await restarted()
  const written: string[] = []
  const write = store.write.bind(store)
  store.write = changes => {
    for (const { key } of changes) written.push(Buffer.from(key).toString('latin1').at(-1)!)
    return write(changes)
  }
  // Taken or not, and changed again after it was taken.
  task.state<number>('s.n').get('e')
  await task.flush()
  for (const key of ['a', 'b', 'e', 'f']) {
    assert.equal(written.filter(one => one === key).length, 1, `${key} of ${written.join('')}`)
  }
  await task.close()
})

test('clears a replayed namespace', async () => {
  const changelog = new MemoryChangelog()
  const store = new MemoryStore()
  const task = await openTask(store, changelog, { specs: NAMESPACED })
  const windows = task.namespaced<number>('s.w')
  for (const namespace of [1, 2]) {
    windows.in(namespace).set('a', namespace)
    windows.in(namespace).set('b', namespace)
  }
  commit(task, changelog)
  store.crash()
  const again = await openTask(store.reopen(), changelog, { specs: NAMESPACED })
  const reopened = again.namespaced<number>('s.w')
  const taken: [unknown, number][] = []
  reopened.clear(1, (key, value) => taken.push([key, value]))
  assert.deepEqual(taken.toSorted(), [
    ['a', 1],
    ['b', 1]
  ])
  assert.deepEqual(reopened.namespaces(), [2])
  assert.equal(again.metrics().coldReads, 0)
  commit(again, changelog)
  await again.close()
})
