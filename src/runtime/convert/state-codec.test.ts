// State as bytes: every value comes back, keys keep their order, zeros are fresh.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ByteWriter, isMillraceError } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import type { StateKey } from '../../state/contract.ts'
import { compileKeyCodec, compileValueCodec } from './index.ts'
import { anyKeyType, anyType, field, integer, scalarOf, valueOf } from './types.cases.ts'

/** Bytes with others around them, as a Uint8Array that is no Buffer. */
function framed(encode: (sink: ByteWriter) => void): { bytes: Uint8Array; end: number } {
  const sink = new ByteWriter(2)
  sink.u8(0xaa)
  encode(sink)
  const end = sink.length
  sink.u8(0xaa)
  return { bytes: new Uint8Array(sink.slice()), end }
}

function throughBytes(type: Type, value: unknown): unknown {
  const codec = compileValueCodec(type)
  const { bytes, end } = framed(sink => codec.encode(value, sink))
  const decoded = codec.decode(bytes, 1, end)
  bytes.fill(0)
  return decoded
}

test('every checked value comes back', () => {
  const pairs = anyType
    .filter(type => !JSON.stringify(type).includes('untagged'))
    .chain(type => fc.tuple(fc.constant(type), valueOf(type)))
  fc.assert(
    fc.property(pairs, ([type, value]) => {
      const codec = compileValueCodec(type)
      const checked = codec.check(value)
      assert.deepEqual(throughBytes(type, checked), checked)
      assert.deepEqual(codec.copy(checked), checked)
      const size = codec.size(checked)
      assert(Number.isFinite(size) && size >= 0)
    }),
    { numRuns: 300 }
  )
})

test('a zero fits its type, and changing one does not change the next', () => {
  fc.assert(
    fc.property(
      anyType.filter(type => !JSON.stringify(type).includes('untagged')),
      type => {
        const codec = compileValueCodec(type)
        const zero = codec.zero()
        assert.deepEqual(codec.check(zero), zero)
        if (typeof zero === 'object' && zero !== null) assert.notEqual(codec.zero(), zero)
      }
    ),
    { numRuns: 300 }
  )
})

test('rows read absent columns as zeros and write them so', () => {
  const fields = [field('count', integer('u32')), field('name', { kind: 'string' })]
  const codec = compileValueCodec({ kind: 'arrow-row', name: null, fields })
  assert.deepEqual(codec.check({ count: 1 }), { count: 1, name: '' })
  const { bytes, end } = framed(sink => codec.encode({ name: 'a' }, sink))
  assert.deepEqual(codec.decode(bytes, 1, end), { count: 0, name: 'a' })
  assert.deepEqual(codec.decode(Buffer.from('{}'), 0, 2), { count: 0, name: '' })
})

test('state keeps the names of the file whatever records are renamed to', () => {
  const codec = compileValueCodec({
    kind: 'object',
    name: null,
    fields: [field('a', integer('u8'), { readName: 'b', writeName: 'c' })]
  })
  const { bytes, end } = framed(sink => codec.encode({ a: 1 }, sink))
  assert.equal(Buffer.from(bytes.subarray(1, end)).toString(), '{"a":1}')
})

test('scalars take few bytes', () => {
  const cases: readonly (readonly [Type, unknown, string])[] = [
    [integer('u32'), 5, '05'],
    [integer('u32'), 4_294_967_295, 'ffffffff0f'],
    [integer('s32'), -1, '01'],
    [integer('s64'), Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    [{ kind: 'bool' }, true, '01'],
    [{ kind: 'f32' }, 1.5, '3fc00000'],
    [{ kind: 'string' }, 'ü', 'c3bc'],
    [{ kind: 'string' }, '\ud800', 'ff00d8'],
    [{ kind: 'null' }, null, '']
  ]
  for (const [type, value, hex] of cases) {
    const { bytes, end } = framed(sink => compileValueCodec(type).encode(value, sink))
    assert.equal(Buffer.from(bytes.subarray(1, end)).toString('hex'), hex)
  }
})

test('keys come back, and their bytes have the order of the keys', () => {
  const triples = anyKeyType.chain(type =>
    fc.tuple(fc.constant(type), scalarOf(type), scalarOf(type))
  )
  fc.assert(
    fc.property(triples, ([type, left, right]) => {
      const codec = compileKeyCodec(type)
      const encoded = [left, right].map(key => {
        const checked = codec.check(key)
        const { bytes, end } = framed(sink => codec.encode(checked, sink))
        assert.deepEqual(codec.decode(bytes, 1, end), checked)
        return { key: checked, bytes: Buffer.from(bytes.subarray(1, end)) }
      }) as [{ key: StateKey; bytes: Buffer }, { key: StateKey; bytes: Buffer }]
      const [a, b] = encoded
      if (typeof a.key !== 'string') {
        assert.equal(
          Math.sign(Buffer.compare(a.bytes, b.bytes)),
          a.key < b.key ? -1 : a.key > b.key ? 1 : 0
        )
      } else assert.equal(a.bytes.equals(b.bytes), a.key === b.key)
    }),
    { numRuns: 300 }
  )
})

test('a key outside its type is refused with a sentence', () => {
  const codec = compileKeyCodec(integer('u8'))
  for (const key of [256, -1, 1.5, '1', null, undefined, {}, 1n]) {
    assert.throws(
      () => codec.check(key),
      error => isMillraceError(error, 'RECORD_VALUE')
    )
  }
  assert.throws(() => codec.check(undefined), /key: missing, expected u8/)
  assert.throws(() => compileKeyCodec({ kind: 'bytes' }), /bytes cannot be a key/)
  assert(Object.is(compileKeyCodec({ kind: 'f64' }).check(-0), 0))
})
