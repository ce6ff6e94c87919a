// Codecs, a changelog in memory and a task around both, for the tests and benches of this folder.
import { SimulatedClock, type ByteWriter, type Clock, MillraceError } from '../base/index.ts'
import type { ReadResult } from '../log/index.ts'
import {
  BatchBuilder,
  RecordCursor,
  batchBaseOffset,
  batchLastOffset,
  setBaseOffset
} from '../record/index.ts'
import type {
  KeyCodec,
  SealedState,
  StateKey,
  StateSpec,
  StateStore,
  TaskState,
  ValueCodec
} from './contract.ts'
import { type ChangelogSource, type TaskStateOptions, openTaskState } from './recovery.ts'

/** Keys that are text. */
export const stringKeys: KeyCodec = {
  encode: (key, sink) => void sink.utf8(key as string),
  decode: (bytes, start, end) => bufferOn(bytes).toString('utf8', start, end),
  check: key => key as StateKey
}

/** Values that are any number. */
export const f64Values: ValueCodec<number> = {
  encode: (value, sink) => sink.f64be(value),
  decode: (bytes, start) => bufferOn(bytes).readDoubleBE(start),
  zero: () => 0,
  copy: value => value,
  check: value => value as number,
  size: () => 0
}

/** Values that are mutable objects, as JSON. */
export const jsonValues: ValueCodec = {
  encode: (value, sink: ByteWriter) => void sink.utf8(JSON.stringify(value)),
  decode: (bytes, start, end) =>
    JSON.parse(bufferOn(bytes).toString('utf8', start, end)) as unknown,
  zero: () => ({}),
  copy: value => structuredClone(value),
  check: value => value,
  size: value => JSON.stringify(value).length * 2
}

function bufferOn(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A state of text keys and numbers. */
export function numbersSpec(name: string, fingerprint = 'string→f64'): StateSpec {
  return { name, key: stringKeys, value: f64Values as ValueCodec, fingerprint }
}

/** A state of text keys and objects. */
export function objectsSpec(name: string): StateSpec {
  return { name, key: stringKeys, value: jsonValues, fingerprint: 'string→json' }
}

/** A changelog: batches appended become readable at once. */
export class MemoryChangelog implements ChangelogSource {
  readonly batches: Buffer[] = []
  endOffset = 0
  reads = 0
  readonly #bytesMax: number

  constructor(bytesMax: number = 1024 * 1024) {
    this.#bytesMax = bytesMax
  }

  /** Appends; gives the offset after the last record. */
  append(batches: readonly Uint8Array[]): number {
    for (const batch of batches) {
      const copy = Buffer.from(batch)
      setBaseOffset(copy, 0, this.endOffset)
      this.batches.push(copy)
      this.endOffset = batchLastOffset(copy, 0) + 1
    }
    return this.endOffset
  }

  /** Appends one record as it is. */
  appendRaw(key: Uint8Array, value: Uint8Array | null): void {
    const builder = new BatchBuilder()
    builder.append(0, key, value)
    this.append([builder.build()])
  }

  /** Removes the records whose key `test` picks, as compaction would: offsets stay, the end too. */
  drop(test: (key: Buffer) => boolean): void {
    const cursor = new RecordCursor()
    const kept: Buffer[] = []
    for (const batch of this.batches) {
      cursor.open(batch, 0)
      while (cursor.next()) {
        if (test(cursor.key()!)) continue
        const builder = new BatchBuilder()
        builder.append(cursor.timestamp, cursor.key(), cursor.value())
        const single = builder.build()
        setBaseOffset(single, 0, cursor.offset)
        kept.push(single)
      }
    }
    this.batches.splice(0, this.batches.length, ...kept)
  }

  async read(offset: number): Promise<ReadResult> {
    this.reads++
    if (offset > this.endOffset) throw new MillraceError('OFFSET_OUT_OF_RANGE', `offset ${offset}`)
    let first = 0
    let high = this.batches.length
    while (first < high) {
      const middle = (first + high) >>> 1
      if (batchLastOffset(this.batches[middle]!, 0) < offset) first = middle + 1
      else high = middle
    }
    const found: Buffer[] = []
    let bytes = 0
    let nextOffset = offset
    for (let index = first; index < this.batches.length; index++) {
      const batch = this.batches[index]!
      if (found.length > 0 && bytes + batch.length > this.#bytesMax) break
      found.push(batch)
      bytes += batch.length
      nextOffset = batchLastOffset(batch, 0) + 1
    }
    return { bytes: Buffer.concat(found), nextOffset, startOffset: 0, endOffset: this.endOffset }
  }

  /** The first offset of each batch. */
  get baseOffsets(): readonly number[] {
    return this.batches.map(batch => batchBaseOffset(batch, 0))
  }
}

/** Opens a task state with a simulated clock and what `options` says. */
export function openTask(
  store: StateStore,
  changelog: ChangelogSource,
  options: Partial<TaskStateOptions> = {}
): Promise<TaskState> {
  const clock: Clock = new SimulatedClock()
  return openTaskState({ specs: [numbersSpec('s.n')], store, changelog, clock, ...options })
}

/** Seals, appends to the changelog and reports it as committed. */
export function commit(task: TaskState, changelog: MemoryChangelog, timestampMs = 0): SealedState {
  const sealed = task.seal(timestampMs)
  task.committed(sealed.epoch, changelog.append(sealed.batches))
  return sealed
}
