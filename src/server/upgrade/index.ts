// The public face of upgrade: what a changed file does to a data directory, told or done.
export { applyUpgrade } from './apply.ts'
export type { Change } from './changes.ts'
export { compareWithLog, refuseMisfits, type Upgrade } from './compare.ts'
export type { ApplyOptions } from './open-task.ts'
export {
  readRecords,
  recordKey,
  removeRecord,
  RECORDS_TOPIC,
  type DataflowRecord
} from './record.ts'
export { compareAll, type ComparedDataflow } from './start.ts'
export { lookUntouched, planUpgrades, type PlannedDataflow, type PlannedUpgrades } from './look.ts'
