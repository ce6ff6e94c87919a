// All keyed states of one task: marks, seals, write-behind and eviction over one store and one changelog.
import { assert, MillraceError } from '../base/index.ts'
import { BatchBuilder } from '../record/index.ts'
import type {
  KeyedState,
  NamespacedState,
  SealedState,
  StateMetrics,
  StateStore,
  TaskState
} from './contract.ts'
import type { Entry } from './entry.ts'
import type { HotState } from './hot-state.ts'
import { Image } from './image.ts'
import { META_KIND, metaKey, namespaceCountKey, numberBytes } from './key-space.ts'
import type { Ledger } from './ledger.ts'
import type { Namespaces } from './namespaces.ts'
import type { WriteBehind } from './write-behind.ts'

/** Entries that a seal looks at for eviction: about 1 ms. */
const SEAL_EVICTION_STEPS = 4000
/** What an image is laid out for, over the bytes per record of the last one: growing doubles it. */
const IMAGE_MARGIN = 1.1

/** What recovery hands over. */
export interface TaskStateParts {
  readonly store: StateStore
  readonly ledger: Ledger
  readonly writeBehind: WriteBehind
  /** The states without and with namespaces, by name. */
  readonly states: ReadonlyMap<string, HotState>
  readonly namespaced: ReadonlyMap<string, Namespaces>
  /** The last epoch that recovery used. */
  readonly epoch: number
  /** States whose fingerprint is in neither store nor changelog. */
  readonly fingerprintsMissing: readonly (HotState | Namespaces)[]
}

/** The task state; obtain it with `openTaskState`. */
export class TaskStateCore implements TaskState {
  readonly #store: StateStore
  readonly #ledger: Ledger
  readonly #writeBehind: WriteBehind
  readonly #byName: ReadonlyMap<string, HotState>
  readonly #builder = new BatchBuilder()
  readonly #namespaced: ReadonlyMap<string, Namespaces>
  #fingerprintsMissing: readonly (HotState | Namespaces)[]
  #epoch: number
  #committedEpoch: number
  /** Of the last seal. */
  #recordBytes = 48
  #closed = false

  constructor(parts: TaskStateParts) {
    this.#store = parts.store
    this.#ledger = parts.ledger
    this.#writeBehind = parts.writeBehind
    this.#epoch = parts.epoch
    this.#committedEpoch = parts.epoch
    this.#fingerprintsMissing = parts.fingerprintsMissing
    this.#byName = parts.states
    this.#namespaced = parts.namespaced
  }

  state<V = unknown>(name: string): KeyedState<V> {
    const state = this.#byName.get(name)
    if (state !== undefined) return state as KeyedState<unknown> as KeyedState<V>
    throw unknown(name, this.#byName)
  }

  namespaced<V = unknown>(name: string): NamespacedState<V> {
    const state = this.#namespaced.get(name)
    if (state !== undefined) return state as NamespacedState<unknown> as NamespacedState<V>
    throw unknown(name, this.#namespaced)
  }

  mark(): void {
    this.#ledger.mark()
  }

  rollback(): void {
    this.#ledger.rollback()
  }

  get dirty(): boolean {
    return this.#ledger.states.some(state => state.dirty.length > 0)
  }

  get dirtyBytes(): number {
    return this.#ledger.dirtyBytes
  }

  seal(timestampMs: number): SealedState {
    const ledger = this.#ledger
    // What a function computed after a failed read must not be committed.
    if (ledger.failure !== null) throw ledger.failure
    const epoch = ++this.#epoch
    ledger.unmark()
    const image = this.#encode(epoch)
    for (const state of this.#namespaced.values()) state.forgetEmpty()
    ledger.dirtyBytes = 0
    if (image === null) return { epoch, batches: [], recordCounts: [] }
    this.#writeBehind.add(image)
    if (ledger.hotBytes > ledger.hotBytesMax && !ledger.evict(SEAL_EVICTION_STEPS)) {
      this.#writeBehind.press()
    }
    return { epoch, ...image.batches(this.#builder, timestampMs) }
  }

  committed(epoch: number, nextPosition: number): void {
    assert(epoch > this.#committedEpoch, 'seals are committed in order, each once')
    assert(epoch <= this.#epoch, 'a seal is committed after it was made')
    this.#committedEpoch = epoch
    this.#writeBehind.committed(epoch, nextPosition)
    if (this.#ledger.hotBytes > this.#ledger.hotBytesMax) this.#writeBehind.press()
  }

  admitted(): Promise<void> | null {
    if (this.#ledger.failure !== null) return Promise.reject(this.#ledger.failure)
    return this.#writeBehind.admitted()
  }

  flush(): Promise<void> {
    return this.#writeBehind.flush()
  }

  async snapshot(path: string): Promise<void> {
    await this.#writeBehind.flush()
    await this.#writeBehind.exclusive(() => this.#store.snapshot(path))
  }

  metrics(): StateMetrics {
    let hotKeys = 0
    let keys = 0
    for (const state of this.#ledger.states) {
      hotKeys += state.hotKeys
      keys += state.size
    }
    return {
      hotKeys,
      hotBytes: this.#ledger.hotBytes,
      keys,
      coldReads: this.#ledger.coldReads,
      evicted: this.#ledger.evicted,
      flushes: this.#writeBehind.flushes,
      flushedPosition: this.#writeBehind.flushedPosition
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.#writeBehind.finish()
    } finally {
      this.#writeBehind.stop()
      await this.#store.close()
    }
  }

  /** All changes since the last seal as an image; null when they come to nothing. */
  #encode(epoch: number): Image | null {
    const changes: [HotState, readonly Entry[]][] = []
    let records = this.#fingerprintsMissing.length
    for (const state of this.#ledger.states) {
      const entries = state.takeDirty(epoch)
      if (entries.length === 0) continue
      changes.push([state, entries])
      records += entries.length + 1
    }
    if (changes.length === 0) return null
    const image = new Image(epoch, Math.ceil(records * this.#recordBytes * IMAGE_MARGIN), records)
    for (const { spec } of this.#fingerprintsMissing) {
      image.addMeta(metaKey(META_KIND.fingerprint, spec.name), Buffer.from(spec.fingerprint))
    }
    this.#fingerprintsMissing = []
    for (const [state, entries] of changes) {
      image.addEntries(state, entries)
      addCount(image, state)
    }
    this.#recordBytes = image.byteLength / image.count
    return image
  }
}

/** How many keys a state has; nothing, for a namespace without keys, so that nothing of it stays. */
function addCount(image: Image, { spec, namespace, size }: HotState): void {
  if (namespace === null) {
    image.addMeta(metaKey(META_KIND.count, spec.name), numberBytes(size))
    return
  }
  const key = namespaceCountKey(spec.name, namespace)
  if (size > 0) image.addMeta(key, numberBytes(size))
  else image.addBytes(null, key, 0, key.length, -1, -1)
}

function unknown(name: string, known: ReadonlyMap<string, unknown>): MillraceError {
  return new MillraceError(
    'STATE_UNKNOWN',
    `there is no state ${name}; expected one of ${[...known.keys()].join(', ') || '(none)'}; ` +
      `declare it under states`,
    { details: { state: name } }
  )
}
