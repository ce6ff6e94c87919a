// The request-reply protocol of StateFun 2.x: messages are `Any`, states are bytes that the function alone reads.
import { createCodec } from './codec.ts'
import { org } from './generated/protocol-2.js'
import { UNSET_TYPENAME, type RequestReplyCodec } from './messages.ts'

const EMPTY = new Uint8Array(0)
const { polyglot } = org.apache.flink.statefun.flink.core

/**
 * The codec of 2.0 to 2.2. A message's typename is its `type_url`. A state's typename is {@link UNSET_TYPENAME}; its
 * bytes are what the SDK wrote (a serialised `Any`), and no bytes are an absent state.
 */
export const protocol2: RequestReplyCodec = createCodec<
  org.apache.flink.statefun.flink.core.polyglot.AnyValue,
  Uint8Array
>({
  version: '2.x',
  request: polyglot.ToFunction,
  reply: polyglot.FromFunction,
  hasHandshake: false,
  toValue: ({ typename, bytes }) => ({ typeUrl: typename, value: bytes }),
  fromValue: value => ({ typename: value?.typeUrl ?? '', bytes: value?.value ?? EMPTY }),
  toState: value => value.bytes,
  fromRequestState: stateOf,
  fromReplyState: stateOf
})

function stateOf(bytes: Uint8Array | null | undefined) {
  if (!bytes || bytes.length === 0) return null
  return { typename: UNSET_TYPENAME, bytes: Uint8Array.from(bytes) }
}
