// Turns requests and replies into protobuf messages and back; the versions differ only in how they write values.
//
//   ToFunction    100 ─▶ batch { target 1, state 2 *, invocations 3 * { caller 1, argument 2 } }
//   FromFunction  100 ─▶ result { mutations 1 *, messages 2 *, delayed 3 *, egress 4 * }
//                 101 ─▶ incomplete { missing 1 * }                                   (3.x only)
import { MillraceError } from '../../../base/index.ts'
import { parseTypeName, type Address } from '../../sdk/address.ts'
import type { DelayedEffect, Effects, StateMutation, TypedValue } from '../../sdk/effects.ts'
import { NO_EXPIRATION, type Expiration, type ExpireMode } from '../../sdk/value-spec.ts'
import {
  UNSET_TYPENAME,
  type FromFunction,
  type MissingValue,
  type RequestReplyCodec,
  type ToFunction
} from './messages.ts'
import {
  addressFrom,
  callerFrom,
  checkEntries,
  checkSize,
  decodePayload,
  durationFrom,
  invalid,
  nameFrom,
  type WireAddress,
  type WireInt64
} from './payload.ts'

const DELETE = 0
const MODIFY = 1
const EXPIRE_MODES: readonly ExpireMode[] = ['none', 'after-write', 'after-invoke']
/** What names, lengths and tags of an entry take at most, roughly: for the check before encoding. */
const ENTRY_BYTES = 16

interface ProtobufCodec<M> {
  encode(message: M): { finish(): Uint8Array }
  decode(bytes: Uint8Array): M
}

interface WireState<S> {
  stateName?: string | null
  stateValue?: S | null
}
interface WireDelayed<V> {
  delayInMs?: WireInt64
  target?: WireAddress | null
  argument?: V | null
  isCancellationRequest?: boolean | null
  cancellationToken?: string | null
}
interface WireMissing {
  stateName?: string | null
  expirationSpec?: { mode?: number | null; expireAfterMillis?: WireInt64 } | null
  typeTypename?: string | null
}
/** The request as protobuf code gives it; `V` is a value of a message, `S` of a state. */
export interface WireRequest<V, S> {
  invocation?: {
    target?: WireAddress | null
    state?: WireState<S>[]
    invocations?: { caller?: WireAddress | null; argument?: V | null }[]
  } | null
}
interface WireResult<V, S> {
  stateMutations?: (WireState<S> & { mutationType?: number | null })[]
  outgoingMessages?: { target?: WireAddress | null; argument?: V | null }[]
  delayedInvocations?: WireDelayed<V>[]
  outgoingEgresses?: {
    egressNamespace?: string | null
    egressType?: string | null
    argument?: V | null
  }[]
}
/** The reply as protobuf code gives it. */
export interface WireReply<V, S> {
  invocationResult?: WireResult<V, S> | null
  incompleteInvocationContext?: { missingValues?: WireMissing[] } | null
}

/** One version's way to write values, and its generated code. */
export interface WireVersion<V, S> {
  readonly version: RequestReplyCodec['version']
  readonly request: ProtobufCodec<WireRequest<V, S>>
  readonly reply: ProtobufCodec<WireReply<V, S>>
  /** Whether the version has the handshake and cancellations. */
  readonly hasHandshake: boolean
  toValue(value: TypedValue): V
  fromValue(value: V | null | undefined): TypedValue
  toState(value: TypedValue): S
  /** A copy; null is absent. */
  fromRequestState(value: S | null | undefined): TypedValue | null
  /** A copy of what a reply sets; null deletes. */
  fromReplyState(value: S | null | undefined): TypedValue | null
}

/** The codec of one version. */
export function createCodec<V, S>(wire: WireVersion<V, S>): RequestReplyCodec {
  return {
    version: wire.version,
    encodeToFunction(request, limits = {}) {
      checkEntries('REQUEST', request.state.length + request.invocations.length + 1, limits)
      checkSize('REQUEST', estimatedBytes(request), limits)
      return wire.request.encode(toRequest(wire, request)).finish()
    },
    decodeToFunction(bytes, limits = {}) {
      const request = decodePayload('REQUEST', bytes, limits, each => wire.request.decode(each))
      return fromRequest(wire, request)
    },
    encodeFromFunction(reply) {
      return wire.reply.encode(toReply(wire, reply)).finish()
    },
    decodeFromFunction(bytes, limits = {}) {
      const reply = decodePayload('REPLY', bytes, limits, each => wire.reply.decode(each))
      return fromReply(wire, reply)
    }
  }
}

