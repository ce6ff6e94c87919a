// Reads one package: its types, states and functions, each function checked as a step of its own.
import { nearestWord, toCamel, toKebab } from '../names.ts'
import type { ApiVersion, CodePlan, WireSchema } from '../plan.ts'
import type { Report } from '../report.ts'
import { checkStep, type StepContext } from '../check/check-step.ts'
import { FunctionTopics } from '../check/check-function-sink.ts'
import { parseFunction, type ParsedFunction } from '../code/parse-function.ts'
import { readModuleFunction } from '../code/module-function.ts'
import { readTypeExpression } from '../code/type-expression.ts'
import type { StepModel } from '../read/model.ts'
import { checkName, checkStateProperty } from '../read/read-names.ts'
import { readMeta } from '../read/read-shared.ts'
import { operatorOf, stepOf } from '../read/read-steps.ts'
import { TypeTable } from '../read/read-types.ts'
import { API_VERSIONS } from '../sections/declare.ts'
import { OPERATORS } from '../sections/operators.ts'
import { PACKAGE, PACKAGE_FUNCTION, PACKAGE_STATE } from '../sections/package-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { accepts } from '../type-match.ts'
import { describeType } from '../type-text.ts'
import type { Type } from '../types.ts'
import { quoted, valueAt, type Entry, type TreeNode } from '../yaml/tree.ts'
import type { Imports, PackageFunction, PackageModel, PackageState, PackageType } from './model.ts'

/** Where a package stands. */
export interface PackagePlace {
  /** Its folder, relative to the root file's. */
  readonly folder: string
  readonly isInstalled: boolean
  /** The text of a module of the package; null when there is none; absent where modules are not looked at. */
  readonly readModule: ((specifier: string) => string | null) | undefined
  /** Reads the package's own imports. */
  imports(context: ReadContext, section: Section): Imports
}

/** A package as far as it could be read; it counts only when `report` has no errors. */
export function readPackage(
  node: TreeNode,
  report: Report,
  place: PackagePlace
): PackageModel | null {
  const apiVersion = versionOf(node, report)
  const base: ReadContext = { report, apiVersion }
  const section = readSection(base, node, PACKAGE)
  if (section === null) return null
  const meta = readMeta(base, section)
  const imports = place.imports(base, section)
  const context: ReadContext = { ...base, imports }
  const types = new TypeTable(context, section.entries('types'))
  const states = new Map<string, PackageState>()
  for (const [name, found] of imports.states) if (found) states.set(name, { ...found.value, name })
  for (const entry of section.entries('states')) {
    const state = readPackageState(context, types, entry, states)
    if (state !== null) states.set(state.name, state)
  }
  const reader = new FunctionReader(context, types, states, `${meta.namespace}/${meta.name}`, place)
  const functions = new Map<string, PackageFunction>()
  for (const [name, found] of imports.functions) if (found) functions.set(name, found.value)
  for (const entry of section.entries('functions')) {
    const read = reader.read(entry, functions)
    if (read !== null) functions.set(read.name, read)
  }
  const own = Object.entries(types.all()).map(([name, type]): [string, PackageType] => [
    name,
    {
      type,
      ttlMs: types.ttlOf(type),
      schema: schemaOf(types, type, imports.types.has(name), place)
    }
  ])
  return { ...meta, file: report.file, types: new Map(own), states, functions }
}

/** The schema of a type, with its path from the root file; that of an imported one has it already. */
function schemaOf(
  types: TypeTable,
  type: Type,
  isImported: boolean,
  { folder }: PackagePlace
): WireSchema | null {
  const schema = types.schemaOf(type)
  if (schema?.path === undefined || isImported) return schema
  return { ...schema, path: joinSpecifier(folder, schema.path) }
}

/** Files before 0.4.0 have no packages; what is no version at all is found by the section. */
function versionOf(node: TreeNode, report: Report): ApiVersion {
  const written = valueAt(node, 'apiVersion')
  const text = written?.kind === 'scalar' ? written.text : ''
  const version = API_VERSIONS.find(known => known === text)
  if (written !== null && version !== undefined && /^0\.[123]\./.test(version)) {
    const message = `packages belong to files with apiVersion 0.4.0 or later; this one has ${version}`
    report.error('API_VERSION', written, message)
  }
  return version ?? '1.0.0'
}

