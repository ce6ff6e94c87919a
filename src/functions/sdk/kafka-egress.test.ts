// Tests the records for topics: texts, bytes, types, keys, and what is refused.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '../../base/index.ts'
import { kafkaRecord } from '../runtime/index.ts'
import { jsonType, kafkaEgress, type KafkaEgressOptions } from './index.ts'

const hex = (text: string): string => Buffer.from(text).toString('hex')
const base = { typename: 'a/out', topic: 't' }
const decoded = (options: KafkaEgressOptions<unknown>) => {
  const { egress, argument } = kafkaEgress(options)
  strictEqual(egress, 'a/out')
  strictEqual(argument.typename, 'type.googleapis.com/io.statefun.sdk.egress.KafkaProducerRecord')
  const { key, value, topic } = kafkaRecord(egress, argument)
  return {
    key: key === null ? null : Buffer.from(key).toString(),
    value: Buffer.from(value).toString('hex'),
    topic
  }
}

test('a record holds key, topic and the bytes of its value', () => {
  deepStrictEqual(decoded({ ...base, key: 'k', value: 'ä' }), {
    key: 'k',
    value: 'c3a4',
    topic: 't'
  })
  deepStrictEqual(decoded({ ...base, value: Uint8Array.of(0, 255) }), {
    key: null,
    value: '00ff',
    topic: 't'
  })
  const type = jsonType('a/json')
  deepStrictEqual(decoded({ ...base, key: '', value: { a: 1 }, type }), {
    key: null,
    value: hex('{"a":1}'),
    topic: 't'
  })
})

test('a record is the bytes of the protocol', () => {
  const { argument } = kafkaEgress({ ...base, key: 'k', value: 'v' })
  strictEqual(Buffer.from(argument.bytes).toString('hex'), '0a016b1201761a0174')
})

test('what is no record, or names no topic, is refused', () => {
  const { typename } = kafkaEgress({ ...base, value: 'v' }).argument
  for (const [bytes, found] of [
    ['0a05', /bytes that are no protobuf message/],
    ['0a016b', /a record without topic/]
  ] as const) {
    const argument = { typename, bytes: Buffer.from(bytes, 'hex') }
    throws(() => kafkaRecord('a/out', argument), found)
  }
  const other = { typename: 'a/other', bytes: Buffer.alloc(0) }
  throws(() => kafkaRecord('a/out', other), /a value of the type a\/other/)
})

const failing = (options: unknown, code: string): void => {
  throws(
    () => kafkaEgress(options as KafkaEgressOptions<unknown>),
    error => isMillraceError(error, code)
  )
}

test('a record needs a topic, an egress and a value that has bytes', () => {
  failing({ ...base, topic: '', value: 'x' }, 'FUNCTION_VALUE')
  failing({ ...base, typename: 'out', value: 'x' }, 'FUNCTION_TYPENAME')
  failing({ ...base, value: 5 }, 'FUNCTION_VALUE')
  failing({ ...base, value: undefined }, 'FUNCTION_VALUE')
})
