// The bytes between runtime and remote functions, in both versions of the protocol.
export * from './egress-records.ts'
export * from './messages.ts'
export { protocol2 } from './protocol-2.ts'
export { protocol3 } from './protocol-3.ts'
