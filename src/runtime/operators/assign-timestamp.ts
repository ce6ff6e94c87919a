// assign-timestamp: gives a record its event time, and time its progress.
import { MillraceError } from '../../base/index.ts'
import { TIMESTAMP_MS_MAX } from '../convert/index.ts'
import { after } from '../time/in-turn.ts'
import type { EventTime, TimeInput } from '../time/event-time.ts'
import type { Frame } from '../task/frame.ts'
import { type FunctionParts, FunctionOperator } from './function-operator.ts'
import type { Operator } from './operator.ts'
import type { RecordErrors } from './record-errors.ts'

/** Where the times of one source's records are told. */
export interface TimeProgress {
  readonly time: EventTime
  /** By partition of the source; empty where another service tells the time. */
  readonly inputs: readonly (TimeInput | undefined)[]
  /** The clock as of the current slice. */
  readonly now: { readonly now: number }
}

/** With how far ahead of the clock a time may be. */
export interface AssignTimestampOptions extends TimeProgress {
  readonly futureBoundMs: number
}

/** Calls the function, sets the frame's timestamp, and tells the time once the record is through. */
export class AssignTimestampOperator extends FunctionOperator {
  readonly #options: AssignTimestampOptions

  constructor(parts: FunctionParts, options: AssignTimestampOptions) {
    super(parts)
    this.#options = options
  }

  protected override check(result: unknown): Error | null {
    const { futureBoundMs, now } = this.#options
    if (isTime(result) && result <= now.now + futureBoundMs) return null
    return timeProblem(result, futureBoundMs, now.now, `function ${this.name} gave`)
  }

  protected emit(result: unknown, value: unknown): void | Promise<void> {
    // Hot: per record.
    const { futureBoundMs, now } = this.#options
    if (!isTime(result) || result > now.now + futureBoundMs) return this.reject(result, value)
    this.left()
    const { frame } = this
    const before = frame.timestamp
    const time = Math.floor(result)
    frame.timestamp = time
    const pending = this.next.push(value)
    if (pending !== undefined) {
      return pending.then(() => {
        frame.timestamp = before
        return observe(this.#options, frame.partition, time)
      })
    }
    frame.timestamp = before
    return observe(this.#options, frame.partition, time)
  }
}

/** What a {@link RecordTimeOperator} is made from. */
export interface RecordTimeOptions extends TimeProgress {
  /** null: whatever the time is. */
  readonly futureBoundMs: number | null
  readonly frame: Frame
  readonly next: Operator
  readonly errors: RecordErrors
  /** The source's name and where its counters stand. */
  readonly name: string
  readonly index: number
}

/** Where records have the times with which they were produced: tells them, also of records that are filtered out. */
export class RecordTimeOperator implements Operator {
  readonly #options: RecordTimeOptions
  readonly #frame: Frame
  readonly #next: Operator

  constructor(options: RecordTimeOptions) {
    this.#options = options
    this.#frame = options.frame
    this.#next = options.next
  }

  push(value: unknown): void | Promise<void> {
    // Hot: per record.
    const { timestamp, partition } = this.#frame
    const { futureBoundMs, now } = this.#options
    if (futureBoundMs !== null && !(isTime(timestamp) && timestamp <= now.now + futureBoundMs)) {
      return this.#failed(timeProblem(timestamp, futureBoundMs, now.now, 'the record has'))
    }
    const pending = this.#next.push(value)
    if (pending === undefined) return observe(this.#options, partition, timestamp)
    return pending.then(() => observe(this.#options, partition, timestamp))
  }

  #failed(error: MillraceError): void {
    const { errors, name, index } = this.#options
    const text = { message: error.message, place: '' }
    errors.settle({ error, text, operator: name, index, frame: this.#frame, attempts: 1 })
  }
}

function observe(
  { time, inputs, now }: TimeProgress,
  partition: number,
  reached: number
): void | Promise<void> {
  // Hot: per record.
  const input = inputs[partition]
  if (input === undefined) return
  input.seenMs = now.now
  if (!input.isIdle) return time.observe(input, reached)
  return after(time.setIdle(input, false), () => time.observe(input, reached))
}

function isTime(time: unknown): time is number {
  return typeof time === 'number' && time >= 0 && time <= TIMESTAMP_MS_MAX
}

function timeProblem(
  time: unknown,
  futureBoundMs: number,
  nowMs: number,
  who: string
): MillraceError {
  if (isTime(time)) {
    return new MillraceError(
      'RECORD_TIMESTAMP',
      `${who} the time ${time}, which is ${time - nowMs} ms ahead of the clock; expected at most ${futureBoundMs} ms ` +
        `(watermark.future-bound); correct the time, or raise the bound`
    )
  }
  const given =
    typeof time === 'number' ? String(time) : time === null ? 'null' : `a ${typeof time}`
  return new MillraceError(
    'RECORD_TIMESTAMP',
    `${who} the time ${given}; expected milliseconds since 1970, a number from 0 to ${TIMESTAMP_MS_MAX}; ` +
      `correct assign-timestamp`
  )
}
