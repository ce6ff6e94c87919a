// Where the lines of all inputs of a feed come together: batches, positions and dead letters of one commit.
import { BATCH_BYTES_TARGET, LINE_BYTES_MAX, messageOf } from '../../base/index.ts'
import type { Clock } from '../../base/index.ts'
import type { CommitOffset, Log } from '../../log/log.ts'
import type { RecordHeader } from '../../record/index.ts'
import { CommitPipe } from './commit-pipe.ts'
import { FEED_DEAD_LETTERS, FeedBatches, lineTooLong, rejectedRecord } from './feed-batches.ts'
import type { RejectedLine } from './feed-batches.ts'
import type { FeedFile } from './feed-file.ts'
import type { FeedTopic } from './feed-topic.ts'

/** Rejected lines that are reported one by one; the others are counted. */
const REPORTED_MAX = 5
/** Bytes of values, over all partitions, after which a commit begins. */
const COMMIT_BYTES_TARGET = 4 * BATCH_BYTES_TARGET

/** Collects records and commits them together with the positions of the files that they came from. */
export class FeedWriter {
  rejected = 0
  /** The first few rejections, for the summary. */
  readonly reasons: string[] = []
  readonly #log: Log
  readonly #clock: Clock
  readonly #pipe: CommitPipe
  readonly #topics = new Map<string, FeedBatches>()
  #deadLetters: FeedBatches | null = null
  #full = false
  #pendingBytes = 0

  constructor(log: Log, clock: Clock, topics: ReadonlyMap<string, FeedTopic>) {
    this.#log = log
    this.#clock = clock
    this.#pipe = new CommitPipe(log)
    for (const [name, { partitions, compression }] of topics) {
      this.#topics.set(name, new FeedBatches(name, partitions, compression))
    }
  }

  /** Whether it is time to commit. */
  get full(): boolean {
    return this.#full
  }

  /** Records taken so far. */
  get records(): number {
    let records = 0
    for (const batches of this.#topics.values()) records += batches.records
    return records
  }

  /** Adds a record by ranges of bytes, see {@link FeedBatches.addRange}. */
  // Hot: per record.
  addRange(
    topic: string,
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number
  ): void {
    const batches = this.#topics.get(topic)!
    const bytes = batches.addRange(
      timestampMs,
      keyBytes,
      keyStart,
      keyEnd,
      valueBytes,
      valueStart,
      valueEnd
    )
    this.#pendingBytes += valueEnd - valueStart
    if (bytes >= BATCH_BYTES_TARGET || this.#pendingBytes >= COMMIT_BYTES_TARGET) this.#full = true
  }

  /** Adds a record with headers. */
  add(
    topic: string,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[]
  ): void {
    const bytes = this.#topics.get(topic)!.add(timestampMs, key, value, headers)
    this.#pendingBytes += value?.length ?? 0
    if (bytes >= BATCH_BYTES_TARGET || this.#pendingBytes >= COMMIT_BYTES_TARGET) this.#full = true
  }

  /** Sends the current line of `file` to the dead letters of the feed. */
  reject(file: FeedFile, error: unknown): void {
    const { lines, input } = file
    const line: RejectedLine = {
      topic: input.topic,
      file: input.given,
      lineNumber: lines.lineNumber,
      bytes: lines.buffer.subarray(lines.start, lines.end),
      code: String((error as { code?: unknown }).code ?? 'LINE_INVALID'),
      message: messageOf(error)
    }
    this.rejected++
    if (this.reasons.length < REPORTED_MAX)
      this.reasons.push(`${line.file}:${line.lineNumber}: ${line.message}`)
    const { value, headers } = rejectedRecord(line)
    this.#deadLetters ??= new FeedBatches(FEED_DEAD_LETTERS, 1)
    const bytes = this.#deadLetters.add(this.#clock.now(), null, value, headers)
    if (bytes >= BATCH_BYTES_TARGET) this.#full = true
  }

  /** Rejects the current line of `file` when it is too long; says whether it did. */
  rejectTooLong(file: FeedFile): boolean {
    if (!file.lines.tooLong) return false
    this.reject(file, lineTooLong(file.lines.lineBytes, LINE_BYTES_MAX))
    return true
  }

  /** Commits what was collected together with how far the files were consumed. */
  async commit(files: readonly FeedFile[]): Promise<void> {
    const batches = [...this.#topics.values()].flatMap(batches => batches.take())
    if (this.#deadLetters !== null) {
      const rejected = this.#deadLetters.take()
      if (rejected.length > 0) await this.#createDeadLetters()
      batches.push(...rejected)
    }
    this.#full = false
    this.#pendingBytes = 0
    const offsets: CommitOffset[] = []
    for (const file of files) offsets.push(...(await file.position()))
    if (batches.length + offsets.length > 0) await this.#pipe.commit({ batches, offsets })
  }

  /** Resolves when all that was committed is durable. */
  async settle(): Promise<void> {
    await this.#pipe.settle()
  }

  async #createDeadLetters(): Promise<void> {
    const topics = await this.#log.listTopics({ internal: true })
    if (!topics.some(topic => topic.name === FEED_DEAD_LETTERS))
      await this.#log.createTopic(FEED_DEAD_LETTERS)
  }
}
