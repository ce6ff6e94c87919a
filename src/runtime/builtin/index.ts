// The public face of built-in functions: what a file describes instead of writing it.
export { aggregateResult, type SeeState } from './aggregate.ts'
export { builtinFunction, fieldReader } from './functions.ts'
