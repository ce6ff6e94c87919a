// How much of an ingress's topic the functions have not taken yet: what decides whether callers must come later.
import { HTTP_WAITING_BYTES_MAX, HTTP_WAITING_RECORDS_MAX } from '../../../base/index.ts'
import type { Clock } from '../../../base/index.ts'
import type { Log } from '../../../log/log.ts'

/** How old the known position may be before it is asked for again. */
const STALE_MS = 20
/** Records that are taken between two removals of old ones. */
const TRIM_RECORDS = 1_024

interface Waiting {
  readonly endOffset: number
  readonly bytes: number
}

/** One partition: what stands behind the position of the functions. */
interface PartitionBacklog {
  position: number
  endOffset: number
  trimmedTo: number
  readonly batches: Waiting[]
  bytes: number
}

/** What a {@link Backlog} is made from. */
export interface BacklogOptions {
  readonly log: Log
  readonly clock: Clock
  readonly topic: string
  /** Whose positions count. */
  readonly group: string
  /** The offset from which on records are still needed although they are taken, Infinity for none. */
  keepFrom(partition: number): number
  readonly recordsMax?: number
  readonly bytesMax?: number
}

/** The backlog of one topic. */
export class Backlog {
  readonly #options: BacklogOptions
  readonly #partitions: readonly PartitionBacklog[]
  #refreshedAt = -Infinity
  #refreshing: Promise<void> | null = null
  #trimming: Promise<void> | null = null

  private constructor(options: BacklogOptions, partitions: readonly PartitionBacklog[]) {
    this.#options = options
    this.#partitions = partitions
  }

  /** Reads where the topic ends and how far it is taken. */
  static async open(options: BacklogOptions): Promise<Backlog> {
    const { status } = await options.log.describeTopic(options.topic)
    const partitions = status.partitions.map(({ startOffset, endOffset }) => ({
      position: startOffset,
      endOffset,
      trimmedTo: startOffset,
      batches: [],
      bytes: 0
    }))
    const backlog = new Backlog(options, partitions)
    await backlog.refresh()
    return backlog
  }

  /** Whether no more requests should be taken; `refresh` tells anew. */
  get isFull(): boolean {
    const { recordsMax = HTTP_WAITING_RECORDS_MAX, bytesMax = HTTP_WAITING_BYTES_MAX } =
      this.#options
    let records = 0
    let bytes = 0
    for (const partition of this.#partitions) {
      records += partition.endOffset - partition.position
      bytes += partition.bytes
    }
    return records >= recordsMax || bytes >= bytesMax
  }

  /** A commit put records there. */
  appended(partition: number, endOffset: number, bytes: number): void {
    const backlog = this.#partitions[partition]!
    backlog.endOffset = endOffset
    backlog.batches.push({ endOffset, bytes })
    backlog.bytes += bytes
    const { clock } = this.#options
    if (clock.monotonic() - this.#refreshedAt < STALE_MS) return
    // What fails here fails the next commit, too, which tells the caller.
    this.refresh().catch(() => {})
  }

  /** A record became durable together with what the functions made of it, and so did all before it. */
  taken(partition: number, endOffset: number): void {
    const backlog = this.#partitions[partition]!
    backlog.endOffset = endOffset
    move(backlog, endOffset)
    if (endOffset - backlog.trimmedTo < TRIM_RECORDS || this.#trimming !== null) return
    this.#trimming = this.#trim().then(
      () => void (this.#trimming = null),
      () => void (this.#trimming = null)
    )
  }

  /** Where each partition ends. */
  get endOffsets(): readonly number[] {
    return this.#partitions.map(({ endOffset }) => endOffset)
  }

  /** Asks for the positions, unless that was done just now. */
  refresh(): Promise<void> {
    if (this.#options.clock.monotonic() - this.#refreshedAt < STALE_MS) return Promise.resolve()
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null))
    return this.#refreshing
  }

  async #refresh(): Promise<void> {
    const { log, clock, topic, group } = this.#options
    for (const position of await log.positions(group)) {
      if (position.topic !== topic) continue
      const backlog = this.#partitions[position.partition]
      if (backlog !== undefined) move(backlog, position.offset)
    }
    this.#refreshedAt = clock.monotonic()
    await this.#trim()
  }

  async #trim(): Promise<void> {
    const { log, topic, keepFrom } = this.#options
    for (const [partition, backlog] of this.#partitions.entries()) {
      const until = Math.min(backlog.position, keepFrom(partition))
      if (until - backlog.trimmedTo < TRIM_RECORDS) continue
      backlog.trimmedTo = until
      await log.deleteRecords(topic, partition, until)
    }
  }
}

function move(backlog: PartitionBacklog, offset: number): void {
  backlog.position = Math.max(backlog.position, offset)
  let done = 0
  while (done < backlog.batches.length && backlog.batches[done]!.endOffset <= backlog.position) {
    backlog.bytes -= backlog.batches[done]!.bytes
    done++
  }
  backlog.batches.splice(0, done)
}
