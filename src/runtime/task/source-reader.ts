// Reads one partition for a task: one read ahead of the one that is worked on, own batches skipped.
//
//   F1  `position` is the offset of the next record to be processed: what a commit may say at any time
//       between two records.
//   F2  At most one read is under way, and at most one result waits beside the one being worked on.
//   F3  A batch with the task's marker from `boundary` on was processed when it was made, and is skipped;
//       before the boundary nobody of this dataflow was there to process it.
//   F4  What was read stands in memory of the reader's own, if the log takes it; it is read into again once the last
//       record is processed. Fresh memory for each read made every twelfth millisecond one of the collector's.
//   F5  The cursor may stand on a record that was looked at and not processed yet; `#isPeeked` tells.
import { READ_BYTES_MAX, assert } from '../../base/index.ts'
import type { LogData, ReadResult } from '../../log/log.ts'
import {
  RecordCursor,
  batchByteLength,
  batchLastOffset,
  readBatchHeader
} from '../../record/index.ts'
import type { RecordTaker } from './record-facts.ts'

/** Memory for a read: a full one, and what stands between its batches in the log's file. */
const MEMORY_BYTES = READ_BYTES_MAX + READ_BYTES_MAX / 8
/** Reads of fewer bytes do not need memory of the reader's own. */
const BUSY_BYTES_MIN = READ_BYTES_MAX / 4

/** How far a reader may go on before the task decides anew. */
export interface Budget {
  /** Records before the clock is looked at. */
  left: number
  /** Timestamp of the last record that may be processed: behind it another input's turn comes. */
  until: number
}

/** What a reader is made from. */
export interface SourceReaderOptions {
  readonly log: LogData
  readonly topic: string
  readonly partition: number
  /** Whose position it is where that is not the task's group. */
  readonly group?: string
  readonly taker: RecordTaker
  readonly position: number
  /** Producer id of batches to skip, or −1. */
  readonly marker: number
  /** From which offset on they are skipped (F3). */
  readonly boundary: number
  /** Called between two records where outputs are staged. */
  readonly accepted: (() => void) | null
  /** Ends waits for new data. */
  readonly signal: AbortSignal
  /** Something changed: data came, or the end was reached. */
  wake(): void
  failed(error: unknown): void
}

/** One partition of one input. */
export class SourceReader {
  readonly topic: string
  readonly partition: number
  /** Null: the task's. */
  readonly group: string | null
  /** F1. */
  position: number
  /** As of the last commit; the task keeps it. */
  committed: number
  /** Records handed to services. */
  records = 0
  /** Set while what the records lead to has no room: reading ahead goes on, processing does not. */
  isPaused = false
  readonly #options: SourceReaderOptions
  readonly #cursor = new RecordCursor()
  #current: ReadResult | null = null
  #currentMemory: Buffer | null = null
  #next: ReadResult | null = null
  #nextMemory: Buffer | null = null
  #at = 0
  #batchEnd = 0
  #batchLast = -1
  #isPeeked = false
  /** Memory that nothing stands in (F4). */
  #spare: Buffer[] = []
  #isBusy = false
  #fetchOffset: number
  #isReading = false
  #isWaiting = false
  #own: { readonly from: number; readonly to: number }[] = []
  #confirmAsked = 0
  #confirmed = 0
  #barriers: { readonly asked: number; offset: number }[] = []

  constructor(options: SourceReaderOptions) {
    this.#options = options
    this.topic = options.topic
    this.partition = options.partition
    this.group = options.group ?? null
    this.position = options.position
    this.committed = options.position
    this.#fetchOffset = options.position
  }

  /** Whether there are bytes to process. */
  get isReady(): boolean {
    return this.#current !== null && !this.isPaused
  }

  /** Whether bytes may come at any moment: what the next record is, is not known yet. */
  get isPending(): boolean {
    return this.#current === null && this.#isReading
  }

  /** Timestamp of the next record; undefined when, after all, there is none in what was read. */
  peekTimestamp(): number | undefined {
    while (this.#current !== null) {
      if (this.#batchEnd === 0 && !this.#openBatch(this.#current)) {
        this.#endRead()
      } else if (this.#isPeeked || this.#advance()) {
        return this.#cursor.timestamp
      } else {
        this.#endBatch()
      }
    }
    return undefined
  }

  /** Whether a read begun after the last {@link confirmEnd} found nothing more. */
  get isAtEnd(): boolean {
    return this.#current === null && this.#next === null && this.#confirmed === this.#confirmAsked
  }

  /** Starts reading. */
  start(): void {
    this.#fetch()
  }

  /** Asks for a new look at the partition's end; {@link isAtEnd} tells the answer. */
  confirmEnd(): void {
    this.#confirmAsked++
    this.#fetch()
  }

