// Functions written in the dataflow file, compiled so that stack traces and breakpoints name that file.
import { basename, isAbsolute, join } from 'node:path'
import { compileFunction, constants } from 'node:vm'
import { MillraceError } from '../../base/index.ts'
import type { CodePlan, StepPlan } from '../../dataflow/plan.ts'
import type { UserFunction } from './contract.ts'
import { placeInSource } from './source-map.ts'
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
 * @throws FUNCTION_INVALID V8 does not take the plan's JavaScript, with file, line and column
 */
export function loadInline(step: StepPlan, code: InlineCode, folder: string): UserFunction {
  let make: (...args: unknown[]) => unknown
  try {
    make = compileFunction(`${PREFIX}${code.javascript}\nreturn ${code.functionName}`, ['keyed'], {
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

function invalid(step: StepPlan, code: InlineCode, error: unknown): MillraceError {
  const { line, column } = syntaxErrorPlace(code, error)
  const reason = error instanceof Error ? error.message : String(error)
  return new MillraceError(
    'FUNCTION_INVALID',
    `${code.at.file}:${line}:${column}: ${step.operator} ${step.name} is no valid function: ${reason}`,
    { details: { file: code.at.file, line, column }, cause: error }
  )
}

/** V8 heads the stack of a syntax error with the file's line and a caret. Without that: the function's start. */
function syntaxErrorPlace(
  code: InlineCode,
  error: unknown
): { readonly line: number; readonly column: number } {
  const stack = error instanceof Error ? String(error.stack) : ''
  const head = /^.*:(\d+)\n(?:.*\n)*?( *)\^+\n/.exec(stack)
  if (head === null) return code.at
  const line = Number(head[1]) - code.at.line
  const column = head[2]!.length - (line === 0 ? PREFIX.length : 0)
  return placeInSource(code, line, Math.max(0, column))
}
