// From a step of the plan to the function that its records are given to.
import type { StepPlan } from '../../dataflow/plan.ts'
import { builtinFunction } from '../builtin/index.ts'
import type { UserFunction } from './contract.ts'
import { loadInline } from './inline.ts'
import { loadModule, readyLoader } from './module.ts'

/**
 * Loads a step's function. `folder` is the absolute folder of the dataflow's file.
 * @throws FUNCTION_INVALID, MODULE_NOT_FOUND, MODULE_FAILED, EXPORT_NOT_FOUND; the message begins with the
 * place in the dataflow file
 */
export async function loadStep(step: StepPlan, folder: string): Promise<UserFunction> {
  const { code } = step
  if (code.kind === 'builtin') return builtinFunction(code.call)
  if (code.kind === 'module') return loadModule(code, folder)
  if (/\bimport\s*\(/.test(code.source)) await readyLoader(folder)
  return loadInline(step, code, folder)
}
