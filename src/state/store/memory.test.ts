// The memory store: the suite of all stores, and what it forgets in a crash.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { stateStoreSuite } from '../../../conformance/state-store.ts'
import { SeededRandom } from '../../base/index.ts'
import { MemoryStore } from './memory.ts'

stateStoreSuite(
  'MemoryStore',
  async () => {
    const snapshots = new Map<string, MemoryStore>()
    const store = new MemoryStore({ snapshots })
    return {
      store,
      reopen: async () => store.reopen(),
      snapshotPath: 'snapshot',
      openSnapshot: async () => snapshots.get('snapshot')!,
      dispose: async () => {}
    }
  },
  { refusesExistingSnapshot: false }
)

test('a crash loses writes that have not resolved, and keeps those that have', async () => {
  const store = new MemoryStore()
  await store.write([{ key: Buffer.from('a'), value: Buffer.from('1') }])
  const lost = store.write([{ key: Buffer.from('a'), value: Buffer.from('2') }])
  store.crash()
  await assert.rejects(lost, { code: 'STATE_STORE_CLOSED' })
  assert.deepEqual(store.reopen().get(Buffer.from('a')), Uint8Array.of(0x31))
})

test('a crash with randomness keeps some of the first unresolved writes', async () => {
  const kept = new Set<string>()
  for (let seed = 0; seed < 30; seed++) {
    const store = new MemoryStore()
    for (const value of ['1', '2']) {
      store.write([{ key: Buffer.from('a'), value: Buffer.from(value) }]).catch(() => {})
    }
    store.crash(new SeededRandom(seed))
    kept.add(String(store.reopen().get(Buffer.from('a')) ?? 'none'))
  }
  assert.deepEqual([...kept].toSorted(), ['49', '50', 'none'])
})
