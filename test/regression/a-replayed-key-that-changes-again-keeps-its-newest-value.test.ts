// A start replayed several changes of a key, and the key changed again before the first flush: the flush kept the
// oldest of the replayed values, and a crash before the last change was committed made that one the key’s value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../src/state/index.ts'
import { MemoryChangelog, commit, openTask } from '../../src/state/test-kit.ts'

test('a replayed key that changes again keeps its newest durable value', async () => {
  const changelog = new MemoryChangelog()
  let store = new MemoryStore()
  const first = await openTask(store, changelog)
  for (const value of [1, 2]) {
    first.state<number>('s.n').set('key', value)
    commit(first, changelog)
  }
  store.crash()
  store = store.reopen()
  const second = await openTask(store, changelog)
  second.state<number>('s.n').set('key', 3)
  second.seal(0)
  await second.flush()
  store.crash()
  const third = await openTask(store.reopen(), changelog)
  assert.equal(third.state<number>('s.n').get('key'), 2)
  await third.close()
})
