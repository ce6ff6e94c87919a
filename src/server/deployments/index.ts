// The public face of deployments: dataflows and modules that run inside a server.
export { Deployments, type DeploymentsOptions } from './deployments.ts'
export type { Deployment } from './deployment.ts'
export { DiagnosticsError } from './diagnostics-error.ts'
export type { LogRing } from './log-ring.ts'
export {
  BUNDLE_BYTES_MAX,
  BUNDLE_FILES_MAX,
  DEPLOYMENT_NAME,
  SETTINGS_DEFAULT
} from './contract.ts'
export type {
  Bundle,
  BundledFile,
  DeployOutcome,
  DeployRequest,
  DeployStep,
  DeploymentLogLine,
  DeploymentReport,
  DeploymentSettings,
  DeploymentStatus
} from './contract.ts'