function estimatedBytes({ state, invocations }: ToFunction): number {
  let bytes = 0
  for (const { name, value } of state) bytes += sizeOf(value) + name.length + ENTRY_BYTES
  for (const { caller, argument } of invocations) {
    const ofCaller = caller === null ? 0 : caller.namespace.length + caller.type.length
    bytes += sizeOf(argument) + ofCaller + (caller?.id.length ?? 0) + ENTRY_BYTES
  }
  return bytes
}

const sizeOf = (value: TypedValue | null): number =>
  value === null ? 0 : value.bytes.length + value.typename.length

function toRequest<V, S>(wire: WireVersion<V, S>, request: ToFunction): WireRequest<V, S> {
  return {
    invocation: {
      target: request.target,
      state: request.state.map(({ name, value }) =>
        value === null ? { stateName: name } : { stateName: name, stateValue: wire.toState(value) }
      ),
      invocations: request.invocations.map(({ caller, argument }) =>
        // An empty caller would be a caller to some SDKs.
        caller === null
          ? { argument: wire.toValue(argument) }
          : { caller, argument: wire.toValue(argument) }
      )
    }
  }
}

function fromRequest<V, S>(wire: WireVersion<V, S>, request: WireRequest<V, S>): ToFunction {
  const { invocation } = request
  if (!invocation) throw invalid('REQUEST', 'the invocation is missing')
  return {
    target: addressFrom('REQUEST', 'the target', invocation.target),
    state: (invocation.state ?? []).map(({ stateName, stateValue }) => ({
      name: nameFrom('REQUEST', 'the name of a state', stateName),
      value: wire.fromRequestState(stateValue)
    })),
    invocations: (invocation.invocations ?? []).map(({ caller, argument }) => ({
      caller: callerFrom('REQUEST', caller),
      argument: wire.fromValue(argument)
    }))
  }
}

function toReply<V, S>(wire: WireVersion<V, S>, reply: FromFunction): WireReply<V, S> {
  if (reply.kind === 'result') return { invocationResult: toResult(wire, reply.effects) }
  if (!wire.hasHandshake) throw unsayable(wire, 'a handshake')
  return { incompleteInvocationContext: { missingValues: reply.missing.map(toMissing) } }
}

function toResult<V, S>(wire: WireVersion<V, S>, effects: Effects<TypedValue>): WireResult<V, S> {
  return {
    stateMutations: effects.mutations.map(({ name, value }) =>
      value === null
        ? { mutationType: DELETE, stateName: name }
        : { mutationType: MODIFY, stateName: name, stateValue: wire.toState(value) }
    ),
    outgoingMessages: effects.messages.map(({ target, argument }) => ({
      target,
      argument: wire.toValue(argument)
    })),
    delayedInvocations: effects.delayed.map(effect => toDelayed(wire, effect)),
    outgoingEgresses: effects.egress.map(({ egress, argument }) => {
      const { namespace, name } = parseTypeName(egress) ?? { namespace: '', name: '' }
      return { egressNamespace: namespace, egressType: name, argument: wire.toValue(argument) }
    })
  }
}

function toDelayed<V, S>(wire: WireVersion<V, S>, effect: DelayedEffect): WireDelayed<V> {
  if (effect.kind === 'cancel') {
    if (!wire.hasHandshake) throw unsayable(wire, 'a cancellation')
    return { isCancellationRequest: true, cancellationToken: effect.cancellationToken }
  }
  const { delayMs, target, cancellationToken } = effect
  const delayed = { delayInMs: delayMs, target, argument: wire.toValue(effect.argument) }
  if (cancellationToken === null) return delayed
  if (!wire.hasHandshake) throw unsayable(wire, 'a cancellation token')
  return { ...delayed, cancellationToken }
}

function toMissing({ name, typename, expiration }: MissingValue): WireMissing {
  const { mode, durationMs } = expiration
  return {
    stateName: name,
    typeTypename: typename,
    ...(mode === 'none'
      ? {}
      : { expirationSpec: { mode: EXPIRE_MODES.indexOf(mode), expireAfterMillis: durationMs } })
  }
}

