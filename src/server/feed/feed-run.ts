// What text and JSON feeds share: the options, opening and filling files, commits and how far they came.
import type { Readable } from 'node:stream'

import type { Clock } from '../../base/index.ts'
import type { Log } from '../../log/log.ts'
import { FeedFile } from './feed-file.ts'
import type { FeedBeginning, FeedInput } from './feed-file.ts'
import type { FeedTopic } from './feed-topic.ts'
import { FeedWriter } from './feed-writer.ts'

/** How long a stream may be silent before what came is committed. */
const LINGER_MS = 5

/** What a feed runs with. */
export interface FeedOptions {
  readonly log: Log
  readonly clock: Clock
  readonly inputs: readonly FeedInput[]
  readonly format: 'text' | 'json'
  readonly keySeparator: string | null
  /** By name; all topics of the inputs. */
  readonly topics: ReadonlyMap<string, FeedTopic>
  readonly stdin: Readable
  /** Aborted when the run stops: the feed commits what it has and returns. */
  readonly signal: AbortSignal
  /** Called when a text file is fed whole and another follows; resolves when its records are processed. */
  betweenFiles(): Promise<void>
  /** Called as each input is opened. */
  onBegin(input: FeedInput, beginning: FeedBeginning, linesBefore: number): void
  /** Called after each commit. */
  onProgress(progress: FeedProgress): void
}

/** How far a feed is. */
export interface FeedProgress {
  /** Bytes of regular files consumed, those of earlier runs too. */
  readonly bytes: number
  readonly records: number
}

/** The state that text and JSON feeds share. */
export class FeedRun {
  readonly options: FeedOptions
  readonly writer: FeedWriter
  #bytesBefore = 0

  constructor(options: FeedOptions) {
    this.options = options
    this.writer = new FeedWriter(options.log, options.clock, options.topics)
  }

  get stopped(): boolean {
    return this.options.signal.aborted
  }

  async open(input: FeedInput): Promise<FeedFile> {
    const { log, stdin } = this.options
    const file = await FeedFile.open(input, log, stdin)
    this.options.onBegin(input, file.beginning, file.begin.lines)
    return file
  }

  /** Reads more of `file`; a stream that is silent lets what was collected be committed first (F4). */
  async fill(file: FeedFile, files: readonly FeedFile[]): Promise<boolean> {
    if (this.stopped) return false
    const filling = file.lines.fill()
    if (file.beginning !== 'stream') return filling
    const stop = abortion(this.options.signal)
    const silence = new AbortController()
    const linger = this.options.clock.sleep(LINGER_MS, silence.signal).then(
      () => 'silent' as const,
      () => 'done' as const
    )
    try {
      const first = await Promise.race([filling.then(() => 'done' as const), linger, stop.promise])
      if (first === 'silent') await this.commit(files)
      return await Promise.race([filling, stop.promise.then(() => false)])
    } finally {
      silence.abort()
      stop.release()
    }
  }

  async commit(files: readonly FeedFile[]): Promise<void> {
    await this.writer.commit(files)
    let bytes = this.#bytesBefore
    for (const file of files) if (file.beginning !== 'stream') bytes += file.lines.position
    this.options.onProgress({ bytes, records: this.writer.records })
  }

  /** Closes a file; its bytes count as done. */
  async close(file: FeedFile): Promise<void> {
    if (file.beginning !== 'stream') this.#bytesBefore += file.lines.position
    await file.close()
  }
}

function abortion(signal: AbortSignal): { promise: Promise<'stopped'>; release(): void } {
  const { promise, resolve } = Promise.withResolvers<'stopped'>()
  const onAbort = (): void => resolve('stopped')
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return { promise, release: () => signal.removeEventListener('abort', onAbort) }
}
