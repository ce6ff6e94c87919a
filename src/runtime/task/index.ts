// The public face of tasks: what another program than a dataflow's runs on.
export type { CommitChangelog, CommitCounters } from './commit-writer.ts'
export { quantile, sum } from './counters.ts'
export { endsTask } from './failure.ts'
export { lagOf } from './lag.ts'
export { EpochOutputs, HeaderWriter, type TopicOutput } from './outputs.ts'
export type { EpochEnd, TaskProgram, TaskWork } from './program.ts'
export type { RecordFacts, RecordTaker } from './record-facts.ts'
export { type Budget, SourceReader } from './source-reader.ts'
export { Expiring, type ExpiringOptions } from './sweeper.ts'
export { Task } from './task.ts'
export { TaskGroup } from './task-group.ts'
export {
  type InputPosition,
  type PositionedInput,
  metadataOf,
  openGroupPositions
} from '../positions.ts'
