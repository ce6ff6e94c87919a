// The package export `millrace/dataflow`: dataflows as typed code, and what users' functions see.
export * from '../runtime/code/user.ts'
export type {
  Aggregate,
  AggregateMap,
  AggregateState,
  AggregateWords,
  ResultOf,
  TopOptions,
  WindowAggregateWords
} from './aggregate.ts'
export { from, merge } from './chain.ts'
export {
  dataflow,
  Dataflow,
  definitionOf,
  type DataflowNode,
  type DataflowOptions,
  type ErrorOptions,
  type ServiceOptions
} from './dataflow.ts'
export { type BuiltDataflow, compileBuilt, type CompileBuiltOptions, yamlOf } from './compile.ts'
export type { Condition, Literal, Picked, PickedValue, Tests } from './condition.ts'
export { type Constant, constant, type FieldOf, type KeyField } from './fields.ts'
export {
  type EventJoinOptions,
  events,
  join,
  type JoinSide,
  lookUp,
  type PairOf,
  type SideOptions,
  table,
  type TableJoinOptions,
  type TableOptions,
  versions,
  type WithinOptions
} from './join.ts'
export {
  type Change,
  change,
  type DataflowMigrateOptions,
  type ServiceMigrateOptions,
  type StateMigrateOptions
} from './migrate.ts'
export { printCode } from './print/print-code.ts'
export { type Schedule, schedule, type ScheduleOptions } from './schedule.ts'
export { type AnyFunction, type StepOptions, uses } from './step.ts'
export type * from './stream.ts'
export type * from './window-stream.ts'
export {
  aggregateOf,
  type OwnedState,
  type RegistryOptions,
  state,
  type State,
  type StateOptions,
  topic,
  type Topic,
  type TopicFor,
  type TopicOptions
} from './topic.ts'
export { type Field, type Infer, type RowOptions, t, type TypeValue } from './types.ts'
export {
  count,
  type EarlyOptions,
  global,
  session,
  sliding,
  tumbling,
  type WatermarkOptions,
  type WindowNode
} from './window.ts'
