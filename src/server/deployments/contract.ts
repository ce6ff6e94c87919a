// What a deployment is: files with everything that they need, how they are to run, and what became of them.
import type { Diagnostic } from '../../dataflow/diagnostics.ts'
import type { Change } from '../upgrade/index.ts'

/** A file of a deployment; `path` is relative, with slashes, and stays below the deployment's folder. */
export interface BundledFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** How a deployment runs. */
export interface DeploymentSettings {
  /** `ctx.env` of its functions. */
  readonly env: Readonly<Record<string, string>>
  /** Threads for the tasks of each dataflow; 0 runs them in the server's own thread. */
  readonly workers: number
  /** Partitions of topics that are made and declare none; null: one for each worker. */
  readonly partitions: number | null
  /** Whether endpoints may lie in private networks. */
  readonly allowPrivate: boolean
  /** Kafka clusters of module files that stand for the server's own topics. */
  readonly localAddresses: readonly string[]
  /** Whether the sections `dev` of the files count. */
  readonly dev: boolean
}

/** The default of {@link DeploymentSettings}. */
export const SETTINGS_DEFAULT: DeploymentSettings = {
  env: {},
  workers: 1,
  partitions: null,
  allowPrivate: false,
  localAddresses: [],
  dev: false
}

/** Files to deploy, on their own. */
export interface Bundle {
  readonly files: readonly BundledFile[]
  /** Dataflow and module files among them. */
  readonly entries: readonly string[]
  /** Files among them that export stateful functions. */
  readonly functionFiles: readonly string[]
}

/** What is to be deployed. */
export interface DeployRequest {
  readonly bundle: Bundle
  readonly settings: DeploymentSettings
  /** Only the checks: nothing is stored or started. */
  readonly dryRun: boolean
}

export type DeploymentStatus = 'starting' | 'running' | 'stopped' | 'failed'

/** What is known of a deployment, stored and told alike. */
export interface DeploymentFacts {
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly entries: readonly string[]
  readonly functionFiles: readonly string[]
  readonly files: number
  readonly bytes: number
  /** SHA-256 of files and settings, in hexadecimal digits. */
  readonly digest: string
  readonly dataflows: readonly { readonly name: string; readonly namespace: string }[]
  /** The application of its functions; null: it has none. */
  readonly application: string | null
}

/** A deployment as people and machines are told of it. */
export interface DeploymentReport extends DeploymentFacts {
  readonly name: string
  /** Grows with each deployment of the name. */
  readonly version: number
  readonly status: DeploymentStatus
  /** Why it failed, or why the newest version does not run; null. */
  readonly reason: string | null
  /** Without the values of `env`. */
  readonly settings: Omit<DeploymentSettings, 'env'> & { readonly env: readonly string[] }
}

/** What a deployment came to. */
export interface DeployOutcome {
  readonly deployment: DeploymentReport
  /** `unchanged`: the same files with the same settings run already. `checked`: a dry run. */
  readonly outcome: 'created' | 'replaced' | 'unchanged' | 'checked'
  readonly warnings: readonly Diagnostic[]
  /** What the version changes of what is stored, by dataflow; empty where all stays as it is. */
  readonly changes: readonly { readonly dataflow: string; readonly changes: readonly Change[] }[]
}

/** A line of a deployment's log. */
export interface DeploymentLogLine {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** The dataflow or application; '' for the deployment itself. */
  readonly source: string
  readonly service: string
  readonly operator: string
  readonly message: string
}

/**
 * Steps of a deployment in their order. After each of them the process may end: a start goes on with the version that
 * was recorded last.
 */
export type DeployStep =
  | 'written'
  | 'checked'
  | 'stopped'
  | 'recorded'
  | 'started'
  | 'settled'
  | 'cleaned'

/** Bytes of all files of a deployment. */
export const BUNDLE_BYTES_MAX: number = 32 * 1024 * 1024
/** Files of a deployment. */
export const BUNDLE_FILES_MAX = 20_000
/** Names of deployments. */
export const DEPLOYMENT_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
