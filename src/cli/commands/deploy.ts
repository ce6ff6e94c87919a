// `millrace deploy`: sends dataflows and modules with everything that they need to a server, which runs them.
import { join, relative } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import type { Diagnostic } from '../../dataflow/index.ts'
import { collectBundle } from '../../server/index.ts'
import type { Bundle, DeployOutcome, DeploymentSettings } from '../../server/index.ts'
import { RefusedFiles, chosenServer } from '../target/api-client.ts'
import type { ServerOptions } from '../target/api-client.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, formatBytes, note, print, serialise } from '../output/output.ts'
import { readEnv, readLocalAddress } from './run-options.ts'

/** What the parser gives. */
export interface DeployOptions extends ServerOptions {
  readonly name?: string
  readonly functions?: readonly string[]
  readonly include?: readonly string[]
  readonly mapAddress?: readonly string[]
  readonly allowPrivate?: boolean
  readonly env?: readonly string[]
  readonly workers: number
  readonly partitions?: number
  readonly dev?: boolean
  readonly dryRun?: boolean
  readonly output: 'text' | 'json' | 'yaml'
}

/** Deploys what `paths` name; 0 when it runs, 2 when the files are wrong. */
export async function deploy(paths: readonly string[], options: DeployOptions): Promise<number> {
  const settings = settingsOf(options)
  const { functions = [], include = [], dev = false } = options
  const collected = collectBundle({ paths, functionFiles: functions, include, dev })
  const { bundle, root, texts, diagnostics } = collected
  if (bundle === null) {
    printDiagnostics(diagnostics, texts)
    return 2
  }
  const name = options.name ?? onlyName(collected.names)
  const server = await chosenServer(options)
  const query = new URLSearchParams()
  if (options.dryRun === true) query.set('dryRun', 'true')
  const path = `/api/v1/deployments/${encodeURIComponent(name)}${query.size > 0 ? `?${query}` : ''}`
  try {
    const outcome = await server.call<DeployOutcome>('PUT', path, { ...bodyOf(bundle), settings })
    printDiagnostics(placed(outcome.warnings, root), texts)
    await printOutcome(outcome, bundle, { url: server.url, output: options.output })
    return 0
  } catch (error) {
    if (!(error instanceof RefusedFiles)) throw error
    printDiagnostics(placed(error.diagnostics, root), texts)
    return 2
  }
}

function settingsOf(options: DeployOptions): DeploymentSettings {
  return {
    env: readEnv(options.env ?? []),
    workers: options.workers,
    partitions: options.partitions ?? null,
    allowPrivate: options.allowPrivate ?? false,
    localAddresses: (options.mapAddress ?? []).map(readLocalAddress),
    dev: options.dev ?? false
  }
}

/** @throws USAGE what is deployed has several names */
function onlyName(names: readonly string[]): string {
  const [first] = names
  if (first !== undefined && names.length === 1) return first
  throw new MillraceError(
    'USAGE',
    `${names.length === 0 ? 'nothing of this has a name' : `${names.join(', ')} are deployed together`}; ` +
      'expected a name for the deployment; give it one with --name'
  )
}

/** Files of the server as they are named here. */
function placed(diagnostics: readonly Diagnostic[], root: string): Diagnostic[] {
  return diagnostics.map(one => ({ ...one, file: relative('', join(root, one.file)) || one.file }))
}

function bodyOf({ files, entries, functionFiles }: Bundle): object {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return {
    entries,
    functionFiles,
    files: files.map(({ path, bytes }) => {
      try {
        return { path, text: decoder.decode(bytes) }
      } catch {
        return { path, base64: Buffer.from(bytes).toString('base64') }
      }
    })
  }
}

async function printOutcome(
  outcome: DeployOutcome,
  bundle: Bundle,
  { url, output }: { readonly url: string; readonly output: DeployOptions['output'] }
): Promise<void> {
  if (output !== 'text') return print(await serialise(outcome, output))
  const { deployment, changes } = outcome
  for (const { dataflow, changes: own } of changes) {
    for (const { kind, name, status, detail } of own) {
      note(`${dataflow}: ${kind} ${name} is ${status}${detail === '' ? '' : `: ${detail}`}`)
    }
  }
  const { name, version, files, bytes } = deployment
  const size = `${counted(files, 'file')}, ${formatBytes(bytes)}`
  if (outcome.outcome === 'checked') {
    note(`${name}: no mistakes in ${counted(bundle.files.length, 'file')}; nothing was deployed`)
  } else if (outcome.outcome === 'unchanged') {
    note(`${name}: version ${version} of these files runs already on ${url}`)
  } else {
    const verb = outcome.outcome === 'created' ? 'deployed' : 'replaced'
    note(`${name}: ${verb}; version ${version} runs on ${url} (${size})`)
  }
}
