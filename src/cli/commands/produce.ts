// `millrace produce`: lines of stdin or of a file become records.
import { ByteWriter, messageOf, MillraceError } from '../../base/index.ts'
import type { Client, Compression, Delivery, OutgoingRecord, Producer } from '../../client/index.ts'
import { LineReader, parseJson, type RecordForms } from '../../server/index.ts'
import { openInput, wholeOf, type Input } from '../records/byte-input.ts'
import { withClient } from '../target/open-client.ts'
import { counted, formatDuration, formatNumber, note } from '../output/output.ts'
import { Progress } from '../output/progress.ts'
import { recordForms, valueCheck } from '../records/record-forms.ts'
import { StopSignals } from '../stop-signals.ts'
import type { TargetOptions } from '../options/target-options.ts'
import { settingsOf, sizeOf } from '../options/unit-options.ts'

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

/** Records that are sent together. */
interface Part {
  readonly records: readonly Outgoing[]
  /** Bytes of the input up to their end. */
  readonly position: number
}

/** Records of one send: enough that requests are full, few enough that memory is not. */
const SEND_RECORDS_MAX = 1_000
const SENDS_MAX = 8
/** With a rate. */
const SENDS_PER_SECOND = 20
const MS_PER_SECOND = 1_000

/** Writes all lines; resolves with the exit code when everything is acknowledged. */
export async function produce(topic: string, options: ProduceOptions): Promise<number> {
  const producing = new Producing(topic, options)
  const signals = new StopSignals()
  try {
    return await withClient(options, client => producing.run(client, signals), { right: 'write' })
  } finally {
    signals.release()
  }
}

function check({ raw, format, keySeparator, key }: ProduceOptions): void {
  const pairs: readonly (readonly [boolean, string])[] = [
    [raw === true && format === 'json', '--raw and --format json'],
    [raw === true && keySeparator !== undefined, '--raw and --key-separator'],
    [format === 'json' && keySeparator !== undefined, '--format json and --key-separator'],
    [key !== undefined && keySeparator !== undefined, '--key and --key-separator']
  ]
  const wrong = pairs.find(([isGiven]) => isGiven)?.[1]
  if (wrong !== undefined) {
    throw usage(`${wrong} do not go together`, 'one of them; leave one out')
  }
  if (keySeparator === '') throw usage('--key-separator is empty', 'a text; give one')
}

function usage(happened: string, expected: string): MillraceError {
  return new MillraceError('USAGE', `${happened}; expected was ${expected}`)
}

/** One run of the command. */
class Producing {
  readonly #topic: string
  readonly #options: ProduceOptions
  readonly #forms: RecordForms
  readonly #headers: Record<string, string>
  readonly #requestBytes: number | null
  /** Throws at values that are none of the topic's type. */
  #check: ((bytes: Buffer) => void) | null = null
  readonly #progress = new Progress('sending')
  readonly #writer = new ByteWriter(1024)
  readonly #startedAt = performance.now()
  /** Acknowledged. */
  #records = 0
  /** Of the input, up to the last record that is acknowledged. */
  #bytes = 0
  #isStopped = false

  constructor(topic: string, options: ProduceOptions) {
    check(options)
    this.#topic = topic
    this.#options = options
    const { batchSize } = options
    this.#requestBytes = batchSize === undefined ? null : sizeOf('--batch-size', batchSize)
    this.#forms = recordForms(options.types, [topic])(topic)
    this.#headers = settingsOf('--header', options.header ?? [], 'source=import')
  }

