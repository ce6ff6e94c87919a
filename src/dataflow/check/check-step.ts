// Checks one step: that its code is a function, that the signature fits the operator and what arrives, what leaves.
import { nearestWord, toKebab } from '../names.ts'
import type { ApiVersion, CodePlan, SourcePlace, StepPlan } from '../plan.ts'
import type { Report, Span } from '../report.ts'
import { readModuleFunction } from '../code/module-function.ts'
import { parseFunction, type Annotation, type ParsedFunction } from '../code/parse-function.ts'
import { readTypeExpression, type TypeReading } from '../code/type-expression.ts'
import { packageStepPlan } from '../packages/check-package-step.ts'
import type { StepModel } from '../read/model.ts'
import { OPERATORS } from '../sections/operators.ts'
import { accepts, NUMBER } from '../type-match.ts'
import { describeType, isStateKey } from '../type-text.ts'
import type { Type } from '../types.ts'
import { placedSpan, type PlacedText } from '../yaml/scalar-text.ts'
import { quoted } from '../yaml/tree.ts'
import { checkBuiltin } from './check-builtin.ts'
import type { FunctionTopics } from './check-function-sink.ts'

/** What checking a step needs to know of the file. */
export interface StepContext {
  readonly report: Report
  readonly apiVersion: ApiVersion
  /** The file's types by PascalCase name. */
  readonly types: ReadonlyMap<string, Type | null>
  readonly readModule: ((specifier: string) => string | null) | undefined
  /** Texts of modules that were read already. */
  readonly modules: Map<string, string | null>
  readonly functionTopics: FunctionTopics
  /** What joins see of the aggregates that were checked, by service. */
  readonly aggregates: Map<string, { readonly key: Type; readonly value: Type }>
}

/** A checked step; `plan` is null after a finding in it. */
export interface CheckedStep {
  readonly plan: StepPlan | null
  /** Type of a value that leaves; for filter and assign-key the type that arrived. null when unknown. */
  readonly output: Type | null
  /** Key of a value that leaves, when the signature declares one; of assign-key the key it gives. */
  readonly outputKey: Type | null
  /** Whether the signature says that nothing ever leaves. */
  readonly sendsNothing: boolean
}

/** A signature whose places can be shown in the file. */
interface Signature {
  readonly name: string
  readonly parsed: ParsedFunction | null
  readonly code: CodePlan
  /** The part of the file for a part of the code; for modules always where they are named. */
  span(start: number, length: number): Span
}

const TAKES = { value: '(value) or (value, ctx)', context: '() or (ctx)', alone: '(value)' }

const UNKNOWN_STEP: CheckedStep = { plan: null, output: null, outputKey: null, sendsNothing: false }

/** Checks `step`, to which values of type `input` (null: unknown) arrive. */
export function checkStep(context: StepContext, step: StepModel, input: Type | null): CheckedStep {
  if (step.code?.kind === 'builtin') return checkBuiltin(context, step, step.code.call, input)
  const packaged = packageStepPlan(context.report, step, input, passesOn(step))
  if (packaged !== null) {
    const { plan, sendsNothing } = packaged
    return { plan, output: plan.output, outputKey: plan.outputKey, sendsNothing }
  }
  const signature = signatureOfStep(context, step)
  if (signature === null)
    return { ...UNKNOWN_STEP, output: passesOn(step) ? input : step.declaredOutput }
  const { parsed, name, code } = signature
  const taken =
    parsed === null ? null : checkParameters(context, step, signature, input ?? step.declaredInput)
  const declared: Returned = { type: step.declaredOutput, isVoid: false }
  const returned = parsed === null ? declared : returnTypeOf(context, step, signature)
  const { value, key } = outputOf(step, returned.type)
  const output = passesOn(step) ? input : value
  const plan: StepPlan = {
    operator: step.operator,
    name: toKebab(name),
    code,
    with: step.with,
    input: step.operator === 'migrate' ? taken : input,
    output,
    outputKey: step.operator === 'assign-key' || step.operator === 'assign-id' ? value : key,
    at: context.report.position(step.at)
  }
  return { plan, output, outputKey: plan.outputKey, sendsNothing: returned.isVoid }
}

function passesOn({ operator }: StepModel): boolean {
  return (
    operator === 'filter' ||
    operator === 'assign-key' ||
    operator === 'assign-id' ||
    operator === 'assign-timestamp'
  )
}

