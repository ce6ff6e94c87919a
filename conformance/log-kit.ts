// What the log's suite is written with: a log under test, records from short texts, and reading everything back.
import assert from 'node:assert/strict'

import { isMillraceError, type SimulatedClock } from '../src/base/index.ts'
import type { CommitBatch, Log, WaitPosition } from '../src/log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../src/record/index.ts'

/** One log for one test. */
export interface LogFixture {
  readonly log: Log
  /** Closes the log, if it is not, and opens what it left behind. Only asked for when `durable`. */
  readonly reopen?: () => Promise<Log>
  readonly dispose: () => Promise<void>
}

/** What the suite wants of the log that a factory makes. */
export interface LogFactoryOptions {
  readonly clock: SimulatedClock
  /** Size from which a log that stores files seals one; small, so that a test reaches several. */
  readonly fileBytesTarget: number
}

/** Makes a log without topics; called once per test. */
export type LogFactory = (options: LogFactoryOptions) => Promise<LogFixture>

/** What an implementation can do beyond the contract's core. */
export interface LogCapabilities {
  /** It can be opened again and still knows everything. */
  readonly durable: boolean
}

/** What a test works on. */
export interface LogWorld {
  log: Log
  readonly clock: SimulatedClock
  /** Opens the log again; `log` is the new one. */
  readonly reopen: () => Promise<void>
}

/** Declares one test of the suite. */
export type Declare = (sentence: string, body: (world: LogWorld) => Promise<void>) => void

/** A record as tests write and compare it. */
export interface TestRecord {
  readonly key?: string | null
  readonly value: string | null
  readonly timestamp?: number
}

/** A record as read back. */
export interface FoundRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

/** One batch of records; a text is a record with that value, no key, and timestamp 0. */
export function batchOf(...records: readonly (string | TestRecord)[]): Buffer {
  const builder = new BatchBuilder()
  for (const record of records) {
    const {
      key = null,
      value,
      timestamp = 0
    } = typeof record === 'string' ? { value: record } : record
    builder.append(timestamp, bytesOf(key), bytesOf(value))
  }
  return builder.build()
}

/** A batch and where it goes. */
export function to(
  topic: string,
  partition: number,
  ...records: readonly (string | TestRecord)[]
): CommitBatch {
  return { topic, partition, batch: batchOf(...records) }
}

/** Appends records to partition 0 as one batch; gives the base offset. */
export async function append(
  log: Log,
  topic: string,
  ...records: readonly (string | TestRecord)[]
): Promise<number> {
  const { baseOffsets } = await log.commit({ batches: [to(topic, 0, ...records)], offsets: [] })
  return baseOffsets[0]!
}

/** Everything from `offset` on that a reader sees, following `nextOffset` to the end. */
export async function readAll(
  log: Log,
  topic: string,
  options: {
    readonly partition?: number
    readonly offset?: number
    readonly bytesMax?: number
  } = {}
): Promise<FoundRecord[]> {
  const { partition = 0, offset: from = 0, bytesMax = 1000 } = options
  const found: FoundRecord[] = []
  let offset = from
  for (;;) {
    const result = await log.read({ topic, partition, offset, bytesMax })
    for (const record of recordsOf(result.bytes)) {
      if (record.offset >= from && record.offset >= result.startOffset) found.push(record)
    }
    if (result.nextOffset === result.endOffset) return found
    assert.ok(result.nextOffset > offset, 'a read before the end gets on')
    offset = result.nextOffset
  }
}

/** The records of whole batches. */
export function recordsOf(bytes: Uint8Array): FoundRecord[] {
  const found: FoundRecord[] = []
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) {
      found.push({
        offset: cursor.offset,
        key: cursor.key()?.toString() ?? null,
        value: cursor.value()?.toString() ?? null,
        timestamp: cursor.timestamp
      })
    }
  }
  return found
}

/** Only the values. */
export async function valuesOf(
  log: Log,
  topic: string,
  options: {
    readonly partition?: number
    readonly offset?: number
    readonly bytesMax?: number
  } = {}
): Promise<(string | null)[]> {
  return (await readAll(log, topic, options)).map(record => record.value)
}

/** Writes enough elsewhere that what was appended before stands in a sealed file. */
export async function fillFile(log: Log): Promise<void> {
  const topics = await log.listTopics({ internal: true })
  if (!topics.some(topic => topic.name === 'filler')) await log.createTopic('filler')
  for (let round = 0; round < 2; round++) await append(log, 'filler', 'x'.repeat(FILE_BYTES_TARGET))
}

/** See {@link LogFactoryOptions.fileBytesTarget}. */
export const FILE_BYTES_TARGET = 4096

/** Start and end of a partition. */
export async function boundsOf(log: Log, topic: string, partition = 0): Promise<[number, number]> {
  const { status } = await log.describeTopic(topic)
  const { startOffset, endOffset } = status.partitions[partition]!
  return [startOffset, endOffset]
}

/** Checks that `promise` rejects with the code. */
export async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => assert.fail(`it should reject with ${code} and resolved`),
    (reason: unknown) => reason
  )
  assert.ok(isMillraceError(error, code), `expected ${code}, found ${String(error)}`)
}

/** Whether a promise has settled after everything that runs by itself has run. */
export async function isSettled(
  promise: Promise<unknown>,
  clock: SimulatedClock
): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  for (let turn = 0; turn < 5; turn++) await clock.yield()
  return settled
}

/** A position to wait for in partition 0. */
export function at(topic: string, offset: number): WaitPosition {
  return { topic, partition: 0, offset }
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}
