// Opening a task's state: the store's position, then the changelog from there on, with types checked before values.
import {
  type Clock,
  MillraceError,
  STATE_HOT_BYTES_DEFAULT,
  STATE_UNFLUSHED_BYTES_MAX,
  isMillraceError
} from '../base/index.ts'
import type { LogData, ReadResult } from '../log/index.ts'
import { RecordCursor, batchByteLength } from '../record/index.ts'
import type { StateSpec, StateStore, TaskState } from './contract.ts'
import { HotState } from './hot-state.ts'
import { Image } from './image.ts'
import {
  META_KIND,
  afterPrefix,
  metaKey,
  namespaceCountPrefix,
  parseKey,
  readNamespace,
  readNumber
} from './key-space.ts'
import { Ledger } from './ledger.ts'
import { Namespaces } from './namespaces.ts'
import { Tail } from './tail.ts'
import { TaskStateCore } from './task-state.ts'
import {
  FLUSH_BYTES_TARGET,
  FLUSH_DELAY_MS,
  FLUSH_PIECE_RECORDS_MAX,
  WriteBehind
} from './write-behind.ts'

/** What the image of a replay is laid out for at first. */
const RECORDS_EXPECTED = 1024

/** Where the changelog is read from: one partition of a log. */
export interface ChangelogSource {
  /** As `LogData.read`, of the changelog's partition. */
  read(offset: number): Promise<ReadResult>
}

/** What {@link openTaskState} needs. */
export interface TaskStateOptions {
  readonly specs: readonly StateSpec[]
  /** Open; the task state owns it from here on, also when opening fails. */
  readonly store: StateStore
  readonly changelog: ChangelogSource
  readonly clock: Clock
  /** Estimated bytes of hot entries before clean ones are evicted. Default STATE_HOT_BYTES_DEFAULT. */
  readonly hotBytesMax?: number
  /** Durable bytes at which a flush starts. Default {@link FLUSH_BYTES_TARGET}. */
  readonly flushBytes?: number
  /** Sealed bytes that may wait for a flush before the task waits. Default STATE_UNFLUSHED_BYTES_MAX. */
  readonly unflushedBytesMax?: number
  /** Milliseconds after which a flush of fewer bytes starts. Default {@link FLUSH_DELAY_MS}. */
  readonly flushDelayMs?: number
  /** Records that a flush writes at a time. Default {@link FLUSH_PIECE_RECORDS_MAX}. */
  readonly flushPieceRecords?: number
  /**
   * Counts the keys of the store after the replay and rebuilds it where they are not as many as the changelog says.
   * For a restored snapshot, which may be older than deletions that compaction has dropped meanwhile. Reads the whole
   * store: about 2 s for 1 M keys. Default false.
   */
  readonly verify?: boolean
  /** Told when the store was damaged and is rebuilt from the changelog; the message is for people. */
  readonly onRebuild?: (reason: string) => void
}

/** The changelog in `partition` of `topic`. */
export function changelogOf(log: LogData, topic: string, partition: number): ChangelogSource {
  return { read: offset => log.read({ topic, partition, offset }) }
}

/**
 * Opens the states of a task: takes the store's position and replays the changelog from there to its end. A damaged
 * store is emptied and rebuilt from the changelog's start. On an error the store is closed.
 * @throws STATE_TYPE_CHANGED a state's stored type differs from its spec
 * @throws STATE_STORE_AHEAD the store reflects a position past the changelog's end
 * @throws CHANGELOG_CORRUPT a record that is none of a state's
 * @throws STATE_STORE_FAILED the store cannot be read or written
 */
export async function openTaskState(options: TaskStateOptions): Promise<TaskState> {
  const { store } = options
  try {
    const damage = store.get(metaKey(META_KIND.damaged))
    if (damage !== null) await rebuild(options, Buffer.from(damage).toString())
    try {
      return await new Recovery(options).run()
    } catch (error) {
      if (!isMillraceError(error, 'STATE_STORE_DAMAGED')) throw error
      await rebuild(options, error.message)
      return await new Recovery(options).run()
    }
  } catch (error) {
    await store.close().catch(() => {})
    throw error
  }
}

async function rebuild(options: TaskStateOptions, reason: string): Promise<void> {
  options.onRebuild?.(reason)
  await options.store.clear()
}

/** One pass over store and changelog. */
class Recovery {
  readonly #options: TaskStateOptions
  readonly #ledger: Ledger
  readonly #states = new Map<string, HotState>()
  readonly #namespaced = new Map<string, Namespaces>()
  readonly #fingerprints = new Map<string, string>()
  readonly #cursor = new RecordCursor()
  #lastState: HotState | null = null
  #epoch = 0

