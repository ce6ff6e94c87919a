// Keys in order, from memory and store, and states that keep nothing in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from './store/memory.ts'
import { MemoryChangelog, commit, numbersSpec, openTask } from './test-kit.ts'

const KEYS = ['d', 'b', 'é', 'a', 'c', '~', 'bb']
/** By their bytes. */
const ORDER = ['a', 'b', 'bb', 'c', 'd', '~', 'é']

const ALL = { limit: 100, pause: () => Promise.resolve() }

function isOdd(value: number): boolean {
  return value === 1
}

test('gives keys in the order of their bytes, wherever they are', async () => {
  for (const isCold of [false, true]) {
    for (const flushedCount of [0, 3, KEYS.length]) {
      const changelog = new MemoryChangelog()
      const specs = [{ ...numbersSpec('s.n'), isCold }]
      const task = await openTask(new MemoryStore(), changelog, { specs })
      const state = task.state<number>('s.n')
      for (const key of KEYS.slice(0, flushedCount)) state.set(key, 1)
      if (flushedCount > 0) commit(task, changelog)
      await task.flush()
      for (const key of KEYS.slice(flushedCount)) state.set(key, 1)
      assert.deepEqual(await state.keysFrom('', 100), ORDER)
      assert.deepEqual(await state.keysFrom('b', 3), ['b', 'bb', 'c'])
      assert.deepEqual(await state.keysFrom('ba', 2), ['bb', 'c'])
      assert.deepEqual(await state.keysFrom('é', 1), ['é'])
      assert.deepEqual(await state.keysFrom('\u{ff}', 1), [])
      state.delete('c')
      assert.deepEqual(await state.keysFrom('bb', 3), ['bb', 'd', '~'])
      await task.close()
    }
  }
})

test('picks keys by their values, wherever they are, as they are when their turn comes', async () => {
  for (const isCold of [false, true]) {
    for (const flushedCount of [0, 3, KEYS.length]) {
      const changelog = new MemoryChangelog()
      const specs = [{ ...numbersSpec('s.n'), isCold }]
      const store = new MemoryStore()
      const first = await openTask(store, changelog, { specs })
      const state = first.state<number>('s.n')
      for (const [index, key] of KEYS.entries()) {
        state.set(key, index % 2)
        if (index + 1 === flushedCount) {
          commit(first, changelog)
          await first.flush()
        }
      }
      assert.deepEqual((await state.keysWhere(isOdd, ALL)).toSorted(), ['a', 'b', '~'])
      assert.equal((await state.keysWhere(isOdd, { ...ALL, limit: 2 })).length, 2)
      commit(first, changelog)
      // What was not flushed is read from the changelog.
      store.crash()
      const again = await openTask(store.reopen(), changelog, { specs })
      const found = again.state<number>('s.n').keysWhere(isOdd, ALL)
      assert.deepEqual((await found).toSorted(), ['a', 'b', '~'])
      const changing = again.state<number>('s.n')
      const picked = changing.keysWhere(isOdd, ALL)
      changing.set('d', 1)
      changing.delete('a')
      for (const key of await picked)
        assert.ok(['a', 'b', '~', 'd'].includes(key as string), key as string)
      assert.deepEqual((await changing.keysWhere(isOdd, ALL)).toSorted(), ['b', 'd', '~'])
      await again.close()
    }
  }
})

test('a cold state leaves memory with its flush, and is as it was', async () => {
  const changelog = new MemoryChangelog()
  const specs = [{ ...numbersSpec('s.n'), isCold: true }, numbersSpec('s.m')]
  const task = await openTask(new MemoryStore(), changelog, { specs })
  const [cold, warm] = [task.state<number>('s.n'), task.state<number>('s.m')]
  for (const key of KEYS) {
    cold.set(key, 1)
    warm.set(key, 1)
  }
  commit(task, changelog)
  cold.set('a', 2)
  await task.flush()
  // What was written after the seal stays until it is flushed, too.
  assert.equal(task.metrics().hotKeys, KEYS.length + 1)
  assert.equal(cold.get('a'), 2)
  commit(task, changelog)
  await task.flush()
  assert.equal(task.metrics().hotKeys, KEYS.length)
  assert.equal(cold.size, KEYS.length)
  assert.equal(cold.get('a'), 2)
  assert.equal(cold.get('b'), 1)
  await task.close()
})
