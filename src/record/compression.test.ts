// Decompression: golden data of the original libraries, limits, and bytes that are no compressed data.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'

import { compress, decompress, decompressedBytesMax } from './compression.ts'
import { DecodeError } from './decode-error.ts'
import { decodeLz4Frames } from './lz4.ts'
import { decodeSnappy } from './snappy.ts'

interface CompressedGolden {
  readonly plains: Record<string, { readonly length: number; readonly sha256: string }>
  readonly cases: readonly {
    readonly codec: 'snappy' | 'lz4'
    readonly what: string
    readonly plain: string
    readonly hex: string
  }[]
}

const golden = JSON.parse(
  readFileSync(new URL('golden/compressed.json', import.meta.url), 'utf8')
) as CompressedGolden
const decoders = { snappy: decodeSnappy, lz4: decodeLz4Frames }
const MIB = 1024 * 1024

for (const { codec, what, plain, hex } of golden.cases) {
  const { length, sha256 } = golden.plains[plain]!
  const bytes = Buffer.from(hex, 'hex')

  test(`decodes ${codec}, ${what}: ${plain}`, () => {
    const decoded = decoders[codec](bytes, length)
    assert.equal(decoded.length, length)
    assert.equal(createHash('sha256').update(decoded).digest('hex'), sha256)
    assert.deepEqual(decompress(codec, bytes), decoded)
  })

  if (length > 0) {
    test(`stops ${codec}, ${what}, one byte over its limit: ${plain}`, () => {
      assert.throws(() => decoders[codec](bytes, length - 1), {
        name: 'DecodeError',
        tooLarge: true
      })
    })
  }
}

const HANDMADE: readonly (readonly ['snappy' | 'lz4', string, string, string])[] = [
  ['snappy', 'a copy with a distance of 4 bytes', '080c616263640f04000000', 'abcdabcd'],
  ['snappy', 'a copy that reads what it writes', '0700610901', 'aaaaaaa'],
  ['snappy', 'a literal whose length has 4 bytes', '03fc02000000616263', 'abc'],
  ['lz4', 'a stored block', '04224d186040730300008061626300000000', 'abc'],
  [
    'lz4',
    'a match that reads what it writes',
    '04224d186040730600000013610100106100000000',
    'aaaaaaaaa'
  ]
]

for (const [codec, name, hex, plain] of HANDMADE) {
  test(`decodes ${codec}, ${name}`, () => {
    assert.equal(decoders[codec](Buffer.from(hex, 'hex'), 100).toString(), plain)
  })
}

const FRAME = '04224d18604073'
const DAMAGED: readonly (readonly ['snappy' | 'lz4', string, string, RegExp])[] = [
  ['snappy', 'nothing', '', /length is cut off/],
  ['snappy', 'a length of six bytes', 'ffffffffff01', /length is cut off/],
  ['snappy', 'a literal that is cut off', '050c6162', /literal of 4/],
  ['snappy', 'a literal longer than declared', '01046162', /literal of 2/],
  ['snappy', 'a literal length that is cut off', '05f4', /literal length/],
  ['snappy', 'a copy that is cut off', '05006101', /copy is cut off/],
  ['snappy', 'a copy from before the start', '0500610102', /from 2 back/],
  ['snappy', 'a copy from nowhere', '0500610100', /from 0 back/],
  ['snappy', 'a copy longer than declared', '0200610101', /copy of 4/],
  ['snappy', 'fewer bytes than declared', '050061', /1 bytes decoded, 5/],
  ['snappy', 'a length that no elements can give', 'c0843d0061', /cannot become/],
  ['snappy', 'a xerial header that is cut off', '82534e4150505900000000', /header is cut off/],
  [
    'snappy',
    'a xerial block length that is cut off',
    '82534e415050590000000001000000010000',
    /length is cut off/
  ],
  [
    'snappy',
    'a xerial block that is cut off',
    '82534e415050590000000001000000010000000900',
    /block of 9/
  ],
  [
    'snappy',
    'a negative xerial block',
    '82534e41505059000000000100000001ffffffff00',
    /block of -1/
  ],
  ['lz4', 'nothing', '', /no frame/],
  ['lz4', 'another magic', '0102030405', /0x4030201/],
  ['lz4', 'a magic that is cut off', '04224d', /cut off/],
  ['lz4', 'a header that is cut off', '04224d186040', /header is cut off/],
  ['lz4', 'another version', '04224d18a0407300000000', /version 2/],
  ['lz4', 'a dictionary', '04224d18614073', /dictionary/],
  ['lz4', 'a frame without end', FRAME + '03000080616263', /cut off/],
  ['lz4', 'a block that is cut off', FRAME + '0900008061', /block of 9/],
  ['lz4', 'literals that are cut off', FRAME + '02000000306100000000', /3 literals, 1/],
  ['lz4', 'a literal length that is cut off', FRAME + '02000000f0ff00000000', /literal length/],
  ['lz4', 'a match that is cut off', FRAME + '0300000010610100000000', /match is cut off/],
  ['lz4', 'a match length that is cut off', FRAME + '050000001f610100ff00000000', /match length/],
  [
    'lz4',
    'a match from before the start',
    FRAME + '0600000010610200106100000000',
    /2 bytes back, of 1/
  ],
  ['lz4', 'a match from nowhere', FRAME + '0600000010610000106100000000', /0 bytes back/],
  [
    'lz4',
    'a block that ends with a match',
    FRAME + '040000001061010000000000',
    /end with literals/
  ],
  [
    'lz4',
    'another content size than told',
    '04224d1868400400000000000000730300008061626300000000',
    /3 bytes decoded, 4/
  ],
  ['lz4', 'a content sum that is cut off', '04224d1864407303000080616263000000000102', /cut off/],
  ['lz4', 'a skippable frame that is cut off', '502a4d18050000000102', /skippable/]
]

