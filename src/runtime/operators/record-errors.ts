// What becomes of a record that failed in a service: dead letter, skipped, or the end of the dataflow.
//
// The scope is one service and one record (of a flat-map: one element). Other services, and the element's
// siblings, go on. Dead letters are outputs of the epoch like any other: exactly one per failure.
import { ERROR_MESSAGE_LENGTH_MAX, MillraceError, isMillraceError } from '../../base/index.ts'
import type { ErrorPolicy } from '../../dataflow/plan.ts'
import type { LogLine } from '../contract.ts'
import type { Counters } from '../task/counters.ts'
import { TaskFailure, codeOf } from '../task/failure.ts'
import type { Frame } from '../task/frame.ts'
import { HeaderWriter, type TopicOutput } from '../task/outputs.ts'

/** Lines about failures per operator before only every thousandth is said. */
const LINES_PER_OPERATOR_MAX = 20
const LINES_STRIDE = 1_000

/** An error as people read it: what happened, and where in their file, '' when unknown. */
export interface ErrorText {
  readonly message: string
  readonly place: string
}

/** Which operator failed a record, with what. */
export interface RecordFailure {
  readonly error: unknown
  readonly text: ErrorText
  readonly operator: string
  /** Where the operator's counters stand. */
  readonly index: number
  readonly frame: Frame
  /** How often the function was called. */
  readonly attempts: number
}

/** What {@link RecordErrors} is made from. */
export interface RecordErrorsOptions {
  readonly dataflow: string
  readonly service: string
  readonly policy: ErrorPolicy
  /** Where dead letters go; null with another policy. */
  readonly deadLetters: TopicOutput | null
  readonly counters: Counters
  onLog(line: LogLine): void
}

/** The error policy of one service in one task. */
export class RecordErrors {
  readonly policy: ErrorPolicy
  readonly #options: RecordErrorsOptions
  readonly #headers = new HeaderWriter()

  constructor(options: RecordErrorsOptions) {
    this.#options = options
    this.policy = options.policy
  }

  /** Applies the policy. @throws TaskFailure under `fail` */
  settle(failure: RecordFailure): void {
    const { counters, deadLetters } = this.#options
    counters.failed[failure.index]! += 1
    counters.lastErrorOffset[failure.index] = failure.frame.offset
    if (this.policy.policy === 'fail') throw new TaskFailure(this.#fatal(failure))
    this.#say(failure)
    if (this.policy.policy === 'dead-letter' && deadLetters !== null) {
      this.#bury(failure, deadLetters)
      counters.deadLetters++
    }
  }

  #bury(failure: RecordFailure, deadLetters: TopicOutput): void {
    const { frame } = failure
    const headers = this.#headers
    headers.clear()
    headers.encoded(frame.bytes, frame.headersStart, frame.headersEnd, frame.headerCount)
    this.#describe(failure, headers)
    try {
      this.#append(frame, deadLetters, headers, frame.valueStart)
    } catch (error) {
      if (!isMillraceError(error, 'RECORD_TOO_LARGE')) throw error
      // The value filled a batch and the reasons do not fit beside it: the place in the log remains.
      headers.text('millrace-value-omitted', String(frame.valueEnd - frame.valueStart))
      this.#append(frame, deadLetters, headers, -1)
    }
  }

  #append(frame: Frame, output: TopicOutput, headers: HeaderWriter, valueStart: number): void {
    const { buffer, length } = headers.writer
    output.append(
      0,
      frame.timestamp,
      frame.bytes,
      frame.keyStart,
      frame.keyEnd,
      frame.bytes,
      valueStart,
      valueStart < 0 ? -1 : frame.valueEnd,
      buffer,
      0,
      length,
      headers.count
    )
  }

  #describe({ error, text, operator, frame, attempts }: RecordFailure, into: HeaderWriter): void {
    into.text('millrace-error-code', codeOf(error))
    into.text('millrace-error-message', text.message.slice(0, ERROR_MESSAGE_LENGTH_MAX))
    into.text('millrace-error-place', text.place)
    into.text('millrace-service', this.#options.service)
    into.text('millrace-operator', operator)
    into.text('millrace-topic', frame.topic)
    into.text('millrace-partition', String(frame.partition))
    into.text('millrace-offset', String(frame.offset))
    into.text('millrace-timestamp', String(frame.timestamp))
    into.text('millrace-attempts', String(attempts))
  }

  #say(failure: RecordFailure): void {
    const count = this.#options.counters.failed[failure.index]!
    if (count > LINES_PER_OPERATOR_MAX && count % LINES_STRIDE !== 0) return
    const outcome = this.policy.policy === 'skip' ? 'skipped' : 'dead letter'
    const message = `${sentence(failure)}; ${outcome}, ${count} here so far`
    const { service, onLog } = this.#options
    onLog({ level: 'warn', service, operator: failure.operator, message })
  }

  #fatal(failure: RecordFailure): MillraceError {
    const { dataflow, service } = this.#options
    const { frame, operator, error } = failure
    return new MillraceError(
      'DATAFLOW_FAILED',
      `dataflow ${dataflow} stopped: service ${service}, operator ${operator}: ${sentence(failure)}; ` +
        `its error policy is fail; correct the record or the function, or choose dead-letter or skip`,
      {
        cause: error,
        details: {
          service,
          operator,
          topic: frame.topic,
          partition: frame.partition,
          offset: frame.offset,
          code: codeOf(error)
        }
      }
    )
  }
}

function sentence({ frame, text }: RecordFailure): string {
  const offset = frame.offset < 0 ? 'on its way' : `offset ${frame.offset}`
  const place = text.place === '' ? '' : ` (${text.place})`
  return `record in ${frame.topic}/${frame.partition}, ${offset}: ${text.message}${place}`
}
