// Reads steps and functions by their place: operator, code (run or uses), parameters, declared inputs and output.
import { nearestWord, toCamel } from '../names.ts'
import type { OperatorKind } from '../plan.ts'
import { importedFunction } from '../packages/imported-names.ts'
import type { Span } from '../report.ts'
import { OPERATORS } from '../sections/operators.ts'
import type { SectionSpec } from '../sections/declare.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import {
  ASSIGN_KEY,
  ASSIGN_TIMESTAMP,
  FUNCTION,
  INPUT,
  OUTPUT_KEYS,
  STEP
} from '../sections/service-sections.ts'
import type { Type } from '../types.ts'
import { placeScalar, type PlacedText } from '../yaml/scalar-text.ts'
import { quoted, valueAt, type ScalarNode, type TreeNode } from '../yaml/tree.ts'
import type { CodeModel, StepModel } from './model.ts'
import { readInsteadOfCode } from './read-builtins.ts'
import { readInsteadOfStep } from './read-conditions.ts'
import type { TypeTable } from './read-types.ts'

/** Operators of older files, and what they are called now. */
export const OPERATOR_SYNONYMS: Readonly<Record<string, OperatorKind>> = {
  'group-by': 'assign-key',
  process: 'update-state',
  aggregate: 'flush'
}
/** Operators that the language has and this version has not. */
const OPERATORS_UNAVAILABLE = new Set(['aggregate', 'sql'])

const STEP_OPERATORS = Object.values(OPERATORS)
  .filter(operator => operator.place === 'step')
  .map(operator => operator.kind)

/** Places that take more than a function. */
const PLACED: Readonly<Partial<Record<OperatorKind, SectionSpec>>> = {
  'assign-key': ASSIGN_KEY,
  'assign-id': ASSIGN_KEY,
  'assign-timestamp': ASSIGN_TIMESTAMP
}

/** Reads a list of steps; items with findings are left out. */
export function readSteps(
  context: ReadContext,
  types: TypeTable,
  section: Section,
  key: string
): StepModel[] {
  const steps = section.items(key).flatMap(item => readStep(context, types, item) ?? [])
  return onlySteps(context, steps, key)
}

/** Leaves out, with a finding, operators that have a place of their own. */
export function onlySteps(
  context: ReadContext,
  steps: readonly StepModel[],
  key: string
): StepModel[] {
  return steps.filter(step => {
    if (OPERATORS[step.operator].place === 'step') return true
    const { where } = OPERATORS[step.operator]
    const message = `${quoted(step.operator)} cannot stand in ${key}: its place is ${where}`
    context.report.error('OPERATOR_PLACE', step.at, message)
    return false
  })
}

/** Finds a function that a step uses by a bare name, in layouts that declare functions; null after a finding. */
export type ResolveFunction = (name: ScalarNode, operator: OperatorKind) => StepModel | null

/** Reads one step of any operator; null when its operator or its declared function cannot be told. */
export function readStep(
  context: ReadContext,
  types: TypeTable,
  item: TreeNode,
  resolve: ResolveFunction | null = null
): StepModel | null {
  const section = readSection(context, item, STEP)
  const node = section?.scalar('operator') ?? null
  if (section === null || node === null) return null
  const operator = operatorOf(context, node)
  if (operator === null) return null
  const uses = section.scalar('uses')
  if (resolve === null || uses === null || section.value('run') !== null) {
    const given = readInsteadOfStep(context, section, operator)
    return stepOf(context, types, section, operator, node, given)
  }
  const known = resolve(uses, operator)
  return known === null
    ? null
    : { ...known, with: { ...known.with, ...readParameters(context, section) }, at: node }
}

/** Reads the function of a place, such as partition.assign-key. */
export function readPlacedFunction(
  context: ReadContext,
  types: TypeTable,
  parent: Section,
  operator: OperatorKind
): StepModel | null {
  const node = parent.value(operator)
  if (node === null) return null
  const at = parent.keySpan(operator)
  const section = readSection(context, node, PLACED[operator] ?? FUNCTION, at)
  if (section === null) return null
  const named = section.scalar('operator')
  if (named !== null && operatorOf(context, named) !== operator) {
    context.report.error(
      'OPERATOR_PLACE',
      named,
      `${quoted(named.text)} cannot stand under ${quoted(operator)}`
    )
  }
  return stepOf(
    context,
    types,
    section,
    operator,
    at,
    readInsteadOfCode(context, section, operator)
  )
}

/** The operator that a word names, or null after a finding. */
export function operatorOf(context: ReadContext, node: ScalarNode): OperatorKind | null {
  const word = node.text
  if (Object.hasOwn(OPERATORS, word)) return word as OperatorKind
  if (context.apiVersion !== '1.0.0' && Object.hasOwn(OPERATOR_SYNONYMS, word))
    return OPERATOR_SYNONYMS[word]!
  if (OPERATORS_UNAVAILABLE.has(word)) {
    context.report.error(
      'SECTION_UNAVAILABLE',
      node,
      `"${word}" is not part of this version of millrace`
    )
    return null
  }
  const nearest = nearestWord(word, Object.keys(OPERATORS))
  const hint =
    nearest === null ? `Operators are ${STEP_OPERATORS.join(', ')}.` : `Did you mean "${nearest}"?`
  context.report.error('OPERATOR_UNKNOWN', node, `${quoted(word)} is not an operator`, hint)
  return null
}

