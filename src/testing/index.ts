// The package export `millrace/testing`: dataflows run in tests, in memory, on a clock that the test moves.
export type { Fault } from './faults.ts'
export type { TestRecord, TestRecordInput } from './records.ts'
export { type DataflowSource } from './source.ts'
export { TestDataflow, type TestDataflowOptions } from './test-dataflow.ts'
