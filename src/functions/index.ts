// The public face of functions: the SDK, module files, and the runtime of stateful functions.
export * from './sdk/index.ts'
export * from './remote/wire/index.ts'
export * from './module/index.ts'
export * from './remote/client/index.ts'
export * from './runtime/index.ts'
