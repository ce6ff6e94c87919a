// What every state store does: one suite that all implementations of StateStore pass.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, suite, test } from 'node:test'

import { SeededRandom, isMillraceError } from '../src/base/index.ts'
import type { StateStore, StoreChange } from '../src/state/contract.ts'

/** An empty store for one test, and how it ends and comes back. */
export interface StateStoreFixture {
  readonly store: StateStore
  /** Opens again what `store` left, after it was closed. */
  readonly reopen: () => Promise<StateStore>
  /** A path to which a snapshot may go. */
  readonly snapshotPath: string
  /** Opens the snapshot at {@link snapshotPath}. */
  readonly openSnapshot: () => Promise<StateStore>
  /** Closes what is open and removes everything. */
  readonly dispose: () => Promise<void>
}

/** What an implementation adds to the contract. */
export interface StateStoreCapabilities {
  /** Random operations of the comparison with a map; fewer for slow stores. Default 300. */
  readonly steps?: number
  /** Whether an existing snapshot is refused instead of replaced. Default true. */
  readonly refusesExistingSnapshot?: boolean
}

type Body = (fixture: StateStoreFixture) => Promise<void>
type Declare = (sentence: string, body: Body) => void

/** Declares the suite for one implementation; `make` is called once per test. */
export function stateStoreSuite(
  name: string,
  make: () => Promise<StateStoreFixture>,
  capabilities: StateStoreCapabilities = {}
): void {
  suite(name, () => {
    let fixture: StateStoreFixture
    beforeEach(async () => {
      fixture = await make()
    })
    afterEach(() => fixture.dispose())
    const declare: Declare = (sentence, body) => void test(sentence, () => body(fixture))
    declarePairs(declare)
    declareScans(declare)
    declareCopies(declare, capabilities.refusesExistingSnapshot ?? true)
    declareEnds(declare)
    declareComparison(declare, capabilities.steps ?? 300)
  })
}

function declarePairs(test: Declare): void {
  test('gives what was written and null for what was not', async ({ store }) => {
    await store.write([put('a', '1'), put('b', '')])
    assert.equal(text(store.get(bytes('a'))), '1')
    assert.equal(text(store.get(bytes('b'))), '')
    assert.equal(store.get(bytes('c')), null)
    assert.equal(store.get(bytes('')), null)
  })

  test('applies the changes of a write in their order', async ({ store }) => {
    await store.write([put('a', '1'), remove('a'), put('a', '2'), put('b', '3'), remove('b')])
    assert.equal(text(store.get(bytes('a'))), '2')
    assert.equal(store.get(bytes('b')), null)
    await store.write([remove('a'), remove('never')])
    assert.equal(store.get(bytes('a')), null)
    await store.write([])
  })

  test('keeps any bytes in keys and values', async ({ store }) => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    await store.write([{ key: all, value: all }])
    assert.deepEqual(Uint8Array.from(store.get(all)!), all)
    assert.equal(store.get(all.subarray(0, 255)), null)
    const large = new SeededRandom(1).bytes(300_000)
    await store.write([{ key: Uint8Array.of(0), value: large }])
    assert.deepEqual(Uint8Array.from(store.get(Uint8Array.of(0))!), large)
  })

  test('keeps what was written when the memory of the call is used for something else', async ({
    store
  }) => {
    const memory = Buffer.from('key1value1')
    await store.write([{ key: memory.subarray(0, 4), value: memory.subarray(4) }])
    memory.fill(0)
    assert.equal(text(store.get(bytes('key1'))), 'value1')
  })

  test('shows a write when its promise resolved, and overlapping ones in order', async ({
    store
  }) => {
    const writes = Array.from({ length: 20 }, (_, index) => store.write([put('a', `${index}`)]))
    await Promise.all(writes)
    assert.equal(text(store.get(bytes('a'))), '19')
  })
}

function declareScans(test: Declare): void {
  const keys = ['', 'a', 'a\u0000', 'aa', 'b', 'b\u00ff', 'c', '\u00ff', '\u00ff\u00ff']

  test('scans a range in the order of bytes, from included, to excluded', async ({ store }) => {
    await store.write(keys.toReversed().flatMap(key => (key === '' ? [] : [put(key, `v${key}`)])))
    const expected = ['a\u0000', 'aa', 'b', 'b\u00ff']
    const from = bytes('a\u0000')
    const to = bytes('c')
    assert.deepEqual(await scanned(store, from, to), expected)
    assert.deepEqual(scannedSync(store, from, to), expected)
    assert.deepEqual(scannedSync(store, bytes('\u00ff'), bytes('\u00ff\u00ff\u00ff')), [
      '\u00ff',
      '\u00ff\u00ff'
    ])
    assert.deepEqual(await scanned(store, to, from), [])
    assert.deepEqual(scannedSync(store, to, from), [])
  })

  test('scans more pairs than one piece, with the values of each', async ({ store }) => {
    const changes = Array.from({ length: 5000 }, (_, index) =>
      put(`k${String(index).padStart(5, '0')}`, `${index}`)
    )
    await store.write(changes)
    let index = 0
    for (const [key, value] of store.scanSync(bytes('k'), bytes('l'))) {
      assert.equal(text(key), `k${String(index).padStart(5, '0')}`)
      assert.equal(text(value), `${index}`)
      index++
    }
    assert.equal(index, 5000)
    assert.equal((await scanned(store, bytes('k'), bytes('l'))).length, 5000)
  })

  test('lets loops end early and stand inside each other', async ({ store }) => {
    await store.write(['a', 'b', 'c'].map(key => put(key, key)))
    const seen: string[] = []
    for (const [outer] of store.scanSync(bytes('a'), bytes('z'))) {
      for (const [inner] of store.scanSync(bytes('b'), bytes('z'))) {
        seen.push(`${text(outer)}${text(inner)}`)
        if (text(outer) === 'b') break
      }
    }
    assert.deepEqual(seen, ['ab', 'ac', 'bb', 'cb', 'cc'])
    for await (const [key] of store.scan(bytes('a'), bytes('z'))) {
      if (text(key) === 'b') break
    }
  })

  test('a scan sees none of the writes that begin after its first step', async ({ store }) => {
    await store.write(['a', 'b', 'c'].map(key => put(key, '1')))
    const seen: string[] = []
    for await (const [key, value] of store.scan(bytes('a'), bytes('z'))) {
      seen.push(`${text(key)}${text(value)}`)
      await store.write([remove('b'), put('c', '2'), put('d', '2')])
    }
    assert.deepEqual(seen, ['a1', 'b1', 'c1'])
  })
}

