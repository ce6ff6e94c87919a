// The public face of code: users' functions loaded, and what is told of their errors.
export type { UserErrorDescription, UserFunction } from './contract.ts'
export { describeUserError } from './describe-error.ts'
export { loadStep } from './load.ts'
export type {
  Context,
  Key,
  KeyAccessor,
  KeyedState,
  KeyedStateReader,
  KeyReader,
  KeyValue,
  Logger,
  Window
} from './user.ts'
export { isKeyed, Keyed, keyed } from './user.ts'
