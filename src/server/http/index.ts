// HTTP of a run: listeners, routes by family, and what makes requests durable.
export { HTTP_ADDRESS_DEFAULT, readHttpAddress, readListenAddress, urlOf } from './address.ts'
export type { HttpAddress } from './address.ts'
export { AttachedApplication, HttpServer, needsHttp } from './server.ts'
export type { AttachOptions, HttpOptions, HttpServerOptions, Served } from './server.ts'
