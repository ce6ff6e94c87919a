// From a step of the plan to the function that its records are given to.
import { MillraceError } from '../../base/index.ts'
import type { StepPlan } from '../../dataflow/plan.ts'
import { builtinFunction } from '../builtin/index.ts'
import type { UserFunction } from './contract.ts'
import { loadInline } from './inline.ts'
import { loadModule, readyLoader } from './module.ts'

/**
 * Loads a step's function. `folder` is the absolute folder of the dataflow's file.
 * @throws FUNCTION_INVALID, FUNCTION_CLOSURE, MODULE_NOT_FOUND, MODULE_FAILED, EXPORT_NOT_FOUND; the message begins
 * with the place in the dataflow file
 */
export async function loadStep(step: StepPlan, folder: string): Promise<UserFunction> {
  if (step.code.kind === 'builtin') return builtinFunction(step.code.call)
  if (step.code.kind === 'module') return loadModule(step.code, folder)
  if (step.code.kind === 'closure') throw notText(step, step.code)
  if (/\bimport\s*\(/.test(step.code.source)) await readyLoader(folder)
  return loadInline(step, step.code, folder)
}

/** A function of the builder that only the process that made it has. */
function notText(
  step: StepPlan,
  { at, captures }: Extract<StepPlan['code'], { kind: 'closure' }>
): MillraceError {
  const reason =
    captures.length === 0 ? 'has no text' : `uses ${captures.join(', ')} from around it`
  return new MillraceError(
    'FUNCTION_CLOSURE',
    `${at.file}:${at.line}:${at.column}: ${step.operator} ${step.name} ${reason}, so it runs only in the process ` +
      'that made it: expected a run without workers; export it from its file, or give it what it needs by "with"',
    { details: { file: at.file, line: at.line, column: at.column, captures: captures.join(' ') } }
  )
}
