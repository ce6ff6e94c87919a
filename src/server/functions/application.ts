// The application of a run's module files: what stands in them as options of the functions' runtime.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { messageOf } from '../../base/index.ts'
import { nearestWord } from '../../dataflow/index.ts'
import type { Diagnostic, Position } from '../../dataflow/index.ts'
import {
  checkHost,
  combineModules,
  findEndpoint,
  mapAddresses,
  parseTypeName,
  patternText
} from '../../functions/index.ts'
import type {
  EgressSpec,
  EndpointPlan,
  IngressSpec,
  IngressStart,
  ModulePlan,
  RetryPolicy,
  StatefulFunction,
  TlsMaterial,
  TopicIngressPlan
} from '../../functions/index.ts'
import { hasErrors } from '../files/dataflow-files.ts'
import { fileError } from '../files/file-error.ts'
import type { LoadedFiles } from '../files/dataflow-files.ts'
import { functionTopics, ingressOf } from './function-sinks.ts'
import { loadFunctions } from './functions-file.ts'
import { httpComponents } from '../http/requests/specs.ts'
import type { HttpComponents } from '../http/requests/specs.ts'

/** Findings of files that could be module files and were not read. */
const UNREAD: ReadonlySet<string> = new Set(['FILE_NOT_FOUND', 'FILE_UNREADABLE'])
/** The name of a run's application where no module file gives it one. */
const NAME_DEFAULT = 'functions'

/** What a command line says about the application. */
export interface ApplicationRequest {
  /** Addresses of Kafka clusters that stand for the engine's own topics. */
  readonly localAddresses: readonly string[]
  /** Files that export functions of this process. */
  readonly functionFiles: readonly string[]
  /** Functions that are here already. */
  readonly functions?: readonly StatefulFunction[]
  /** Whether endpoints may lie in private networks. */
  readonly allowPrivate: boolean
}

/** An endpoint with the files that its TLS options name. */
export interface LoadedEndpoint {
  readonly plan: EndpointPlan
  readonly tls: TlsMaterial
}

/** Everything that an application is started with. */
export interface LoadedApplication {
  readonly name: string
  /** The module files, as diagnostics name them. */
  readonly files: readonly string[]
  readonly functions: readonly StatefulFunction[]
  readonly endpoints: readonly LoadedEndpoint[]
  readonly ingresses: readonly IngressSpec[]
  readonly egresses: readonly EgressSpec[]
  /** Of functions in this process; absent: none. */
  readonly retries?: RetryPolicy
  readonly allowPrivate: boolean
  /** Components that listen; they are in none of the lists above. */
  readonly http: HttpComponents
}

/** What a run may have functions for. */
export type ApplicationFiles = Pick<
  LoadedFiles,
  'dataflows' | 'modules' | 'brokenModules' | 'diagnostics'
>

/** An application, or what is wrong. */
export interface ApplicationResult {
  /** null where nothing needs functions, and when a diagnostic is an error. */
  readonly application: LoadedApplication | null
  readonly diagnostics: readonly Diagnostic[]
}

/** Whether files need functions: module files do, and dataflows that send to some. */
export function needsFunctions({
  dataflows,
  modules,
  brokenModules
}: Pick<ApplicationFiles, 'dataflows' | 'modules' | 'brokenModules'>): boolean {
  return (
    modules.length + brokenModules.length > 0 ||
    dataflows.some(({ plan }) => functionTopics(plan).length > 0)
  )
}