function signatureOfStep(context: StepContext, step: StepModel): Signature | null {
  const { code } = step
  if (code === null || code.kind === 'builtin' || code.kind === 'package') return null
  const { report } = context
  if (code.kind === 'module') {
    const { specifier, exportName, span } = code
    const plan: CodePlan = { kind: 'module', specifier, exportName, at: report.position(span) }
    const found = moduleFunction(context, specifier, exportName, span)
    return found === undefined
      ? null
      : { name: exportName, parsed: found, code: plan, span: () => span }
  }
  const { placed } = code
  const result = parseFunction(placed.text)
  for (const problem of result.problems) {
    report.error(
      problem.code,
      placedSpan(placed, problem.start, problem.length),
      problem.message,
      problem.hint
    )
  }
  if (result.function === null) return null
  const { name, nameStart, stripped } = result.function
  if (name === 'keyed') {
    const message =
      'a function cannot be called "keyed": that is the function that re-keys a record'
    report.error(
      'NAME_RESERVED',
      placedSpan(placed, nameStart, name.length),
      message,
      'Choose another name.'
    )
  }
  const at = report.position({ start: placed.offsetOf(0), end: placed.offsetOf(0) })
  const plan: CodePlan = {
    kind: 'inline',
    source: placed.text,
    javascript: stripped,
    at,
    indent: placed.indent,
    ...sourcePlaces(placed, report),
    functionName: name
  }
  return {
    name,
    parsed: result.function,
    code: plan,
    span: (start, length) => placedSpan(placed, start, length)
  }
}

/** For a text that is no literal block, which has no indentation of its own: where each of its pieces stands. */
function sourcePlaces(
  placed: PlacedText,
  report: Report
): { readonly places?: readonly SourcePlace[] } {
  if (placed.indent > 0) return {}
  const places: SourcePlace[] = []
  let before = -1
  for (let index = 0; index < placed.text.length; index++) {
    const start = placed.offsetOf(index)
    if (index === 0 || start !== before + 1 || report.text[before] === '\n') {
      const { line, column } = report.position({ start, end: start })
      places.push({ index, line, column })
    }
    before = start
  }
  return places.length > 1 ? { places } : {}
}

/** The function of a module; null when its signature is not known, undefined after a finding. */
function moduleFunction(
  context: StepContext,
  specifier: string,
  exportName: string,
  span: Span
): ParsedFunction | null | undefined {
  const { report, readModule, modules } = context
  if (readModule === undefined || !specifier.startsWith('.')) return null
  let text = modules.get(specifier)
  if (text === undefined) {
    text = readModule(specifier)
    modules.set(specifier, text)
  }
  if (text === null) {
    report.error(
      'MODULE_NOT_FOUND',
      span,
      `the file ${quoted(specifier)} does not exist beside the dataflow file`,
      `Write it with export function ${exportName}(…), or correct the path, which begins at the dataflow file.`
    )
    return undefined
  }
  const found = readModuleFunction(text, exportName)
  if (found.kind === 'found') return found.function
  if (found.kind === 'problem') {
    const line = text.slice(0, found.problem.start).split('\n').length
    report.error(
      found.problem.code,
      span,
      `${quoted(specifier)}, line ${line}: ${found.problem.message}`,
      found.problem.hint
    )
    return undefined
  }
  const nearest = nearestWord(exportName, found.exports)
  const hint =
    nearest !== null
      ? `Did you mean "${nearest}"?`
      : found.exports.length > 0
        ? `It exports ${found.exports.slice(0, 10).join(', ')}.`
        : `It exports nothing; write "export" in front of the function.`
  report.error(
    'EXPORT_UNKNOWN',
    span,
    `${quoted(specifier)} does not export ${quoted(exportName)}`,
    hint
  )
  return undefined
}

