// `millrace consume`: records of topics, printed.
import { once } from 'node:events'

import { MillraceError } from '../../base/index.ts'
import type {
  Client,
  ConsumerOptions,
  Isolation,
  PartitionOffset,
  StartPosition
} from '../../client/index.ts'
import { recordFilter, type RecordFilter } from '../consume-filter.ts'
import {
  headersOf,
  printerOf,
  recordTable,
  templatePrinter,
  valueText,
  type ConsumeFormat,
  type RawConsumed,
  type RecordPrinter
} from '../consume-format.ts'
import { withClient } from '../open-client.ts'
import { counted, note } from '../output.ts'
import { positionOf } from '../positions.ts'
import { recordForms } from '../record-forms.ts'
import { StopSignals } from '../stop-signals.ts'
import type { TargetOptions } from '../target-options.ts'
import { sizeOf } from '../unit-options.ts'

/** What the parser gives. */
export interface ConsumeOptions extends TargetOptions {
  readonly partition?: readonly number[]
  readonly from?: string
  readonly untilOffset?: number
  readonly stopAtEnd?: boolean
  readonly limit?: number
  readonly output: ConsumeFormat
  readonly format?: string
  readonly filter?: string
  readonly types?: string
  readonly group?: string
  readonly instance?: string
  readonly delivery?: 'at-most-once' | 'at-least-once'
  readonly isolation: Isolation
  readonly maxBytes?: string
  readonly quiet?: boolean
}

const TABLE_RECORDS_MAX = 100_000

/** Prints records until the end, the limit, Ctrl-C, or until nobody reads any more. */
export async function consume(topics: readonly string[], options: ConsumeOptions): Promise<number> {
  const request = requestOf(topics, options)
  const forms = recordForms(options.types)
  const filter = options.filter === undefined ? null : await recordFilter(options.filter)
  const sink =
    options.output === 'table' && options.format === undefined
      ? new TableSink(forms)
      : new LineSink(
          options.format === undefined
            ? printerOf(options.output as Exclude<ConsumeFormat, 'table'>, forms)
            : templatePrinter(options.format, forms)
        )
  const signals = new StopSignals()
  try {
    return await withClient(
      options,
      async client => {
        const consuming = new Consuming(options, { forms, filter, sink })
        await consuming.run(client, request, signals)
        return 0
      },
      { isLooking: options.group === undefined }
    )
  } finally {
    signals.release()
    sink.end()
  }
}

type Request = Omit<ConsumerOptions<Buffer, Buffer>, 'types'>

/** @throws USAGE options that do not go together */
function requestOf(topics: readonly string[], options: ConsumeOptions): Request {
  const { partition, from, group, instance, delivery, isolation, maxBytes, stopAtEnd } = options
  const wrong =
    partition !== undefined && topics.length > 1
      ? ['--partition with several topics', 'one topic']
      : options.output === 'table' && stopAtEnd !== true && options.limit === undefined
        ? ['-o table without an end', '--stop-at-end or --limit']
        : delivery !== undefined && group === undefined
          ? ['--delivery without --group', 'a group, which keeps positions']
          : null
  if (wrong !== null) {
    throw new MillraceError('USAGE', `${wrong[0]}; expected was ${wrong[1]}; correct the options`)
  }
  const start: StartPosition =
    from === undefined ? 'beginning' : positionOf('--from', from, Date.now())
  return {
    topics: topics.map(topic => {
      return partition === undefined ? topic : { topic, partitions: partition }
    }),
    from: start,
    isolation,
    stopAtEnd: stopAtEnd === true,
    ...(group === undefined ? {} : { group }),
    ...(instance === undefined ? {} : { instance }),
    ...(delivery === undefined ? {} : { delivery }),
    ...(maxBytes === undefined ? {} : { maxBytes: sizeOf('--max-bytes', maxBytes) }),
    onRetry: error => note(`millrace: ${error.message}`)
  }
}

interface Parts {
  readonly forms: ReturnType<typeof recordForms>
  readonly filter: RecordFilter | null
  readonly sink: Sink
}

/** One run of the command. */
class Consuming {
  readonly #options: ConsumeOptions
  readonly #parts: Parts
  #printed = 0

  constructor(options: ConsumeOptions, parts: Parts) {
    this.#options = options
    this.#parts = parts
  }

