// The parsers from elsewhere, loaded when the first file is compiled: half of the command line never needs them.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
let yaml: typeof import('yaml') | null = null
let acorn: typeof import('acorn') | null = null

/** The YAML lexer, parser and composer; 20–60 ms at first. */
export function yamlLibrary(): typeof import('yaml') {
  yaml ??= require('yaml') as typeof import('yaml')
  return yaml
}

/** The JavaScript parser; about 10 ms at first. */
export function acornLibrary(): typeof import('acorn') {
  acorn ??= require('acorn') as typeof import('acorn')
  return acorn
}

let croner: typeof import('croner') | null = null

/** Reads cron expressions and tells the times that they name; about 5 ms at first. */
export function cronLibrary(): typeof import('croner') {
  croner ??= require('croner') as typeof import('croner')
  return croner
}

let protobuf: typeof import('protobufjs') | null = null

/** Reads .proto files and their messages; about 40 ms at first. */
export function protobufLibrary(): typeof import('protobufjs') {
  protobuf ??= require('protobufjs') as typeof import('protobufjs')
  return protobuf
}
