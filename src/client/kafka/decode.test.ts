// What of a fetch is given: no marker, nothing that was aborted, nothing below the offset that was asked for.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { decodePartition } from './decode.ts'
import type { Kafka } from './library.ts'

const TRANSACTIONAL = 1 << 4
const CONTROL = 1 << 5

/** A batch of `count` records from `offset` on. */
function batch(offset: number, count: number, producerId = -1, attributes = 0): Kafka.RecordsBatch {
  const records = Array.from({ length: count }, (_, offsetDelta) => ({
    length: 0,
    attributes: 0,
    timestampDelta: BigInt(offsetDelta),
    offsetDelta,
    key: null,
    value: Buffer.from(String(offset + offsetDelta)),
    headers: []
  }))
  return {
    firstOffset: BigInt(offset),
    lastOffsetDelta: count - 1,
    firstTimestamp: 1_000n,
    maxTimestamp: 9_000n,
    producerId: BigInt(producerId),
    attributes,
    records
  } as unknown as Kafka.RecordsBatch
}

const inTransaction = (offset: number, count: number, producer: number): Kafka.RecordsBatch =>
  batch(offset, count, producer, TRANSACTIONAL)

function marker(offset: number, producer: number, isCommit: boolean): Kafka.RecordsBatch {
  const made = batch(offset, 1, producer, TRANSACTIONAL | CONTROL)
  made.records[0]!.key = Buffer.from([0, 0, 0, isCommit ? 1 : 0])
  return made
}

const aborted = (...ranges: readonly (readonly [number, number])[]) =>
  ranges.map(([producer, offset]) => {
    return { producerId: BigInt(producer), firstOffset: BigInt(offset) }
  })

function offsetsOf(
  records: readonly Kafka.RecordsBatch[],
  ranges: ReturnType<typeof aborted> | null,
  { from = 0, isCommitted = true } = {}
): [number[], number] {
  const decoded = decodePartition({ records, abortedTransactions: ranges }, from, isCommitted)
  return [decoded.records.map(record => record.offset), decoded.nextOffset]
}

test('records below the offset are left out, and the next offset is behind the last batch', () => {
  deepStrictEqual(offsetsOf([batch(0, 5), batch(5, 2)], null, { from: 3 }), [[3, 4, 5, 6], 7])
  deepStrictEqual(offsetsOf([], null, { from: 3 }), [[], 3])
})

test('markers are passed over', () => {
  const records = [inTransaction(0, 2, 7), marker(2, 7, true), batch(3, 1)]
  deepStrictEqual(offsetsOf(records, null), [[0, 1, 3], 4])
  deepStrictEqual(offsetsOf([marker(4, 7, false)], null, { from: 4 }), [[], 5])
})

test('aborted records go, those of others in between and later ones of the same producer stay', () => {
  const records = [
    inTransaction(0, 2, 7),
    inTransaction(2, 1, 8),
    inTransaction(3, 1, 7),
    marker(4, 7, false),
    inTransaction(5, 1, 7),
    marker(6, 8, true),
    marker(7, 7, true)
  ]
  deepStrictEqual(offsetsOf(records, aborted([7, 0])), [[2, 5], 8])
})

test('an abort whose marker is not in the answer counts all the same', () => {
  deepStrictEqual(offsetsOf([batch(0, 1), inTransaction(1, 3, 7)], aborted([7, 1])), [[0], 4])
})

test('an abort that began before the answer counts, and one producer may abort twice', () => {
  const records = [
    inTransaction(5, 1, 7),
    marker(6, 7, false),
    inTransaction(7, 1, 7),
    marker(8, 7, true),
    inTransaction(9, 1, 7),
    marker(10, 7, false)
  ]
  deepStrictEqual(offsetsOf(records, aborted([7, 9], [7, 2]), { from: 5 }), [[7], 11])
})

test('who reads uncommitted gets all but the markers', () => {
  const records = [inTransaction(0, 2, 7), marker(2, 7, false)]
  deepStrictEqual(offsetsOf(records, aborted([7, 0]), { isCommitted: false }), [[0, 1], 3])
})

test('a time of the log counts for all records of its batch', () => {
  const stamped = batch(0, 2, -1, 1 << 3)
  const { records } = decodePartition({ records: [stamped], abortedTransactions: null }, 0, true)
  deepStrictEqual(
    records.map(record => record.timestamp),
    [9_000, 9_000]
  )
})
