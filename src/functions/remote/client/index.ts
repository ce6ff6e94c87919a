// The public face of remote calls: endpoints of module files as the runtime calls them.
export { checkHost } from './addresses.ts'
export type { HttpCallerOptions, TlsMaterial } from './http-caller.ts'
export { RemoteEndpoint } from './remote-endpoint.ts'
