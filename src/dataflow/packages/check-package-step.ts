// Checks the use of a package's function: what arrives must be what it takes, and the service must have its states.
import type { FileModel, ServiceModel, StepModel } from '../read/model.ts'
import { stepsOf } from '../read/read-services.ts'
import type { Report } from '../report.ts'
import { accepts } from '../type-match.ts'
import { describeType, typeFingerprint } from '../type-text.ts'
import type { Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'
import type { StepPlan } from '../plan.ts'
import type { PackageState } from './model.ts'

/** The plan of a step whose function a package has checked; null when `step` is of another kind. */
export function packageStepPlan(
  report: Report,
  step: StepModel,
  input: Type | null,
  passesOn: boolean
): { readonly plan: StepPlan; readonly sendsNothing: boolean } | null {
  const { code } = step
  if (code?.kind !== 'package') return null
  const { function: used, span, name } = code
  if (input !== null && used.input !== null && !accepts(used.input, input)) {
    const types = `takes ${describeType(used.input)}, but ${describeType(input)} arrives`
    const message = `${quoted(name)} of ${used.package} ${types}`
    report.error('TYPE_MISMATCH', span, message)
  }
  const at = report.position(span)
  const plan: StepPlan = {
    operator: step.operator,
    name,
    code: used.code.kind === 'module' ? { ...used.code, at } : used.code,
    with: { ...used.with, ...step.with },
    input,
    output: passesOn ? input : used.output,
    outputKey: used.outputKey,
    at: report.position(step.at)
  }
  return { plan, sendsNothing: used.sendsNothing }
}

/** Refuses functions of packages in services that lack a state which they need. */
export function checkNeededStates(report: Report, file: FileModel): void {
  for (const service of file.services) {
    for (const { code } of stepsOf(service)) {
      if (code?.kind !== 'package') continue
      for (const state of code.function.states) checkState(report, service, state, code)
    }
  }
}

function checkState(
  report: Report,
  service: ServiceModel,
  needed: PackageState,
  code: Extract<StepModel['code'], { readonly kind: 'package' }>
): void {
  const found = service.states.find(state => state.property === needed.property)
  if (found === undefined) {
    const message =
      `${quoted(code.name)} of ${code.function.package} needs the state ${quoted(needed.name)}, ` +
      `which the service ${quoted(service.name)} has not`
    const hint = `Import the state, and give it to the service: states: { ${needed.name}: { uses: ${needed.name} } }`
    report.error('STATE_UNKNOWN', code.span, message, hint)
    return
  }
  if (found.kind !== 'owned' || found.key === null || found.value === null) return
  if (isSame(found.key, needed.key) && isSame(found.value, needed.value)) return
  const message =
    `${quoted(code.name)} of ${code.function.package} needs the state ${quoted(needed.name)} with ` +
    `${text(needed.key, needed.value)}, but that of the service has ${text(found.key, found.value)}`
  report.error('TYPE_MISMATCH', code.span, message)
}

function isSame(a: Type, b: Type): boolean {
  return typeFingerprint(a) === typeFingerprint(b)
}

function text(key: Type, value: Type): string {
  return `${describeType(key)} → ${describeType(value)}`
}
