// The public face of code: users' functions loaded, and what is told of their errors.
export type { UserErrorDescription, UserFunction } from './contract.ts'
export { type DeclarationOptions, type Declarations, generateDeclarations } from './declarations.ts'
export { describeUserError } from './describe-error.ts'
export { fieldsRead } from './fields-read.ts'
export { loadStep } from './load.ts'
export { shareUserModule } from './module.ts'
export type { MappedPlace } from './source-map.ts'
export { SCALAR_ALIASES, TypeText } from './type-text.ts'
export { typeDiagnostics, type PlacedInFile } from './type-diagnostics.ts'
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
