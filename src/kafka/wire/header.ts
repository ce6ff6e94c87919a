// The headers in front of every request and response.
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { Api } from './layout.ts'

/** ApiVersions is answered with the oldest header, so that a client of any age can read it (KIP-511). */
const API_VERSIONS_KEY = 18

/** What stands before a request's body, without the part that depends on the version. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  /** Chosen by the client; the response carries it back. */
  readonly correlationId: number
  /** Name that the client gives itself; null when it has none. */
  readonly clientId: string | null
}

/** Reads the header up to the client's name; {@link endRequestHeader} reads the rest. @throws FRAME_MALFORMED */
export function readRequestHeader(reader: FrameReader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  // The name keeps its two-byte length in every version.
  const length = reader.textLength(false)
  return { apiKey, apiVersion, correlationId, clientId: length < 0 ? null : reader.text(length) }
}

/** Reads the tagged fields that end the header of a flexible version. @throws FRAME_MALFORMED */
export function endRequestHeader(reader: FrameReader, api: Api, version: number): void {
  if (version >= api.flexible) reader.tags(() => false)
}

/** Writes a whole request header. */
export function writeRequestHeader(writer: FrameWriter, api: Api, header: RequestHeader): void {
  writer.i16be(header.apiKey)
  writer.i16be(header.apiVersion)
  writer.i32be(header.correlationId)
  if (header.clientId === null) writer.i16be(-1)
  else {
    writer.i16be(Buffer.byteLength(header.clientId))
    writer.utf8(header.clientId)
  }
  if (header.apiVersion >= api.flexible) writer.varuint(0)
}

/** Writes the header of a response. */
export function writeResponseHeader(
  writer: FrameWriter,
  api: Api,
  version: number,
  correlationId: number
): void {
  writer.i32be(correlationId)
  if (hasTags(api, version)) writer.varuint(0)
}

/** Reads the header of a response; gives the correlation id. @throws FRAME_MALFORMED */
export function readResponseHeader(reader: FrameReader, api: Api, version: number): number {
  const correlationId = reader.int32()
  if (hasTags(api, version)) reader.tags(() => false)
  return correlationId
}

function hasTags(api: Api, version: number): boolean {
  return version >= api.flexible && api.key !== API_VERSIONS_KEY
}
