// source: where a service takes a topic's records: sets the frame and decodes the value.
import { MillraceError, messageOf } from '../../base/index.ts'
import type { RecordConverter } from '../convert/contract.ts'
import type { Counters } from '../task/counters.ts'
import { Abandoned, endsTask } from '../task/failure.ts'
import type { Frame } from '../task/frame.ts'
import type { RecordFacts, RecordTaker } from '../task/record-facts.ts'
import type { Operator } from './operator.ts'
import type { RecordErrors } from './record-errors.ts'

/** Nobody ends the wait. */
const NEVER: AbortSignal = new AbortController().signal

/** What a source is made from. */
export interface SourceParts {
  readonly name: string
  readonly converter: RecordConverter
  /** What a record without a value reads as; undefined where that fails the record. */
  readonly absent: unknown
  readonly frame: Frame
  readonly counters: Counters
  readonly index: number
  readonly errors: RecordErrors
  readonly next: Operator
  /** Ends waits of a task that stops. */
  readonly signal?: AbortSignal
}

/** Sets the frame from a record and pushes its value. */
export class SourceOperator implements RecordTaker {
  readonly #parts: SourceParts
  readonly #frame: Frame
  readonly #converter: RecordConverter
  readonly #next: Operator
  readonly #in: Float64Array
  readonly #out: Float64Array
  readonly #index: number

  constructor(parts: SourceParts) {
    this.#parts = parts
    this.#frame = parts.frame
    this.#converter = readerOf(parts)
    this.#next = parts.next
    this.#in = parts.counters.in
    this.#out = parts.counters.out
    this.#index = parts.index
  }

  accept(facts: RecordFacts, topic: string, partition: number): void | Promise<void> {
    // Hot: per record.
    const frame = this.#frame
    setFrame(frame, facts, topic, partition)
    this.#in[this.#index]! += 1
    if (facts.valueStart >= 0) {
      const { prepare } = this.#converter
      if (prepare === undefined) return this.#decode(facts)
      const { data, valueStart, valueEnd } = facts
      const wait = prepare(data, valueStart, valueEnd, this.#parts.signal ?? NEVER)
      return wait === null ? this.#decode(facts) : this.#later(wait, facts)
    }
    const value = this.#parts.absent
    if (value === undefined) return this.#failed(noValue())
    this.#out[this.#index]! += 1
    return this.#next.push(value)
  }

  /** Goes on when what the bytes need is there. The task waits: nothing else moves, nothing is lost. */
  async #later(wait: Promise<void>, facts: RecordFacts): Promise<void> {
    await wait.catch((error: unknown) => {
      if (this.#parts.signal?.aborted === true) throw new Abandoned()
      throw error
    })
    return this.#decode(facts)
  }

  #decode(facts: RecordFacts): void | Promise<void> {
    let value: unknown
    try {
      value = this.#converter.decode(facts.data, facts.valueStart, facts.valueEnd)
    } catch (error) {
      return this.#failed(error)
    }
    this.#out[this.#index]! += 1
    return this.#next.push(value)
  }

  #failed(error: unknown): void {
    if (endsTask(error)) throw error
    const { errors, name, index } = this.#parts
    const text = { message: messageOf(error), place: '' }
    errors.settle({ error, text, operator: name, index, frame: this.#frame, attempts: 1 })
  }
}

/** A converter that makes only the fields which anybody behind the source reads, where those are known. */
function readerOf({ converter, next }: SourceParts): RecordConverter {
  const fields = new Set<string>()
  const isKnown = converter.reading !== undefined && next.addFieldsRead?.(fields) === true
  return isKnown ? converter.reading!(fields) : converter
}

/** Copies a record's facts into a frame. */
export function setFrame(frame: Frame, facts: RecordFacts, topic: string, partition: number): void {
  frame.bytes = facts.data
  frame.keyStart = facts.keyStart
  frame.keyEnd = facts.keyEnd
  frame.valueStart = facts.valueStart
  frame.valueEnd = facts.valueEnd
  frame.headersStart = facts.headersStart
  frame.headersEnd = facts.headersEnd
  frame.headerCount = facts.headerCount
  frame.timestamp = facts.timestamp
  frame.offset = facts.offset
  frame.topic = topic
  frame.partition = partition
  frame.begin()
}

function noValue(): MillraceError {
  return new MillraceError(
    'RECORD_UNDECODABLE',
    'the record has no value (a tombstone); expected a value of the type that the topic declares'
  )
}
