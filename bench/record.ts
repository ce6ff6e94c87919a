// Benches of src/record: encoding, walking and checking batches, checksums, compression, key hashes.
import { readFileSync } from 'node:fs'
import { crc32, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

import {
  BatchBuilder,
  RecordCursor,
  checkBatch,
  crc32c,
  crc32cPortable,
  partitionForKey
} from '../src/record/index.ts'
import { Suite } from './harness.ts'

const KEY_BYTES = 16
const VALUE_BYTES = 100
const STRIDE = KEY_BYTES + VALUE_BYTES
const RECORDS = 2_000
const BATCHES = 60
/** Records of one run: tens of milliseconds. */
const COUNT = RECORDS * BATCHES
const EMPTY = Buffer.alloc(0)
const source = Buffer.from(Array.from({ length: RECORDS * STRIDE }, (_, at) => (at * 31) & 0xff))

const suite = new Suite('record', {
  about:
    `batches of ${RECORDS} records with keys of ${KEY_BYTES} bytes and values of ${VALUE_BYTES} ` +
    '(about 250 KB), one thread',
  notMeasured: [
    'Batches of very small or very large records, and records with many headers.',
    'Snappy and LZ4 against their native libraries, which are not installed.'
  ]
})

const records = { unit: 'records', count: COUNT }
const builder = new BatchBuilder()
let batch: Buffer = EMPTY

function encodeRanges(): void {
  for (let round = 0; round < BATCHES; round++) {
    for (let at = 0; at < source.length; at += STRIDE) {
      const cut = at + KEY_BYTES
      const end = at + STRIDE
      builder.appendRange(1.7e12 + at, source, at, cut, source, cut, end, EMPTY, 0, 0, 0)
    }
    batch = builder.build()
  }
}

function encodeClear(): void {
  for (let round = 0; round < BATCHES; round++) {
    for (let at = 0; at < source.length; at += STRIDE) {
      const cut = at + KEY_BYTES
      builder.append(1.7e12 + at, source.subarray(at, cut), source.subarray(cut, at + STRIDE))
    }
    batch = builder.build()
  }
}

let sink = 0

/** What encoding cannot be faster than: the same bytes in the same portions, and their checksum. */
function copyOnly(): void {
  for (let round = 0; round < BATCHES; round++) {
    const into = Buffer.allocUnsafeSlow(source.length)
    for (let at = 0; at < source.length; at += STRIDE) {
      source.copy(into, at, at, at + KEY_BYTES)
      source.copy(into, at + KEY_BYTES, at + KEY_BYTES, at + STRIDE)
    }
    sink ^= crc32c(into)
  }
}

const copying = { name: 'copy keys and values, checksum', run: copyOnly }
await suite.measure('encode ranges', { ...records, ceiling: copying, goal: 5e6 }, encodeRanges)
await suite.measure('encode, clear form', { ...records, ceiling: copying }, encodeClear)

/** What walking cannot be faster than: the seven numbers of a record, one byte each, at known places. */
function readKnownPlaces(): void {
  for (let round = 0; round < BATCHES; round++) {
    for (let at = 0; at < source.length; at += STRIDE) {
      sink ^= source[at]! ^ source[at + 2]! ^ source[at + 3]! ^ source[at + 4]! ^ source[at + 5]!
      sink ^= source[at + 22]! ^ source[at + 115]!
    }
  }
}

const cursor = new RecordCursor()

function walk(): void {
  for (let round = 0; round < BATCHES; round++) {
    cursor.open(batch, 0)
    while (cursor.next()) sink ^= cursor.valueEnd - cursor.valueStart
  }
}

function checkAndWalk(): void {
  for (let round = 0; round < BATCHES; round++) {
    if (checkBatch(batch, 0, batch.length) !== null) throw new Error('the batch is damaged')
    cursor.open(batch, 0)
    while (cursor.next()) sink ^= cursor.valueEnd - cursor.valueStart
  }
}

function walkWithViews(): void {
  for (let round = 0; round < BATCHES; round++) {
    cursor.open(batch, 0)
    while (cursor.next()) sink ^= cursor.key()!.length ^ cursor.value()!.length
  }
}

/** What checking cannot be faster than. */
function sumOnly(): void {
  for (let round = 0; round < BATCHES; round++) sink ^= crc32c(batch)
}

const summing = { name: 'checksum of the batch', run: sumOnly }
const knowing = { name: 'read 7 bytes a record at known places', run: readKnownPlaces }
await suite.measure('walk', { ...records, ceiling: knowing, goal: 15e6 }, walk)
await suite.measure('check and walk', { ...records, ceiling: summing }, checkAndWalk)
await suite.measure('walk, key and value as views', records, walkWithViews)

const keys = { unit: 'keys', count: COUNT }
await suite.measure('partition of a 16-byte key', keys, () => {
  for (let index = 0; index < COUNT; index++) {
    const at = (index % RECORDS) * STRIDE
    sink ^= partitionForKey(source, at, at + KEY_BYTES, 12)
  }
})

for (const [name, size] of [
  ['100 B', 100],
  ['1 KiB', 1024],
  ['226 KiB', source.length]
] as const) {
  const times = Math.ceil(20e6 / size)
  const part = source.subarray(0, size)
  const repeat = (sum: (bytes: Buffer) => number) => () => {
    for (let time = 0; time < times; time++) sink ^= sum(part)
  }
  const ceiling = { name: `node:zlib crc32, ${name}`, run: repeat(crc32) }
  const options = { unit: 'MB', count: (times * size) / 1e6, ceiling }
  await suite.measure(`checksum of ${name}`, options, repeat(crc32c))
  await suite.measure(`checksum of ${name}, portable`, options, repeat(crc32cPortable))
}

const line = (index: number) => `{"station":${index % 97},"temperature":${(index * 7) % 40}}\n`
const text = Buffer.from(Array.from({ length: 6_000 }, (_, index) => line(index)).join(''))
for (const compression of ['gzip', 'zstd'] as const) {
  const compressing = new BatchBuilder({ compression })
  const options = { unit: 'MB', count: text.length / 1e6 }
  const write = () => {
    compressing.append(1, null, text)
    return compressing.build()
  }
  const pack = compression === 'gzip' ? gzipSync : zstdCompressSync
  const packing = { name: `node:zlib, ${compression}`, run: () => void pack(text) }
  await suite.measure(`write ${compression}`, { ...options, ceiling: packing }, () => void write())
  const packed = write()
  const unpack = compression === 'gzip' ? gunzipSync : zstdDecompressSync
  const ceiling = { name: `node:zlib, ${compression}`, run: () => void unpack(packed.subarray(61)) }
  await suite.measure(`read ${compression}`, { ...options, ceiling }, () => cursor.open(packed, 0))
}

interface Compressed {
  readonly plains: Record<string, { readonly length: number }>
  readonly cases: readonly {
    readonly codec: string
    readonly plain: string
    readonly hex: string
  }[]
}
const samples = JSON.parse(
  readFileSync(new URL('../src/record/golden/compressed.json', import.meta.url), 'utf8')
) as Compressed
const { length } = samples.plains['long']!
const zstd = zstdCompressSync(
  Buffer.from(
    Array.from({ length: 6_000 }, (_, index) => `line ${index % 31} of the mill\n`).join('')
  )
)
for (const [number, codec] of [
  [2, 'snappy'],
  [3, 'lz4']
] as const) {
  const sample = samples.cases.find(entry => entry.codec === codec && entry.plain === 'long')!
  const packed = wrap(Buffer.from(sample.hex, 'hex'), number)
  const ceiling = {
    name: 'node:zlib, zstd of the same text',
    run: () => {
      for (let time = 0; time < 20; time++) zstdDecompressSync(zstd)
    }
  }
  await suite.measure(`read ${codec}`, { unit: 'MB', count: (20 * length) / 1e6, ceiling }, () => {
    for (let time = 0; time < 20; time++) cursor.open(packed, 0)
  })
}

/** A batch around compressed records. The cursor does not look at the checksum. */
function wrap(content: Buffer, compression: number): Buffer {
  const header = Buffer.alloc(61)
  header.writeInt32BE(61 - 12 + content.length, 8)
  header[16] = 2
  header[22] = compression
  header.writeInt32BE(1, 57)
  return Buffer.concat([header, content])
}

if (sink === 0.5) throw new Error('unreachable: keeps the results in use')
suite.finish()
