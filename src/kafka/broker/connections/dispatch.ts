// From the bytes of a request to those of its response.
import { MillraceError } from '../../../base/index.ts'
import {
  FrameReader,
  FrameWriter,
  apiOfKey,
  endRequestHeader,
  readRequest,
  readRequestHeader,
  writeResponse,
  writeResponseHeader,
  type Api,
  type ApiName,
  type RequestHeader,
  type RequestOf
} from '../../wire/index.ts'
import type { BrokerContext, Caller } from '../context.ts'
import { HANDLERS, unsupportedVersions, type AnyHandler } from '../handlers/index.ts'
import { mayOverlap } from '../handlers/produce.ts'
import { noteAdministration } from '../security/administration.ts'
import type { Login } from '../security/login.ts'

const LENGTH_BYTES = 4
const API_VERSIONS = 'ApiVersions'
const PRODUCE = 'Produce'

/** A request whose frame was read; `answer` does the work. */
export interface OpenRequest {
  /** API and version, for people. */
  readonly name: string
  /** Whether it may be begun before the one before it is answered: such requests keep their order themselves. */
  keepsOrder(context: BrokerContext): boolean
  /** The frame of the response, as pieces; null when there is none. Rejects only when a handler has a bug. */
  answer(context: BrokerContext): Promise<readonly Uint8Array[] | null>
}

/**
 * Reads a frame. `refusalOf`: why a request of an API is not answered, or null; asked before its body is read.
 * @throws FRAME_MALFORMED, REQUEST_UNKNOWN, REQUEST_REFUSED the connection cannot go on
 */
export function openRequest(
  frame: Buffer,
  caller: (clientId: string | null) => Caller,
  refusalOf: (api: string) => string | null
): OpenRequest {
  const reader = new FrameReader(frame)
  const header = readRequestHeader(reader)
  const api = apiOfKey(header.apiKey)
  const handler = api === undefined ? undefined : HANDLERS[api.name as ApiName]
  if (api === undefined || handler === undefined) throw unknownRequest(header)
  const refusal = refusalOf(api.name)
  if (refusal !== null) throw new MillraceError('REQUEST_REFUSED', refusal)
  const { apiVersion: version, correlationId } = header
  if (version < api.min || version > api.max) {
    if (api.name !== API_VERSIONS) throw unknownRequest(header)
    return {
      name: api.name,
      keepsOrder: () => false,
      answer: () => Promise.resolve(encode(api, 0, correlationId, unsupportedVersions()))
    }
  }
  endRequestHeader(reader, api, version)
  const request = readRequest(api.name as ApiName, version, reader)
  const answer = async (context: BrokerContext) => {
    const run = handler as AnyHandler
    const who = caller(header.clientId)
    const response = await run(context, request, who, version)
    noteAdministration(context, api.name as ApiName, request, { response, caller: who })
    return response === null ? null : encode(api, version, correlationId, response)
  }
  const keepsOrder = (context: BrokerContext): boolean =>
    api.name === PRODUCE && mayOverlap(context, request as RequestOf<'Produce'>)
  return { name: `${api.name} v${version}`, keepsOrder, answer }
}

/** A frame that is a message of SASL, as it comes behind version 0 of SaslHandshake. */
export function openMessage(login: Login, frame: Buffer): OpenRequest {
  const answer = async (): Promise<readonly Uint8Array[] | null> => {
    const message = await login.authenticateFrame(frame)
    if (message === null) return null
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeInt32BE(message.length)
    return [length, message]
  }
  return { name: 'a message of SASL', keepsOrder: () => false, answer }
}

function encode(
  api: Api,
  version: number,
  correlationId: number,
  response: object
): readonly Uint8Array[] {
  const writer = new FrameWriter()
  writeResponseHeader(writer, api, version, correlationId)
  writeResponse(api.name as ApiName, version, writer, response)
  return writer.finish()
}

function unknownRequest(header: RequestHeader): MillraceError {
  return new MillraceError(
    'REQUEST_UNKNOWN',
    `request with key ${header.apiKey} in version ${header.apiVersion}; expected one that ApiVersions names; ` +
      'check that the client is no older than Kafka 0.11 and asks for versions first'
  )
}
