// What becomes of a message that cannot be processed: a record with its bytes and the reason as headers.
//
// Dead letters are outputs of the epoch like any other: exactly one per failure.
import {
  ERROR_MESSAGE_LENGTH_MAX,
  MillraceError,
  isMillraceError,
  messageOf
} from '../../../base/index.ts'
import type { LogLine } from '../../../runtime/contract.ts'
import { HeaderWriter, type RecordFacts, type TopicOutput } from '../../../runtime/task/index.ts'
import type { Envelope } from '../envelope.ts'
import { keyOf } from '../envelope.ts'

/** Lines about failures per function type before only every thousandth is said. */
const LINES_MAX = 20
const LINES_STRIDE = 1_000
/** Function types are counted one by one up to so many: messages may name any number of those that are none. */
const SUBJECTS_MAX = 1_000
const OTHERS = 'others'
/** The request that a dead letter comes of, when others of its messages are on their way, and when none is. */
export const REQUEST_HEADER = 'millrace-request'
export const LAST_REQUEST_HEADER = 'millrace-request-ended'
const NO_BYTES: Uint8Array = new Uint8Array(0)

/** Why a message was not processed. */
export interface Failure {
  readonly error: unknown
  readonly attempts: number
  /** Whether no other message of its request is on its way. */
  readonly isLast: boolean
}

/** What {@link DeadLetters} is made from. */
export interface DeadLettersOptions {
  readonly app: string
  readonly output: TopicOutput
  onLog(line: LogLine): void
}

/** The dead letters of one task. */
export class DeadLetters {
  /** How many there were. */
  count = 0
  readonly #options: DeadLettersOptions
  readonly #headers = new HeaderWriter()
  readonly #lines = new Map<string, number>()

  constructor(options: DeadLettersOptions) {
    this.#options = options
  }

  /** Buries a message that its function could not process; `now` is the record's time where it has none. */
  message(envelope: Envelope, { error, attempts, isLast }: Failure, now: number): void {
    const { target, caller, argument, feed, origin, request } = envelope
    const headers = this.#headers
    const typename = `${target.namespace}/${target.type}`
    headers.clear()
    if (origin !== null) {
      headers.encoded(origin.headers, 0, origin.headers.length, origin.headerCount)
    }
    this.#reason(error, attempts)
    headers.text('millrace-function', typename)
    headers.text('millrace-id', target.id)
    headers.text('millrace-value-type', argument.typename)
    if (caller !== null) headers.text('millrace-caller', keyOf(caller))
    if (request !== null) headers.text(isLast ? LAST_REQUEST_HEADER : REQUEST_HEADER, request)
    if (feed !== null && origin !== null) {
      this.#place(feed.topic, feed.partition, origin.offset, origin.timestamp)
    }
    const key = Buffer.from(target.id)
    const { bytes } = argument
    const timestamp = origin === null ? now : origin.timestamp
    this.#append(timestamp, key, 0, key.length, bytes, 0, bytes.length)
    this.#say(typename, `message to ${typename} with id ${short(target.id)}`, error)
  }

  /** Buries a record of an ingress that made no message. */
  record(facts: RecordFacts, topic: string, partition: number, error: unknown): void {
    const headers = this.#headers
    const { data } = facts
    headers.clear()
    headers.encoded(data, facts.headersStart, facts.headersEnd, facts.headerCount)
    this.#reason(error, 1)
    this.#place(topic, partition, facts.offset, facts.timestamp)
    const { keyStart, keyEnd, valueStart, valueEnd } = facts
    this.#append(facts.timestamp, data, keyStart, keyEnd, data, valueStart, valueEnd)
    const offset = facts.offset < 0 ? '' : `, offset ${facts.offset}`
    this.#say(`ingress/${topic}`, `record in ${topic}/${partition}${offset}`, error)
  }

  #reason(error: unknown, attempts: number): void {
    const headers = this.#headers
    headers.text('millrace-error-code', codeOf(error))
    headers.text('millrace-error-message', messageOf(error).slice(0, ERROR_MESSAGE_LENGTH_MAX))
    headers.text('millrace-application', this.#options.app)
    headers.text('millrace-attempts', String(attempts))
  }

  #place(topic: string, partition: number, offset: number, timestamp: number): void {
    const headers = this.#headers
    headers.text('millrace-topic', topic)
    headers.text('millrace-partition', String(partition))
    if (offset >= 0) headers.text('millrace-offset', String(offset))
    headers.text('millrace-timestamp', String(timestamp))
  }

  #append(
    timestamp: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number
  ): void {
    const { output } = this.#options
    const headers = this.#headers
    const append = (from: number, to: number) =>
      output.append(
        0,
        timestamp,
        key,
        keyStart,
        keyEnd,
        from < 0 ? NO_BYTES : value,
        from,
        to,
        headers.writer.buffer,
        0,
        headers.writer.length,
        headers.count
      )
    this.count++
    try {
      append(valueStart, valueEnd)
    } catch (error) {
      if (!isMillraceError(error, 'RECORD_TOO_LARGE')) throw error
      // The value filled a batch and the reasons do not fit beside it: the place in the log remains.
      headers.text('millrace-value-omitted', String(valueEnd - valueStart))
      append(-1, -1)
    }
  }

  #say(named: string, what: string, error: unknown): void {
    const isCounted = this.#lines.has(named) || this.#lines.size < SUBJECTS_MAX
    const subject = isCounted ? named : OTHERS
    const count = (this.#lines.get(subject) ?? 0) + 1
    this.#lines.set(subject, count)
    if (count > LINES_MAX && count % LINES_STRIDE !== 0) return
    const { app, onLog } = this.#options
    const message = `${what}: ${messageOf(error)}; dead letter, ${count} here so far`
    onLog({ level: 'warn', service: app, operator: subject, message })
  }
}

/** The stable code of what failed a message. */
function codeOf(error: unknown): string {
  return error instanceof MillraceError ? error.code : 'FUNCTION_FAILED'
}

function short(id: string): string {
  return JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id)
}
