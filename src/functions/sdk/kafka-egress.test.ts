// Tests the records for topics: texts, bytes, types, keys, and what is refused.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '../../base/index.ts'
import { decodeKafkaRecord } from '../remote/wire/index.ts'
import { jsonType, kafkaEgress, type KafkaEgressOptions } from './index.ts'

const hex = (text: string): string => Buffer.from(text).toString('hex')
const base = { typename: 'a/out', topic: 't' }
const decoded = (options: KafkaEgressOptions<unknown>) => {
  const { egress, argument } = kafkaEgress(options)
  strictEqual(egress, 'a/out')
  strictEqual(argument.typename, 'type.googleapis.com/io.statefun.sdk.egress.KafkaProducerRecord')
  const { key, value, topic } = decodeKafkaRecord(argument.bytes)
  return { key, value: Buffer.from(value).toString('hex'), topic }
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