function fromReply<V, S>(wire: WireVersion<V, S>, reply: WireReply<V, S>): FromFunction {
  const { invocationResult, incompleteInvocationContext } = reply
  if (incompleteInvocationContext) {
    const missing = (incompleteInvocationContext.missingValues ?? []).map(fromMissing)
    return { kind: 'incomplete', missing }
  }
  return { kind: 'result', effects: fromResult(wire, invocationResult ?? {}) }
}

function fromResult<V, S>(wire: WireVersion<V, S>, result: WireResult<V, S>): Effects<TypedValue> {
  return {
    mutations: (result.stateMutations ?? []).map(mutation => fromMutation(wire, mutation)),
    messages: (result.outgoingMessages ?? []).map(({ target, argument }) => ({
      target: targetFrom(target),
      argument: wire.fromValue(argument)
    })),
    delayed: (result.delayedInvocations ?? []).map(delayed => fromDelayed(wire, delayed)),
    egress: (result.outgoingEgresses ?? []).map(({ egressNamespace, egressType, argument }) => ({
      egress: egressFrom(`${egressNamespace ?? ''}/${egressType ?? ''}`),
      argument: wire.fromValue(argument)
    }))
  }
}

function fromMutation<V, S>(
  wire: WireVersion<V, S>,
  mutation: WireState<S> & { mutationType?: number | null }
): StateMutation<TypedValue> {
  const name = nameFrom('REPLY', 'the name of a state', mutation.stateName)
  const type = mutation.mutationType ?? DELETE
  if (type === DELETE) return { name, value: null }
  if (type === MODIFY) return { name, value: wire.fromReplyState(mutation.stateValue) }
  throw invalid('REPLY', `the state "${name}" has the mutation type ${type}; expected 0 or 1`)
}

function fromDelayed<V, S>(wire: WireVersion<V, S>, delayed: WireDelayed<V>): DelayedEffect {
  const { isCancellationRequest, cancellationToken } = delayed
  if (isCancellationRequest === true) {
    const token = nameFrom('REPLY', 'the token of a cancellation', cancellationToken)
    return { kind: 'cancel', cancellationToken: token }
  }
  return {
    kind: 'send',
    delayMs: durationFrom('REPLY', 'a delay', delayed.delayInMs),
    target: targetFrom(delayed.target),
    argument: wire.fromValue(delayed.argument),
    cancellationToken: cancellationToken
      ? nameFrom('REPLY', 'a cancellation token', cancellationToken)
      : null
  }
}

function fromMissing({ stateName, expirationSpec, typeTypename }: WireMissing): MissingValue {
  const name = nameFrom('REPLY', 'the name of a missing state', stateName)
  return { name, typename: typeTypename || UNSET_TYPENAME, expiration: fromExpiration(name) }

  /** Some SDKs write an empty spec for "does not expire". */
  function fromExpiration(name: string): Expiration {
    const mode = EXPIRE_MODES[expirationSpec?.mode ?? 0]
    if (mode === undefined) {
      throw invalid('REPLY', `the state "${name}" has the expire mode ${expirationSpec?.mode}`)
    }
    if (mode === 'none') return NO_EXPIRATION
    const what = `the expiration of the state "${name}"`
    const durationMs = durationFrom('REPLY', what, expirationSpec?.expireAfterMillis)
    if (durationMs === 0) throw invalid('REPLY', `${what} is 0 ms; expected at least 1`)
    return { mode, durationMs }
  }
}

function targetFrom(target: WireAddress | null | undefined): Address {
  return addressFrom('REPLY', 'the target of a message', target)
}

function egressFrom(egress: string): string {
  if (parseTypeName(egress) !== null) return egress
  throw invalid(
    'REPLY',
    `an egress is ${JSON.stringify(egress.slice(0, 200))}; expected namespace/name`
  )
}

function unsayable<V, S>(wire: WireVersion<V, S>, what: string): MillraceError {
  return new MillraceError(
    'FUNCTION_VALUE',
    `the protocol ${wire.version} has no word for ${what}; expected a reply without it; use 3.x`
  )
}
