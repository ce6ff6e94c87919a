// The public face of log.
export * from './log.ts'
export { type MemoryLogOptions, openMemoryLog } from './memory/memory-log.ts'
