// The public face of the cases in test files: running them, for `millrace test`.
export type { DiffLine } from './compare.ts'
export {
  CASE_START_MS,
  runCase,
  type CaseFailure,
  type CaseResult,
  type TestTarget
} from './run-cases.ts'