  constructor(options: TaskStateOptions) {
    this.#options = options
    this.#ledger = new Ledger(options.hotBytesMax ?? STATE_HOT_BYTES_DEFAULT)
    for (const spec of options.specs) {
      if (spec.namespaced === true) {
        this.#namespaced.set(spec.name, new Namespaces(spec, options.store, this.#ledger))
        continue
      }
      const state = new HotState(spec, options.store, this.#ledger)
      this.#ledger.states.push(state)
      this.#states.set(spec.name, state)
    }
  }

  async run(): Promise<TaskState> {
    const position = this.#readStore()
    const { store, clock, flushBytes, unflushedBytesMax, flushDelayMs, flushPieceRecords } =
      this.#options
    const writeBehind = new WriteBehind(
      {
        store,
        clock,
        ledger: this.#ledger,
        flushBytes: flushBytes ?? FLUSH_BYTES_TARGET,
        unflushedBytesMax: unflushedBytesMax ?? STATE_UNFLUSHED_BYTES_MAX,
        flushDelayMs: flushDelayMs ?? FLUSH_DELAY_MS,
        pieceRecords: flushPieceRecords ?? FLUSH_PIECE_RECORDS_MAX
      },
      position
    )
    try {
      await this.#replay(position, writeBehind)
      if (this.#options.verify === true) await this.#verify(writeBehind)
    } catch (error) {
      // Nothing may write any more when the caller empties or closes the store.
      await writeBehind.end()
      throw error
    }
    writeBehind.startLater()
    const fingerprintsMissing = [...this.#states.values(), ...this.#namespaced.values()].filter(
      state => !this.#fingerprints.has(state.spec.name)
    )
    return new TaskStateCore({
      states: this.#states,
      namespaced: this.#namespaced,
      store,
      ledger: this.#ledger,
      writeBehind,
      epoch: this.#epoch,
      fingerprintsMissing
    })
  }

  /** Takes types, counts and position from the store; gives the position. */
  #readStore(): number {
    const { store } = this.#options
    for (const state of [...this.#states.values(), ...this.#namespaced.values()]) {
      const { name } = state.spec
      const fingerprint = store.get(metaKey(META_KIND.fingerprint, name))
      if (fingerprint !== null) this.#checkType(name, Buffer.from(fingerprint).toString())
      if (state instanceof Namespaces) {
        this.#readNamespaces(state)
        continue
      }
      const count = store.get(metaKey(META_KIND.count, name))
      if (count !== null) state.restoreSize(readNumber(count))
    }
    const position = store.get(metaKey(META_KIND.position))
    return position === null ? 0 : readNumber(position)
  }

  #readNamespaces(state: Namespaces): void {
    const prefix = namespaceCountPrefix(state.spec.name)
    for (const [key, count] of this.#options.store.scanSync(prefix, afterPrefix(prefix))) {
      const namespace = readNamespace(key, prefix.length, key.length)
      state.part(namespace).restoreSize(readNumber(count))
    }
  }

  async #replay(position: number, writeBehind: WriteBehind): Promise<void> {
    const bytesMax = this.#options.unflushedBytesMax ?? STATE_UNFLUSHED_BYTES_MAX
    let offset = position
    let image: Image | null = null
    for (;;) {
      const read = await this.#read(offset)
      if (read.bytes.length > 0) {
        image ??= new Image(++this.#epoch, read.bytes.length, RECORDS_EXPECTED)
        this.#replayBatches(read.bytes, offset, image)
      }
      const isEnd = read.nextOffset <= offset
      offset = read.nextOffset
      if (image !== null && (isEnd || image.byteLength > bytesMax)) {
        findByKey(image)
        writeBehind.replayed(image, offset)
        if (isEnd) break
        await writeBehind.flush()
        image = null
      }
      if (isEnd) break
    }
    for (const state of this.#ledger.states) {
      if (state.isShort) throw countMissing(state)
    }
  }

  async #verify(writeBehind: WriteBehind): Promise<void> {
    await writeBehind.flush()
    for (const state of this.#ledger.states) {
      let cold = 0
      for await (const [key] of this.#options.store.scan(state.prefix, afterPrefix(state.prefix))) {
        if (!state.isHot(state.spec.key.decode(key, state.prefix.length, key.length))) cold++
      }
      if (cold !== state.coldKeys) throw miscounted(state, cold)
    }
  }

