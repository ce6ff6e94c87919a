// Runs flows of values through the steps of one service and collects the steps' plans.
import type { StepPlan } from '../plan.ts'
import type { Span } from '../report.ts'
import type { StepModel } from '../read/model.ts'
import type { Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'
import { checkStep, type StepContext } from './check-step.ts'

/** A value on its way: its type, and the type of its record key; null is unknown. */
export interface Flow {
  readonly value: Type | null
  readonly key: Type | null
}

/** A step and what leaves it. */
export interface ChainedStep {
  readonly flow: Flow
  /** The key that a declared output or an assign-key gives. */
  readonly key: Type | null
  readonly plan: StepPlan | null
  readonly sendsNothing: boolean
}

/** Runs flows through steps and collects their plans, with operator names that are unique in the service. */
export class Chain {
  readonly #context: StepContext
  readonly #names = new Map<string, Span>()
  #plans: StepPlan[] = []

  constructor(context: StepContext) {
    this.#context = context
  }

  /** The plans collected since the last call. */
  take(): StepPlan[] {
    const plans = this.#plans
    this.#plans = []
    return plans
  }

  run(steps: readonly StepModel[], flow: Flow): Flow {
    return steps.reduce((arriving, step) => this.step(step, arriving).flow, flow)
  }

  step(step: StepModel, flow: Flow): ChainedStep {
    const checked = checkStep(this.#context, step, flow.value)
    const plan = checked.plan === null ? null : this.#named(checked.plan, step)
    if (plan !== null) this.#plans.push(plan)
    if (step.operator === 'assign-timestamp') return { flow, key: null, plan, sendsNothing: false }
    if (step.operator === 'assign-key')
      return { flow, key: checked.outputKey, plan, sendsNothing: false }
    // A function may re-key by keyed() without declaring it: behind all but a filter the key is unknown.
    const key = step.operator === 'filter' ? flow.key : checked.outputKey
    const { sendsNothing } = checked
    return { flow: { value: checked.output, key }, key, plan, sendsNothing }
  }

  #named(plan: StepPlan, step: StepModel): StepPlan {
    const span = step.code?.span ?? step.at
    const before = this.#names.get(plan.name)
    if (before === undefined) {
      this.#names.set(plan.name, span)
      return plan
    }
    if (plan.code.kind === 'inline') {
      const { line } = this.#context.report.lines.placeOf(before.start)
      const message = `the operator ${quoted(plan.name)} is already declared in this service, on line ${line}`
      this.#context.report.error(
        'OPERATOR_DUPLICATE',
        span,
        message,
        'Rename the function; its name is the operator’s in metrics and errors.'
      )
      return plan
    }
    // The same exported function may stand in several places; each place has its own counters.
    let count = 2
    while (this.#names.has(`${plan.name}-${count}`)) count++
    const name = `${plan.name}-${count}`
    this.#names.set(name, span)
    return { ...plan, name }
  }
}
