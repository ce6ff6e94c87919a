// sink: encodes a value into its topic, and hands the record on where this task also reads that topic.
//
//   K1  Where only filters stand between source and sink and the converters agree, the value's original
//       bytes are written; the key's, where no function gave another.
//   K2  A record for a partition that this task owns of a topic that its dataflow reads is processed at once
//       (depth first), and stands in the log in a batch with the task's marker, to be skipped when read.
import { ByteWriter, MillraceError, messageOf } from '../../base/index.ts'
import { partitionForKey } from '../../record/index.ts'
import type { RecordConverter } from '../convert/contract.ts'
import type { Counters } from '../task/counters.ts'
import { endsTask } from '../task/failure.ts'
import type { Frame } from '../task/frame.ts'
import type { TopicOutput } from '../task/outputs.ts'
import type { RecordFacts, RecordTaker } from '../task/record-facts.ts'
import type { Operator } from './operator.ts'
import type { RecordErrors } from './record-errors.ts'

/** What a sink is made from. */
export interface SinkParts {
  readonly name: string
  readonly output: TopicOutput
  readonly converter: RecordConverter
  readonly keyConverter: RecordConverter
  /** Whether the value's original bytes are what encoding would give (K1). */
  readonly passesValue: boolean
  /** The same for the record's own key. */
  readonly passesKey: boolean
  /** The function's type where the key is an id, which every record needs; null for topics. */
  readonly target: string | null
  /** The task's own readers of the topic; null where records take the way over the log. */
  readonly readers: RecordTaker | null
  /** Whether this task owns a partition of a topic that it reads. */
  owns(partition: number): boolean
  readonly frame: Frame
  readonly counters: Counters
  readonly index: number
  readonly errors: RecordErrors
}

/** Writes values to one topic. */
export class SinkOperator implements Operator {
  readonly #parts: SinkParts
  readonly #frame: Frame
  readonly #output: TopicOutput
  readonly #counters: Counters
  readonly #index: number
  /** Value, then key, then headers of the record being made. Own to the sink: R5 keeps it from being re-entered. */
  readonly #scratch = new ByteWriter()
  readonly #facts = new MadeRecord()

  constructor(parts: SinkParts) {
    this.#parts = parts
    this.#frame = parts.frame
    this.#output = parts.output
    this.#counters = parts.counters
    this.#index = parts.index
  }

  push(value: unknown): void | Promise<void> {
    // Hot: per record.
    const counters = this.#counters
    const parts = this.#parts
    const facts = this.#facts
    counters.in[this.#index]! += 1
    let partition: number
    try {
      this.#encode(value)
      if (facts.keyStart < 0 && parts.target !== null) throw noId(parts.target)
      partition = this.#partition()
      this.#write(partition)
    } catch (error) {
      return this.failed(error)
    }
    counters.out[this.#index]! += 1
    counters.recordsOut += 1
    if (parts.readers === null || !parts.owns(partition)) return
    return parts.readers.accept(
      facts.whole(this.#frame, this.#scratch),
      this.#output.topic,
      partition
    )
  }

  /** It looks at no field where it writes the original bytes. */
  addFieldsRead(): boolean {
    return this.#parts.passesValue
  }

  /** Gives a failing value to the service's policy. */
  failed(error: unknown): void {
    if (endsTask(error)) throw error
    const { errors, name, index } = this.#parts
    const text = { message: messageOf(error), place: '' }
    errors.settle({ error, text, operator: name, index, frame: this.#frame, attempts: 1 })
  }

  /** Notes where value and key of the record stand: in the frame's bytes or in the scratch. */
  #encode(value: unknown): void {
    const { passesValue, passesKey, converter, keyConverter } = this.#parts
    const frame = this.#frame
    const facts = this.#facts
    const scratch = this.#scratch
    scratch.clear()
    if (passesValue) {
      facts.valueInFrame = true
      facts.valueStart = frame.valueStart
      facts.valueEnd = frame.valueEnd
    } else {
      converter.encode(value, scratch)
      facts.valueInFrame = false
      facts.valueStart = 0
      facts.valueEnd = scratch.length
    }
    facts.keyInFrame = !frame.rekeyed && (passesKey || frame.keyStart < 0)
    if (facts.keyInFrame) {
      facts.keyStart = frame.keyStart
      facts.keyEnd = frame.keyEnd
    } else if (frame.key === null) {
      facts.keyStart = facts.keyEnd = -1
    } else {
      facts.keyStart = scratch.length
      keyConverter.encode(frame.key, scratch)
      facts.keyEnd = scratch.length
    }
  }

  /** By the key where there is one, else beside the input's partition. */
  #partition(): number {
    const { partitions } = this.#output
    const { keyStart, keyEnd, keyInFrame } = this.#facts
    if (partitions === 1) return 0
    if (keyStart < 0) return this.#frame.partition % partitions
    const bytes = keyInFrame ? this.#frame.bytes : this.#scratch.buffer
    return partitionForKey(bytes, keyStart, keyEnd, partitions)
  }

  #write(partition: number): void {
    const frame = this.#frame
    const facts = this.#facts
    const { buffer } = this.#scratch
    this.#output.append(
      partition,
      frame.timestamp,
      facts.keyInFrame ? frame.bytes : buffer,
      facts.keyStart,
      facts.keyEnd,
      facts.valueInFrame ? frame.bytes : buffer,
      facts.valueStart,
      facts.valueEnd,
      frame.bytes,
      frame.headersStart,
      frame.headersEnd,
      frame.headerCount
    )
  }
}

function noId(target: string): MillraceError {
  return new MillraceError(
    'FUNCTION_ID_NULL',
    `a message to ${target} has no id: the record has no key; expected one; add assign-id, or write records with a key`
  )
}

/** The record that a sink has just made, for the readers of its topic in the same task. */
class MadeRecord implements RecordFacts {
  data: Buffer = Buffer.alloc(0)
  /** Not in the log yet. */
  readonly offset = -1
  timestamp = 0
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  headersStart = 0
  headersEnd = 0
  headerCount = 0
  keyInFrame = false
  valueInFrame = false

  /** Brings all ranges into one buffer and gives the record. */
  whole(frame: Frame, scratch: ByteWriter): RecordFacts {
    this.timestamp = frame.timestamp
    this.headerCount = frame.headerCount
    this.headersStart = frame.headersStart
    this.headersEnd = frame.headersEnd
    if (this.valueInFrame && this.keyInFrame) {
      this.data = frame.bytes
      return this
    }
    if (this.valueInFrame) {
      const start = scratch.length
      scratch.bytes(frame.bytes, this.valueStart, this.valueEnd)
      this.valueStart = start
      this.valueEnd = scratch.length
    }
    if (this.keyInFrame && this.keyStart >= 0) {
      const start = scratch.length
      scratch.bytes(frame.bytes, this.keyStart, this.keyEnd)
      this.keyStart = start
      this.keyEnd = scratch.length
    }
    if (frame.headerCount > 0) {
      this.headersStart = scratch.length
      scratch.bytes(frame.bytes, frame.headersStart, frame.headersEnd)
      this.headersEnd = scratch.length
    }
    this.data = scratch.buffer
    return this
  }
}
