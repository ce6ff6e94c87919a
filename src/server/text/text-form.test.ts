// Keys and values as text and JSON, there and back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import { parseJson } from './json-text.ts'
import { textForm } from './text-form.ts'

function bytesOfText(type: Type | null, text: string, converter: 'raw' | 'json' = 'raw'): Buffer {
  const writer = new ByteWriter(16)
  textForm(type, converter).encodeText(text, writer)
  return writer.slice()
}

function bytesOfJson(
  type: Type | null,
  json: string,
  converter: 'raw' | 'json' = 'raw'
): Buffer | null {
  const writer = new ByteWriter(16)
  return textForm(type, converter).encodeJson(parseJson(json), writer) ? writer.slice() : null
}

const integer = (kind: 'u8' | 's32' | 'u64', bigint = false): Type => ({ kind, bigint })

/** Type, text, its raw bytes, how they print as text and as JSON. */
const scalars: readonly (readonly [Type | null, string, string, string, string])[] = [
  [null, 'héllo', '68c3a96c6c6f', 'héllo', '"héllo"'],
  [{ kind: 'string' }, ' a"b ', '2061226220', ' a"b ', '" a\\"b "'],
  [{ kind: 'decimal' }, '1.50', '312e3530', '1.50', '"1.50"'],
  [{ kind: 'bytes' }, 'ab', '6162', 'YWI=', '"YWI="'],
  [integer('u8'), '255', 'ff', '255', '255'],
  [integer('s32'), ' -2 ', 'fffffffe', '-2', '-2'],
  [
    integer('u64', true),
    '18446744073709551615',
    'ffffffffffffffff',
    '18446744073709551615',
    '18446744073709551615'
  ],
  [{ kind: 'f32' }, '0.1', '3dcccccd', '0.1', '0.1'],
  [{ kind: 'f64' }, '-1e3', 'c08f400000000000', '-1000', '-1000'],
  [{ kind: 'bool' }, 'true', '01', 'true', 'true'],
  [
    { kind: 'timestamp' },
    '1970-01-01T00:00:01Z',
    '00000000000003e8',
    '1970-01-01T00:00:01.000Z',
    '1000'
  ],
  [{ kind: 'timestamp' }, '1000', '00000000000003e8', '1970-01-01T00:00:01.000Z', '1000']
]

for (const [type, text, hex, printedText, printedJson] of scalars) {
  test(`${type?.kind ?? 'a key without a type'} ${text} is ${hex} and prints as ${printedJson}`, () => {
    const bytes = bytesOfText(type, text)
    assert.equal(bytes.toString('hex'), hex)
    const form = textForm(type, 'raw')
    assert.equal(form.printText(bytes), printedText)
    assert.equal(form.printJson(bytes), printedJson)
    assert.equal(bytesOfJson(type, form.printJson(bytes))?.toString('hex'), hex)
  })
}

for (const [type, text] of [
  [integer('u8'), '256'],
  [integer('u8'), '1.5'],
  [integer('u64'), '9007199254740993'],
  [{ kind: 'bool' }, 'yes'],
  [{ kind: 'f64' }, 'ten'],
  [{ kind: 'timestamp' }, 'soon']
] as const) {
  test(`${text} is no ${type.kind}`, () => {
    assert.throws(() => bytesOfText(type, text), { code: 'RECORD_VALUE' })
  })
}

test('JSON values pass as they are, texts too, and long integers keep their digits', () => {
  const type: Type = { kind: 'string' }
  assert.equal(bytesOfJson(type, '"a"', 'json')?.toString(), '"a"')
  assert.equal(
    bytesOfJson(type, '{"n":123456789012345678901,"x":1.5}', 'json')?.toString(),
    '{"n":123456789012345678901,"x":1.5}'
  )
  assert.equal(bytesOfJson(type, 'null', 'json')?.toString(), 'null')
})

test('null is no value where values are raw', () => {
  for (const type of [null, { kind: 'string' }, { kind: 'bytes' }, integer('u8')] as const) {
    assert.equal(bytesOfJson(type, 'null'), null)
  }
})

test('bytes that are no value of the type print as base64', () => {
  const bad = Buffer.from([0xff, 0xfe])
  for (const form of [
    textForm(null, 'raw'),
    textForm(integer('u8'), 'raw'),
    textForm({ kind: 'string' }, 'json')
  ]) {
    assert.equal(form.printText(bad), '//4=')
    assert.equal(form.printJson(bad), '"//4="')
  }
})

test('JSON over several lines prints on one, and broken JSON as it is', () => {
  const form = textForm({ kind: 'string' }, 'json')
  assert.equal(form.printText(Buffer.from('{\n "a": 1 }')), '{"a":1}')
  assert.equal(form.printText(Buffer.from('{"a": 1 }')), '{"a": 1 }')
  assert.equal(form.printJson(Buffer.from('{broken')), '"{broken"')
})
