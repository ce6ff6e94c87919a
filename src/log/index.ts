// The public face of log.
export * from './log.ts'
