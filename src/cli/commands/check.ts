// `millrace check`: compiles dataflow and module files, type-checks the TypeScript in dataflows, reports what is wrong.
import { relative } from 'node:path'

import { sendConsoleToStderr } from '../../base/index.ts'
import {
  checkFunctionTypes,
  checkTypes,
  hasErrors,
  loadApplication,
  loadFiles
} from '../../server/index.ts'
import type { LoadedDataflow, LoadedModule, LoadedPackage } from '../../server/index.ts'
import { planOfPackage } from '../../dataflow/index.ts'
import type { Diagnostic, Plan, TopicPlan } from '../../dataflow/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, note, print, serialise } from '../output/output.ts'
import { readLocalAddress } from './run-options.ts'

export interface CheckOptions {
  readonly types: boolean
  readonly dev?: boolean
  readonly output: 'text' | 'json' | 'yaml'
  readonly functions?: readonly string[]
  readonly mapAddress?: readonly string[]
  readonly allowPrivate?: boolean
}

/** Checks what `paths` name; 0 when nothing is wrong, 2 when there is an error. */
export async function check(paths: readonly string[], options: CheckOptions): Promise<number> {
  const functionFiles = options.functions ?? []
  const localAddresses = (options.mapAddress ?? []).map(readLocalAddress)
  const files = loadFiles(paths, { dev: options.dev === true })
  const { dataflows, modules, packages, diagnostics, texts } = files
  const found: Diagnostic[] = [...diagnostics]
  // Files with functions may print as they are loaded.
  sendConsoleToStderr()
  // A dataflow alone may send to functions of files that are not named here.
  if (modules.length + files.brokenModules.length > 0 || functionFiles.length > 0) {
    const { allowPrivate = false } = options
    const request = { functionFiles, localAddresses, allowPrivate }
    found.push(...(await loadApplication(files, request)).diagnostics)
  }
  if (options.types) {
    const built = dataflows.filter(loaded => loaded.functions !== null)
    for (const loaded of dataflows) {
      if (loaded.functions === null) found.push(...(await checkTypes(loaded.plan, loaded.folder)))
    }
    for (const loaded of packages) {
      found.push(...(await checkTypes(planOfPackage(loaded.package), loaded.folder)))
    }
    const files = [...functionFiles, ...built.map(loaded => relative('', loaded.path))]
    found.push(...(await checkFunctionTypes([...new Set(files)])))
  }
  if (options.output === 'text') {
    printDiagnostics(found, texts)
    if (!hasErrors(found))
      note(
        `OK: ${[
          ...dataflows.map(summary),
          ...packages.map(packageSummary),
          ...modules.map(moduleSummary)
        ].join('; ')}`
      )
  } else {
    print(
      await serialise(
        {
          dataflows: dataflows.map(described),
          packages: packages.map(packageDescribed),
          modules: modules.map(moduleDescribed),
          diagnostics: found
        },
        options.output
      )
    )
  }
  return hasErrors(found) ? 2 : 0
}

function described({ plan }: LoadedDataflow): Readonly<Record<string, unknown>> {
  const { name, namespace, version, apiVersion, file } = plan
  return {
    name,
    namespace,
    version,
    apiVersion,
    file,
    services: plan.services.map(service => service.name),
    topics: ownTopics(plan).map(topic => topic.name)
  }
}

/** Without those that stand for functions and schedules. */
function ownTopics(plan: Plan): readonly TopicPlan[] {
  return Object.values(plan.topics).filter(
    topic => topic.function === undefined && topic.schedule === undefined
  )
}

function summary({ plan }: LoadedDataflow): string {
  const services = counted(plan.services.length, 'service')
  const topics = counted(ownTopics(plan).length, 'topic')
  return `${plan.file}: dataflow ${plan.name} with ${services} and ${topics}`
}

function packageDescribed({
  file,
  package: found
}: LoadedPackage): Readonly<Record<string, unknown>> {
  const { name, namespace, version, types, states, functions } = found
  return {
    name,
    namespace,
    version,
    file,
    types: [...types.keys()],
    states: [...states.keys()],
    functions: [...functions.keys()]
  }
}

function packageSummary({ file, package: found }: LoadedPackage): string {
  const { name, namespace, version, types, states, functions } = found
  const parts = [
    counted(types.size, 'type'),
    counted(states.size, 'state'),
    counted(functions.size, 'function')
  ]
  return `${file}: package ${namespace}/${name}@${version} with ${parts.join(', ')}`
}

function moduleDescribed({ file, plan }: LoadedModule): Readonly<Record<string, unknown>> {
  return {
    file,
    endpoints: plan.endpoints.map(endpoint => endpoint.url.text),
    ingresses: plan.ingresses.map(ingress => ingress.id),
    egresses: plan.egresses.map(egress => egress.id)
  }
}

function moduleSummary({ file, plan }: LoadedModule): string {
  const { endpoints, ingresses, egresses } = plan
  const parts = [
    counted(endpoints.length, 'endpoint'),
    `${ingresses.length} ingress${ingresses.length === 1 ? '' : 'es'}`,
    `${egresses.length} egress${egresses.length === 1 ? '' : 'es'}`
  ]
  return `${file}: module with ${parts.join(', ')}`
}
