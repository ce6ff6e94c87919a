// Keeps a consumer's partitions read ahead: one fetch at a time for each node, up to a bound, over failures.
//
//   F1  What was fetched of a partition is given in order, and each offset once, until the partition is taken away.
//   F2  No fetch begins while more than `bufferBytes` are waiting: who does not ask for records stops the reading.
//   F3  Failures that may pass are tried again for ever, later and later, after asking who leads; others end the loop.
import type { Clock, Timer } from '../../base/index.ts'
import { isMillraceError } from '../../base/index.ts'
import type {
  DriverAdmin,
  Fetched,
  Isolation,
  Reader,
  ReadRecord,
  TopicPartition
} from '../driver.ts'
import { keyOf } from '../places.ts'

/** What the loop is made with. */
export interface FetchLoopOptions {
  readonly reader: Reader
  readonly admin: DriverAdmin
  readonly clock: Clock
  readonly isolation: Isolation
  readonly bytesMax: number
  readonly partitionBytesMax: number
  readonly bufferBytes: number
  readonly waitMs: number
  /** Told of each failure that is tried again. */
  readonly onRetry: (error: Error) => void
  /** Something changed: records, an end, a failure for good. */
  readonly onChange: () => void
}

/** A partition that is read. */
export interface Place extends TopicPartition {
  /** Next offset to fetch. */
  fetchOffset: number
  /** Next offset to hand out. */
  handed: number
  /** Where to stop; null: never. */
  readonly until: number | null
  /** Fetched chunks that wait. */
  waiting: number
  isActive: boolean
}

/** Records of one partition that were fetched together. */
export interface Chunk {
  readonly place: Place
  readonly records: readonly ReadRecord[]
  readonly nextOffset: number
  readonly bytes: number
}

const RETRY_MS_FIRST = 20
const RETRY_MS_MAX = 1_000
const RECORD_OVERHEAD_BYTES = 64

/** Reads ahead. */
export class FetchLoop {
  readonly queue: Chunk[] = []
  /** What ended the loop. */
  failure: Error | null = null
  readonly #options: FetchLoopOptions
  readonly #inFlight = new Set<number>()
  #places: Place[] = []
  #leaders: Map<string, number> | null = null
  #isAsking = false
  #bytes = 0
  #failures = 0
  #timer: Timer | null = null
  #isClosed = false

  constructor(options: FetchLoopOptions) {
    this.#options = options
  }

  /** Partitions that are read now. */
  get places(): readonly Place[] {
    return this.#places
  }

