// Puts the modules of an application together, and finds what is in one for a function type.
import type { Diagnostic, Position } from '../../dataflow/index.ts'
import { identityOf } from './components.ts'
import { httpConflicts } from './http-conflicts.ts'
import type { AddressPlan, EgressPlan, EndpointPlan, IngressPlan, ModulePlan } from './plan.ts'

/** A plan of several files and what was found while they were put together. */
export interface CombineResult {
  /** null iff a diagnostic is an error. */
  readonly plan: ModulePlan | null
  /** The same also where there are errors, for further findings. */
  readonly readable: ModulePlan
  readonly diagnostics: readonly Diagnostic[]
}

/** All components of all modules. Functions, ingresses and egresses that two files declare are errors. */
export function combineModules(modules: readonly ModulePlan[]): CombineResult {
  const diagnostics: Diagnostic[] = []
  const places = new Map<string, Position>()
  const check = (component: EndpointPlan | IngressPlan | EgressPlan, what: string): void => {
    const identity = identityOf(component, what)
    const before = places.get(identity)
    if (before === undefined) places.set(identity, component.at)
    else {
      const message = `${identity} is already declared in ${before.file}:${before.line}`
      diagnostics.push(findingAt(component.at, 'COMPONENT_DUPLICATE', message, 'Keep one of them.'))
    }
  }
  for (const { endpoints, ingresses, egresses } of modules) {
    for (const endpoint of endpoints) check(endpoint, 'the functions')
    for (const ingress of ingresses) check(ingress, 'the ingress')
    for (const egress of egresses) check(egress, 'the egress')
  }
  const named = modules.flatMap(module => module.application ?? [])
  for (const { at } of named.slice(1)) {
    const before = named[0]!.at
    const message = `the application is already named in ${before.file}:${before.line}`
    const hint = 'Keep one of them: all module files of a run are one application.'
    diagnostics.push(findingAt(at, 'COMPONENT_DUPLICATE', message, hint))
  }
  const plan: ModulePlan = {
    ...(named[0] === undefined ? {} : { application: named[0] }),
    endpoints: modules.flatMap(module => module.endpoints),
    ingresses: modules.flatMap(module => module.ingresses),
    egresses: modules.flatMap(module => module.egresses)
  }
  diagnostics.push(...httpConflicts(plan))
  return { plan: diagnostics.length === 0 ? plan : null, readable: plan, diagnostics }
}

/**
 * The plan with every address of `local` taken for the engine's own topics (`--map-address BOOTSTRAP=local`). An
 * address is compared as it is written, blanks apart. Other addresses are errors: this version runs without a cluster.
 */
export function mapAddresses(plan: ModulePlan, local: Iterable<string>): CombineResult {
  const isLocal = new Set([...local].map(normalised))
  const diagnostics: Diagnostic[] = []
  const mapped = (address: AddressPlan | null): null => {
    if (address === null || isLocal.has(normalised(address.text))) return null
    const cluster = JSON.stringify(address.text)
    const message = `the topics lie on the Kafka cluster ${cluster}, which millrace does not connect to`
    const hint =
      `Run with --map-address ${normalised(address.text)}=local to use the engine’s own topics, ` +
      'or declare an io.millrace.topic.v1 component.'
    diagnostics.push(findingAt(address.at, 'CLUSTER_UNAVAILABLE', message, hint))
    return null
  }
  const topicsOf = <P extends IngressPlan | EgressPlan>(component: P): P =>
    component.kind === 'topic' ? { ...component, address: mapped(component.address) } : component
  const result: ModulePlan = {
    ...plan,
    ingresses: plan.ingresses.map(topicsOf),
    egresses: plan.egresses.map(topicsOf)
  }
  return { plan: diagnostics.length === 0 ? result : null, readable: result, diagnostics }
}

const normalised = (address: string): string =>
  address
    .split(',')
    .map(each => each.trim())
    .join(',')

/** The endpoint that answers for a function type: the exact one, else that of its namespace; null: none does. */
export function findEndpoint(
  plan: ModulePlan,
  namespace: string,
  name: string
): EndpointPlan | null {
  const inNamespace = plan.endpoints.filter(each => each.functions.namespace === namespace)
  return (
    inNamespace.find(({ functions }) => functions.kind === 'type' && functions.name === name) ??
    inNamespace.find(({ functions }) => functions.kind === 'namespace') ??
    null
  )
}

function findingAt(at: Position, code: string, message: string, hint: string): Diagnostic {
  return { severity: 'error', code, message, hint, ...at, length: 1 }
}
