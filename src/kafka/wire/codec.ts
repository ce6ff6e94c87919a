// The codec of every API in every version, made when it is first needed and kept.
import { assert } from '../../base/index.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { Messages } from './generated/messages.ts'
import type { Api } from './layout.ts'
import { apiNamed } from './apis.ts'
import { messageReader, type MessageReader } from './read-message.ts'
import { messageWriter, type MessageWriter, type SparseMessage } from './write-message.ts'

/** Names of the APIs that are known. */
export type ApiName = keyof Messages
/** What a request of an API reads as. */
export type RequestOf<Name extends ApiName> = Messages[Name]['request']
/** What a response of an API reads as. */
export type ResponseOf<Name extends ApiName> = Messages[Name]['response']

/** A message to write: what is left out is written as its default. */
export type Sparse<T> = T extends Uint8Array | string | number | boolean | null
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Sparse<Item>[]
    : { readonly [Key in keyof T]?: Sparse<T[Key]> }

interface Codec {
  readonly readRequest: MessageReader
  readonly writeRequest: MessageWriter
  readonly readResponse: MessageReader
  readonly writeResponse: MessageWriter
}

const codecs = new Map<string, Codec>()

function codecOf(name: ApiName, version: number): Codec {
  const id = `${name} ${version}`
  const kept = codecs.get(id)
  if (kept !== undefined) return kept
  const api = apiNamed(name)
  assert(api !== undefined && version >= api.min && version <= api.max, `no codec for ${id}`)
  const made = makeCodec(api, version)
  codecs.set(id, made)
  return made
}

function makeCodec(api: Api, version: number): Codec {
  const isFlexible = version >= api.flexible
  return {
    readRequest: messageReader(api.request, version, isFlexible),
    writeRequest: messageWriter(api.request, version, isFlexible),
    readResponse: messageReader(api.response, version, isFlexible),
    writeResponse: messageWriter(api.response, version, isFlexible)
  }
}

/**
 * Reads the body of a request. Bytes in it are views into the frame; every field is there, those that the version
 * lacks with their default. @throws FRAME_MALFORMED
 */
export function readRequest<Name extends ApiName>(
  name: Name,
  version: number,
  reader: FrameReader
): RequestOf<Name> {
  return codecOf(name, version).readRequest(reader) as unknown as RequestOf<Name>
}

/** Writes the body of a request. */
export function writeRequest<Name extends ApiName>(
  name: Name,
  version: number,
  writer: FrameWriter,
  request: Sparse<RequestOf<Name>>
): void {
  codecOf(name, version).writeRequest(writer, request as SparseMessage)
}

/** Reads the body of a response. @throws FRAME_MALFORMED */
export function readResponse<Name extends ApiName>(
  name: Name,
  version: number,
  reader: FrameReader
): ResponseOf<Name> {
  return codecOf(name, version).readResponse(reader) as unknown as ResponseOf<Name>
}

/** Writes the body of a response. */
export function writeResponse<Name extends ApiName>(
  name: Name,
  version: number,
  writer: FrameWriter,
  response: Sparse<ResponseOf<Name>>
): void {
  codecOf(name, version).writeResponse(writer, response as SparseMessage)
}
