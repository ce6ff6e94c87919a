// `millrace consume`: records of topics, printed.
import { isMillraceError, messageOf, MillraceError } from '../../base/index.ts'
import type {
  Client,
  Consumer,
  ConsumerOptions,
  Isolation,
  StartPosition
} from '../../client/index.ts'
import { recordFilter, type RecordFilter } from '../records/consume-filter.ts'
import {
  headersOf,
  valueText,
  type ConsumeFormat,
  type RawConsumed
} from '../records/consume-format.ts'
import { sinkOf, type Sink } from '../records/consume-sink.ts'
import { withClient } from '../target/open-client.ts'
import { counted, note } from '../output/output.ts'
import { positionOf } from '../options/positions.ts'
import { printedForms, type FormsOf } from '../records/record-forms.ts'
import { StopSignals } from '../stop-signals.ts'
import type { TargetOptions } from '../options/target-options.ts'
import { sizeOf } from '../options/unit-options.ts'

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
  readonly registry?: string
  readonly registryAuthEnv?: string
  readonly group?: string
  readonly instance?: string
  readonly delivery?: 'at-most-once' | 'at-least-once'
  readonly isolation: Isolation
  readonly maxBytes?: string
  readonly quiet?: boolean
}

/** Prints records until the end, the limit, Ctrl-C, or until nobody reads any more. */
export async function consume(topics: readonly string[], options: ConsumeOptions): Promise<number> {
  const request = requestOf(topics, options)
  const ended = new AbortController()
  const forms = printedForms(options, topics, ended.signal)
  const filter = options.filter === undefined ? null : await recordFilter(options.filter)
  const sink = sinkOf(options.output, options.format ?? null, forms)
  const signals = new StopSignals()
  void signals.first.then(() => ended.abort())
  try {
    return await withClient(
      options,
      async client => {
        const consuming = new Consuming(options, { forms, filter, sink })
        await consuming.run(client, request, signals)
        return 0
      },
      { isLooking: options.group === undefined, right: 'read' }
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
          : instance !== undefined && group === undefined
            ? ['--instance without --group', 'a group, whose member it is']
            : options.registryAuthEnv !== undefined && options.registry === undefined
              ? ['--registry-auth-env without --registry', 'the registry that it is for']
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
  readonly forms: FormsOf
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
    const stop = (): Promise<void> =>
      consumer.close().catch((error: unknown) => note(`millrace: ${messageOf(error)}`))
    void signals.first.then(stop)
    void this.#parts.sink.broken.then(stop)
    const { untilOffset } = this.#options
    const done = new Set<string>()
    reading: for (;;) {
      const batch = await consumer.nextBatch()
      if (batch === null) break
      for (const record of batch) {
        if (untilOffset !== undefined && record.offset > untilOffset) {
          done.add(placeOf(record))
          if (done.size >= consumer.partitions.length) break reading
          continue
        }
        const missing = this.#missingFor(record)
        if (missing !== null) {
          await missing
          if (signals.isStopped) {
            this.#goBehind(consumer, record, 0)
            break reading
          }
        }
        if (await this.#wants(record)) {
          if (!(await this.#parts.sink.write(record))) {
            this.#goBehind(consumer, record, 0)
            break reading
          }
          this.#printed++
        }
        if (untilOffset === record.offset) done.add(placeOf(record))
        const isEnd = done.size > 0 && done.size >= consumer.partitions.length
        if (isEnd || this.#printed === this.#options.limit) {
          this.#goBehind(consumer, record, 1)
          break reading
        }
      }
    }
    await this.#keepPositions(consumer)
    await consumer.close()
    if (this.#options.quiet !== true && process.stderr.isTTY === true) {
      note(`${counted(this.#printed, 'record')}.`)
    }
  }

  /** What was printed is processed. */
  async #keepPositions(consumer: Consumer): Promise<void> {
    const { untilOffset, group, delivery } = this.#options
    if (group === undefined || delivery === 'at-most-once' || this.#printed === 0) return
    if (untilOffset !== undefined) {
      const behind = untilOffset + 1
      for (const place of consumer.positions) {
        if (place.offset > behind) consumer.seek({ ...place, offset: behind })
      }
    }
    try {
      await consumer.commit()
    } catch (error) {
      // Ctrl-C has closed it, after it kept what was printed before.
      if (isMillraceError(error, 'CLIENT_CLOSED')) return
      note(`millrace: the newest positions of group ${group} are not kept: ${messageOf(error)}`)
    }
  }

  /** What must be fetched before a record can be printed; null: nothing. */
  #missingFor({ topic, value }: RawConsumed): Promise<void> | null {
    if (value === null) return null
    return this.#parts.forms(topic).value.prepare?.(value) ?? null
  }

  /** Records of a batch that were not printed were not consumed. */
  #goBehind(consumer: Consumer, { topic, partition, offset }: RawConsumed, records: 0 | 1): void {
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

const placeOf = ({ topic, partition }: RawConsumed): string => `${topic}/${partition}`

function parsed(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
