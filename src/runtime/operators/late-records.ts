// Records that come too late for their windows, or for a join: counted, said, kept in a topic if the file names one.
import type { LogLine } from '../contract.ts'
import type { Frame } from '../task/frame.ts'
import { HeaderWriter } from '../task/outputs.ts'
import type { Operator } from './operator.ts'

/** A sink with a frame of its own. */
export interface LateSink {
  readonly frame: Frame
  readonly operator: Operator
}

/** What {@link LateRecords} are made from. */
export interface LateOptions {
  readonly service: string
  /** Where they go; null where they are only counted. Of a join that of the left side. */
  readonly sink: LateSink | null
  /** Of a join: where records of the right side go. */
  readonly rightSink?: LateSink | null
  /** The watermark as of now. */
  watermark(): number
  onLog(line: LogLine): void
}

interface Lateness {
  readonly sink: LateSink | null
  readonly why: string
  readonly windowEnd: number | null
}

/** The late records of one service in one task. */
export class LateRecords {
  count = 0
  #saidNext = 1
  readonly #options: LateOptions
  readonly #headers = new HeaderWriter()

  constructor(options: LateOptions) {
    this.#options = options
  }

  /** Takes a record whose last window ended at `windowEnd`. */
  take(value: unknown, frame: Frame, windowEnd: number): void | Promise<void> {
    const why = `its window ended at ${windowEnd}`
    return this.#take(value, frame, { sink: this.#options.sink, why, windowEnd })
  }

  /** Takes a record of one side of a join. */
  takeSide(value: unknown, isLeft: boolean, frame: Frame): void | Promise<void> {
    const { sink, rightSink } = this.#options
    const why = 'it lies behind the grace period of the join'
    return this.#take(value, frame, {
      sink: isLeft ? sink : (rightSink ?? null),
      why,
      windowEnd: null
    })
  }

  #take(value: unknown, frame: Frame, { sink, why, windowEnd }: Lateness): void | Promise<void> {
    this.count++
    if (this.count === this.#saidNext) this.#say(frame, why)
    if (sink === null) return
    const own = sink.frame
    own.begin()
    own.assignKey(frame.key)
    own.timestamp = frame.timestamp
    own.topic = frame.topic
    own.partition = frame.partition
    own.offset = frame.offset
    const headers = this.#describe(frame, windowEnd)
    own.bytes = headers.writer.buffer
    own.headersStart = 0
    own.headersEnd = headers.writer.length
    own.headerCount = headers.count
    return sink.operator.push(value)
  }

  #describe(frame: Frame, windowEnd: number | null): HeaderWriter {
    const headers = this.#headers
    headers.clear()
    headers.encoded(frame.bytes, frame.headersStart, frame.headersEnd, frame.headerCount)
    if (windowEnd !== null) headers.text('millrace-late-window-end', String(windowEnd))
    headers.text('millrace-late-watermark', String(this.#options.watermark()))
    headers.text('millrace-service', this.#options.service)
    headers.text('millrace-topic', frame.topic)
    headers.text('millrace-partition', String(frame.partition))
    headers.text('millrace-offset', String(frame.offset))
    return headers
  }

  /** The first, and then with every power of ten. */
  #say(frame: Frame, why: string): void {
    const { count } = this
    this.#saidNext *= 10
    const { service, onLog } = this.#options
    onLog({
      level: 'warn',
      service,
      operator: '',
      message:
        `record in ${frame.topic}/${frame.partition}, offset ${frame.offset}: its time ${frame.timestamp} is ` +
        `too late, ${why} and the watermark is ${this.#options.watermark()}; ${count} late so far. ` +
        `A larger watermark.out-of-orderness or grace-period waits for them`
    })
  }
}
