// Records that came too late for all their windows: counted, said, and kept in a topic if the file names one.
import type { LogLine } from '../contract.ts'
import type { Frame } from '../task/frame.ts'
import { HeaderWriter } from '../task/outputs.ts'
import type { Operator } from './operator.ts'

/** What {@link LateRecords} are made from. */
export interface LateOptions {
  readonly service: string
  /** Where they go: a sink with a frame of its own; null where they are only counted. */
  readonly sink: { readonly frame: Frame; readonly operator: Operator } | null
  /** The watermark as of now. */
  watermark(): number
  onLog(line: LogLine): void
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
    this.count++
    if (this.count === this.#saidNext) this.#say(frame, windowEnd)
    const { sink } = this.#options
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

  #describe(frame: Frame, windowEnd: number): HeaderWriter {
    const headers = this.#headers
    headers.clear()
    headers.encoded(frame.bytes, frame.headersStart, frame.headersEnd, frame.headerCount)
    headers.text('millrace-late-window-end', String(windowEnd))
    headers.text('millrace-late-watermark', String(this.#options.watermark()))
    headers.text('millrace-service', this.#options.service)
    headers.text('millrace-topic', frame.topic)
    headers.text('millrace-partition', String(frame.partition))
    headers.text('millrace-offset', String(frame.offset))
    return headers
  }

  /** The first, and then with every power of ten. */
  #say(frame: Frame, windowEnd: number): void {
    const { count } = this
    this.#saidNext *= 10
    const { service, onLog } = this.#options
    onLog({
      level: 'warn',
      service,
      operator: '',
      message:
        `record in ${frame.topic}/${frame.partition}, offset ${frame.offset}: its time ${frame.timestamp} is ` +
        `too late, its window ended at ${windowEnd} and the watermark is ${this.#options.watermark()}; ` +
        `${count} late so far. ` +
        `A larger watermark.out-of-orderness or grace-period waits for them`
    })
  }
}