/** Checks what a function takes; gives the type of the value as it declares it, null when unknown. */
function checkParameters(
  context: StepContext,
  step: StepModel,
  signature: Signature,
  input: Type | null
): Type | null {
  const { parameters, name, nameStart } = signature.parsed!
  const { report } = context
  const rest = parameters.find(parameter => parameter.isRest)
  const { takes } = OPERATORS[step.operator]
  const takesContext = takes === 'context'
  const least = takesContext ? 0 : 1
  const most = takes === 'value' ? 2 : 1
  if (parameters.length < least || parameters.length > most || rest !== undefined) {
    const at = rest ?? parameters[most]
    const span =
      at === undefined
        ? signature.span(nameStart, name.length)
        : signature.span(at.start, at.end - at.start)
    const given =
      rest !== undefined
        ? 'rest parameters'
        : parameters.length === 0
          ? 'none'
          : `${parameters.length} parameters`
    report.error(
      'SIGNATURE',
      span,
      `the function of ${step.operator} takes ${TAKES[takes]}, ` +
        `but ${quoted(name)} has ${given}`
    )
    return null
  }
  const [value, second] = takesContext ? [undefined, parameters[0]] : parameters
  // In files before 1.0.0 assign-timestamp gets a time there.
  const isTime = step.operator === 'assign-timestamp' && context.apiVersion !== '1.0.0'
  const ctx = isTime ? undefined : second
  const ctxType = ctx?.type?.text.trim()
  if (
    ctx?.type &&
    ctxType !== undefined &&
    /^[A-Za-z][A-Za-z0-9]*$/.test(ctxType) &&
    !['Context', 'any', 'unknown'].includes(ctxType)
  ) {
    const reading = readAnnotation(context, signature, ctx.type)
    if (reading.type !== null) {
      const span = signature.span(ctx.type.start, ctx.type.text.length)
      report.error(
        'SIGNATURE',
        span,
        `the second parameter is the context, but is declared as ${quoted(ctxType)}`,
        'Write ctx: Context. A record’s key is ctx.key.'
      )
    }
  }
  if (!value?.type) return null
  const reading = readAnnotation(context, signature, value.type)
  if (reading.type === null || input === null || accepts(reading.type, input)) return reading.type
  const span = signature.span(value.type.start, value.type.text.length)
  report.error(
    'TYPE_MISMATCH',
    span,
    `${quoted(name)} takes ${describeType(reading.type)}, but ${describeType(input)} arrives`
  )
  return reading.type
}

type Returned = Pick<TypeReading, 'type' | 'isVoid'>

/** The declared return type, promises unwrapped, checked against the operator; null when unknown. */
function returnTypeOf(context: StepContext, step: StepModel, signature: Signature): Returned {
  const { returnType, name } = signature.parsed!
  if (returnType === null) return { type: step.declaredOutput, isVoid: false }
  const reading = readAnnotation(context, signature, returnType)
  const problem = returnProblem(step, reading)
  if (problem === null) return reading
  const span = signature.span(returnType.start, returnType.text.length)
  const { returnsText } = OPERATORS[step.operator]
  context.report.error(
    'SIGNATURE',
    span,
    `the function of ${step.operator} must return ${returnsText}, but ${quoted(name)} returns ${problem}`,
    hintFor(step, reading)
  )
  return { type: null, isVoid: false }
}

/** What is wrong with a return type, in words; null when nothing is or nothing is known. */
function returnProblem(step: StepModel, reading: TypeReading): string | null {
  const { returns } = OPERATORS[step.operator]
  if (returns === 'anything') return null
  if (reading.isVoid) return 'nothing'
  const { type } = reading
  if (type === null) return null
  const described = describeType(type)
  if (returns === 'boolean') return type.kind === 'bool' ? null : described
  if (returns === 'key') return isStateKey(type) ? null : described
  if (returns === 'timestamp') return accepts(NUMBER, type) ? null : described
  if (returns === 'list') return type.kind === 'list' ? null : described
  return null
}

function hintFor(step: StepModel, reading: TypeReading): string | null {
  if (step.operator === 'flat-map' && reading.type?.kind === 'option')
    return 'Return an empty array to send nothing.'
  if (step.operator === 'map' && reading.isVoid) return 'Use filter or filter-map to drop values.'
  return null
}

function readAnnotation(
  context: StepContext,
  signature: Signature,
  annotation: Annotation
): TypeReading {
  const parameters = new Set(signature.parsed!.typeParameters)
  const reading = readTypeExpression(annotation.text, { types: context.types, parameters })
  // A module has names of its own; only inline code is limited to the file's.
  if (signature.code.kind === 'module') return reading
  for (const { name, start } of reading.unknownNames) {
    const nearest = nearestWord(name, context.types.keys())
    const hint =
      nearest === null
        ? 'Declare it in the section "types", in kebab-case.'
        : `Did you mean "${nearest}"?`
    const span = signature.span(annotation.start + start, name.length)
    context.report.error('TYPE_UNKNOWN', span, `${quoted(name)} is not a type of the file`, hint)
  }
  return reading
}

/** What leaves an operator whose function returns `returned`. */
function outputOf(
  step: StepModel,
  returned: Type | null
): { value: Type | null; key: Type | null } {
  if (returned === null) return { value: null, key: null }
  let value: Type = returned
  if (step.operator === 'flat-map') value = returned.kind === 'list' ? returned.items : returned
  if (
    (step.operator === 'filter-map' ||
      step.operator === 'update-state' ||
      step.operator === 'flush') &&
    value.kind === 'option'
  )
    value = value.value
  if (step.operator === 'filter') return { value: null, key: null }
  return value.kind === 'key-value' ? { value: value.value, key: value.key } : { value, key: null }
}
