// Batches of independent clients: what they wrote we read, what we write is the same bytes, and they read it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import {
  type Compression,
  type RecordHeader,
  checkBatch,
  checkRecords,
  readBatchHeader
} from './index.ts'
import { type PlainRecord, batchOf, recordsOf } from './samples.cases.ts'

interface KafkaPythonGolden {
  readonly records: Record<string, readonly HexRecord[]>
  readonly batches: readonly {
    readonly name: string
    readonly records: string
    readonly compression: Compression
    readonly producerId?: number
    readonly hex: string
  }[]
}

interface HexRecord {
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

const golden = JSON.parse(
  readFileSync(new URL('golden/kafka-python.json', import.meta.url), 'utf8')
) as KafkaPythonGolden

function fromHex(hex: string | null): Buffer | null {
  return hex === null ? null : Buffer.from(hex, 'hex')
}

function plainRecords(name: string): PlainRecord[] {
  return golden.records[name]!.map((record, offset) => ({
    offset,
    timestamp: record.timestamp,
    key: fromHex(record.key),
    value: fromHex(record.value),
    headers: record.headers.map(header => ({ key: header.key, value: fromHex(header.value) }))
  }))
}

for (const { name, records, compression, producerId, hex } of golden.batches) {
  test(`reads what kafka-python wrote: ${name}`, () => {
    const batch = Buffer.from(hex, 'hex')
    const expected = plainRecords(records)
    assert.equal(checkBatch(batch, 0, batch.length), null)
    assert.equal(checkRecords(batch, 0, { contiguous: true }), null)
    assert.deepEqual(recordsOf(batch, 0), expected)
    const header = readBatchHeader(batch, 0)
    assert.deepEqual(header, {
      baseOffset: 0,
      byteLength: batch.length,
      recordCount: expected.length,
      lastOffsetDelta: expected.length - 1,
      firstTimestamp: expected[0]!.timestamp,
      maxTimestamp: Math.max(...expected.map(record => record.timestamp)),
      compression,
      producerId: producerId ?? -1,
      // What kafka-python was given with that producer id.
      producerEpoch: producerId === undefined ? -1 : 3,
      baseSequence: producerId === undefined ? -1 : 17,
      crc: batch.readUInt32BE(17),
      isControl: false,
      isTransactional: producerId !== undefined
    })
  })
}

for (const { name, records, hex } of golden.batches.filter(
  batch => batch.compression === 'none' && batch.producerId === undefined
)) {
  test(`writes the bytes that kafka-python writes: ${name}`, () => {
    assert.equal(batchOf(plainRecords(records)).toString('hex'), hex)
  })
}

// kafkajs has no types for its inside; this is what is used of it.
type KafkaJsHeaders = Record<string, Buffer | string | readonly (Buffer | string)[]>
interface KafkaJsEncoder {
  readonly buffer: Buffer
}
interface KafkaJsRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: KafkaJsHeaders
}
const load = createRequire(import.meta.url)
const inside = (path: string): unknown => load(`kafkajs/src/protocol/${path}`)
const kafkaJsRecord = inside('recordBatch/record/v0') as (record: object) => KafkaJsEncoder
const { RecordBatch: kafkaJsBatch } = inside('recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<KafkaJsEncoder>
}
const KafkaJsDecoder = inside('decoder') as new (bytes: Buffer) => object
const kafkaJsDecode = inside('recordBatch/v0/decoder') as (decoder: object) => Promise<{
  readonly records: readonly KafkaJsRecord[]
  readonly lastOffsetDelta: number
  readonly maxTimestamp: string
}>

/** kafkajs cannot write a null header, so its samples have none. */
const SAMPLES: readonly (readonly [string, readonly PlainRecord[]])[] = [
  ['one record', [sample(0, 1_700_000_000_000, 'key', 'value')]],
  ['nulls', [sample(0, 5, null, 'v'), sample(1, 5, 'k', null), sample(2, 5, null, null)]],
  ['empty key and value', [sample(0, 0, '', '')]],
  [
    'timestamps that go down',
    [sample(0, 9e12, 'a', 'b'), sample(1, 8e12, 'c', 'd'), sample(2, 9.1e12, 'e', 'f')]
  ],
  [
    'unicode',
    [sample(0, 1, 'Mühle', '水車 🌊', [{ key: 'ключ', value: Buffer.from('значение') }])]
  ],
  [
    'headers',
    [
      sample(0, 1, 'k', 'v', [
        { key: 'one', value: Buffer.from([0, 255]) },
        { key: 'two', value: Buffer.alloc(0) },
        { key: 'three', value: Buffer.alloc(200, 7) }
      ])
    ]
  ],
  [
    'lengths around a varint byte',
    [62, 63, 64, 65, 8191, 8192].map((length, offset) =>
      sample(offset, 7, 'k'.repeat(length), 'v'.repeat(length))
    )
  ],
  [
    'many',
    Array.from({ length: 300 }, (_, offset) =>
      sample(offset, 1e12 + offset * 11, `k${offset}`, `value ${offset}`)
    )
  ]
]

function sample(
  offset: number,
  timestamp: number,
  key: string | null,
  value: string | null,
  headers: readonly RecordHeader[] = []
): PlainRecord {
  return { offset, timestamp, key: bytesOf(key), value: bytesOf(value), headers }
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}

async function encodeWithKafkaJs(
  records: readonly PlainRecord[],
  compression = 0
): Promise<Buffer> {
  const firstTimestamp = records[0]!.timestamp
  const batch = await kafkaJsBatch({
    compression,
    firstTimestamp,
    maxTimestamp: Math.max(...records.map(record => record.timestamp)),
    lastOffsetDelta: records.length - 1,
    producerEpoch: -1,
    firstSequence: -1,
    records: records.map(record =>
      kafkaJsRecord({
        offsetDelta: record.offset,
        timestampDelta: record.timestamp - firstTimestamp,
        key: record.key,
        value: record.value,
        headers: Object.fromEntries(record.headers.map(header => [header.key, header.value]))
      })
    )
  })
  return batch.buffer
}

for (const [name, records] of SAMPLES) {
  test(`writes the bytes that kafkajs writes: ${name}`, async () => {
    const theirs = await encodeWithKafkaJs(records)
    assert.equal(batchOf(records).toString('hex'), theirs.toString('hex'))
  })

  test(`reads what kafkajs wrote with gzip: ${name}`, async () => {
    const theirs = await encodeWithKafkaJs(records, 1)
    assert.equal(checkBatch(theirs, 0, theirs.length), null)
    assert.equal(readBatchHeader(theirs, 0).compression, 'gzip')
    assert.deepEqual(recordsOf(theirs, 0), records)
  })

  for (const compression of ['none', 'gzip'] as const) {
    test(`kafkajs reads what we write, ${compression}: ${name}`, async () => {
      const decoded = await kafkaJsDecode(new KafkaJsDecoder(batchOf(records, { compression })))
      assert.equal(decoded.lastOffsetDelta, records.length - 1)
      assert.deepEqual(decoded.records.map(fromKafkaJs), records)
    })
  }
}

function fromKafkaJs(record: KafkaJsRecord): PlainRecord {
  return {
    offset: Number(record.offset),
    timestamp: Number(record.timestamp),
    key: record.key,
    value: record.value,
    headers: Object.entries(record.headers).map(([key, value]) => ({ key, value: value as Buffer }))
  }
}
