// The public face of runtime: starting a dataflow, and the topics that it needs.
export type * from './contract.ts'
export { groupName } from './graph/names.ts'
export { requiredTopics, taskCount } from './graph/required-topics.ts'
export { startDataflow } from './start.ts'
export { type ReadTopic, Trimmer } from './trim.ts'
export {
  type Declarations,
  generateDeclarations,
  shareUserModule,
  typeDiagnostics
} from './code/index.ts'
