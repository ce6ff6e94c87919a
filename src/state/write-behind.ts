// Brings durable changes from the sealed images into the store, behind the task's back.
//
// Owns: when a flush runs, what it writes, back-pressure. Does not own: sealing, eviction, the store.
// A flush takes all committed images (S2) and writes their records in pieces, the newest of an entry only, the
// changelog position with the last piece. Each piece is atomic and the pieces are ordered; a crash between two
// leaves single keys newer than the position says, and the replay from that position sets them to the same
// values again: records hold whole values, not differences.
import {
  assert,
  type Clock,
  messageOf,
  MillraceError,
  isMillraceError,
  type Timer
} from '../base/index.ts'
import type { StateStore, StoreChange } from './contract.ts'
import type { Entry } from './entry.ts'
import type { Image } from './image.ts'
import { META_KIND, metaKey, numberBytes } from './key-space.ts'
import type { Ledger } from './ledger.ts'

/** A flush starts at this many durable bytes: enough to spare most writes of a key that changes often. */
export const FLUSH_BYTES_TARGET: number = 8 * 1024 * 1024
/** A flush starts this long after the first durable change: it bounds what a start has to replay. */
export const FLUSH_DELAY_MS = 1000
/** One piece while the task works: about 3 ms of its thread for 4,000 records, and one synced write of the store. */
export const FLUSH_PIECE_RECORDS_MAX = 4000
export const FLUSH_PIECE_BYTES_MAX: number = 1024 * 1024
/** A piece is so many times larger when the task waits for it: then only the number of synced writes counts. */
const HURRIED_FACTOR = 16

/**
 * How far over the budget the hot entries may be before the task waits: what it reads and writes comes in faster
 * than a flush, which works between its turns, lets go.
 */
const HOT_BYTES_SLACK = 1.25

/** Entries to look at between two turns of the event loop: about 1 ms. */
const SLICE_STEPS = 8000

/** What a {@link WriteBehind} works on. */
export interface WriteBehindOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly ledger: Ledger
  readonly flushBytes: number
  /** Sealed bytes, with what they hold in memory, that may wait for a flush before the task waits. */
  readonly unflushedBytesMax: number
  readonly flushDelayMs: number
  readonly pieceRecords: number
}

/** The queue from seals to the store. */
export class WriteBehind {
  flushes = 0
  /** The changelog position that the store reflects. */
  flushedPosition: number
  /** Sealed images, oldest first; committed ones have a position. */
  #images: Image[] = []
  #unflushedBytes = 0
  #committedBytes = 0
  /** Of the committed bytes those that a start replayed: a flush of them may wait while the task gets going. */
  #replayedBytes = 0
  readonly #options: WriteBehindOptions
  #running: Promise<void> | null = null
  #timer: Timer | null = null
  #failure: MillraceError | null = null
  #stopped = false
  /** The task waits for the flush: pieces are larger, and take no turns with it. */
  #isHurried = false

  constructor(options: WriteBehindOptions, flushedPosition: number) {
    this.#options = options
    this.flushedPosition = flushedPosition
  }

  /** Takes a sealed image. Its entries stay hot until it is flushed (S3). */
  add(image: Image): void {
    this.#images.push(image)
    this.#unflushedBytes += image.heldBytes
  }

  /** The commit of the seal `epoch` is durable, up to `nextPosition`. */
  committed(epoch: number, nextPosition: number): void {
    for (const image of this.#images) {
      if (image.nextPosition >= 0) continue
      if (image.epoch > epoch) break
      assert(image.epoch === epoch, 'no seal with changes is left out of the commits')
      image.nextPosition = nextPosition
      this.#committedBytes += image.heldBytes
    }
    this.startLater()
  }

  /** Takes what was read from the changelog, and so is durable, up to `nextPosition`. Starts no flush. */
  replayed(image: Image, nextPosition: number): void {
    image.nextPosition = nextPosition
    this.add(image)
    this.#committedBytes += image.heldBytes
    this.#replayedBytes += image.heldBytes
  }

