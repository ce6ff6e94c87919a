// The package export `millrace/functions`: stateful functions in StateFun's words.
export {
  addressOf,
  parseTypeName,
  sameAddress,
  TYPE_NAME_LENGTH_MAX,
  typeName,
  type Address,
  type TypeNameParts
} from './address.ts'
export type { Context, SendAfterOptions, Storage, StoredValue } from './context.ts'
export type * from './effects.ts'
export { invoke } from './invoke.ts'
export { kafkaEgress, type KafkaEgressOptions } from './kafka-egress.ts'
export { egressTo, Message, messageTo, typedValue } from './message.ts'
export { functionTable, replyTo } from './request-reply.ts'
export {
  requestReplyHandler,
  type RequestReplyHandler,
  type RequestReplyHandlerOptions
} from './request-reply-handler.ts'
export {
  statefulFunction,
  type Handler,
  type StatefulFunction,
  type StatefulFunctionOptions
} from './stateful-function.ts'
export {
  boolType,
  doubleType,
  floatType,
  intType,
  jsonType,
  longType,
  simpleType,
  stringType,
  type SimpleTypeOptions,
  type Type
} from './types.ts'
export {
  NO_EXPIRATION,
  valueSpec,
  type AnyValueSpec,
  type Expiration,
  type ExpireMode,
  type ValueSpec,
  type ValueSpecOptions
} from './value-spec.ts'
