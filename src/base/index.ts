// The public face of base: what the standard library lacks, and the injected world.
export * from './assert.ts'
export * from './byte-writer.ts'
export * from './clock.ts'
export * from './disk.ts'
export * from './errors.ts'
export * from './limits.ts'
export * from './random.ts'