  /** Starts a flush now if there is enough for one, else in a while; nothing when all is flushed. */
  startLater(): void {
    if (this.#stopped || this.#failure !== null) return
    const fresh = this.#committedBytes - this.#replayedBytes
    if (fresh >= this.#options.flushBytes) return this.#start()
    if (this.#committedBytes === 0 || this.#timer !== null || this.#running !== null) return
    this.#timer = this.#options.clock.timer(
      this.#options.flushDelayMs,
      () => {
        this.#timer = null
        this.press()
      },
      { unref: true }
    )
  }

  /** Starts a flush of what is committed if none runs: memory is short. */
  press(): void {
    if (this.#committedBytes > 0) this.#start()
  }

  /**
   * A promise while more waits than the bound for it, or hot entries are far over their budget, and a flush
   * can change that; else null.
   */
  admitted(): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const { ledger, unflushedBytesMax } = this.#options
    const isOver = ledger.hotBytes > ledger.hotBytesMax * HOT_BYTES_SLACK
    if (!isOver && this.#unflushedBytes <= unflushedBytesMax) return null
    this.press()
    if (this.#running === null) return null
    this.#isHurried = true
    return this.#settled()
  }

  /** Flushes all that is committed now; the task waits for nothing else. @throws as {@link flush} */
  async finish(): Promise<void> {
    this.#isHurried = true
    await this.#settled()
    this.#isHurried = true
    await this.flush()
  }

  /** Flushes all that is committed now. @throws STATE_STORE_FAILED, STATE_STORE_DAMAGED */
  async flush(): Promise<void> {
    await this.#settled()
    this.press()
    await this.#settled()
  }

  /** Runs `action` while no flush runs. */
  async exclusive(action: () => Promise<void>): Promise<void> {
    await this.#settled()
    const done = action()
    this.#running = done
      .catch(() => {
        // The caller gets it; whoever waits for the next flush does not.
      })
      .finally(() => {
        this.#running = null
        this.startLater()
      })
    await done
  }

  /** Starts no more flushes; resolves, whatever came of it, when the last one has ended. */
  async end(): Promise<void> {
    this.stop()
    await this.#settled().catch(() => {})
  }

  /** Starts no more flushes. */
  stop(): void {
    this.#stopped = true
    this.#cancelTimer()
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  async #settled(): Promise<void> {
    while (this.#running !== null) await this.#running
    if (this.#failure !== null) throw this.#failure
  }

  #start(): void {
    if (this.#stopped || this.#running !== null || this.#failure !== null) return
    this.#cancelTimer()
    this.#running = this.#run()
      .catch((error: unknown) => {
        this.#failure = failureOf(error)
      })
      .finally(() => {
        this.#running = null
        this.#isHurried = false
        this.startLater()
      })
  }

  async #run(): Promise<void> {
    const { ledger } = this.#options
    const images = this.#images.filter(image => image.nextPosition >= 0)
    const last = images.at(-1)
    if (last === undefined) return
    await this.#write(images, last)
    this.#images = this.#images.slice(images.length)
    for (const image of images) {
      this.#unflushedBytes -= image.heldBytes
      this.#committedBytes -= image.heldBytes
    }
    this.#replayedBytes = 0
    ledger.flushedEpoch = last.epoch
    for (const state of ledger.states) state.endTail()
    this.flushedPosition = last.nextPosition
    this.flushes++
    await this.#clean(images)
    await this.#evict()
  }

  async #write(images: readonly Image[], last: Image): Promise<void> {
    const { store, clock, pieceRecords } = this.#options
    const superseded = await this.#superseded(images, last)
    let piece: StoreChange[] = []
    let pieceBytes = 0
    let looked = 0
    for (const [at, image] of images.entries()) {
      for (let index = 0; index < image.count; index++) {
        if (++looked % SLICE_STEPS === 0) await clock.yield()
        if (superseded[at]![index] === 1) continue
        const change = image.change(index)
        piece.push(change)
        pieceBytes += change.key.length + (change.value?.length ?? 0)
        const factor = this.#isHurried ? HURRIED_FACTOR : 1
        if (piece.length < pieceRecords * factor && pieceBytes < FLUSH_PIECE_BYTES_MAX * factor) {
          continue
        }
        await store.write(piece)
        await clock.yield()
        piece = []
        pieceBytes = 0
      }
    }
    piece.push({ key: metaKey(META_KIND.position), value: numberBytes(last.nextPosition) })
    await store.write(piece)
  }

  /**
   * For each image, 1 at the records of whose entry a newer one comes later in this very flush. One that is sealed
   * after it does not count: until it is flushed too, the store must have this one. An entry that is sealed again
   * while this looks may be written twice, in its order. A replayed record without an entry knows it itself.
   */
  async #superseded(images: readonly Image[], last: Image): Promise<Uint8Array[]> {
    const { clock } = this.#options
    const result = images.map(image => new Uint8Array(image.count))
    // Entries that have changed again since: their epoch does not tell any more which record is the newest here.
    const seen = new Set<Entry>()
    let looked = 0
    for (let at = images.length - 1; at >= 0; at--) {
      const image = images[at]!
      const { entries, epoch, count } = image
      const flags = result[at]!
      for (let index = count - 1; index >= 0; index--) {
        if (++looked % SLICE_STEPS === 0) await clock.yield()
        const entry = entries[index]!
        if (entry === null) {
          if (image.isOutdated(index)) flags[index] = 1
          continue
        }
        if (entry.epoch <= last.epoch) flags[index] = entry.epoch > epoch ? 1 : 0
        else if (seen.has(entry)) flags[index] = 1
        else seen.add(entry)
      }
    }
    return result
  }

  /** Brings the hot entries within the budget, as far as they may go. */
  async #evict(): Promise<void> {
    const { clock, ledger } = this.#options
    // The first round takes the second chance from entries that were used, the second one evicts them.
    let steps = 2 * ledger.states.reduce((sum, state) => sum + state.hotKeys, 0)
    for (; steps > 0 && !ledger.evict(SLICE_STEPS); steps -= SLICE_STEPS) await clock.yield()
  }

  /** Forgets entries that say absent, now that the store says so too, and those of cold states. */
  async #clean(images: readonly Image[]): Promise<void> {
    let looked = 0
    for (const image of images) {
      let index = 0
      for (const [state, end] of image.runs) {
        for (; index < end; index++) {
          const entry = image.entries[index]
          if (entry) state?.dropFlushed(entry)
          if (++looked % SLICE_STEPS === 0) await this.#options.clock.yield()
        }
      }
    }
  }
}

function failureOf(error: unknown): MillraceError {
  if (isMillraceError(error)) return error
  return new MillraceError(
    'STATE_STORE_FAILED',
    `writing to the state store failed: ${messageOf(error)}; expected the write to succeed; ` +
      `see to the disk, then start again: the changelog has everything`,
    { cause: error }
  )
}