function readPackageState(
  context: ReadContext,
  types: TypeTable,
  entry: Entry,
  known: ReadonlyMap<string, PackageState>
): PackageState | null {
  const name = checkName(context, entry, 'state')
  const section = readSection(context, entry.value, PACKAGE_STATE, entry.keySpan)
  if (name === null || section === null) return null
  const property = toCamel(name)
  checkStateProperty(context, property, entry.keySpan)
  if (isTaken(context, entry, 'state', [...known.values()], state => state.property === property))
    return null
  const { key, value } = types.keyAndValue(section, 'state')
  if (key === null || value === null) return null
  const ttlMs = section.duration('ttl') ?? types.ttlOf(value)
  return { name, property, key, value, ttlMs }
}

function isTaken<T extends { readonly name: string }>(
  context: ReadContext,
  entry: Entry,
  what: string,
  known: readonly T[],
  isSame: (other: T) => boolean
): boolean {
  const twin = known.find(isSame)
  if (twin === undefined) return false
  const message = `there is already a ${what} ${quoted(twin.name)}, of the package or imported`
  const hint = 'Choose another name, or import the other under an alias.'
  context.report.error('NAME_CONFLICT', entry.keySpan, message, hint)
  return true
}

/** Reads and checks the functions of one package. */
class FunctionReader {
  readonly #context: ReadContext
  readonly #types: TypeTable
  readonly #states: ReadonlyMap<string, PackageState>
  readonly #package: string
  readonly #place: PackagePlace
  readonly #step: StepContext