for (const [codec, name, hex, message] of DAMAGED) {
  test(`refuses ${codec}: ${name}`, () => {
    const bytes = Buffer.from(hex, 'hex')
    assert.throws(() => decoders[codec](bytes, MIB), { name: 'DecodeError', message })
    assert.throws(() => decompress(codec, bytes), { code: 'BATCH_CORRUPT', message })
  })
}

for (const codec of ['snappy', 'lz4'] as const) {
  const seeds = golden.cases.filter(entry => entry.codec === codec && entry.hex.length < 2000)
  test(`any damage of ${codec} data is decoded within the limit or refused`, () => {
    const place = fc.nat()
    const change = fc.integer({ min: 1, max: 255 })
    const changes = fc.array(fc.tuple(place, change), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...seeds), changes, ({ hex }, changes) => {
        const bytes = Buffer.from(hex, 'hex')
        for (const [place, change] of changes) bytes[place % bytes.length]! ^= change
        checkBounded(codec, bytes)
      }),
      { numRuns: 500 }
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => checkBounded(codec, bytes)))
  })
}

function checkBounded(codec: 'snappy' | 'lz4', bytes: Uint8Array): void {
  const limit = 20_000
  try {
    assert.ok(decoders[codec](bytes, limit).length <= limit)
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error))
  }
}

test('bombs are refused by name, honest large batches are not', () => {
  const honest = Buffer.alloc(16 * MIB)
  const bomb = Buffer.alloc(16 * MIB + 1)
  for (const [codec, pack] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync]
  ] as const) {
    assert.equal(decompress(codec, pack(honest)).length, honest.length)
    assert.throws(() => decompress(codec, pack(bomb)), { code: 'BATCH_TOO_LARGE' })
  }
  assert.throws(() => decompress('snappy', Buffer.from('ffffffff0f00', 'hex')), {
    code: 'BATCH_TOO_LARGE',
    message: /at most 67108864/
  })
})

test('the limit is 16 MiB, or 1,000 times the compressed size up to 64 MiB', () => {
  assert.equal(decompressedBytesMax(1), 16 * MIB)
  assert.equal(decompressedBytesMax(20_000), 20_000_000)
  assert.equal(decompressedBytesMax(10 * MIB), 64 * MIB)
})

test('what is written is read', () => {
  const plain = Buffer.from('a mill race is a stream that does work. '.repeat(50))
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const packed = compress(compression, plain)
    assert.ok(compression === 'none' || packed.length < plain.length / 5)
    assert.deepEqual(decompress(compression, packed), plain)
  }
})
