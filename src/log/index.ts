// The public face of log.
export * from './log.ts'
export { delegateLog } from './delegate.ts'
export { CLEANUP_INTERVAL_MS_DEFAULT, type DiskLogOptions, openDiskLog } from './disk/disk-log.ts'
export type { DiskLogEvent, OnDiskLogEvent } from './disk/events.ts'
export {
  type LostRecords,
  type RepairOptions,
  type RepairReport,
  repairDiskLog
} from './disk/repair/repair.ts'
export {
  type LogProblem,
  type VerifyOptions,
  type VerifyReport,
  verifyDiskLog
} from './disk/repair/verify.ts'
export { type MemoryLogOptions, openMemoryLog } from './memory/memory-log.ts'
export { checkTopicName, isTopicName } from './spec.ts'
