// HTTP of a run: listeners, routes by family, and what makes requests durable.
export { HTTP_ADDRESS_DEFAULT, readHttpAddress, readListenAddress } from './address.ts'
export type { HttpAddress } from './address.ts'
export type { AttachedApplication } from './attached-application.ts'
export { HttpServer, needsHttp } from './server.ts'
