// A message inside the runtime: who gets it, who sent it, what it says, and what it came with.
//
//   stored:  version 1 · flags · target · [caller] · typename · argument · [feed] · [origin] · [request]
//   address: namespace · type · id                    (texts with lengths)
//   feed:    topic · partition · [name of the ingress]                      the ingress partition that it goes back to
//   origin:  offset · timestamp · header count · headers               offset 0 with a flag: it is not known
//   request: its id                                                         see requests.ts
import { type ByteWriter, assert } from '../../base/index.ts'
import type { ValueCodec } from '../../state/contract.ts'
import type { Address, TypedValue } from '../sdk/index.ts'
import { StoredReader, intern, ownBytes, putBytes, putText, putTypename } from './bytes.ts'

const VERSION = 1
const HAS_CALLER = 1
const HAS_FEED = 2
const HAS_ORIGIN = 4
const HAS_INGRESS = 8
const HAS_REQUEST = 16
const IS_OFFSET_UNKNOWN = 32
/** Estimated bytes of an envelope in memory, without its argument. */
const ENVELOPE_BYTES = 320

/** The ingress partition that a message goes back to, over any number of functions: what waits when it must. */
export interface Feed {
  readonly topic: string
  readonly partition: number
  /** Name of the ingress; '' for the one without. */
  readonly ingress: string
}

/** The record of the feed that a message was made from, for its dead letter. */
export interface Origin {
  /** −1: it was not known when the message was made. */
  readonly offset: number
  readonly timestamp: number
  /** Encoded, as a batch has them. */
  readonly headers: Uint8Array
  readonly headerCount: number
}

/** One message. Its bytes may be views of a larger buffer until it is {@link owned}. */
export class Envelope {
  /** Address as text: the key of its state. */
  readonly key: string
  readonly target: Address
  /** Null from an ingress. */
  readonly caller: Address | null
  readonly argument: TypedValue
  readonly feed: Feed | null
  readonly origin: Origin | null
  /** The request that it comes of; null for none, or for not one alone. */
  readonly request: string | null
  /** Its number in the durable mailbox; −1 while it is only in memory. */
  sequence = -1

  constructor(
    key: string,
    target: Address,
    caller: Address | null,
    argument: TypedValue,
    feed: Feed | null,
    origin: Origin | null,
    request: string | null = null
  ) {
    this.key = key
    this.target = target
    this.caller = caller
    this.argument = argument
    this.feed = feed
    this.origin = origin
    this.request = request
  }

  /** The same message with bytes of its own, to be kept. */
  owned(): Envelope {
    const { argument, origin } = this
    return new Envelope(
      this.key,
      this.target,
      this.caller,
      { typename: argument.typename, bytes: ownBytes(argument.bytes) },
      this.feed,
      origin === null ? null : { ...origin, headers: ownBytes(origin.headers) },
      this.request
    )
  }
}

/** An address as one text; namespace and type have no `/`. */
export function keyOf(address: Address): string {
  return `${address.namespace}/${address.type}/${address.id}`
}

/** Bytes of a message for the budgets. */
export function sizeOf({ argument, target, origin }: Envelope): number {
  const headers = origin === null ? 0 : origin.headers.length
  return ENVELOPE_BYTES + argument.bytes.length + target.id.length * 4 + headers
}

/** Appends the stored form. */
export function putEnvelope(sink: ByteWriter, envelope: Envelope): void {
  const { target, caller, argument, feed, origin, request } = envelope
  sink.u8(VERSION)
  sink.u8(
    (caller === null ? 0 : HAS_CALLER) |
      (feed === null ? 0 : HAS_FEED) |
      (origin === null ? 0 : HAS_ORIGIN) |
      (feed === null || feed.ingress === '' ? 0 : HAS_INGRESS) |
      (request === null ? 0 : HAS_REQUEST) |
      (origin === null || origin.offset >= 0 ? 0 : IS_OFFSET_UNKNOWN)
  )
  putAddress(sink, target)
  if (caller !== null) putAddress(sink, caller)
  putTypename(sink, argument.typename)
  putBytes(sink, argument.bytes)
  if (feed !== null) {
    putText(sink, feed.topic)
    sink.varuint(feed.partition)
    if (feed.ingress !== '') putText(sink, feed.ingress)
  }
  if (origin !== null) {
    sink.varuint(Math.max(0, origin.offset))
    // Timestamps may be −1: none.
    sink.varuint(origin.timestamp + 1)
    sink.varuint(origin.headerCount)
    putBytes(sink, origin.headers)
  }
  if (request !== null) putText(sink, request)
}

/** Reads the stored form; its bytes are copied. */
export function readEnvelope(reader: StoredReader): Envelope {
  const version = reader.u8()
  assert(version === VERSION, 'a stored message has a version that this program knows')
  const flags = reader.u8()
  const target = readAddress(reader)
  const caller = flags & HAS_CALLER ? readAddress(reader) : null
  const typename = reader.typename()
  const argument = { typename, bytes: reader.own() }
  const feed = flags & HAS_FEED ? readFeed(reader, (flags & HAS_INGRESS) !== 0) : null
  const origin = flags & HAS_ORIGIN ? readOrigin(reader, (flags & IS_OFFSET_UNKNOWN) === 0) : null
  const request = flags & HAS_REQUEST ? reader.text() : null
  return new Envelope(keyOf(target), target, caller, argument, feed, origin, request)
}

function putAddress(sink: ByteWriter, address: Address): void {
  putText(sink, address.namespace)
  putText(sink, address.type)
  putText(sink, address.id)
}

function readAddress(reader: StoredReader): Address {
  const namespace = intern(reader.text())
  const type = intern(reader.text())
  return { namespace, type, id: reader.text() }
}

function readFeed(reader: StoredReader, hasIngress: boolean): Feed {
  const topic = intern(reader.text())
  const partition = reader.varuint()
  return { topic, partition, ingress: hasIngress ? intern(reader.text()) : '' }
}

function readOrigin(reader: StoredReader, isKnown: boolean): Origin {
  const stored = reader.varuint()
  const offset = isKnown ? stored : -1
  const timestamp = reader.varuint() - 1
  const headerCount = reader.varuint()
  return { offset, timestamp, headerCount, headers: reader.own() }
}

/** Messages in the durable mailbox. They do not change. */
export const ENVELOPES: ValueCodec<Envelope> = {
  encode: (envelope, sink) => putEnvelope(sink, envelope),
  decode: (bytes, start, end) => readEnvelope(new StoredReader(bytes, start, end)),
  zero: () => assert(false, 'a message has no zero') as never,
  copy: envelope => envelope,
  check: value => value as Envelope,
  size: sizeOf
}
