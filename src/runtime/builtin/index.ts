// The public face of built-in functions: what a file describes instead of writing it.
export { builtinFunction } from './functions.ts'
