// Functions written in the dataflow file, compiled so that stack traces and breakpoints name that file.
import { basename, isAbsolute, join } from 'node:path'
import { compileFunction, constants } from 'node:vm'
import { MillraceError } from '../../base/index.ts'
import type { CodePlan, StepPlan } from '../../dataflow/plan.ts'
import type { UserFunction } from './contract.ts'
import { stripTypes } from './strip.ts'
import { keyed } from './user.ts'

type InlineCode = Extract<CodePlan, { readonly kind: 'inline' }>

/** Strict, and on the source's own first line: lines and columns stay those of the file. */
const PREFIX = "'use strict';"

/** The name under which a function of `code` stands in stack traces: the file's absolute path. */
export function inlineFile(code: InlineCode, folder: string): string {
  return isAbsolute(code.at.file) ? code.at.file : join(folder, basename(code.at.file))
}

/**
 * Compiles the function in this realm; it sees globals and `keyed`, nothing of ours. `import()` inside
 * resolves from the dataflow's folder.
 * @throws FUNCTION_INVALID it is no TypeScript that can be stripped, with file, line and column
 */
export function loadInline(step: StepPlan, code: InlineCode, folder: string): UserFunction {
  const javascript = strip(step, code)
  let make: (...args: unknown[]) => unknown
  try {
    make = compileFunction(`${PREFIX}${javascript}\nreturn ${code.functionName}`, ['keyed'], {
      filename: inlineFile(code, folder),
      lineOffset: code.at.line - 1,
      columnOffset: code.at.column - 1 - PREFIX.length,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
    }) as typeof make
  } catch (error) {
    throw invalid(step, code, error)
  }
  return make(keyed) as UserFunction
}

function strip(step: StepPlan, code: InlineCode): string {
  try {
    return stripTypes(code.source)
  } catch (error) {
    throw invalid(step, code, error)
  }
}

function invalid(step: StepPlan, code: InlineCode, error: unknown): MillraceError {
  const { line, column } = syntaxErrorPlace(code, error)
  const reason = error instanceof Error ? error.message : String(error)
  return new MillraceError(
    'FUNCTION_INVALID',
    `${code.at.file}:${line}:${column}: ${step.operator} ${step.name} is no valid TypeScript: ${reason}`,
    { details: { file: code.at.file, line, column }, cause: error }
  )
}

/**
 * Node heads the stack of a syntax error with `:line`, the line of code and a caret below the place; V8 does so
 * with the file's line. Without that: the function's start.
 */
function syntaxErrorPlace(
  code: InlineCode,
  error: unknown
): { readonly line: number; readonly column: number } {
  const stack = error instanceof Error ? String(error.stack) : ''
  const head = /^(.*):(\d+)\n(?:.*\n)*?( *)\^+\n/.exec(stack)
  if (head === null) return code.at
  const [, file, lineText, blanks] = head as unknown as [string, string, string, string]
  const inFile = file !== ''
  const line = inFile ? Number(lineText) : code.at.line + Number(lineText) - 1
  const first = line === code.at.line
  const indent = first ? code.at.column - 1 : code.indent
  const prefix = first && inFile ? PREFIX.length : 0
  return { line, column: Math.max(1, blanks.length - prefix + 1 + indent) }
}
