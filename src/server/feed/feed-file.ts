// An input of a feed, opened: a file that is resumed where the last commit left it, or a stream that is fed whole.
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

import type { CommitOffset, LogData } from '../../log/log.ts'
import type { ByteSource } from './line-reader.ts'
import { LineReader } from './line-reader.ts'
import {
  FEED_START,
  decodePosition,
  encodePosition,
  feedGroup,
  fingerprintBytes,
  fingerprintOf
} from './feed-position.ts'
import type { FeedPosition } from './feed-position.ts'

/** One `--in TOPIC=FILE`; a null path is stdin. */
export interface FeedInput {
  readonly topic: string
  readonly path: string | null
  /** As the user wrote it, for messages. */
  readonly given: string
}

/** A line as its reader had it: where it ended. */
export type ConsumedLine = Pick<LineReader, 'position' | 'lineNumber' | 'unterminated'>

/** How an input begins. */
export type FeedBeginning = 'new' | 'resumed' | 'replaced' | 'stream'

/** An open input with its lines and its position. */
export class FeedFile {
  readonly input: FeedInput
  readonly lines: LineReader
  readonly beginning: FeedBeginning
  /** Where the feed began; for streams the start. */
  readonly begin: FeedPosition
  /** Bytes of the file when it was opened, 0 for a stream. */
  readonly size: number
  readonly #handle: FileHandle | null
  #fingerprint: string
  #fingerprinted: number
  #bytes = -1
  #lines = 0
  #unterminated = false
  #timestampMs: number | null

  private constructor(
    input: FeedInput,
    source: ByteSource,
    options: {
      readonly handle: FileHandle | null
      readonly beginning: FeedBeginning
      readonly begin: FeedPosition
      readonly size: number
    }
  ) {
    this.input = input
    this.beginning = options.beginning
    this.begin = options.begin
    this.size = options.size
    this.#handle = options.handle
    this.#timestampMs = options.begin.timestampMs
    this.#fingerprint = options.begin.fingerprint
    this.#fingerprinted = fingerprintBytes(options.begin.bytes)
    this.lines = new LineReader(source, {
      position: options.begin.bytes,
      lineNumber: options.begin.lines,
      continuesLine: options.begin.unterminated
    })
  }

  /** Opens an input; a regular file goes on where `log` has its position. */
  static async open(input: FeedInput, log: LogData, stdin: Readable): Promise<FeedFile> {
    if (input.path === null) return FeedFile.#stream(input, streamSource(stdin), null)
    const handle = await open(input.path, 'r')
    const { size } = await handle.stat()
    if (!(await handle.stat()).isFile())
      return FeedFile.#stream(input, handleSource(handle, null), handle)
    const known = decodePosition(await log.positions(feedGroup(input.topic, input.path)))
    let begin = FEED_START
    let beginning: FeedBeginning = 'new'
    if (known !== undefined) {
      const same =
        size >= known.bytes && (await fingerprint(handle, known.bytes)) === known.fingerprint
      beginning = same ? 'resumed' : 'replaced'
      if (same) begin = known
    }
    return new FeedFile(input, handleSource(handle, begin.bytes), {
      handle,
      beginning,
      begin,
      size
    })
  }

  static #stream(input: FeedInput, source: ByteSource, handle: FileHandle | null): FeedFile {
    return new FeedFile(input, source, { handle, beginning: 'stream', begin: FEED_START, size: 0 })
  }

  /** Timestamp of the last record, also of those fed by earlier runs; null when there was none. */
  get timestampMs(): number | null {
    return this.#timestampMs
  }

  /** Notes that the line which ends at `position` is consumed: the next commit covers it. */
  // Hot: per record.
  consume(line: ConsumedLine, timestampMs: number | null): void {
    this.#bytes = line.position
    this.#lines = line.lineNumber
    this.#unterminated = line.unterminated
    this.#timestampMs = timestampMs
  }

  /** The position behind all consumed lines, for the commit that holds their records; none for a stream. */
  async position(): Promise<readonly CommitOffset[]> {
    if (this.beginning === 'stream' || this.#bytes < 0) return []
    const bytes = this.#bytes
    const position = {
      bytes,
      lines: this.#lines,
      unterminated: this.#unterminated,
      timestampMs: this.#timestampMs
    }
    const covered = fingerprintBytes(bytes)
    if (covered !== this.#fingerprinted) {
      this.#fingerprint = await fingerprint(this.#handle!, bytes)
      this.#fingerprinted = covered
    }
    return [
      encodePosition(this.input.topic, this.input.path!, {
        ...position,
        fingerprint: this.#fingerprint
      })
    ]
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }
}

/** Bytes of the inputs that are regular files, for progress. */
export async function inputBytes(inputs: readonly FeedInput[]): Promise<number> {
  let bytes = 0
  for (const { path } of inputs) {
    const found = path === null ? null : await stat(path)
    if (found?.isFile()) bytes += found.size
  }
  return bytes
}

async function fingerprint(handle: FileHandle, position: number): Promise<string> {
  const beginning = Buffer.alloc(fingerprintBytes(position))
  let filled = 0
  while (filled < beginning.length) {
    const { bytesRead } = await handle.read(beginning, filled, beginning.length - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return fingerprintOf(beginning.subarray(0, filled))
}

/** Reads on from byte `begin`, or, when that is null, wherever the handle stands (pipes, devices). */
function handleSource(handle: FileHandle, begin: number | null): ByteSource {
  let at = begin
  return {
    async read(into) {
      const { bytesRead } = await handle.read(into, 0, into.length, at)
      if (at !== null) at += bytesRead
      return bytesRead
    }
  }
}

function streamSource(stream: Readable): ByteSource {
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let chunk: Buffer = Buffer.alloc(0)
  return {
    async read(into) {
      while (chunk.length === 0) {
        const { value, done } = await iterator.next()
        if (done) return 0
        chunk = value
      }
      const count = Math.min(into.length, chunk.length)
      chunk.copy(into, 0, 0, count)
      chunk = chunk.subarray(count)
      return count
    }
  }
}
