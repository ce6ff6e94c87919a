// JSON input: {"key","value","timestamp","headers"} per line, all inputs merged by timestamp.
//
// Each file shows its next record; the one with the lowest timestamp goes first, of equal ones that of the
// input named first. A file that is not sorted keeps its own order.
import { ByteWriter, MillraceError } from '../../base/index.ts'
import type { RecordHeader } from '../../record/index.ts'
import { parseJson } from '../text/json-text.ts'
import type { ConsumedLine, FeedFile } from './feed-file.ts'
import type { FeedRun } from './feed-run.ts'
import type { FeedTopic } from './feed-topic.ts'
import { isBlank } from './text-feed.ts'

/** A record that waits for its turn. Its key and value stand in its source's scratch, one behind the other. */
interface Waiting {
  readonly line: ConsumedLine
  readonly timestampMs: number
  /** Where the key ends and the value begins; 0 may be an empty key as well. */
  readonly split: number
  readonly hasKey: boolean
  readonly hasValue: boolean
  readonly headers: readonly RecordHeader[]
}

const PROPERTIES: ReadonlySet<string> = new Set([
  'key',
  'value',
  'timestamp',
  'headers',
  'partition',
  'offset'
])

/** Feeds all inputs, merged. */
export async function feedJson(run: FeedRun): Promise<void> {
  const sources: JsonSource[] = []
  try {
    for (const input of run.options.inputs) sources.push(new JsonSource(run, await run.open(input)))
    await merge(run, sources)
  } finally {
    for (const source of sources) await run.close(source.file)
  }
}

async function merge(run: FeedRun, sources: readonly JsonSource[]): Promise<void> {
  const files = sources.map(source => source.file)
  let active = [...sources]
  for (const source of active) await source.advance(files)
  for (;;) {
    active = active.filter(source => source.waiting !== null)
    const next = earliest(active)
    if (next === null || run.stopped) break
    // Nothing but the choice happens per record as long as the file has lines in its buffer.
    next.write()
    if (run.writer.full) await run.commit(files)
    if (!next.advanceInBuffer()) await next.advance(files)
  }
  await run.commit(files)
}

function earliest(sources: readonly JsonSource[]): JsonSource | null {
  let best: JsonSource | null = null
  for (const source of sources) {
    if (best === null || source.waiting!.timestampMs < best.waiting!.timestampMs) best = source
  }
  return best
}

/** One file of a merge. */
class JsonSource {
  readonly file: FeedFile
  waiting: Waiting | null = null
  readonly #run: FeedRun
  readonly #topic: FeedTopic
  readonly #scratch = new ByteWriter(1024)
  #timestampMs: number | null

  constructor(run: FeedRun, file: FeedFile) {
    this.#run = run
    this.file = file
    this.#topic = run.options.topics.get(file.input.topic)!
    this.#timestampMs = file.timestampMs
  }

  /** Writes the waiting record; its line is consumed. */
  write(): void {
    const { line, timestampMs, split, hasKey, hasValue, headers } = this.waiting!
    const { buffer, length } = this.#scratch
    const { topic } = this.file.input
    const { writer } = this.#run
    if (headers.length > 0) {
      const key = hasKey ? buffer.subarray(0, split) : null
      writer.add(topic, timestampMs, key, hasValue ? buffer.subarray(split, length) : null, headers)
    } else {
      const [valueStart, valueEnd] = hasValue ? [split, length] : [-1, -1]
      writer.addRange(
        topic,
        timestampMs,
        buffer,
        hasKey ? 0 : -1,
        hasKey ? split : -1,
        buffer,
        valueStart,
        valueEnd
      )
    }
    this.file.consume(line, timestampMs)
    this.waiting = null
  }

  /** Finds the next record, reading more of the file where needed; `waiting` stays null at the end. */
  async advance(files: readonly FeedFile[]): Promise<void> {
    while (!this.advanceInBuffer()) {
      if (this.#run.writer.full) await this.#run.commit(files)
      if (!(await this.#run.fill(this.file, files))) return
    }
  }

  /** Finds the next record in what was read; false when there is none. Lines that are none are rejected. */
  advanceInBuffer(): boolean {
    const { lines } = this.file
    while (lines.next()) {
      if (this.#run.writer.rejectTooLong(this.file)) {
        this.file.consume(lines, this.#timestampMs)
        continue
      }
      if (isBlank(lines.buffer, lines.start, lines.end)) {
        this.file.consume(lines, this.#timestampMs)
        continue
      }
      try {
        this.waiting = this.#read(lines.buffer.toString('utf8', lines.start, lines.end))
        return true
      } catch (error) {
        this.#run.writer.reject(this.file, error)
        this.file.consume(lines, this.#timestampMs)
      }
    }
    return false
  }

  #read(text: string): Waiting {
    const record = readObject(text)
    const timestampMs =
      readTimestamp(record['timestamp']) ?? this.#timestampMs ?? this.#run.options.clock.now()
    const scratch = this.#scratch
    scratch.clear()
    const hasKey = this.#encode('key', record['key'] ?? undefined)
    const split = scratch.length
    const hasValue = this.#encode('value', record['value'])
    const headers = readHeaders(record['headers'])
    this.#timestampMs = timestampMs
    const { position, lineNumber, unterminated } = this.file.lines
    const line = { position, lineNumber, unterminated }
    return { line, timestampMs, split, hasKey, hasValue, headers }
  }

  #encode(part: 'key' | 'value', value: unknown): boolean {
    return value !== undefined && this.#topic[part].encodeJson(value, this.#scratch)
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  const record = parseJson(text)
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw invalid(
      `a line that is no JSON object; expected {"value": …}; for plain lines use --in-format text`
    )
  }
  for (const name of Object.keys(record)) {
    if (PROPERTIES.has(name)) continue
    throw invalid(
      `a property "${name}"; expected key, value, timestamp and headers; for plain JSON lines use --in-format text`
    )
  }
  if (!Object.hasOwn(record, 'value')) {
    throw invalid(
      'no property "value"; expected {"value": …}; for plain JSON lines use --in-format text'
    )
  }
  return record as Readonly<Record<string, unknown>>
}

function readTimestamp(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const time = typeof value === 'string' ? Date.parse(value) : value
  if (typeof time === 'number' && Number.isSafeInteger(time) && time >= 0) return time
  throw invalid(
    `the timestamp ${JSON.stringify(value)}; expected milliseconds since 1970 or a text as 2026-11-21T10:00:00Z`
  )
}

function readHeaders(value: unknown): readonly RecordHeader[] {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw invalid(`headers that are no object; expected {"name": "text"}`)
  }
  return Object.entries(value).map(([key, text]) => {
    if (text !== null && typeof text !== 'string') {
      throw invalid(`the header "${key}" with ${JSON.stringify(text)}; expected a text or null`)
    }
    return { key, value: text === null ? null : Buffer.from(text) }
  })
}

function invalid(what: string): MillraceError {
  return new MillraceError('LINE_INVALID', `found ${what}`)
}