  async #read(offset: number): Promise<ReadResult> {
    try {
      return await this.#options.changelog.read(offset)
    } catch (error) {
      if (!isMillraceError(error, 'OFFSET_OUT_OF_RANGE')) throw error
      throw new MillraceError(
        'STATE_STORE_AHEAD',
        `the state store reflects the changelog up to offset ${offset}, which is past its end; ` +
          `expected the changelog to have everything that the store has; restore the log that belongs to this store, ` +
          `or remove the store's folder to rebuild it from the log as it is`,
        { details: { offset }, cause: error }
      )
    }
  }

  #replayBatches(bytes: Uint8Array, offset: number, image: Image): void {
    const cursor = this.#cursor
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      cursor.open(bytes, at)
      while (cursor.next()) {
        if (cursor.offset >= offset) this.#replayRecord(image)
      }
    }
  }

  #replayRecord(image: Image): void {
    // Hot: per record of the replayed part.
    const { data, keyStart, keyEnd, valueStart, valueEnd } = this.#cursor
    const state = this.#stateOf(data, keyStart, keyEnd)
    if (state === null) {
      if (keyStart >= 0 && data[keyStart] === 0) this.#replayMeta()
      // What no state declares now is kept: the state may be declared again.
      image.addBytes(null, data, keyStart, keyEnd, valueStart, valueEnd)
      return
    }
    image.addBytes(state, data, keyStart, keyEnd, valueStart, valueEnd)
  }

  #replayMeta(): void {
    const { data, keyStart, keyEnd, valueStart, valueEnd } = this.#cursor
    const parsed = parseKey(data, keyStart, keyEnd)
    if (parsed.kind === 'namespace') {
      const size = valueStart < 0 ? 0 : readNumber(data, valueStart, valueEnd)
      this.#namespaced.get(parsed.name)?.part(parsed.namespace).restoreSize(size)
    }
    if (parsed.kind !== 'meta' || valueStart < 0) return
    if (parsed.meta === META_KIND.fingerprint) {
      this.#checkType(parsed.name, data.toString('utf8', valueStart, valueEnd))
    } else if (parsed.meta === META_KIND.count) {
      this.#states.get(parsed.name)?.restoreSize(readNumber(data, valueStart, valueEnd))
    }
  }

  /** The state whose key stands in `start`…`end`; null for a meta key or a state that is not declared. */
  #stateOf(data: Buffer, start: number, end: number): HotState | null {
    // Records of one state mostly follow each other.
    const last = this.#lastState
    if (last !== null && hasPrefix(data, start, end, last.prefix)) return last
    const parsed = parseKey(data, start, end)
    if (parsed.kind !== 'data') return null
    const state =
      this.#states.get(parsed.name) ?? this.#partOf(parsed.name, data, parsed.keyStart, end)
    if (state !== null) this.#lastState = state
    return state
  }

  #partOf(name: string, data: Buffer, start: number, end: number): HotState | null {
    const namespaced = this.#namespaced.get(name)
    if (namespaced === undefined) return null
    return namespaced.part(readNamespace(data, start, end))
  }

  #checkType(name: string, stored: string): void {
    this.#fingerprints.set(name, stored)
    const spec = (this.#states.get(name) ?? this.#namespaced.get(name))?.spec
    if (spec === undefined || spec.fingerprint === stored) return
    throw new MillraceError(
      'STATE_TYPE_CHANGED',
      `the state ${name} was stored as ${stored} and is declared as ${spec.fingerprint} now; ` +
        `expected the type that its values were written with; declare the old type again, give the new one ` +
        `another state name, or start with a new data directory`,
      { details: { state: name, stored, declared: spec.fingerprint } }
    )
  }
}

/** Gives each state its part of a replayed image. */
function findByKey(image: Image): void {
  const records = new Map<HotState, number>()
  let at = 0
  for (const [state, end] of image.runs) {
    if (state !== null) records.set(state, (records.get(state) ?? 0) + end - at)
    at = end
  }
  const tails = new Map<HotState, Tail>()
  for (const [state, count] of records) {
    const tail = new Tail(image, state.prefix.length, count)
    tails.set(state, tail)
    state.replayed(tail)
  }
  at = 0
  for (const [state, end] of image.runs) {
    const tail = state === null ? undefined : tails.get(state)
    for (; at < end; at++) tail?.add(at)
  }
}

function hasPrefix(data: Buffer, start: number, end: number, prefix: Buffer): boolean {
  if (end - start < prefix.length) return false
  for (let index = 0; index < prefix.length; index++) {
    if (data[start + index] !== prefix[index]) return false
  }
  return true
}

function miscounted(state: HotState, cold: number): MillraceError {
  return new MillraceError(
    'STATE_STORE_DAMAGED',
    `the state store holds ${cold} keys of the state ${state.spec.name} that are not in memory; ` +
      `expected ${state.coldKeys}, as the changelog counts; start again: it is rebuilt from the changelog`,
    { details: { state: state.spec.name, cold, expected: state.coldKeys } }
  )
}

function countMissing(state: HotState): MillraceError {
  return new MillraceError(
    'CHANGELOG_CORRUPT',
    `the changelog gives the state ${state.spec.name} more keys than its last count of ${state.size}; ` +
      `expected a count record behind the changes of each commit; restore the data directory from a backup`,
    { details: { state: state.spec.name, count: state.size } }
  )
}
