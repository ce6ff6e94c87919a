// The public face of base: what the standard library lacks, and the injected world.
export * from './assert.ts'
export * from './byte-writer.ts'
export * from './clock.ts'
export * from './collector.ts'
export * from './disk/disk.ts'
export * from './disk/directory.ts'
export { TEMPORARY_SUFFIX } from './disk/errors.ts'
export * from './disk/overlay.ts'
export * from './disk/simulated.ts'
export type { CrashMode } from './disk/simulated-file.ts'
export type {
  SimulatedDiskOptions,
  SimulatedFault,
  SimulatedOperation,
  SimulatedOperationKind
} from './disk/simulated-machine.ts'
export * from './disk/system.ts'
export * from './environment.ts'
export * from './errors.ts'
export * from './experimental-notice.ts'
export * from './limits.ts'
export * from './random.ts'
export * from './user-console.ts'
export { packageVersion } from './package-version.ts'