/** Puts the application of a run together. Files with errors are looked through too: all findings come at once. */
export async function loadApplication(
  files: ApplicationFiles,
  request: ApplicationRequest
): Promise<ApplicationResult> {
  if (!needsFunctions(files)) return { application: null, diagnostics: [] }
  const modules = [...files.modules, ...files.brokenModules]
  const combined = combineModules(modules.map(module => module.plan)).readable
  const { functions: loaded, diagnostics: found } = await loadFunctions(request.functionFiles)
  const functions = [...(request.functions ?? []), ...loaded]
  const diagnostics = [...found]
  const mapped = mapAddresses(combined, request.localAddresses)
  diagnostics.push(...mapped.diagnostics)
  const name = combined.application?.name ?? NAME_DEFAULT
  diagnostics.push(...nameTaken(files, name, combined.application?.at ?? null))
  const knowsTargets = !hasErrors(found) && knowsEndpoints(files)
  const { allowPrivate } = request
  const builder = new Builder(combined, { functions, knowsTargets, allowPrivate }, diagnostics)
  const application: LoadedApplication = {
    name,
    files: modules.map(module => module.file),
    functions,
    endpoints: modules.flatMap(({ plan, path }) =>
      plan.endpoints.map(endpoint => builder.endpoint(endpoint, dirname(path)))
    ),
    ingresses: [...builder.ingresses(), ...builder.sinks(files)],
    egresses: builder.egresses(),
    ...(combined.application === undefined ? {} : { retries: combined.application.retries }),
    allowPrivate,
    http: httpComponents(combined)
  }
  const isBroken = hasErrors(diagnostics) || hasErrors(files.diagnostics)
  return { application: isBroken ? null : application, diagnostics }
}

/** Whether every endpoint was read: otherwise a target that nothing answers for may only have lost its own. */
function knowsEndpoints({ brokenModules, diagnostics }: ApplicationFiles): boolean {
  const isMissing = diagnostics.some(({ code }) => UNREAD.has(code))
  return !isMissing && brokenModules.every(module => module.hasAllEndpoints)
}

/** An application and a dataflow of one name would keep positions and dead letters in one place. */
function nameTaken(
  { dataflows }: ApplicationFiles,
  name: string,
  at: Position | null
): readonly Diagnostic[] {
  const taken = dataflows.find(({ plan }) => plan.name === name)
  if (taken === undefined) return []
  const { file } = taken.plan
  if (at !== null) {
    const message = `the application is called "${name}", and so is the dataflow of ${file}`
    return [findingAt('error', at, 'APPLICATION_NAME', message, 'Give one of them another name.')]
  }
  const message = `the dataflow is called "${name}", as the application of functions is without a name of its own`
  const hint =
    'Rename the dataflow under meta, or name the application in a module file: kind: io.millrace.application.v1, ' +
    'spec: { name: my-functions }'
  return [fileError('APPLICATION_NAME', file, message, hint)]
}

/** Where an ingress begins in a topic. */
function startOf(ingress: TopicIngressPlan, topic: string): IngressStart {
  const { startup, autoOffsetReset, consumerGroupId } = ingress
  const named = { latest: 'end', earliest: 'beginning' } as const
  const others = named[autoOffsetReset]
  switch (startup.kind) {
    case 'date':
      return { position: 'time', timestampMs: startup.timestampMs }
    case 'specific-offsets': {
      const own = startup.offsets.filter(one => one.topic === topic)
      const offsets = new Map(own.map(({ partition, offset }) => [partition, offset]))
      return { position: 'offsets', offsets, others }
    }
    case 'group-offsets':
      if (consumerGroupId === null) return { position: others, value: 0 }
      return { position: 'group', group: consumerGroupId, others }
    default:
      return { position: named[startup.kind], value: 0 }
  }
}

/** Turns components into options, and tells of those that this release does not run. */
class Builder {
  readonly #plan: ModulePlan
  readonly #functions: readonly StatefulFunction[]
  readonly #knowsTargets: boolean
  readonly #allowPrivate: boolean
  readonly #diagnostics: Diagnostic[]

  constructor(
    plan: ModulePlan,
    {
      functions,
      knowsTargets,
      allowPrivate
    }: {
      readonly functions: readonly StatefulFunction[]
      /** Whether what neither answers for is an error. */
      readonly knowsTargets: boolean
      readonly allowPrivate: boolean
    },
    diagnostics: Diagnostic[]
  ) {
    this.#plan = plan
    this.#functions = functions
    this.#knowsTargets = knowsTargets
    this.#allowPrivate = allowPrivate
    this.#diagnostics = diagnostics
  }

