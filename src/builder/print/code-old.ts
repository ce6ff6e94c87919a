// Functions of files before 1.0.0 as those of code: two operators call theirs otherwise there.
import type { StepPlan, TimePlan } from '../../dataflow/plan.ts'
import { withoutCode } from './code-builtins.ts'
import { givesNothing, takesOne } from '../function-text.ts'

/** `fn` of assign-timestamp, which may take the record's time beside the value, as one that takes the context. */
export function timestampText(fn: string, step: StepPlan, time: TimePlan): string {
  if (time.timestampArgument === 'context') return fn
  if (step.code.kind === 'inline' && takesOne(fn)) return fn
  return `function ${nameOf(step)}(value, ctx) { return (${fn})(value, ctx.timestamp) }`
}

/** `fn` of update-state, of which nothing that it gives goes on, as one that gives nothing. */
export function silentText(fn: string, step: StepPlan): string {
  if (step.code.kind === 'inline' && givesNothing(fn)) return fn
  const [head, call] = /^async\b/.test(fn) ? ['async function', 'await '] : ['function', '']
  return `${head} ${nameOf(step)}(value, ctx) { ${call}(${fn})(value, ctx) }`
}

/** @throws PLAN_WITHOUT_CODE the function stands in a module, where it cannot be wrapped */
function nameOf({ operator, code }: StepPlan): string {
  if (code.kind === 'inline') return code.functionName
  throw withoutCode(operator)
}
