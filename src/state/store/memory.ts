// A state store in memory that forgets in a crash what a real one may forget: for tests and simulation.
import { assert, MillraceError, type Random } from '../../base/index.ts'
import type { StateStore, StoreChange } from '../contract.ts'

type Pairs = Map<string, Uint8Array>

/** What a {@link MemoryStore} is made with. */
export interface MemoryStoreOptions {
  /** Awaited by each write before it takes effect: a simulation hands in its clock's turn. Default: a microtask. */
  readonly delay?: () => Promise<void>
  /** Where snapshots go by their path; stores that share a map can open each other's. */
  readonly snapshots?: Map<string, MemoryStore>
  /** Called with each write before it takes effect; throws to fail it, as a disk may. */
  readonly onWrite?: (changes: readonly StoreChange[]) => void
}

/**
 * Keeps pairs in a map. A write takes effect, wholly, when its promise resolves. {@link MemoryStore.crash}
 * ends the object; {@link MemoryStore.reopen} gives the store that the next process finds.
 */
export class MemoryStore implements StateStore {
  #pairs: Pairs
  /** Keys in byte order, or null after a change of the key set. Made by scans. */
  #order: string[] | null = null
  readonly #pending: (readonly StoreChange[])[] = []
  readonly #options: MemoryStoreOptions
  #tail: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: MemoryStoreOptions = {}) {
    this.#options = options
    this.#pairs = new Map()
  }

  /** How many pairs are there. */
  get count(): number {
    return this.#pairs.size
  }

  get(key: Uint8Array): Uint8Array | null {
    this.#use()
    return this.#pairs.get(textOf(key)) ?? null
  }

  write(changes: readonly StoreChange[]): Promise<void> {
    if (this.#closed) return Promise.reject(closedError())
    const copies = changes.map(change => ({
      key: Uint8Array.from(change.key),
      value: change.value === null ? null : Uint8Array.from(change.value)
    }))
    this.#pending.push(copies)
    const done = this.#tail.then(() => this.#apply())
    this.#tail = done.catch(() => {})
    return done
  }

  async *scan(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    yield* this.#slice(from, to)
  }

  scanSync(from: Uint8Array, to: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    return this.#slice(from, to)
  }

  async snapshot(path: string): Promise<void> {
    await this.#tail
    this.#use()
    const snapshots = this.#options.snapshots
    assert(
      snapshots !== undefined,
      'a memory store that takes snapshots was given a place for them'
    )
    const copy = new MemoryStore(this.#options)
    copy.#pairs = new Map(this.#pairs)
    snapshots.set(path, copy)
  }

  async clear(): Promise<void> {
    await this.#tail
    this.#use()
    this.#pairs = new Map()
    this.#order = null
  }

  async close(): Promise<void> {
    await this.#tail
    this.#closed = true
  }

  /**
   * Ends this object as a killed process would. Writes whose promise has not resolved are lost, or, where
   * `random` says so, some of the first of them took effect all the same.
   */
  crash(random?: Random): void {
    this.#closed = true
    const kept = random === undefined ? 0 : random.below(this.#pending.length + 1)
    for (let index = 0; index < kept; index++) this.#put(this.#pending[index]!)
    this.#pending.length = 0
  }

  /** The store as the next process finds it; this one must be closed or crashed. */
  reopen(): MemoryStore {
    assert(this.#closed, 'a store is reopened after it was closed or crashed')
    const next = new MemoryStore(this.#options)
    next.#pairs = new Map(this.#pairs)
    return next
  }

  async #apply(): Promise<void> {
    await this.#options.delay?.()
    if (this.#closed && this.#pending.length === 0) throw closedError()
    const changes = this.#pending.shift()
    assert(changes !== undefined, 'each write has its pending changes')
    this.#options.onWrite?.(changes)
    this.#put(changes)
  }

  #put(changes: readonly StoreChange[]): void {
    for (const { key, value } of changes) {
      const text = textOf(key)
      if (value === null) {
        if (this.#pairs.delete(text)) this.#order = null
      } else {
        if (!this.#pairs.has(text)) this.#order = null
        this.#pairs.set(text, value)
      }
    }
  }

  #slice(from: Uint8Array, to: Uint8Array): (readonly [Uint8Array, Uint8Array])[] {
    this.#use()
    this.#order ??= [...this.#pairs.keys()].toSorted()
    const order = this.#order
    const last = textOf(to)
    const pairs: (readonly [Uint8Array, Uint8Array])[] = []
    for (let index = lowerBound(order, textOf(from)); index < order.length; index++) {
      const text = order[index]!
      if (text >= last) break
      pairs.push([Buffer.from(text, 'latin1'), this.#pairs.get(text)!])
    }
    return pairs
  }

  #use(): void {
    if (this.#closed) throw closedError()
  }
}

/** One character per byte, so that text order is byte order. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

function lowerBound(order: readonly string[], text: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (order[middle]! < text) low = middle + 1
    else high = middle
  }
  return low
}

function closedError(): MillraceError {
  return new MillraceError(
    'STATE_STORE_CLOSED',
    'the state store was used after it was closed; expected an open one; open it again'
  )
}
