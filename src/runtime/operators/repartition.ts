// repartition: after assign-key, keeps a record in its task or sends it to the one that owns its key.
//
//   task a:  … ─ assign-key ─ repartition ─┬─(own)─────────────────────▶ partition steps ─ …
//                                          └─ _millrace.<ns>.<df>.<svc>.repartition ─┐
//   task b:                                       repartition source ◀───────────────┘─▶ partition steps ─ …
//
// A record on its way has the assigned key for its key, and carries value, timestamp and headers. In front of them
// stand two headers: one says the topic, partition and offset that it came from, which the functions behind see as
// theirs, and the record's own key as it is by now; the other has the bytes of the key that it came with.
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
import { type TravellingKey, packKey, unpackKey } from './travelling-key.ts'

const ORIGIN_HEADER = 'millrace-origin'
const KEY_HEADER = 'millrace-origin-key'

/** A watermark on its way to another task. */
export interface Mark {
  /** Whose it is. */
  readonly service: string
  readonly task: number
  /** Minus infinity before the first record. */
  readonly watermark: number
  readonly isIdle: boolean
}

/** The value of the first header. */
type Origin = readonly [topic: string, partition: number, offset: number, key: TravellingKey]

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
  /** The task that owns all keys, because windows span them; null where keys are spread. */
  readonly pinned: number | null
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
    const { format, frame, task, tasks, pinned, next } = this.#parts
    const scratch = this.#scratch
    scratch.clear()
    try {
      format.key.encode(frame.owner, scratch)
      const keyEnd = scratch.length
      const owner = pinned ?? partitionForKey(scratch.buffer, 0, keyEnd, tasks)
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
    const origin: Origin = [frame.topic, frame.partition, frame.offset, packKey(frame.key)]
    headers.text(ORIGIN_HEADER, JSON.stringify(origin))
    headers.range(KEY_HEADER, frame.bytes, frame.keyStart, frame.keyEnd)
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
  readonly #takeMark: ((mark: Mark) => void | Promise<void>) | null

  constructor(
    format: RepartitionFormat,
    frame: Frame,
    next: Operator,
    takeMark: ((mark: Mark) => void | Promise<void>) | null
  ) {
    this.#format = format
    this.#frame = frame
    this.#next = next
    this.#takeMark = takeMark
  }

  accept(facts: RecordFacts, topic: string, partition: number): void | Promise<void> {
    // Every record that travels has a key.
    if (facts.keyStart < 0) return this.#takeMark?.(readMark(facts))
    const frame = this.#frame
    setFrame(frame, facts, topic, partition)
    this.#takeOrigin(frame)
    frame.owner = this.#format.key.decode(facts.data, facts.keyStart, facts.keyEnd)
    return this.#next.push(this.#format.value.decode(facts.data, facts.valueStart, facts.valueEnd))
  }

  /** Reads the first two headers and leaves the others as the record's. */
  #takeOrigin(frame: Frame): void {
    assert(frame.headerCount >= 2, 'a record on its way to its owner says where it came from')
    const reader = this.#reader
    reader.open(frame.bytes, frame.headersStart, frame.headersEnd)
    skipText(reader)
    const originLength = reader.signed()
    const originEnd = reader.position + originLength
    const origin = frame.bytes.toString('utf8', reader.position, originEnd)
    const [topic, partition, offset, key] = JSON.parse(origin) as Origin
    reader.position = originEnd
    skipText(reader)
    const keyLength = reader.signed()
    frame.keyStart = keyLength < 0 ? -1 : reader.position
    frame.keyEnd = keyLength < 0 ? -1 : reader.position + keyLength
    frame.headersStart = reader.position + Math.max(0, keyLength)
    frame.headerCount -= 2
    frame.topic = topic
    frame.partition = partition
    frame.offset = offset
    frame.assignKey(unpackKey(key))
  }
}

/**
 * Tells another task how far event time is: behind all records that were sent to it before. A mark has no key; its
 * value is `[task, watermark, idle, service]`, with null for a watermark that has not begun.
 */
export function writeMark(output: TopicOutput, owner: number, mark: Mark): void {
  const { task, watermark, isIdle, service } = mark
  const time = Number.isFinite(watermark) ? watermark : null
  const value = Buffer.from(JSON.stringify([task, time, isIdle, service]))
  output.append(owner, 0, value, -1, -1, value, 0, value.length, value, 0, 0, 0)
}

/** What {@link writeMark} wrote. */
export function readMark({ data, valueStart, valueEnd }: RecordFacts): Mark {
  const [task, time, isIdle, service] = JSON.parse(data.toString('utf8', valueStart, valueEnd)) as [
    number,
    number | null,
    boolean,
    string
  ]
  return { task, watermark: time ?? Number.NEGATIVE_INFINITY, isIdle, service }
}

function skipText(reader: VarintReader): void {
  const length = reader.signed()
  reader.position += length
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