  constructor(
    context: ReadContext,
    types: TypeTable,
    states: ReadonlyMap<string, PackageState>,
    name: string,
    place: PackagePlace
  ) {
    const { report, apiVersion } = context
    this.#context = context
    this.#types = types
    this.#states = states
    this.#package = name
    this.#place = place
    this.#step = {
      report,
      apiVersion,
      types: types.scope,
      readModule: place.readModule,
      modules: new Map(),
      functionTopics: new FunctionTopics({ name: '', namespace: '' }, report),
      aggregates: new Map()
    }
  }

  read(entry: Entry, known: ReadonlyMap<string, PackageFunction>): PackageFunction | null {
    const context = this.#context
    const name = checkName(context, entry, 'function')
    const section = readSection(context, entry.value, PACKAGE_FUNCTION, entry.keySpan)
    const node = section?.scalar('operator') ?? null
    const operator = node === null ? null : operatorOf(context, node)
    if (name === null || section === null || operator === null) return null
    if (isTaken(context, entry, 'function', [...known.values()], other => other.name === name))
      return null
    const read = stepOf(context, this.#types, section, operator, entry.keySpan)
    const step = { ...read, declaredOutput: listOfFlatMap(read) }
    if (step.code === null || !this.#isOwnModule(step)) return null
    const checked = checkStep(this.#step, step, step.declaredInput)
    if (checked.plan === null) return null
    const { code } = checked.plan
    const { output, outputKey } = this.#output(step, checked)
    return {
      name,
      package: this.#package,
      operator,
      code: this.#placed(code),
      with: step.with,
      input: step.declaredInput ?? this.#inputOf(step),
      output,
      outputKey,
      sendsNothing: checked.sendsNothing,
      states: this.#needed(section),
      at: context.report.position(entry.keySpan)
    }
  }

  /** Modules of a package are its own files: elsewhere another copy of what it depends on may be installed. */
  #isOwnModule({ code }: StepModel): boolean {
    if (code?.kind !== 'module') return true
    const { report } = this.#context
    if (!code.specifier.startsWith('.')) {
      const message =
        'a function of a package stands in a file of the package, ' +
        `but "uses" names ${quoted(code.specifier)}`
      const hint = `Write a file with: export { ${code.exportName} } from '${code.specifier}'`
      report.error('USES_INVALID', code.span, message, hint)
      return false
    }
    if (!this.#place.isInstalled || !/\.m?ts$/.test(code.specifier)) return true
    const message = `Node loads no TypeScript from node_modules, and ${quoted(code.specifier)} is there`
    const hint = 'Publish what "millrace build" makes of the package.'
    report.error('PACKAGE_NOT_BUILT', code.span, message, hint)
    return false
  }

  /** The code as the root file has it: inline with the package's types, a module as the root's folder reaches it. */
  #placed(code: CodePlan): CodePlan {
    if (code.kind === 'inline') return { ...code, types: this.#types.all() }
    if (code.kind !== 'module') return code
    return { ...code, specifier: joinSpecifier(this.#place.folder, code.specifier) }
  }

  /** What leaves, by the signature and by the package's words; they must agree. */
  #output(
    step: StepModel,
    checked: ReturnType<typeof checkStep>
  ): { readonly output: Type | null; readonly outputKey: Type | null } {
    const { output, outputKey } = checked
    const declared = step.declaredOutput
    const { report } = this.#context
    if (declared === null || OPERATORS[step.operator].returns === 'boolean')
      return { output, outputKey }
    const optional = declared.kind === 'option' ? declared.value : declared
    const element =
      step.operator === 'flat-map' && optional.kind === 'list' ? optional.items : optional
    const value = element.kind === 'key-value' ? element.value : element
    const isKey = OPERATORS[step.operator].returns === 'key'
    const found = isKey ? outputKey : output
    if (found !== null && !accepts(value, found) && !accepts(found, value)) {
      const message = `"output" says ${describeType(value)}, but the function returns ${describeType(found)}`
      report.error('TYPE_MISMATCH', step.at, message)
    }
    if (isKey) return { output, outputKey: outputKey ?? value }
    const key = element.kind === 'key-value' ? element.key : outputKey
    return { output: found ?? value, outputKey: key }
  }

  /** What the signature says that the function takes; null when it says nothing. */
  #inputOf(step: StepModel): Type | null {
    if (OPERATORS[step.operator].takes === 'context') return null
    const parsed = this.#parsed(step)
    const text = parsed?.parameters[0]?.type?.text
    if (parsed === null || text === undefined) return null
    const parameters = new Set(parsed.typeParameters)
    return readTypeExpression(text, { types: this.#types.scope, parameters }).type
  }

  #parsed({ code }: StepModel): ParsedFunction | null {
    if (code?.kind === 'inline') return parseFunction(code.placed.text).function
    if (code?.kind !== 'module') return null
    const text = this.#step.modules.get(code.specifier) ?? null
    const found = text === null ? null : readModuleFunction(text, code.exportName)
    return found?.kind === 'found' ? found.function : null
  }

  #needed(section: Section): PackageState[] {
    const { report } = this.#context
    return section.items('states').flatMap(item => {
      const node = item.kind === 'map' ? valueAt(item, 'name') : item
      if (node?.kind !== 'scalar' || node.text === '') {
        report.error('WRONG_KIND', item, 'a state that a function needs is a name')
        return []
      }
      const state = this.#states.get(toKebab(node.text))
      if (state !== undefined) return [state]
      const nearest = nearestWord(node.text, this.#states.keys())
      const hint =
        nearest === null ? 'Declare it in the section "states".' : `Did you mean "${nearest}"?`
      report.error('STATE_UNKNOWN', node, `the package has no state ${quoted(node.text)}`, hint)
      return []
    })
  }
}

/** Packages name the element that a flat-map sends, not the list. */
function listOfFlatMap({ operator, declaredOutput }: StepModel): Type | null {
  if (operator !== 'flat-map' || declaredOutput === null) return declaredOutput
  return declaredOutput.kind === 'list' ? declaredOutput : { kind: 'list', items: declaredOutput }
}

/** `./file.ts` of `folder` as a specifier from the root folder. */
export function joinSpecifier(folder: string, specifier: string): string {
  const parts: string[] = []
  for (const part of `${folder}/${specifier}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else parts.push(part)
  }
  const path = parts.join('/')
  return path.startsWith('..') ? path : `./${path}`
}
