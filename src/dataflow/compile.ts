// The compiler: text in, plan and diagnostics out; pure, and total over all texts.
import type { Diagnostic } from './diagnostics.ts'
import type { Plan, ServicePlan, TopicPlan } from './plan.ts'
import { Report } from './report.ts'
import { checkNeededStates } from './packages/check-package-step.ts'
import { compilePackageWith, type CompilePackageResult } from './packages/compile-package.ts'
import { PackageLoader } from './packages/loader.ts'
import type { PackageRequest, PackageSource } from './packages/model.ts'
import { FunctionTopics } from './check/check-function-sink.ts'
import { checkGraph } from './check/check-graph.ts'
import { dataflowMigrationOf } from './check/check-migrate.ts'
import { checkSchedules } from './check/check-schedules.ts'
import { checkService } from './check/check-service.ts'
import { checkStates } from './check/check-states.ts'
import type { StepContext } from './check/check-step.ts'
import type { FileModel, ServiceModel } from './read/model.ts'
import { readFileModel } from './read/read-file.ts'
import { readTree } from './yaml/read-tree.ts'

/** What the compiler is told beside the text. */
export interface CompileOptions {
  /** The file's name in diagnostics and in the plan. */
  readonly file: string
  /**
   * The text of a module that `uses` names by a relative path, so that the function's signature can be checked;
   * null when it does not exist. Without it modules are not looked at. Packages never are.
   */
  readModule?(specifier: string): string | null
  /** The text of a schema file that `import` names by a relative path; null when it does not exist. */
  readSchema?(specifier: string): string | null
  /** Finds a package that the file or one of its packages imports. Without it none are found. */
  readPackage?(request: PackageRequest): PackageSource
  /** Whether the sections `dev` count; by default they do not. */
  readonly dev?: boolean
}

export interface CompileResult {
  /** null iff a diagnostic is an error. */
  readonly plan: Plan | null
  /** Everything found, errors and warnings, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Compiles the text of a dataflow file of any apiVersion. Never throws on any text. */
export function compile(text: string, options: CompileOptions): CompileResult {
  const report = new Report(options.file, text, options.readSchema?.bind(options) ?? null)
  const tree = readTree(report)
  if (tree === null) {
    if (!report.hasErrors) {
      report.error(
        'EMPTY',
        { start: 0, end: 1 },
        'the file is empty',
        'Begin with "apiVersion: 1.0.0".'
      )
    }
    return { plan: null, diagnostics: report.diagnostics() }
  }
  const packages = loaderOf(options)
  const file = readFileModel(tree, report, packages)
  const plan = file === null ? null : planOf(report, file, options)
  const isRefused = report.hasErrors || packages.hasErrors || plan === null
  return {
    plan: isRefused ? null : deepFreeze(plan),
    diagnostics: [...report.diagnostics(), ...packages.diagnostics()]
  }
}

/** Compiles the text of a package file. Never throws on any text. */
export function compilePackage(text: string, options: CompileOptions): CompilePackageResult {
  return compilePackageWith(text, options, loaderOf(options))
}

/** The packages of one compilation. */
function loaderOf(options: CompileOptions): PackageLoader {
  return new PackageLoader({
    dev: options.dev ?? false,
    readPackage: options.readPackage?.bind(options),
    readModule: options.readModule?.bind(options),
    readSchema: options.readSchema?.bind(options)
  })
}

function planOf(report: Report, read: FileModel, options: CompileOptions): Plan {
  const file = checkSchedules(report, checkStates(report, read))
  checkGraph(report, file)
  checkNeededStates(report, file)
  const context: StepContext = {
    report,
    apiVersion: file.apiVersion,
    types: file.types.scope,
    readModule: options.readModule?.bind(options),
    modules: new Map(),
    functionTopics: new FunctionTopics(file, report),
    aggregates: new Map()
  }
  const topics: Record<string, TopicPlan> = {}
  for (const { id, plan } of file.topics.values()) if (plan !== null) topics[id] = plan
  const { apiVersion, name, namespace, version } = file
  const services = checkServices(context, file)
  for (const topic of context.functionTopics.all()) topics[topic.id] = topic
  return {
    apiVersion,
    name,
    namespace,
    version,
    file: options.file,
    topics,
    types: file.types.all(),
    services,
    ...dataflowMigrationOf(context, file)
  }
}

/** The plans of all services: those with a join last, for they may look up what others keep. */
function checkServices(context: StepContext, file: FileModel): ServicePlan[] {
  const plans = new Map<ServiceModel, ServicePlan>()
  const joins = file.services.filter(service => service.join)
  const others = file.services.filter(service => !service.join)
  for (const one of [...others, ...joins]) plans.set(one, checkService(context, file, one))
  return file.services.map(service => plans.get(service)!)
}

/** Freezes a tree in which parts may be shared. */
function deepFreeze<T extends object>(value: T): T {
  const open: object[] = [value]
  const seen = new Set<object>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    Object.freeze(next)
    for (const part of Object.values(next))
      if (typeof part === 'object' && part !== null) open.push(part)
  }
  return value
}
