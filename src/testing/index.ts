// The package export `millrace/testing`: dataflows and functions in tests, in memory, on a clock that the test moves.
export type { Fault } from './faults.ts'
export type { TestRecord, TestRecordInput } from './records.ts'
export { type DataflowSource } from './source.ts'
export { TestDataflow, type TestDataflowOptions } from './test-dataflow.ts'
export type { TestEgress } from './functions-app.ts'
export {
  type IngressInput,
  type TestClockOptions,
  TestFunctions,
  type TestFunctionsOptions
} from './test-functions.ts'
