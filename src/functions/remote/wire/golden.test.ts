// Golden bytes of the protocol 3.x, recorded from unmodified SDKs in JavaScript, Python and Go.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressOf,
  functionTable,
  intType,
  jsonType,
  messageTo,
  NO_EXPIRATION,
  replyTo,
  statefulFunction,
  typedValue,
  valueSpec
} from '../../sdk/index.ts'
import { protocol3, type FromFunction } from './index.ts'

const REQUEST =
  'a206450a160a076578616d706c651206706572736f6e1a03426f621a2b12290a146578616d706c652f47726565745265717565' +
  '737410011a0f7b226e616d65223a2022426f62227d'
const REQUEST_WITH_ABSENT =
  'a2064f0a160a076578616d706c651206706572736f6e1a03426f6212080a067669736974731a2b12290a146578616d706c652f' +
  '47726565745265717565737410011a0f7b226e616d65223a2022426f62227d'
const INCOMPLETE = 'aa06210a1f0a067669736974731a15696f2e737461746566756e2e74797065732f696e74'
const INCOMPLETE_OF_GO =
  'aa06230a210a0676697369747312001a15696f2e737461746566756e2e74797065732f696e74'
const RESULT =
  'a2067e0a2c080112067669736974731a200a15696f2e737461746566756e2e74797065732f696e7410011a050d01000000124e' +
  '0a170a076578616d706c651207677265657465721a03426f6212330a146578616d706c652f4772656574526571756573741001' +
  '1a197b226e616d65223a22426f62222c22766973697473223a317d'

const target = addressOf('example/person', 'Bob')
const greetType = jsonType<{ name: string; visits?: number }>('example/GreetRequest')
const argument = {
  typename: 'example/GreetRequest',
  bytes: Buffer.from('{"name": "Bob"}')
}
const invocations = [{ caller: null, argument }]
const result: FromFunction = {
  kind: 'result',
  effects: {
    mutations: [{ name: 'visits', value: typedValue(1, intType) }],
    messages: [
      messageTo(addressOf('example/greeter', 'Bob'), { name: 'Bob', visits: 1 }, greetType)
    ],
    delayed: [],
    egress: []
  }
}
const missing = { name: 'visits', typename: 'io.statefun.types/int', expiration: NO_EXPIRATION }

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex')
/** Views of payloads as texts, so that they compare by content. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, hexOf))
function hexOf(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key]
  return raw instanceof Uint8Array ? hex(raw) : value
}

test('a request without state is the recorded bytes', () => {
  const request = { target, state: [], invocations }
  strictEqual(hex(protocol3.encodeToFunction(request)), REQUEST)
  deepStrictEqual(plain(protocol3.decodeToFunction(bytes(REQUEST))), plain(request))
})

test('a request with an absent state is the recorded bytes', () => {
  const request = { target, state: [{ name: 'visits', value: null }], invocations }
  strictEqual(hex(protocol3.encodeToFunction(request)), REQUEST_WITH_ABSENT)
  deepStrictEqual(plain(protocol3.decodeToFunction(bytes(REQUEST_WITH_ABSENT))), plain(request))
})

test('a handshake is the recorded bytes of the JavaScript SDK, and those of Go and Python mean the same', () => {
  const reply: FromFunction = { kind: 'incomplete', missing: [missing] }
  strictEqual(hex(protocol3.encodeFromFunction(reply)), INCOMPLETE)
  deepStrictEqual(protocol3.decodeFromFunction(bytes(INCOMPLETE)), reply)
  deepStrictEqual(protocol3.decodeFromFunction(bytes(INCOMPLETE_OF_GO)), reply)
})

test('a result is the recorded bytes', () => {
  strictEqual(hex(protocol3.encodeFromFunction(result)), RESULT)
  deepStrictEqual(plain(protocol3.decodeFromFunction(bytes(RESULT))), plain(result))
})

test('a result without effects is four bytes; no bytes at all mean the same', () => {
  const effects = { mutations: [], messages: [], delayed: [], egress: [] }
  strictEqual(hex(protocol3.encodeFromFunction({ kind: 'result', effects })), 'a20600')
  deepStrictEqual(protocol3.decodeFromFunction(bytes('a20600')), { kind: 'result', effects })
  deepStrictEqual(protocol3.decodeFromFunction(bytes('')), { kind: 'result', effects })
})

const encoded = (mode: 'after-write' | 'after-invoke', durationMs: number) =>
  hex(
    protocol3.encodeFromFunction({
      kind: 'incomplete',
      missing: [{ ...missing, expiration: { mode, durationMs } }]
    })
  )

test('expirations are the recorded bytes', () => {
  strictEqual(encoded('after-invoke', 2000).includes('1205080210d00f'), true)
  strictEqual(encoded('after-write', 1000).includes('1205080110e807'), true)
})

test('our own SDK answers the recorded requests with the recorded replies', async () => {
  const person = statefulFunction({
    typename: 'example/person',
    specs: [valueSpec({ name: 'visits', type: intType })],
    handler(context, message) {
      const { name } = message.as(greetType)
      const visits = (context.storage.visits.get() ?? 0) + 1
      context.storage.visits.set(visits)
      context.send(messageTo(addressOf('example/greeter', name), { name, visits }, greetType))
    }
  })
  const functions = functionTable([person])
  strictEqual(hex(await replyTo(functions, bytes(REQUEST))), INCOMPLETE)
  strictEqual(hex(await replyTo(functions, bytes(REQUEST_WITH_ABSENT))), RESULT)
})

test('a batch of two is one mutation and two messages', async () => {
  const state = [{ name: 'visits', value: typedValue(1, intType) }]
  const request = protocol3.encodeToFunction({
    target,
    state,
    invocations: [...invocations, ...invocations]
  })
  const person = statefulFunction({
    typename: 'example/person',
    specs: [valueSpec({ name: 'visits', type: intType })],
    handler(context) {
      const visits = (context.storage.visits.get() ?? 0) + 1
      context.storage.visits.set(visits)
      context.send(messageTo(context.self, visits, intType))
    }
  })
  const reply = protocol3.decodeFromFunction(await replyTo(functionTable([person]), request))
  deepStrictEqual(plain(reply), {
    kind: 'result',
    effects: plain({
      mutations: [{ name: 'visits', value: typedValue(3, intType) }],
      messages: [messageTo(target, 2, intType), messageTo(target, 3, intType)],
      delayed: [],
      egress: []
    })
  })
})
