// The request-reply protocol of StateFun 3.x: values are `TypedValue`.
import type { TypedValue } from '../../sdk/effects.ts'
import { createCodec } from './codec.ts'
import { io } from './generated/protocol-3.js'
import { UNSET_TYPENAME, type RequestReplyCodec } from './messages.ts'

type WireValue = io.statefun.sdk.reqreply.TypedValue

const EMPTY = new Uint8Array(0)
const { ToFunction, FromFunction } = io.statefun.sdk.reqreply

const toValue = ({ typename, bytes }: TypedValue): WireValue => ({
  typename,
  hasValue: true,
  value: bytes
})

/** The codec that the SDKs of 3.0 to 3.3 speak. */
export const protocol3: RequestReplyCodec = createCodec<WireValue, WireValue>({
  version: '3.x',
  request: ToFunction,
  reply: FromFunction,
  hasHandshake: true,
  toValue,
  toState: toValue,
  fromValue: value => ({ typename: value?.typename ?? '', bytes: value?.value ?? EMPTY }),
  fromRequestState: value => (value?.hasValue === true ? copyOf(value) : null),
  // What `has_value` says does not count here: DELETE is how a function removes.
  fromReplyState: value => copyOf(value ?? {})
})

function copyOf({ typename, value }: WireValue): TypedValue {
  return { typename: typename || UNSET_TYPENAME, bytes: Uint8Array.from(value ?? EMPTY) }
}