  /** Gives what tells whether everything is processed that the log has by now. */
  barrier(): () => boolean {
    const barrier = { asked: this.#confirmAsked + 1, offset: Number.POSITIVE_INFINITY }
    this.#barriers.push(barrier)
    this.confirmEnd()
    return () => this.position >= barrier.offset
  }

  /** The log has this task's own batches at `from`…`to`: no need to read them. */
  noteOwn(from: number, to: number): void {
    assert(from < to, 'a range of own records is not empty')
    this.#own.push({ from, to })
    if (!this.#isReading) this.#skipOwn()
  }

  /**
   * Processes records of one batch, up to its end or the budget's; a later call goes on there. A promise means
   * that a function is asynchronous: the task awaits it, then calls again.
   */
  process(budget: Budget): void | Promise<void> {
    assert(this.#current !== null, 'a reader that processes has bytes')
    if (this.#batchEnd === 0 && !this.#openBatch(this.#current)) return this.#endRead()
    // Hot: per record.
    const { taker, accepted } = this.#options
    const cursor = this.#cursor
    while (budget.left > 0) {
      if (!this.#isPeeked && !this.#advance()) return this.#endBatch()
      if (cursor.timestamp > budget.until) return
      this.#isPeeked = false
      const offset = cursor.offset
      budget.left--
      this.records++
      const pending = taker.accept(cursor, this.topic, this.partition)
      if (pending !== undefined) return this.#finish(pending, offset)
      if (accepted !== null) accepted()
      this.position = offset + 1
    }
  }

  /** Puts the cursor on the next record that is not processed; false at the end of the batch. */
  #advance(): boolean {
    // Hot: per record.
    const cursor = this.#cursor
    while (cursor.next()) {
      if (cursor.offset < this.position) continue
      this.#isPeeked = true
      return true
    }
    return false
  }

  async #finish(pending: Promise<void>, offset: number): Promise<void> {
    await pending
    this.#options.accepted?.()
    this.position = offset + 1
  }

  /** Opens the next batch that is not to be skipped; false at the end of what was read. */
  #openBatch(current: ReadResult): boolean {
    const { bytes } = current
    const { marker, boundary } = this.#options
    while (this.#at < bytes.length) {
      const start = this.#at
      const last = batchLastOffset(bytes, start)
      this.#at = start + batchByteLength(bytes, start)
      const header = readBatchHeader(bytes, start)
      const isOwn = marker !== -1 && header.producerId === marker && header.baseOffset >= boundary
      if (isOwn || header.isControl || last < this.position) {
        this.position = Math.max(this.position, last + 1)
        continue
      }
      this.#cursor.open(bytes, start)
      this.#batchEnd = this.#at
      this.#batchLast = last
      return true
    }
    return false
  }

  #endBatch(): void {
    this.position = Math.max(this.position, this.#batchLast + 1)
    this.#batchEnd = 0
    if (this.#at >= this.#current!.bytes.length) this.#endRead()
  }

  /** What was read is used up: goes on with what was read ahead. */
  #endRead(): void {
    this.position = Math.max(this.position, this.#current!.nextOffset)
    if (this.#currentMemory !== null) this.#spare.push(this.#currentMemory)
    this.#current = this.#currentMemory = null
    this.#take()
    this.#fetch()
  }

  #take(): void {
    if (this.#current !== null || this.#next === null) return
    this.#current = this.#next
    this.#currentMemory = this.#nextMemory
    this.#next = this.#nextMemory = null
    this.#at = 0
    this.#batchEnd = 0
  }

  #fetch(): void {
    if (this.#isReading || this.#next !== null || this.#options.signal.aborted) return
    this.#isReading = true
    this.#skipOwn()
    const asked = this.#confirmAsked
    const { log, topic, partition, failed } = this.#options
    const request = { topic, partition, offset: this.#fetchOffset }
    const into = this.#isBusy ? (this.#spare.pop() ?? Buffer.allocUnsafeSlow(MEMORY_BYTES)) : null
    log
      .read(into === null ? request : { ...request, into })
      .then(result => this.#fetched(result, asked, into), failed)
  }

  #fetched(result: ReadResult, asked: number, into: Buffer | null): void {
    this.#isReading = false
    if (this.#barriers.length > 0) this.#placeBarriers(result, asked)
    this.#isBusy = result.bytes.length >= BUSY_BYTES_MIN
    const isInto = into !== null && result.bytes.length > 0 && result.bytes.buffer === into.buffer
    if (isInto) this.#nextMemory = into
    else if (into !== null && this.#isBusy) this.#spare.push(into)
    if (!this.#isBusy) this.#spare.length = 0
    this.#fetchOffset = Math.max(this.#fetchOffset, result.nextOffset)
    if (result.bytes.length > 0) {
      this.#next = result
      this.#take()
      this.#fetch()
    } else {
      if (this.#current === null) this.position = Math.max(this.position, result.nextOffset)
      this.#confirmed = Math.max(this.#confirmed, asked)
      if (asked < this.#confirmAsked) this.#fetch()
      else this.#wait()
    }
    this.#options.wake()
  }

  /** The barriers that were asked for before this read began stand at the end that it found. */
  #placeBarriers(result: ReadResult, asked: number): void {
    for (const barrier of this.#barriers) {
      if (barrier.asked <= asked) barrier.offset = result.endOffset
    }
    this.#barriers = this.#barriers.filter(barrier => barrier.asked > asked)
  }

  #wait(): void {
    if (this.#isWaiting) return
    const { log, topic, partition, signal, failed } = this.#options
    if (signal.aborted) return
    this.#isWaiting = true
    log.wait([{ topic, partition, offset: this.#fetchOffset }], signal).then(
      () => {
        this.#isWaiting = false
        this.#fetch()
      },
      error => {
        this.#isWaiting = false
        if (!signal.aborted) failed(error)
      }
    )
  }

  #skipOwn(): void {
    while (this.#own.length > 0 && this.#own[0]!.from <= this.#fetchOffset) {
      const { to } = this.#own.shift()!
      if (to <= this.#fetchOffset) continue
      this.#fetchOffset = to
      if (this.#current === null && this.#next === null) this.position = Math.max(this.position, to)
    }
  }
}
