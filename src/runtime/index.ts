// The public face of runtime: starting a dataflow, and the topics that it needs.
export type * from './contract.ts'
export { describeUserError, loadStep } from './code/index.ts'
export {
  compileConverter,
  keyConverter,
  type RecordConverter,
  valueConverter
} from './convert/index.ts'
export { allSteps } from './graph/library.ts'
export {
  changelogTopicName,
  deadLetterTopicName,
  groupName,
  repartitionTopicName,
  scheduleGroupName,
  watermarksTopicName
} from './graph/names.ts'
export * from './kept-states.ts'
export {
  mergeTopic,
  requiredTopics,
  sourceTopicNames,
  taskCount,
  writtenTopicIds
} from './graph/required-topics.ts'
export { scheduleTopics, ticksGivenUntil } from './schedule/schedule-feeder.ts'
export { startDataflow } from './start.ts'
export { type ReadTopic, Trimmer } from './trim.ts'
export {
  type Declarations,
  generateDeclarations,
  shareUserModule,
  typeDiagnostics
} from './code/index.ts'
export { ChangelogReader, type StateChange, changelogOfPlan } from './changelog-changes.ts'