function declareCopies(test: Declare, refusesExisting: boolean): void {
  test('a snapshot holds everything as of its call, and lives on its own', async fixture => {
    const { store, snapshotPath, openSnapshot } = fixture
    await store.write([put('a', '1'), put('b', '2')])
    await store.snapshot(snapshotPath)
    await store.write([put('a', '3'), remove('b')])
    const copy = await openSnapshot()
    assert.deepEqual(await scanned(copy, Buffer.of(0), Buffer.of(255)), ['a', 'b'])
    assert.equal(text(copy.get(bytes('a'))), '1')
    await copy.write([put('c', '4')])
    assert.equal(store.get(bytes('c')), null)
    await copy.close()
    if (refusesExisting) await assert.rejects(store.snapshot(snapshotPath))
  })

  test('is as new after a clear', async ({ store, reopen }) => {
    await store.write([put('a', '1')])
    await store.clear()
    assert.equal(store.get(bytes('a')), null)
    assert.deepEqual(scannedSync(store, Buffer.of(0), Buffer.of(255)), [])
    await store.write([put('b', '2')])
    await store.close()
    const again = await reopen()
    assert.deepEqual(await scanned(again, Buffer.of(0), Buffer.of(255)), ['b'])
    await again.close()
  })
}

function declareEnds(test: Declare): void {
  test('has everything after it was closed and opened again', async ({ store, reopen }) => {
    await store.write([put('a', '1'), put('b', '2')])
    void store.write([remove('a')])
    await store.close()
    const again = await reopen()
    assert.equal(again.get(bytes('a')), null)
    assert.equal(text(again.get(bytes('b'))), '2')
    await again.close()
  })

  test('refuses to be used after it was closed', async ({ store }) => {
    await store.write([put('a', '1')])
    await store.close()
    await store.close()
    assert.throws(() => store.get(bytes('a')), closed)
    assert.throws(() => scannedSync(store, bytes('a'), bytes('z')), closed)
    await assert.rejects(store.write([put('a', '2')]), closed)
    await assert.rejects(scanned(store, bytes('a'), bytes('z')), closed)
  })
}

function declareComparison(test: Declare, steps: number): void {
  test('does what a map does under random writes, reads and scans', async ({ store }) => {
    const seed = 20_260_417
    const random = new SeededRandom(seed)
    const model = new Map<string, string>()
    for (let step = 0; step < steps; step++) {
      const changes: StoreChange[] = []
      for (let count = random.below(8); count >= 0; count--) {
        const key = `k${random.below(60)}`
        if (random.below(3) === 0) {
          model.delete(key)
          changes.push(remove(key))
        } else {
          model.set(key, `${step}`)
          changes.push(put(key, `${step}`))
        }
      }
      await store.write(changes)
      const probe = `k${random.below(60)}`
      const found = store.get(bytes(probe))
      assert.equal(
        found === null ? undefined : text(found),
        model.get(probe),
        `seed ${seed} step ${step}`
      )
      if (step % 25 > 0) continue
      const from = `k${random.below(60)}`
      const expected = [...model.keys()].filter(key => key >= from && key < 'k5').toSorted()
      assert.deepEqual(scannedSync(store, bytes(from), bytes('k5')), expected, `step ${step}`)
      assert.deepEqual(await scanned(store, bytes(from), bytes('k5')), expected, `step ${step}`)
    }
  })
}

function closed(error: unknown): boolean {
  return isMillraceError(error, 'STATE_STORE_CLOSED')
}

function bytes(content: string): Buffer {
  return Buffer.from(content, 'latin1')
}

function text(content: Uint8Array | null): string {
  assert.ok(content !== null, 'a value is there')
  return Buffer.from(content).toString('latin1')
}

function put(key: string, value: string): StoreChange {
  return { key: bytes(key), value: bytes(value) }
}

function remove(key: string): StoreChange {
  return { key: bytes(key), value: null }
}

async function scanned(store: StateStore, from: Uint8Array, to: Uint8Array): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of store.scan(from, to)) keys.push(text(key))
  return keys
}

function scannedSync(store: StateStore, from: Uint8Array, to: Uint8Array): string[] {
  return [...store.scanSync(from, to)].map(([key]) => text(key))
}
