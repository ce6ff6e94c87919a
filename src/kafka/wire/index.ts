// The Kafka protocol without I/O: layouts as data, one codec for all of them.
export { APIS, apiNamed, apiOfKey } from './apis.ts'
export {
  readRequest,
  readResponse,
  writeRequest,
  writeResponse,
  type ApiName,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from './codec.ts'
export { ERROR_CODES, type ErrorName } from './error-codes.ts'
export { FrameReader } from './frame-reader.ts'
export { FrameWriter } from './frame-writer.ts'
export type * from './generated/messages.ts'
export {
  endRequestHeader,
  readRequestHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
  type RequestHeader
} from './header.ts'
export type { Api, Field, Primitive } from './layout.ts'
