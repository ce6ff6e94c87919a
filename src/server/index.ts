// The public face of server: runs, their data directories, and what a stopped data directory can be asked.
export { checkTypes, type CheckTypesOptions } from './check/check-types.ts'
export { checkFunctionTypes } from './check/check-function-types.ts'
export { convertFile, type ConvertedFile } from './files/convert-file.ts'
export { loadApplication, needsFunctions } from './functions/application.ts'
export { functionTopics, ingressOf } from './functions/function-sinks.ts'
export type { ApplicationRequest, LoadedApplication } from './functions/application.ts'
export { ephemeralFolder, permanentFolder, DATA_FOLDER_NAME } from './data-folder.ts'
export type { DataFolder } from './data-folder.ts'
export { hasErrors, loadFiles } from './files/dataflow-files.ts'
export type {
  LoadedDataflow,
  LoadedFiles,
  LoadedModule,
  LoadedPackage
} from './files/dataflow-files.ts'
export type { DeadLetterReason } from './dead-letters.ts'
export { Engine } from './engine.ts'
export type { EngineOptions } from './engine.ts'
export type { EngineDataflow } from './engine-dataflow.ts'
export { EngineFunctions } from './functions/engine-functions.ts'
export type { ApplicationMetrics, RatedFunctionMetrics } from './functions/function-metrics.ts'
export {
  addressReport,
  addressReports,
  checkFunctionType,
  functionReports,
  timerReport,
  whereOf
} from './functions/function-report.ts'
export type { AddressReport, FunctionReport, TimerReport } from './functions/function-report.ts'
export type { Topic } from '../log/log.ts'
export type {
  RunningDataflow,
  DataflowMetrics,
  StateEntry,
  StateSummary,
  LogLine
} from '../runtime/contract.ts'
export { readHttpAddress, readListenAddress } from './http/index.ts'
export type { HttpAddress, HttpServer } from './http/index.ts'
export { LineReader, type ByteSource } from './feed/line-reader.ts'
export { parseJson } from './text/json-text.ts'
export type { RecordForms } from './out/record-lines.ts'
export { FEED_DEAD_LETTERS } from './feed/feed-batches.ts'
export { FEED_GROUP_PREFIX } from './feed/feed-position.ts'
export type { RepairReport, VerifyReport } from '../log/index.ts'
export { LogServer } from './log-server.ts'
export type { LogServerOptions } from './log-server.ts'
export { repairLog, verifyLog } from './maintenance.ts'
export { produceText, readTexts } from './records.ts'
export type { ConsumeFrom, PrintedRecord } from './records.ts'
export { Session } from './session.ts'
export type { DataflowSummary, DrainSummary, FunctionsSummary } from './session.ts'
export { checkRequest, resolveState } from './session-request.ts'
export type { SessionRequest } from './session-request.ts'
export { SqlService, SQL_TIMEOUT_MS_DEFAULT, type SqlQueryOptions } from './sql/index.ts'
export type { SqlResult, Table as SqlTable } from '../sql/index.ts'
export { checkStoredTypes, type StoredDifference } from './stored-types.ts'
export {
  planUpgrades,
  type Change as StoredChange,
  type PlannedDataflow,
  type PlannedUpgrades
} from './upgrade/index.ts'
export { readText } from './files/package-files.ts'
export { writersForm } from './text/schema-form.ts'
export { TopicTable } from './topic-table.ts'
export { stubModules, TYPES_MODULE, type StubModule } from './generate/function-stubs.ts'
export { packageSkeleton } from './generate/package-skeleton.ts'
export { typesText } from './generate/types-text.ts'
export { build, type BuildRequest, type BuiltFile } from './build/build.ts'
export { collectBundle, type CollectRequest, type Collected } from './deployments/bundle/collect.ts'
export type {
  Bundle,
  DeployOutcome,
  DeploymentLogLine,
  DeploymentReport,
  DeploymentSettings
} from './deployments/index.ts'
export {
  SECURITY_DEFAULT,
  administer,
  checkExposure,
  type Listening,
  type SecurityCommand,
  type SecurityResult,
  type SecuritySettings
} from './security/index.ts'
export {
  CLUSTER_NAME,
  OPERATIONS,
  RESOURCE_KINDS,
  checkPrincipal,
  checkRule,
  checkUserName,
  grantCommand,
  principalOf,
  type AccessRule,
  type Operation,
  type ResourceKind,
  type Right,
  type TokenListing,
  type UserListing
} from '../security/index.ts'
