// The fixed parts of the journal: what is written is read back, and no flipped bit passes.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { ByteWriter, MillraceError } from '../../base/index.ts'
import { crc32c } from '../../record/index.ts'
import type { CatalogChange } from '../catalog.ts'
import { readDirectory, writeBatchEntry, writeChange } from './directory.ts'
import {
  FRAME_HEADER_BYTES,
  FRAME_KIND,
  beginFrame,
  decodeFileHeader,
  decodeFrameHeader,
  encodeFileHeader,
  finishFrame,
  frameLengths,
  seedOf
} from './format.ts'

const SALT = Buffer.from('saltsalt')
const SPEC = {
  partitions: 3,
  cleanup: 'compact',
  retentionMs: 0,
  retentionBytes: null,
  internal: true
} as const

/** One change of each kind, at the edges of what they may hold. */
const CHANGES: readonly CatalogChange[] = [
  {
    kind: 'topic-created',
    topicId: 1,
    name: 'a.B-c_9',
    spec: SPEC,
    bounds: [
      { startOffset: 0, endOffset: 0 },
      { startOffset: 5, endOffset: Number.MAX_SAFE_INTEGER },
      { startOffset: 127, endOffset: 128 }
    ]
  },
  {
    kind: 'topic-altered',
    topicId: 300,
    spec: { ...SPEC, cleanup: 'delete', retentionBytes: Number.MAX_SAFE_INTEGER, internal: false }
  },
  { kind: 'topic-deleted', topicId: 2 ** 40 },
  { kind: 'start-moved', topicId: 1, partition: 1023, startOffset: 2 ** 50 },
  { kind: 'position', group: 'g', topicId: 1, partition: 0, offset: null, metadata: '' },
  {
    kind: 'position',
    group: 'ä💧',
    topicId: 1,
    partition: 2,
    offset: 0,
    metadata: 'x'.repeat(4096)
  },
  { kind: 'ids-used', topicIdLast: 7 }
]

function encodeAll(): ByteWriter {
  const writer = new ByteWriter()
  beginFrame(writer)
  writeBatchEntry(writer, 1, 2, 0, 0, -1, 100)
  writeBatchEntry(writer, 2 ** 31, 1023, 2 ** 52, 2 ** 52 + 5, Number.MIN_SAFE_INTEGER, 2 ** 24)
  for (const change of CHANGES) writeChange(writer, change)
  finishFrame(writer, {
    seed: seedOf(SALT),
    sequence: 2 ** 40,
    kind: FRAME_KIND.commit,
    bodyLength: 7
  })
  return writer
}

suite('journal format', () => {
  test('reads back what a directory can hold', () => {
    const writer = encodeAll()
    const directory = readDirectory(writer.slice(), FRAME_HEADER_BYTES, writer.length)
    assert.deepEqual(directory?.changes, CHANGES)
    assert.deepEqual(directory?.batches, [
      { topicId: 1, partition: 2, baseOffset: 0, lastOffset: 0, maxTimestamp: -1, length: 100 },
      {
        topicId: 2 ** 31,
        partition: 1023,
        baseOffset: 2 ** 52,
        lastOffset: 2 ** 52 + 5,
        maxTimestamp: Number.MIN_SAFE_INTEGER,
        length: 2 ** 24
      }
    ])
  })

  test('refuses directories that are cut off or of an unknown kind', () => {
    const bytes = encodeAll().slice()
    for (let end = FRAME_HEADER_BYTES + 1; end < bytes.length; end++) {
      const directory = readDirectory(bytes, FRAME_HEADER_BYTES, end)
      const count =
        directory === undefined ? 0 : directory.batches.length + directory.changes.length
      assert.ok(count < 2 + CHANGES.length)
    }
    assert.equal(readDirectory(Buffer.from([99]), 0, 1), undefined)
    assert.equal(readDirectory(Buffer.alloc(20, 0xff), 0, 20), undefined)
    assert.equal(readDirectory(Buffer.from([3, ...Buffer.alloc(12, 0xff)]), 0, 13), undefined)
  })

  test('finds every flipped bit of a frame header and directory', () => {
    const bytes = encodeAll().slice()
    const header = decodeFrameHeader(bytes, 0, bytes.length, seedOf(SALT))
    assert.ok(!('message' in header))
    assert.equal(header.sequence, 2 ** 40)
    assert.equal(header.length, bytes.length + 7)
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      const lengths = frameLengths(bytes, 0, bytes.length + 7)
      const isFound =
        lengths?.directoryEnd !== bytes.length ||
        'message' in decodeFrameHeader(bytes, 0, bytes.length, seedOf(SALT))
      assert.ok(isFound, `bit ${bit}`)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
    }
  })

  test('takes no frame of another file', () => {
    const bytes = encodeAll().slice()
    assert.ok('message' in decodeFrameHeader(bytes, 0, bytes.length, seedOf(Buffer.alloc(8))))
  })

  test('needs one good copy of a file header', () => {
    const bytes = encodeFileHeader(7, 99, SALT)
    const expected = { number: 7, sequenceFirst: 99, seed: seedOf(SALT) }
    for (const position of [0, 20, 39, 40, 79]) {
      bytes[position]! ^= 1
      assert.deepEqual(decodeFileHeader(bytes), expected)
      bytes[position]! ^= 1
    }
    bytes[30]! ^= 1
    bytes[70]! ^= 1
    assert.match((decodeFileHeader(bytes) as { message: string }).message, /wrong checksum/)
    assert.match((decodeFileHeader(Buffer.alloc(0)) as { message: string }).message, /shorter/)
  })

  test('refuses a newer format, and names both versions', () => {
    const bytes = encodeFileHeader(1, 1, SALT)
    for (const at of [0, 40]) {
      bytes.writeUInt16BE(2, at + 8)
      bytes.writeUInt32BE(crc32c(bytes.subarray(at, at + 36)), at + 36)
    }
    assert.throws(
      () => decodeFileHeader(bytes),
      (error: unknown) => {
        assert.ok(error instanceof MillraceError && error.code === 'LOG_VERSION_UNKNOWN')
        assert.match(error.message, /version 2; version 1 was expected/)
        return true
      }
    )
  })
})