  async run(client: Client, signals: StopSignals): Promise<number> {
    const { file, compression, linger, delivery, types } = this.#options
    this.#check = await valueCheck(types, this.#topic)
    // A topic that is not there is told before anything is read.
    await client.admin.topic(this.#topic)
    const producer = await client.producer({
      compression,
      delivery,
      ...(linger === undefined ? {} : { lingerMs: linger }),
      ...(this.#requestBytes === null ? {} : { requestBytes: this.#requestBytes })
    })
    const input = await openInput(file)
    void signals.first.then(() => this.#stop(input))
    try {
      await this.#sendAll(producer, this.#parts(input, signals), input)
    } finally {
      await producer.close()
      this.#progress.end()
      await input.close()
      this.#summarise()
    }
    return 0
  }

  #stop(input: Input): void {
    this.#isStopped = true
    input.stop()
  }

  /** Sends the parts, several at once. What was read before a failure is sent. */
  async #sendAll(producer: Producer, parts: AsyncIterable<Part>, input: Input): Promise<void> {
    const sends = new Set<Promise<unknown>>()
    let failure: unknown = null
    const fail = (error: unknown): void => {
      failure ??= error
      this.#stop(input)
    }
    try {
      for await (const part of parts) {
        if (failure !== null) break
        const send = producer.sendAll(part.records).then(() => this.#count(part, input.size), fail)
        sends.add(send)
        void send.finally(() => sends.delete(send))
        if (sends.size >= SENDS_MAX) await Promise.race(sends)
      }
    } catch (error) {
      fail(error)
    }
    await Promise.all(sends)
    if (failure !== null) throw failure
  }

  /** The records of the input in parts, as fast as the rate allows. */
  async *#parts(input: Input, signals: StopSignals): AsyncGenerator<Part> {
    const { rate, raw } = this.#options
    if (raw === true) {
      const value = await wholeOf(input)
      yield { records: [this.#whole(value)], position: value.length }
      return
    }
    const most = rate === undefined ? SEND_RECORDS_MAX : Math.ceil(rate / SENDS_PER_SECOND)
    const size = Math.min(SEND_RECORDS_MAX, most)
    const reader = new LineReader(input)
    let records: Outgoing[] = []
    let given = 0
    const part = (): Part => {
      const made = { records, position: reader.position }
      given += records.length
      records = []
      return made
    }
    do {
      while (!this.#isStopped && reader.next()) {
        try {
          const record = this.#line(reader)
          if (record !== null) records.push(record)
        } catch (error) {
          if (records.length > 0) yield part()
          throw error
        }
        if (records.length < size) continue
        yield part()
        if (rate !== undefined) await this.#keepRate(given, rate, signals)
      }
      // What came with one write is sent now: more may be a long time coming.
      if (records.length > 0) yield part()
      if (rate !== undefined) await this.#keepRate(given, rate, signals)
    } while (!this.#isStopped && (await reader.fill()))
  }

  #whole(value: Buffer): Outgoing {
    try {
      return this.#outgoing(this.#keyBytes(this.#options.key ?? null), value)
    } catch (error) {
      const name = this.#options.file ?? 'stdin'
      throw usage(`${name}: ${messageOf(error)}`, 'a record; correct it')
    }
  }

  #line(reader: LineReader): Outgoing | null {
    const { format, keySeparator, key } = this.#options
    if (reader.tooLong) throw this.#wrong(reader, `it has ${reader.lineBytes} bytes`, 'fewer')
    const text = reader.buffer.toString('utf8', reader.start, reader.end)
    try {
      const isBlank = text.trim() === ''
      if (isBlank && (format === 'json' || !this.#forms.value.keepsBlank)) return null
      if (format === 'json') return this.#json(text)
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
      ...this.#outgoing(
        this.#encoded(this.#forms.key, key ?? this.#options.key ?? null),
        this.#encoded(this.#forms.value, value)
      ),
      headers: { ...this.#headers, ...headersOf(headers) }
    }
    return timestamp === undefined ? record : { ...record, timestamp: timeOf(timestamp) }
  }

  #record(key: string | null, value: string): Outgoing {
    return this.#outgoing(this.#keyBytes(key), this.#text(this.#forms.value, value))
  }

  #outgoing(key: Buffer | null, value: Buffer | null): Outgoing {
    if (value !== null) this.#check?.(value)
    const { partition } = this.#options
    const record = { topic: this.#topic, key, value, headers: this.#headers }
    return partition === undefined ? record : { ...record, partition }
  }

  #keyBytes(key: string | null): Buffer | null {
    return key === null ? null : this.#text(this.#forms.key, key)
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

  async #keepRate(records: number, rate: number, signals: StopSignals): Promise<void> {
    const aheadMs = (records * MS_PER_SECOND) / rate - (performance.now() - this.#startedAt)
    if (aheadMs > 0) await signals.sleep(aheadMs)
  }

  #count({ records, position }: Part, bytesTotal: number): void {
    this.#records += records.length
    this.#bytes = Math.max(this.#bytes, position)
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

/** Names with texts, or null. */
function headersOf(headers: unknown): Record<string, string | null> {
  if (headers === undefined || headers === null) return {}
  if (typeof headers !== 'object' || Array.isArray(headers)) {
    throw new Error('its headers are no object with names and texts')
  }
  for (const [name, value] of Object.entries(headers)) {
    if (value === null || typeof value === 'string') continue
    throw new Error(`its header ${JSON.stringify(name)} is no text`)
  }
  return headers as Record<string, string | null>
}

/** Milliseconds, or RFC 3339. */
function timeOf(value: unknown): number {
  const time = typeof value === 'string' ? Date.parse(value) : value
  if (typeof time === 'number' && Number.isSafeInteger(time)) return time
  throw new Error(`its timestamp is ${String(value)}, neither milliseconds nor RFC 3339`)
}
