// The public face of the API within the server.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import type { Security } from '../../../security/index.ts'
import type { HttpServer } from '../server.ts'
import { Api } from './api.ts'
import type { ApiHost } from './host.ts'
import { RequestCounters } from './counters.ts'
import { apiRoutes } from './routes/index.ts'
import { refuseUpgrade } from '../refusals.ts'
import { SOCKET_PATH, SocketDoor } from './socket/door.ts'
import type { SocketDoorOptions } from './socket/door.ts'

export type { ApiHost, HostedEngine } from './host.ts'
export { openApiDocument } from './openapi.ts'
export { IdempotencyKeys } from './records/idempotency.ts'
export { RecordWriter } from './records/writer.ts'
export { apiRoutes } from './routes/index.ts'

/** What the API is served with. */
export interface ServeApiOptions {
  readonly host: ApiHost
  /** null: everybody who reaches this machine may do everything. */
  readonly security: Security | null
  readonly requestsMax?: number
  readonly socketsMax?: number
}

/** Serves the API at the default address of a server. Gives what answers those who wait, to be called at the end. */
export async function serveApi(server: HttpServer, options: ServeApiOptions): Promise<() => void> {
  const counters = new RequestCounters()
  const { budget } = server
  const upgrade = socketWay({ ...options, budget })
  const routes = apiRoutes(counters)
  const api = new Api({ ...options, budget, counters, routes, upgrade: upgrade.take })
  await server.mount(api)
  return () => {
    api.end()
    upgrade.end()
  }
}

/** WebSockets, whose library is loaded when the first one comes. */
function socketWay(options: SocketDoorOptions): {
  take(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean
  end(): void
} {
  let opening: Promise<SocketDoor> | null = null
  return {
    take(incoming, socket, head) {
      if ((incoming.url ?? '').split('?', 1)[0] !== SOCKET_PATH) return false
      opening ??= SocketDoor.open(options)
      opening
        .then(door => door.upgrade(incoming, socket, head))
        .catch((error: unknown) => refuseUpgrade(socket, error))
      return true
    },
    end: () => void opening?.then(door => door.end())
  }
}
