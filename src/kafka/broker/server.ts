// The front door: listens, and serves each connection.
import { createServer, type AddressInfo, type Server } from 'node:net'
import { COMMIT_QUEUE_BYTES_MAX } from '../../base/index.ts'
import type { BrokerContext } from './context.ts'
import { Connection } from './connection.ts'

/** Where to listen and how much to bear. */
export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Default 10,000. */
  readonly connectionsMax?: number
  /** Bytes of the largest request. Default 64 MiB: what one commit takes. */
  readonly frameBytesMax?: number
  /** Bytes of requests in memory, over all connections; beyond it the one that holds most is ended. Default 512 MiB. */
  readonly requestBytesMax?: number
  /** Told once for each connection that was ended because of what came over it. */
  readonly onProblem?: (client: string, reason: string) => void
}

const CONNECTIONS_MAX_DEFAULT = 10_000
const REQUEST_BYTES_MAX_DEFAULT = 512 * 1024 * 1024
const FRAME_BYTES_MAX_DEFAULT = COMMIT_QUEUE_BYTES_MAX

/** A door that is open. */
export class FrontDoor {
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  readonly #bytesMax: number
  #bytes = 0

  private constructor(server: Server, bytesMax: number) {
    this.#server = server
    this.#bytesMax = bytesMax
  }

  /** Opens the door. @throws the system's error when the address cannot be used */
  static async open(context: BrokerContext, options: ListenOptions): Promise<FrontDoor> {
    const server = createServer({ noDelay: true })
    const door = new FrontDoor(server, options.requestBytesMax ?? REQUEST_BYTES_MAX_DEFAULT)
    server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX_DEFAULT
    server.on('connection', socket => {
      const connection = new Connection(
        socket,
        context,
        options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
        {
          onProblem: (client, reason) => options.onProblem?.(client, reason),
          onClose: () => door.#connections.delete(connection),
          onBytes: change => door.#count(change)
        }
      )
      door.#connections.add(connection)
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
    await promise
    server.off('error', reject)
    return door
  }

  /** Where it listens. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port }
  }

  #count(change: number): void {
    this.#bytes += change
    if (this.#bytes <= this.#bytesMax) return
    let largest: Connection | null = null
    for (const connection of this.#connections) {
      if (largest === null || connection.bytes > largest.bytes) largest = connection
    }
    largest?.giveUp()
  }

  /** Takes no new connections, answers what was begun, closes. Connections that wait for records end at once. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    for (const connection of this.#connections) connection.drain()
    await promise
  }
}
