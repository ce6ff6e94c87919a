// The public face of the API within the server.
import type { Security } from '../../../security/index.ts'
import type { HttpServer } from '../server.ts'
import { Api } from './api.ts'
import type { ApiHost } from './host.ts'
import { RequestCounters } from './counters.ts'
import { apiRoutes } from './routes/index.ts'

export type { ApiHost, HostedEngine } from './host.ts'
export { openApiDocument } from './openapi.ts'
export { IdempotencyKeys } from './records/idempotency.ts'
export { RecordWriter } from './records/writer.ts'
export { apiRoutes } from './routes/index.ts'

/** What the API is served with. */
export interface ServeApiOptions {
  readonly host: ApiHost
  /** null: everybody who reaches this machine may do everything. */
  readonly security?: Security | null
  /** Origins of pages that may read answers. */
  readonly origins?: readonly string[]
  readonly requestsMax?: number
}

/** Serves the API at the default address of a server. Gives what answers those who wait, to be called at the end. */
export async function serveApi(server: HttpServer, options: ServeApiOptions): Promise<() => void> {
  const counters = new RequestCounters()
  const api = new Api({ ...options, counters, routes: apiRoutes(counters) })
  await server.mount(api)
  return () => api.end()
}
