// What the TypeScript checker printed, as diagnostics at the user's own places.
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import type { Declarations } from './declarations.ts'

/** `file(line,column): error TS1234: message`; without a place when it is about the options. */
const LINE = /^(?:(.+?)\((\d+),(\d+)\): )?(error|warning) (TS\d+): (.*)$/

/** A place in one of the user's own files. */
export interface PlacedInFile {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** How to read the checker's output. */
export interface TypeDiagnosticsOptions {
  readonly declarations: Declarations
  /** Whether a path that the checker prints is the generated file. */
  isGenerated(path: string): boolean
  /** The name under which people know another file that it prints; null hides its errors. */
  nameOf(path: string): string | null
  /** Where errors without a place are shown. */
  readonly fallback: PlacedInFile
}

/** Diagnostics in the order of the output, each place and code once. Pure. */
export function typeDiagnostics(
  output: string,
  options: TypeDiagnosticsOptions
): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>()
  for (const { head, details } of messagesIn(output)) {
    const diagnostic = diagnosticOf(head, details, options)
    if (diagnostic === null) continue
    const key = `${diagnostic.file}:${diagnostic.line}:${diagnostic.column} ${diagnostic.code}`
    if (!found.has(key)) found.set(key, diagnostic)
  }
  return [...found.values()]
}

interface Message {
  readonly head: RegExpExecArray
  /** Indented lines below it: why. */
  readonly details: string[]
}

function messagesIn(output: string): readonly Message[] {
  const messages: Message[] = []
  for (const line of output.split(/\r?\n/)) {
    const head = LINE.exec(line)
    if (head !== null) messages.push({ head, details: [] })
    else if (/^\s+\S/.test(line)) messages.at(-1)?.details.push(line.trim())
  }
  return messages
}

function diagnosticOf(
  head: RegExpExecArray,
  details: readonly string[],
  options: TypeDiagnosticsOptions
): Diagnostic | null {
  const [, path, line, column, severity, code, message] = head
  const place = placeOf(path, Number(line), Number(column), options)
  if (place === null) return null
  return {
    severity: severity === 'warning' || code === UNTYPED_MODULE ? 'warning' : 'error',
    code: code!,
    ...wordsOf(code!, readable(message!), details.map(readable)),
    file: place.file,
    line: place.line,
    column: place.column,
    length: place.length
  }
}

/** A function that does not fit its operator: its type and the innermost reason; the hint has the rest. */
function wordsOf(
  code: string,
  message: string,
  details: readonly string[]
): { readonly message: string; readonly hint: string | null } {
  if (code === UNTYPED_MODULE) return untypedModule(message)
  const reasons = details.filter((detail, index) => detail !== details[index - 1])
  const hint = reasons.length === 0 ? null : reasons.join(' ')
  const misfit = /^Type '(.*)' does not satisfy the expected type '(.*)'/.exec(message)
  if (code !== 'TS1360' || misfit === null) return { message, hint }
  if (!misfit[1]!.includes('=>') && misfit[2] !== RESULT_OF_MAP) {
    return { message: `the export is of type ${misfit[1]}; expected a function`, hint: null }
  }
  if (!misfit[1]!.includes('=>')) {
    const advice = 'Return a value, or use filter-map, which drops what is undefined.'
    return { message: `the function of map returns ${misfit[1]}; expected a value`, hint: advice }
  }
  const reason = reasons.at(-1) ?? 'its type is another.'
  return {
    message: `the function, ${misfit[1]}, does not fit here: ${reason}`,
    hint: reasons.length > 1 ? reasons.slice(0, -1).join(' ') : null
  }
}

/** What {@link Declarations} asks of a map without a declared type. */
const RESULT_OF_MAP = '{} | null'

/** JavaScript without declarations: it runs, so it is no mistake. */
const UNTYPED_MODULE = 'TS7016'

function untypedModule(message: string): { readonly message: string; readonly hint: string } {
  const name = /module '([^']+)'/.exec(message)?.[1] ?? 'the module'
  return {
    message: `${name} has no types: what it exports is not checked`,
    hint: 'Put a declaration file beside it, install its package of types, or write it in TypeScript.'
  }
}

function placeOf(
  path: string | undefined,
  line: number,
  column: number,
  options: TypeDiagnosticsOptions
): (PlacedInFile & { readonly length: number }) | null {
  if (path === undefined) return { ...options.fallback, length: 1 }
  if (options.isGenerated(path)) {
    return options.declarations.map.placeOf(line, column) ?? { ...options.fallback, length: 1 }
  }
  const file = options.nameOf(path)
  return file === null ? null : { file, line, column, length: 1 }
}

/** Without the names that only the generated source has. */
function readable(message: string): string {
  let text = message
    .replaceAll(/\$Context<\$States\d+, [^<>]*>/g, 'Context')
    .replaceAll(/\$(Context|KeyValue|KeyedStateReader|KeyedState|Key)\b(?!\d)/g, '$1')
    .replaceAll(/\$States\d+/g, 'ctx.state')
  for (let before = ''; before !== text;) {
    before = text
    text = text.replaceAll(/\$(?:MaybePromise|Out)<([^<>]*(?:<[^<>]*>[^<>]*)*)>/g, '$1')
  }
  return text
}
