// The suites that every implementation of a contract passes.
export { diskSuite, type DiskFixture } from './disk.ts'
