// `millrace produce`: lines of stdin or of a file become records.
import { open, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'

import { ByteWriter, MillraceError } from '../../base/index.ts'
import type { Client, Compression, Delivery, OutgoingRecord } from '../../client/index.ts'
import { LineReader, parseJson, type ByteSource, type RecordForms } from '../../server/index.ts'
import { withClient } from '../open-client.ts'
import { counted, formatDuration, formatNumber, note } from '../output.ts'
import { Progress } from '../progress.ts'
import { recordForms } from '../record-forms.ts'
import { StopSignals } from '../stop-signals.ts'
import type { TargetOptions } from '../target-options.ts'
import { sizeOf } from '../unit-options.ts'
import { settingsOf } from './topic.ts'

/** What the parser gives. */
export interface ProduceOptions extends TargetOptions {
  readonly file?: string
  readonly raw?: boolean
  readonly format: 'text' | 'json'
  readonly key?: string
  readonly keySeparator?: string
  readonly header?: readonly string[]
  readonly partition?: number
  readonly types?: string
  readonly compression: Compression
  readonly linger?: number
  readonly batchSize?: string
  readonly delivery: Delivery
  readonly rate?: number
  readonly quiet?: boolean
}

type Outgoing = OutgoingRecord<Buffer, Buffer>

/** Records of one send: enough that requests are full, few enough that memory is not. */
const SEND_RECORDS_MAX = 1_000
const SENDS_MAX = 8
const MS_PER_SECOND = 1_000

/** Writes all lines; resolves with the exit code when everything is acknowledged. */
export async function produce(topic: string, options: ProduceOptions): Promise<number> {
  const producing = new Producing(topic, options)
  const signals = new StopSignals()
  try {
    return await withClient(options, client => producing.run(client, signals))
  } finally {
    signals.release()
  }
}

function check(options: ProduceOptions): void {
  const { raw, format, keySeparator, key } = options
  const wrong =
    raw === true && format === 'json'
      ? '--raw and --format json'
      : keySeparator !== undefined && key !== undefined
        ? '--key and --key-separator'
        : keySeparator === ''
          ? 'an empty --key-separator'
          : null
  if (wrong === null) return
  throw new MillraceError(
    'USAGE',
    `${wrong} do not go together; expected was one of them; leave one out`
  )
}

/** One run of the command. */
class Producing {
  readonly #topic: string
  readonly #options: ProduceOptions
  readonly #forms: RecordForms
  readonly #headers: Record<string, string>
  readonly #requestBytes: number | null
  #stopped: Promise<unknown> = new Promise(() => {})
  readonly #progress = new Progress('sending')
  readonly #writer = new ByteWriter(1024)
  readonly #startedAt = performance.now()
  #records = 0
  #bytes = 0
  #isStopped = false

  constructor(topic: string, options: ProduceOptions) {
    check(options)
    this.#topic = topic
    this.#options = options
    const { batchSize } = options
    this.#requestBytes = batchSize === undefined ? null : sizeOf('--batch-size', batchSize)
    this.#forms = recordForms(options.types)(topic)
    this.#headers = settingsOf('--header', options.header ?? [])
  }

  async run(client: Client, signals: StopSignals): Promise<number> {
    const { file, compression, linger, delivery } = this.#options
    this.#stopped = signals.first
    // A topic that is not there is told before anything is read.
    await client.admin.topic(this.#topic)
    const producer = await client.producer({
      compression,
      delivery,
      ...(linger === undefined ? {} : { lingerMs: linger }),
      ...(this.#requestBytes === null ? {} : { requestBytes: this.#requestBytes })
    })
    const input = await openInput(file)
    void signals.first.then(() => {
      this.#isStopped = true
      input.stop()
    })
    const sends = new Set<Promise<unknown>>()
    let failure: unknown = null
    try {
      for await (const records of this.#batches(input)) {
        if (failure !== null) break
        const send = producer.sendAll(records).then(
          () => this.#count(records, input.size),
          (error: unknown) => (failure ??= error)
        )
        sends.add(send)
        void send.finally(() => sends.delete(send))
        if (sends.size >= SENDS_MAX) await Promise.race(sends)
      }
      await Promise.all(sends)
      await producer.close()
    } finally {
      this.#progress.end()
      await input.close()
    }
    if (failure !== null) throw failure
    this.#summarise()
    return 0
  }

  /** The records of the input in parts, as fast as the rate allows. */
  async *#batches(input: Input): AsyncGenerator<readonly Outgoing[]> {
    const { rate, raw } = this.#options
    if (raw === true) {
      const value = await wholeOf(input)
      yield [{ ...this.#record(this.#options.key ?? null, ''), value }]
      return
    }
    const size = Math.min(SEND_RECORDS_MAX, Math.max(1, Math.ceil((rate ?? Infinity) / 20)))
    const reader = new LineReader(input)
    let records: Outgoing[] = []
    let given = 0
    do {
      while (!this.#isStopped && reader.next()) {
        const record = this.#line(reader)
        if (record === null) continue
        records.push(record)
        if (records.length < size) continue
        yield records
        given += records.length
        records = []
        if (rate !== undefined) await this.#keepRate(given, rate)
      }
      // What came with one write is sent now: more may be a long time coming.
      if (records.length > 0) yield records
      given += records.length
      records = []
    } while (!this.#isStopped && (await reader.fill()))
  }

  #line(reader: LineReader): Outgoing | null {
    const { format, keySeparator, key } = this.#options
    if (reader.tooLong) throw this.#wrong(reader, `it has ${reader.lineBytes} bytes`, 'fewer')
    const text = reader.buffer.toString('utf8', reader.start, reader.end)
    try {
      if (format === 'json') return text.trim() === '' ? null : this.#json(text)
      if (keySeparator === undefined) return this.#record(key ?? null, text)
      const at = text.indexOf(keySeparator)
      if (at < 0) return this.#record(null, text)
      return this.#record(text.slice(0, at), text.slice(at + keySeparator.length))
    } catch (error) {
      throw this.#wrong(reader, (error as Error).message, 'a record')
    }
  }

  #json(text: string): Outgoing {
    const given = parseJson(text)
    if (typeof given !== 'object' || given === null || !('value' in given)) {
      throw new Error('it is no object with "value"')
    }
    const { key, value, timestamp, headers } = given as Record<string, unknown>
    const record = {
      topic: this.#topic,
      key: this.#encoded(this.#forms.key, key ?? this.#options.key ?? null),
      value: this.#encoded(this.#forms.value, value),
      headers: { ...this.#headers, ...(headers as Record<string, string> | undefined) },
      ...(this.#options.partition === undefined ? {} : { partition: this.#options.partition })
    }
    return timestamp === undefined ? record : { ...record, timestamp: timeOf(timestamp) }
  }

  #record(key: string | null, value: string): Outgoing {
    const { partition } = this.#options
    return {
      topic: this.#topic,
      key: key === null ? null : this.#text(this.#forms.key, key),
      value: this.#text(this.#forms.value, value),
      headers: this.#headers,
      ...(partition === undefined ? {} : { partition })
    }
  }

  #text(form: RecordForms['key'], text: string): Buffer {
    this.#writer.clear()
    form.encodeText(text, this.#writer)
    return Buffer.from(this.#writer.slice())
  }

  #encoded(form: RecordForms['key'], value: unknown): Buffer | null {
    if (value === null || value === undefined) return null
    this.#writer.clear()
    return form.encodeJson(value, this.#writer) ? Buffer.from(this.#writer.slice()) : null
  }

  async #keepRate(records: number, rate: number): Promise<void> {
    const aheadMs = (records * MS_PER_SECOND) / rate - (performance.now() - this.#startedAt)
    if (aheadMs <= 0) return
    await Promise.race([new Promise(resolve => setTimeout(resolve, aheadMs)), this.#stopped])
  }

  #count(records: readonly Outgoing[], bytesTotal: number): void {
    this.#records += records.length
    for (const { value } of records) this.#bytes += (value?.length ?? 0) + 1
    if (this.#options.quiet === true) return
    this.#progress.show({ bytes: this.#bytes, bytesTotal, records: this.#records })
  }

  #summarise(): void {
    if (this.#options.quiet === true) return
    const ms = performance.now() - this.#startedAt
    const perSecond = formatNumber(Math.round((this.#records * MS_PER_SECOND) / Math.max(1, ms)))
    const stopped = this.#isStopped ? 'Stopped: ' : ''
    note(
      `${stopped}${counted(this.#records, 'record')} into ${this.#topic} in ${formatDuration(ms)}, ${perSecond}/s.`
    )
  }

  #wrong({ lineNumber }: LineReader, happened: string, expected: string): MillraceError {
    const name = this.#options.file ?? 'stdin'
    return new MillraceError(
      'USAGE',
      `${name}:${lineNumber}: ${happened}; expected was ${expected}; lines before it are sent`
    )
  }
}

/** An input that can be stopped while it waits. */
interface Input extends ByteSource {
  /** Bytes in all; 0 when that is not known. */
  readonly size: number
  stop(): void
  close(): Promise<void>
}

async function openInput(path: string | undefined): Promise<Input> {
  if (path === undefined || path === '-') return streamInput(process.stdin)
  try {
    const { size } = await stat(path)
    const handle = await open(path)
    let isStopped = false
    return {
      size,
      read: async into => (isStopped ? 0 : (await handle.read(into, 0, into.length)).bytesRead),
      stop: () => (isStopped = true),
      close: () => handle.close()
    }
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}); expected was a file; correct the path`,
      { cause: error }
    )
  }
}

function streamInput(stream: Readable): Input {
  if (process.stdin.isTTY === true) note('One record per line; Ctrl-D ends.')
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const { promise: stopped, resolve: stop } = Promise.withResolvers<null>()
  let rest: Buffer = Buffer.alloc(0)
  return {
    size: 0,
    read: async into => {
      if (rest.length === 0) {
        const next = await Promise.race([chunks.next(), stopped])
        if (next === null || next.done === true) return 0
        rest = next.value
      }
      const count = rest.copy(into)
      rest = rest.subarray(count)
      return count
    },
    stop: () => stop(null),
    close: () => {
      stream.destroy()
      return Promise.resolve()
    }
  }
}

async function wholeOf(input: Input): Promise<Buffer> {
  const parts: Buffer[] = []
  for (;;) {
    const into = Buffer.allocUnsafe(64 * 1024)
    const count = await input.read(into)
    if (count === 0) return Buffer.concat(parts)
    parts.push(into.subarray(0, count))
  }
}

/** Milliseconds, or RFC 3339. */
function timeOf(value: unknown): number {
  const time = typeof value === 'string' ? Date.parse(value) : value
  if (typeof time === 'number' && Number.isSafeInteger(time)) return time
  throw new Error(`its timestamp is ${JSON.stringify(value)}, neither milliseconds nor RFC 3339`)
}