  /** Whether all partitions have been read and handed out up to where they stop. */
  get isDone(): boolean {
    return this.#places.every(
      place => place.until !== null && place.fetchOffset >= place.until && place.waiting === 0
    )
  }

  /** Reads these from now on: those that are among them go on as they are, others are given up. */
  assign(places: readonly Place[]): void {
    for (const place of this.#places) if (!places.includes(place)) place.isActive = false
    this.#places = [...places]
    this.#leaders = null
    const kept = this.queue.filter(chunk => chunk.place.isActive)
    this.queue.length = 0
    this.queue.push(...kept)
    this.#bytes = kept.reduce((sum, chunk) => sum + chunk.bytes, 0)
    this.pump()
  }

  /** The next chunk, taken out; undefined when none waits. */
  take(): Chunk | undefined {
    const chunk = this.queue.shift()
    if (chunk === undefined) return undefined
    this.#bytes -= chunk.bytes
    chunk.place.waiting--
    this.pump()
    return chunk
  }

  /** Puts back what was taken last: it comes next again, unless its partition was taken away meanwhile. */
  putBack(chunk: Chunk): void {
    if (!chunk.place.isActive) return
    this.queue.unshift(chunk)
    this.#bytes += chunk.bytes
    chunk.place.waiting++
  }

  /** Begins all fetches that may be begun (F2). */
  pump(): void {
    if (this.#isClosed || this.failure !== null || this.#timer !== null) return
    if (this.#places.length === 0 || this.#bytes >= this.#options.bufferBytes) return
    if (this.#leaders === null) {
      void this.#askLeaders()
      return
    }
    const byNode = new Map<number, Place[]>()
    for (const place of this.#places) {
      if (place.until !== null && place.fetchOffset >= place.until) continue
      const node = this.#leaders.get(keyOf(place))
      if (node === undefined || this.#inFlight.has(node)) continue
      const led = byNode.get(node)
      if (led === undefined) byNode.set(node, [place])
      else led.push(place)
    }
    for (const [node, places] of byNode) void this.#fetch(node, places)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    this.queue.length = 0
    await this.#options.reader.close()
  }

  async #askLeaders(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const places = this.#places
    try {
      const leaders = await this.#options.reader.leaders(places)
      if (places === this.#places) {
        this.#leaders = new Map()
        for (const [node, led] of leaders) {
          if (node < 0) continue
          for (const place of led) this.#leaders.set(keyOf(place), node)
        }
        // A partition without a leader gets one in time.
        if (this.#leaders.size < places.length) this.#later()
      }
    } catch (error) {
      this.#fail(error as Error)
    } finally {
      this.#isAsking = false
    }
    this.pump()
  }

  async #fetch(node: number, places: readonly Place[]): Promise<void> {
    const { reader, isolation, bytesMax, partitionBytesMax, waitMs } = this.#options
    this.#inFlight.add(node)
    const positions = places.map(({ topic, partition, fetchOffset }) => {
      return { topic, partition, offset: fetchOffset }
    })
    try {
      const fetched = await reader.fetch({
        node,
        positions,
        isolation,
        bytesMax,
        partitionBytesMax,
        waitMs
      })
      this.#failures = 0
      const asked = new Map(places.map(place => [keyOf(place), place]))
      for (const each of fetched) await this.#add(asked.get(keyOf(each))!, each)
    } catch (error) {
      this.#fail(error as Error)
    } finally {
      this.#inFlight.delete(node)
    }
    this.#options.onChange()
    this.pump()
  }

  /** F1. */
  async #add(place: Place, fetched: Fetched): Promise<void> {
    if (!place.isActive) return
    if (fetched.problem !== null) return await this.#skip(place)
    const { until } = place
    const isPast = until !== null && fetched.nextOffset > until
    // What was written since then is for the next consumer of the group.
    const wanted = isPast ? fetched.records.filter(each => each.offset < until) : fetched.records
    const nextOffset = isPast ? until : fetched.nextOffset
    const bytes = wanted.reduce((sum, each) => sum + bytesOf(each), 0)
    this.queue.push({ place, records: wanted, nextOffset, bytes })
    this.#bytes += bytes
    place.fetchOffset = nextOffset
    place.waiting++
    // Who got records comes last the next time.
    const index = this.#places.indexOf(place)
    if (index >= 0) this.#places.push(...this.#places.splice(index, 1))
  }

  /** The offset is no longer there: what retention removed is skipped; past the end, the end is waited for. */
  async #skip(place: Place): Promise<void> {
    const { admin, isolation } = this.#options
    const { topic, partition } = place
    const [first, end] = await admin.offsets(
      [
        { topic, partition, at: 'beginning' },
        { topic, partition, at: 'end' }
      ],
      isolation
    )
    place.fetchOffset = place.fetchOffset < first! ? first! : end!
    place.handed = place.fetchOffset
  }

  /** F3. */
  #fail(error: Error): void {
    if (this.#isClosed) return
    if (!isMillraceError(error) || !error.retriable) {
      this.failure ??= error
      this.#options.onChange()
      return
    }
    this.#options.onRetry(error)
    this.#leaders = null
    this.#later()
  }

  #later(): void {
    if (this.#timer !== null || this.#isClosed) return
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** Math.min(10, this.#failures++))
    this.#timer = this.#options.clock.timer(delayMs, () => {
      this.#timer = null
      this.#leaders = null
      this.pump()
    })
  }
}

/** A partition that begins to be read. */
export function newPlace(
  { topic, partition }: TopicPartition,
  offset: number,
  until: number | null
): Place {
  return {
    topic,
    partition,
    fetchOffset: offset,
    handed: offset,
    until,
    waiting: 0,
    isActive: true
  }
}

function bytesOf({ key, value }: ReadRecord): number {
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
}
