// Tests both versions of the protocol: round trips, tolerance, refusals, limits before decoding.
import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import protobuf from 'protobufjs/minimal.js'
import { isMillraceError } from '../../../base/index.ts'
import { addressOf, NO_EXPIRATION, type Effects, type TypedValue } from '../../sdk/index.ts'
import {
  protocol2,
  protocol3,
  UNSET_TYPENAME,
  type FromFunction,
  type ToFunction
} from './index.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')
const failsWith = (code: string) => (error: unknown) => isMillraceError(error, code)
const target = addressOf('a/b', 'c')
const none: Effects<TypedValue> = { mutations: [], messages: [], delayed: [], egress: [] }

/** Views of payloads as texts, so that they compare by content. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, hexOf))
function hexOf(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key]
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('hex') : value
}

// Values and messages that both versions can say; a 2.x state is bytes without a type.
const word = fc.stringMatching(/^[a-z]{1,8}$/)
const address = fc.record({ namespace: word, type: word, id: fc.string({ unit: 'grapheme' }) })
const typed = fc.record({ typename: fc.string({ maxLength: 9 }), bytes: fc.uint8Array() })
const state3 = typed.map(value => ({ ...value, typename: value.typename || UNSET_TYPENAME }))
const state2 = fc.uint8Array({ minLength: 1 }).map(bytes => ({ typename: UNSET_TYPENAME, bytes }))
const states = (value: fc.Arbitrary<TypedValue>) =>
  fc.array(fc.record({ name: word, value: fc.option(value) }), { maxLength: 4 })
const token = fc.stringMatching(/^[a-z0-9-]{1,36}$/)
const send = { kind: fc.constant('send' as const), target: address, argument: typed }
const delay = fc.maxSafeNat()
const requests = (value: fc.Arbitrary<TypedValue>): fc.Arbitrary<ToFunction> =>
  fc.record({
    target: address,
    state: states(value),
    invocations: fc.array(fc.record({ caller: fc.option(address), argument: typed }), {
      maxLength: 4
    })
  })
const effects = (value: fc.Arbitrary<TypedValue>, tokens: fc.Arbitrary<string | null>) =>
  fc.record({
    mutations: states(value),
    messages: fc.array(fc.record({ target: address, argument: typed }), { maxLength: 4 }),
    delayed: fc.array(fc.record({ ...send, delayMs: delay, cancellationToken: tokens })),
    egress: fc.array(
      fc.record({ egress: fc.tuple(word, word).map(parts => parts.join('/')), argument: typed })
    )
  })

for (const [codec, value, tokens] of [
  [protocol3, state3, fc.option(token)],
  [protocol2, state2, fc.constant(null)]
] as const) {
  test(`${codec.version} requests and results survive the wire`, () => {
    const seed = 11
    fc.assert(
      fc.property(requests(value), request => {
        const decoded = codec.decodeToFunction(codec.encodeToFunction(request))
        deepStrictEqual(plain(decoded), plain(request))
      }),
      { seed }
    )
    fc.assert(
      fc.property(effects(value, tokens), effects => {
        const reply: FromFunction = { kind: 'result', effects }
        const decoded = codec.decodeFromFunction(codec.encodeFromFunction(reply))
        deepStrictEqual(plain(decoded), plain(reply))
      }),
      { seed }
    )
  })

  test(`${codec.version} decoding is total: noise is refused with a code, never otherwise`, () => {
    const sample = codec.encodeFromFunction({
      kind: 'result',
      effects: {
        ...none,
        messages: [{ target, argument: { typename: 'x', bytes: new Uint8Array(3) } }]
      }
    })
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(fc.nat(sample.length - 1), fc.nat(255))
        .map(([at, byte]) => Uint8Array.from(sample).fill(byte, at, at + 1)),
      fc.nat(sample.length).map(length => sample.subarray(0, length))
    )
    fc.assert(
      fc.property(noise, bytes => {
        for (const decode of [codec.decodeFromFunction, codec.decodeToFunction]) {
          try {
            decode(bytes)
          } catch (error) {
            ok(isMillraceError(error), String(error))
          }
        }
      }),
      { seed: 12, numRuns: 400 }
    )
  })
}

test('unknown fields are skipped', () => {
  // result { delayed { delay 5, target a/b, 12: "x" } }, 102: 1
  const bytes = hex('a206 11 1a0f 0805 1206 0a0161 120162 6201 78 1a00 b00601')
  const reply = protocol3.decodeFromFunction(bytes)
  ok(reply.kind === 'result')
  strictEqual(reply.effects.delayed.length, 1)
})

test('a caller whose parts are all empty is none', () => {
  const bytes = hex('a206 0e 0a06 0a0161 120162 1a04 0a00 1200')
  strictEqual(protocol3.decodeToFunction(bytes).invocations[0]?.caller, null)
})

test('empty values of states are values, absent ones are not', () => {
  const state = [
    { name: 'empty', value: { typename: 't', bytes: new Uint8Array(0) } },
    { name: 'absent', value: null }
  ]
  const request = protocol3.encodeToFunction({ target, state, invocations: [] })
  deepStrictEqual(protocol3.decodeToFunction(request).state, state)
})

test('decoded state values do not hang on the payload', () => {
  const value = { typename: 't', bytes: Uint8Array.of(1, 2, 3) }
  const mutations = [{ name: 's', value }]
  const payload = protocol3.encodeFromFunction({ kind: 'result', effects: { ...none, mutations } })
  const reply = protocol3.decodeFromFunction(payload)
  payload.fill(0xff)
  ok(reply.kind === 'result')
  deepStrictEqual(reply.effects.mutations[0]?.value?.bytes, Uint8Array.of(1, 2, 3))
})

for (const [what, bytes] of [
  ['a negative delay', 'a206 15 1a13 08ffffffffffffffffff01 1206 0a0161 120162'],
  ['a delay beyond 2^53', 'a206 14 1a12 08ffffffffffffffff7f 1206 0a0161 120162'],
  ['a cancellation without a token', 'a206 04 1a02 5001'],
  ['a message without a target', 'a206 04 1202 1200'],
  ['a target with a slash in its namespace', 'a206 0c 120a 0a08 0a03612f62 120162'],
  ['a mutation without a name', 'a206 04 0a02 0801'],
  ['a mutation of an unknown kind', 'a206 07 0a05 0802 120173'],
  ['an egress without a type', 'a206 05 2203 0a0161'],
  ['a missing state without a name', 'aa06 02 0a00'],
  ['an expiration of nothing', 'aa06 09 0a07 0a0173 1202 0801'],
  ['an unknown expire mode', 'aa06 09 0a07 0a0173 1202 0807']
] as const) {
  test(`${what} in a reply is invalid`, () => {
    throws(() => protocol3.decodeFromFunction(hex(bytes)), failsWith('FUNCTION_REPLY_INVALID'))
  })
}

test('a request without an invocation or a target is invalid', () => {
  for (const bytes of ['', 'a20600', 'a206 05 0a03 0a0161']) {
    throws(() => protocol3.decodeToFunction(hex(bytes)), failsWith('FUNCTION_REQUEST_INVALID'))
  }
})

test('a reply that is no message may be asked for again', () => {
  throws(
    () => protocol3.decodeFromFunction(hex('a206ff')),
    error => isMillraceError(error, 'FUNCTION_REPLY_UNDECODABLE') && error.retriable
  )
})

test('payloads beyond the limits are refused before they are decoded', () => {
  const bytes = protobuf.Writer.create().uint32(802).fork()
  for (let index = 0; index < 1000; index++) bytes.uint32(18).fork().ldelim()
  const reply = bytes.ldelim().finish()
  // Each of the 1000 messages lacks a target, so decoding them would say REPLY_INVALID.
  const tooLarge = failsWith('FUNCTION_REPLY_TOO_LARGE')
  throws(() => protocol3.decodeFromFunction(reply, { entriesMax: 999 }), tooLarge)
  throws(() => protocol3.decodeFromFunction(reply, { bytesMax: reply.length - 1 }), tooLarge)
  const fits = { entriesMax: 1000, bytesMax: reply.length }
  throws(() => protocol3.decodeFromFunction(reply, fits), failsWith('FUNCTION_REPLY_INVALID'))
})

test('requests beyond the limits are not encoded', () => {
  const argument = { typename: 't', bytes: new Uint8Array(1000) }
  const request = { target, state: [], invocations: [{ caller: null, argument }] }
  const tooLarge = failsWith('FUNCTION_REQUEST_TOO_LARGE')
  throws(() => protocol3.encodeToFunction(request, { bytesMax: 1000 }), tooLarge)
  throws(() => protocol3.encodeToFunction(request, { entriesMax: 1 }), tooLarge)
  ok(protocol3.encodeToFunction(request, { bytesMax: 1100 }).length > 1000)
})

test('2.x has no words for the handshake and cancellations', () => {
  const unsayable = failsWith('FUNCTION_VALUE')
  const missing = [{ name: 's', typename: 't', expiration: NO_EXPIRATION }]
  throws(() => protocol2.encodeFromFunction({ kind: 'incomplete', missing }), unsayable)
  const cancel = { kind: 'cancel', cancellationToken: 't' } as const
  const argument = { typename: 't', bytes: new Uint8Array(0) }
  const named = { kind: 'send', delayMs: 1, target, argument, cancellationToken: 't' } as const
  for (const delayed of [[cancel], [named]]) {
    const reply: FromFunction = { kind: 'result', effects: { ...none, delayed } }
    throws(() => protocol2.encodeFromFunction(reply), unsayable)
  }
})

test('2.x messages are Any, states are bytes, and no bytes are an absent state', () => {
  const bytes = protocol2.encodeToFunction({
    target,
    state: [
      { name: 's', value: { typename: UNSET_TYPENAME, bytes: Uint8Array.of(7) } },
      { name: 't', value: null }
    ],
    invocations: [{ caller: null, argument: { typename: 'u', bytes: Uint8Array.of(8) } }]
  })
  // Target, the state with bytes, the one without, the invocation.
  const batch = '0a090a01611201621a016312060a017312010712030a01741a0812060a0175120108'
  strictEqual(Buffer.from(bytes).toString('hex'), `a206${(batch.length / 2).toString(16)}${batch}`)
  const cleared = protocol2.decodeFromFunction(hex('a206 07 0a05 0801 120173'))
  ok(cleared.kind === 'result')
  deepStrictEqual(cleared.effects.mutations, [{ name: 's', value: null }])
})