  endpoint(plan: EndpointPlan, folder: string): LoadedEndpoint {
    const { url, transport } = plan
    try {
      if (url.host !== null) checkHost(url.host, this.#allowPrivate)
    } catch (error) {
      this.#error(url.at, 'ENDPOINT_ADDRESS', messageOf(error), null)
    }
    const typename = patternText(plan)
    if (this.#functions.some(fn => fn.typename === typename)) {
      const message = `the functions ${typename} are in a file of --functions, too`
      this.#error(plan.at, 'FUNCTION_DUPLICATE', message, 'Remove the endpoint or the function.')
    }
    if (transport.kind !== 'async') return { plan, tls: {} }
    const { trustCacerts, clientCert, clientKey, clientKeyPassword } = transport.tls
    const read = (file: string | null): string | undefined =>
      file === null ? undefined : this.#read(plan.at, resolve(folder, file))
    const files = {
      ca: read(trustCacerts),
      cert: read(clientCert),
      key: read(clientKey),
      passphrase: read(clientKeyPassword)?.replace(/\r?\n$/, '')
    }
    const given = Object.entries(files).filter(([, text]) => text !== undefined)
    return { plan, tls: Object.fromEntries(given) }
  }

  ingresses(): IngressSpec[] {
    const specs: IngressSpec[] = []
    for (const ingress of this.#plan.ingresses) {
      // Whom the playground's requests are for, they say.
      if (ingress.kind === 'playground') continue
      if (ingress.kind === 'http') {
        for (const target of ingress.targets) this.#checkTarget(target, ingress.at)
        continue
      }
      this.#warnOfProperties(ingress)
      for (const { topic, valueType, targets, at } of ingress.topics) {
        for (const target of targets) this.#checkTarget(target, at)
        const start = startOf(ingress, topic)
        specs.push({ kind: 'targets', topic, name: ingress.id, valueType, targets, start })
      }
    }
    return specs
  }

  /** What dataflows send to functions. */
  sinks({ dataflows }: ApplicationFiles): IngressSpec[] {
    return dataflows
      .flatMap(({ plan }) => functionTopics(plan))
      .map(topic => {
        this.#checkTarget(topic.function.typename, topic.at)
        return ingressOf(topic)
      })
  }

  egresses(): EgressSpec[] {
    const specs: EgressSpec[] = []
    for (const egress of this.#plan.egresses) {
      if (egress.kind !== 'topic') continue
      this.#warnOfProperties(egress)
      const { id, topics } = egress
      specs.push({ typename: id, ...(topics === undefined ? {} : { topics }) })
    }
    return specs
  }

  #checkTarget(target: string, at: Position): void {
    if (!this.#knowsTargets) return
    const { namespace, name } = parseTypeName(target) ?? { namespace: target, name: '' }
    if (this.#functions.some(fn => fn.typename === target)) return
    if (findEndpoint(this.#plan, namespace, name) !== null) return
    const known = [
      ...this.#functions.map(fn => fn.typename),
      ...this.#plan.endpoints.map(patternText)
    ]
    const nearest = nearestWord(target, known)
    const message = `no functions answer for the target ${target}`
    const hint =
      nearest === null
        ? 'Declare an endpoint for it, or give a file that exports it with --functions.'
        : `Did you mean "${nearest}"?`
    this.#error(at, 'TARGET_UNKNOWN', message, hint)
  }

  #warnOfProperties({ properties, at }: Pick<TopicIngressPlan, 'properties' | 'at'>): void {
    const names = Object.keys(properties)
    if (names.length === 0) return
    const message = `the engine’s own topics have no Kafka client that would take ${names.join(', ')}`
    this.#diagnostics.push(findingAt('warning', at, 'PROPERTIES_UNUSED', message, null))
  }

  #read(at: Position, path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      const message = `a file of the TLS options cannot be read: ${messageOf(error)}`
      this.#error(at, 'FILE_UNREADABLE', message, null)
      return undefined
    }
  }

  #error(at: Position, code: string, message: string, hint: string | null): void {
    this.#diagnostics.push(findingAt('error', at, code, message, hint))
  }
}

function findingAt(
  severity: Diagnostic['severity'],
  at: Position,
  code: string,
  message: string,
  hint: string | null
): Diagnostic {
  return { severity, code, message, hint, ...at, length: 1 }
}