  async run(client: Client, request: Request, signals: StopSignals): Promise<void> {
    const consumer = await client.consumer(request)
    void signals.first.then(() => consumer.close())
    void this.#parts.sink.broken.then(() => consumer.close())
    const { untilOffset, group, delivery } = this.#options
    const done = new Set<number>()
    reading: for (;;) {
      const batch = await consumer.nextBatch()
      if (batch === null) break
      for (const record of batch) {
        if (untilOffset !== undefined && record.offset > untilOffset) {
          done.add(record.partition)
          if (done.size >= consumer.partitions.length) break reading
          continue
        }
        if (await this.#wants(record)) {
          if (!(await this.#parts.sink.write(record))) {
            this.#goBehind(consumer, record, 0)
            break reading
          }
          this.#printed++
        }
        if (untilOffset === record.offset) done.add(record.partition)
        const isEnd = done.size > 0 && done.size >= consumer.partitions.length
        if (isEnd || this.#printed === this.#options.limit) {
          this.#goBehind(consumer, record, 1)
          break reading
        }
      }
    }
    // What was printed is processed.
    if (group !== undefined && delivery !== 'at-most-once' && this.#printed > 0) {
      await consumer.commit().catch(() => undefined)
    }
    await consumer.close()
    if (this.#options.quiet !== true && process.stderr.isTTY === true) {
      note(`${counted(this.#printed, 'record')}.`)
    }
  }

  /** Records of a batch that were not printed were not consumed. */
  #goBehind(
    consumer: { seek(position: PartitionOffset): void },
    { topic, partition, offset }: RawConsumed,
    records: 0 | 1
  ): void {
    if (this.#options.group !== undefined) {
      consumer.seek({ topic, partition, offset: offset + records })
    }
  }

  async #wants(record: RawConsumed): Promise<boolean> {
    const { filter, forms } = this.#parts
    if (filter === null) return true
    const text = record.value === null ? null : valueText(record, forms)
    const { topic, partition, offset, timestamp, key } = record
    try {
      return await filter({
        topic,
        partition,
        offset,
        timestamp,
        key: key === null ? null : forms(topic).key.printText(key),
        value: parsed(text),
        text,
        headers: headersOf(record)
      })
    } catch (error) {
      throw new MillraceError(
        'FILTER_FAILED',
        `--filter threw at ${topic}/${partition} offset ${offset}: ${(error as Error).message}; expected was true or ` +
          'false; correct it, as in: value?.amount > 10',
        { cause: error }
      )
    }
  }
}

function parsed(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Where records go. */
interface Sink {
  /** Resolves when nobody reads any more. */
  readonly broken: Promise<void>
  /** Resolves when more may be written; false when nobody reads any more. */
  write(record: RawConsumed): Promise<boolean>
  end(): void
}

/** Stdout, with back-pressure; a reader that went away is the end, not a failure. */
class Stdout {
  readonly broken: Promise<void>
  isBroken = false

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.broken = promise
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      this.isBroken = true
      resolve()
    })
  }

  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.isBroken) return false
    if (data.length > 0 && !process.stdout.write(data)) {
      await Promise.race([once(process.stdout, 'drain'), this.broken])
    }
    return !this.isBroken
  }
}

class LineSink implements Sink {
  readonly #print: RecordPrinter
  readonly #stdout = new Stdout()
  readonly broken = this.#stdout.broken

  constructor(print: RecordPrinter) {
    this.#print = print
  }

  async write(record: RawConsumed): Promise<boolean> {
    return await this.#stdout.write(this.#print(record))
  }

  end(): void {
    // Each record was written when it came.
  }
}

class TableSink implements Sink {
  readonly broken: Promise<void> = new Promise(() => {})
  readonly #forms: ReturnType<typeof recordForms>
  readonly #records: RawConsumed[] = []

  constructor(forms: ReturnType<typeof recordForms>) {
    this.#forms = forms
  }

  write(record: RawConsumed): Promise<boolean> {
    if (this.#records.length >= TABLE_RECORDS_MAX) {
      throw new MillraceError(
        'USAGE',
        `a table has ${TABLE_RECORDS_MAX} records; expected were fewer; use --limit, --from or --filter`
      )
    }
    this.#records.push(record)
    return Promise.resolve(true)
  }

  end(): void {
    if (this.#records.length > 0)
      process.stdout.write(`${recordTable(this.#records, this.#forms)}\n`)
  }
}
