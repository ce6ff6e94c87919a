// The suites that every implementation of a contract passes.
export {
  clientSuite,
  type ClientCapabilities,
  type ClientFixture,
  type ClientSuiteOptions
} from './client.ts'
export { diskSuite, type DiskFixture } from './disk.ts'
export {
  logSuite,
  type LogCapabilities,
  type LogFactory,
  type LogFactoryOptions,
  type LogFixture
} from './log.ts'
export {
  stateStoreSuite,
  type StateStoreCapabilities,
  type StateStoreFixture
} from './state-store.ts'