/** Makes a step of a section that has the keys of a function; `code` is used when the section has none. */
export function stepOf(
  context: ReadContext,
  types: TypeTable,
  section: Section,
  operator: OperatorKind,
  at: Span,
  code: CodeModel | null = null
): StepModel {
  return {
    operator,
    code: code ?? readCode(context, section, at, operator),
    with: readParameters(context, section),
    ...readDeclared(context, types, section),
    at
  }
}

/** The code of a function section; null after a finding. */
function readCode(
  context: ReadContext,
  section: Section,
  at: Span,
  operator: OperatorKind
): CodeModel | null {
  const { report, apiVersion } = context
  const run = section.scalar('run')
  const uses = section.scalar('uses')
  if (section.text('lang') === 'rust') {
    const span = section.scalar('lang')!
    report.error(
      'CODE_RUST',
      span,
      '"lang: rust" cannot run in millrace',
      'Write the function in TypeScript and leave "lang" out.'
    )
    return null
  }
  const wasWritten = (key: string): boolean => section.node.entries.some(entry => entry.key === key)
  if (run === null && uses === null) {
    // A key that was written wrongly has its own finding.
    if (!wasWritten('run') && !wasWritten('uses')) {
      report.error(
        'CODE_MISSING',
        at,
        'a function is missing: neither "run" nor "uses" is there',
        'Write "run: |" with a TypeScript function, or "uses: ./file.ts#name".'
      )
    }
    return null
  }
  if (run !== null && uses !== null && apiVersion === '1.0.0') {
    report.error(
      'CODE_TWICE',
      section.keySpan('uses'),
      '"run" and "uses" both name a function; one of them must go'
    )
    return null
  }
  if (run !== null) {
    const placed = placeScalar(run, report.text)
    return {
      kind: 'inline',
      placed: isBody(context, section, run) ? wrapBody(section, placed) : placed,
      span: run
    }
  }
  const isImported = (context.imports?.functions.size ?? 0) > 0 && !uses!.text.includes('#')
  return isImported ? importedFunction(context, uses!, operator) : readUses(context, uses!)
}

/** Whether `run` holds only the body of a function, as in the first files of 0.1.0 with declared inputs. */
function isBody(context: ReadContext, section: Section, run: ScalarNode): boolean {
  if (context.apiVersion !== '0.1.0' || section.value('inputs') === null) return false
  return !/^\s*(?:(?:async\s+)?function\b|(?:pub\s+)?fn\b)/.test(run.text)
}

/** A body as a function declaration, on the same lines: named by `uses`, with the names of `inputs`. */
function wrapBody(section: Section, body: PlacedText): PlacedText {
  const names = section.items('inputs').flatMap(item => {
    const name = valueAt(item, 'name')
    return name?.kind === 'scalar' ? [toCamel(name.text)] : []
  })
  const name = toCamel(section.text('uses') ?? section.text('operator') ?? 'step')
  const head = `function ${name}(${names.join(', ')}) { `
  const offsetOf = (index: number): number => body.offsetOf(index - head.length)
  return { text: `${head}${body.text}\n}`, indent: body.indent, offsetOf }
}

/** Reads `./file.ts#name` or `package#name`. */
export function readUses(context: ReadContext, node: ScalarNode): CodeModel | null {
  const wrong = (message: string): null => {
    context.report.error(
      'USES_INVALID',
      node,
      message,
      'Write ./file.ts#name for a file beside this one, or package#name.'
    )
    return null
  }
  const match = /^([^#\s]+)#([A-Za-z_$][\w$]*)$/.exec(node.text)
  if (match === null)
    return wrong(`"uses" must be a module and an exported name, but is ${quoted(node.text)}`)
  const [, specifier = '', exportName = ''] = match
  const isRelative = /^\.\.?\//.test(specifier)
  if (isRelative && !/\.(ts|mts|js|mjs)$/.test(specifier))
    return wrong(`${quoted(specifier)} must end with .ts, .mts, .js or .mjs`)
  const isPackage =
    /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(\/[A-Za-z0-9._~-]+)*$/.test(specifier)
  if (!isRelative && !isPackage)
    return wrong(`${quoted(specifier)} is neither a relative path nor the name of a package`)
  return { kind: 'module', specifier, exportName, span: node }
}

/** Static parameters: any scalar, as it is written. */
function readParameters(context: ReadContext, section: Section): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const { key, keySpan, value } of section.entries('with')) {
    if (value.kind === 'scalar' && value.value !== null) parameters[key] = value.text
    else
      context.report.error(
        'WRONG_KIND',
        keySpan,
        `the parameter ${quoted(key)} must be a text, a number or a boolean`
      )
  }
  return parameters
}

/** Types that `inputs` and `output` restate. */
function readDeclared(
  context: ReadContext,
  types: TypeTable,
  section: Section
): Pick<StepModel, 'declaredInput' | 'declaredOutput'> {
  let declaredInput: Type | null = null
  for (const item of section.items('inputs')) {
    const read = types.read(item, item, [...INPUT.keys, ...OUTPUT_KEYS])
    if (read.section?.text('kind') !== 'key') declaredInput ??= read.type
  }
  const node = section.value('output')
  if (node === null) return { declaredInput, declaredOutput: null }
  const read = types.read(node, section.keySpan('output'), OUTPUT_KEYS)
  if (read.type === null) return { declaredInput, declaredOutput: null }
  const listed: Type = read.section?.boolean('list')
    ? { kind: 'list', items: read.type }
    : read.type
  const declaredOutput: Type = read.section?.boolean('optional')
    ? { kind: 'option', value: listed }
    : listed
  return { declaredInput, declaredOutput }
}
