// repartition: after assign-key, keeps a record in its task or sends it to the one that owns its key.
//
//   task a:  … ─ assign-key ─ repartition ─┬─(own)─────────────────────▶ partition steps ─ …
//                                          └─ _millrace.<df>.<svc>.repartition ─┐
//   task b:                                       repartition source ◀──────────┘─▶ partition steps ─ …
//
// A record on its way carries the new key, the value, timestamp and headers, and in front of them one header
// with the topic, partition and offset that it came from, which the functions behind see as theirs.
import { ByteWriter, MillraceError, assert, messageOf } from '../../base/index.ts'
import { VarintReader, partitionForKey } from '../../record/index.ts'
import type { RecordConverter } from '../convert/contract.ts'
import { endsTask } from '../task/failure.ts'
import type { Frame } from '../task/frame.ts'
import { HeaderWriter, type TopicOutput } from '../task/outputs.ts'
import type { RecordFacts, RecordTaker } from '../task/record-facts.ts'
import type { Operator } from './operator.ts'
import type { RecordErrors } from './record-errors.ts'
import { setFrame } from './source.ts'

const ORIGIN_HEADER = 'millrace-origin'

/** How re-keyed records travel. */
export interface RepartitionFormat {
  readonly key: RecordConverter
  readonly value: RecordConverter
}

/** What a repartition is made from. Failures count for assign-key. */
export interface RepartitionParts {
  readonly name: string
  readonly index: number
  readonly task: number
  readonly tasks: number
  readonly format: RepartitionFormat
  readonly output: TopicOutput
  readonly frame: Frame
  readonly errors: RecordErrors
  readonly next: Operator
}

/** Decides by the key's hash; with one task everything stays. */
export class RepartitionOperator implements Operator {
  readonly #parts: RepartitionParts
  readonly #scratch = new ByteWriter()
  readonly #headers = new HeaderWriter()

  constructor(parts: RepartitionParts) {
    assert(parts.output.partitions >= parts.tasks, 'each task has its repartition partition')
    this.#parts = parts
  }

  push(value: unknown): void | Promise<void> {
    const { format, frame, task, tasks, next } = this.#parts
    const scratch = this.#scratch
    scratch.clear()
    try {
      format.key.encode(frame.key, scratch)
      const keyEnd = scratch.length
      const owner = partitionForKey(scratch.buffer, 0, keyEnd, tasks)
      if (owner !== task) return this.#send(value, owner, keyEnd)
    } catch (error) {
      return this.#failed(error)
    }
    return next.push(value)
  }

  #send(value: unknown, owner: number, keyEnd: number): void {
    const { format, frame, output } = this.#parts
    const scratch = this.#scratch
    format.value.encode(value, scratch)
    const headers = this.#headers
    headers.clear()
    headers.text(ORIGIN_HEADER, `${frame.topic} ${frame.partition} ${frame.offset}`)
    headers.encoded(frame.bytes, frame.headersStart, frame.headersEnd, frame.headerCount)
    output.append(
      owner,
      frame.timestamp,
      scratch.buffer,
      0,
      keyEnd,
      scratch.buffer,
      keyEnd,
      scratch.length,
      headers.writer.buffer,
      0,
      headers.writer.length,
      headers.count
    )
  }

  #failed(error: unknown): void {
    if (endsTask(error)) throw error
    const { errors, name, index, frame } = this.#parts
    const text = { message: messageOf(error), place: '' }
    errors.settle({ error, text, operator: name, index, frame, attempts: 1 })
  }
}

/** Where a record that came from another task goes on. */
export class RepartitionSource implements RecordTaker {
  readonly #format: RepartitionFormat
  readonly #frame: Frame
  readonly #next: Operator
  readonly #reader = new VarintReader()

  constructor(format: RepartitionFormat, frame: Frame, next: Operator) {
    this.#format = format
    this.#frame = frame
    this.#next = next
  }

  accept(facts: RecordFacts, topic: string, partition: number): void | Promise<void> {
    const frame = this.#frame
    setFrame(frame, facts, topic, partition)
    this.#takeOrigin(frame)
    frame.assignOwner(this.#format.key.decode(facts.data, facts.keyStart, facts.keyEnd))
    return this.#next.push(this.#format.value.decode(facts.data, facts.valueStart, facts.valueEnd))
  }

  /** Reads the first header and leaves the others as the record's. */
  #takeOrigin(frame: Frame): void {
    assert(frame.headerCount > 0, 'a record on its way to its owner says where it came from')
    const reader = this.#reader
    reader.open(frame.bytes, frame.headersStart, frame.headersEnd)
    const nameLength = reader.signed()
    reader.position += nameLength
    const valueLength = reader.signed()
    const end = reader.position + valueLength
    const [topic, partition, offset] = frame.bytes.toString('utf8', reader.position, end).split(' ')
    frame.topic = topic ?? ''
    frame.partition = Number(partition)
    frame.offset = Number(offset)
    frame.headersStart = end
    frame.headerCount--
  }
}

/** JSON of whatever it is: for values whose type the compiler does not know. */
export const anyJson: RecordConverter = {
  immutable: false,
  fingerprint: 'any-json',
  decode: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as unknown,
  encode(value, into) {
    let text: string | undefined
    try {
      text = JSON.stringify(value)
    } catch (error) {
      throw notJson(messageOf(error))
    }
    if (text === undefined) throw notJson(`it is ${typeof value}`)
    into.utf8(text)
  }
}

function notJson(problem: string): MillraceError {
  return new MillraceError(
    'RECORD_VALUE',
    `a value cannot travel to another task as JSON: ${problem}; expected plain data; ` +
      `declare the function's return type, or return plain data`
  )
}
