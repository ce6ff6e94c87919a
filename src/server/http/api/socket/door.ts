// The door of WebSockets: who may come in, how many, whether they still live, and their end.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'

import { comeLater } from '../../errors.ts'
import { identityOf } from '../../identity.ts'
import { API } from '../route.ts'
import { SocketConnection } from './connection.ts'
import type { ConnectionScope } from './connection.ts'
import { UnfinishedMessage } from './unfinished.ts'

/** Where WebSockets come. */
export const SOCKET_PATH: string = `${API}/socket`
/** What is spoken; a caller may ask for it by name. */
const PROTOCOL = 'millrace.v1'
/** Browsers cannot send headers: the token stands behind this in the list of protocols. */
const TOKEN_PREFIX = 'bearer.'
const SOCKETS_MAX = 2_000
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024
/** Between two signs of life, ms; a message that began before the last one has to be whole by the next. */
const ALIVE_MS = 30_000
/** How long callers have to take their leave, ms. */
const FAREWELL_MS = 500
/** The server goes away. */
const GOING_AWAY = 1001
/** There is no room for the message now. */
const TRY_AGAIN_LATER = 1013

/** What the door is made from. */
export interface SocketDoorOptions extends ConnectionScope {
  readonly socketsMax?: number
}

/** What is known of an open connection. */
interface Open {
  readonly unfinished: UnfinishedMessage
  isAlive: boolean
  /** The message that was under way at the last look; null: none was. */
  seen: number | null
}

/** Takes WebSockets. */
export class SocketDoor {
  readonly #options: SocketDoorOptions
  readonly #server: WebSocketServer
  readonly #sockets = new Map<WebSocket, Open>()
  readonly #stopAlive: () => void

  private constructor(options: SocketDoorOptions, server: WebSocketServer) {
    this.#options = options
    this.#server = server
    let timer = { cancel: (): void => {} }
    const arm = (): void => {
      timer = options.host.clock.timer(
        ALIVE_MS,
        () => {
          this.#look()
          arm()
        },
        { unref: true }
      )
    }
    arm()
    this.#stopAlive = () => timer.cancel()
  }

  /** Loads what WebSockets need. */
  static async open(options: SocketDoorOptions): Promise<SocketDoor> {
    const { WebSocketServer } = await import('ws')
    const server = new WebSocketServer({
      noServer: true,
      maxPayload: MESSAGE_BYTES_MAX,
      // A small message may stand for gigabytes.
      perMessageDeflate: false,
      handleProtocols: protocols => (protocols.has(PROTOCOL) ? PROTOCOL : false)
    })
    return new SocketDoor(options, server)
  }

  /** How many are open. */
  get size(): number {
    return this.#sockets.size
  }

  /**
   * Takes a connection that asks for it; false: the path is another.
   * @throws HttpError 401 · 503 there are too many
   */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if ((incoming.url ?? '').split('?', 1)[0] !== SOCKET_PATH) return false
    const { security, socketsMax = SOCKETS_MAX } = this.#options
    if (this.#sockets.size >= socketsMax) {
      throw comeLater('TOO_MANY_SOCKETS', `${socketsMax} WebSockets are open; come again later`)
    }
    takeToken(incoming)
    if (security !== null) identityOf(security, incoming)
    this.#server.handleUpgrade(incoming, socket, head, opened => {
      const open = { unfinished: this.#count(opened, socket), isAlive: true, seen: null }
      this.#sockets.set(opened, open)
      opened.on('pong', () => void (open.isAlive = true))
      opened.on('close', () => this.#sockets.delete(opened))
      void new SocketConnection(opened, this.#options, again => identityOf(again, incoming))
    })
    return true
  }

  /** Counts messages while they come; where there is no room for one the connection ends. */
  #count(opened: WebSocket, socket: Duplex): UnfinishedMessage {
    const unfinished = new UnfinishedMessage(this.#options.budget)
    const take = (chunk: Buffer): void => {
      try {
        unfinished.take(chunk)
      } catch (error) {
        // The rest of it is read by nobody, and what is kept of it goes with the connection.
        socket.removeAllListeners('data').resume()
        opened.close(TRY_AGAIN_LATER, (error as Error).message)
        this.#options.host.clock.timer(FAREWELL_MS, () => opened.terminate(), { unref: true })
      }
    }
    const end = (): void => {
      socket.off('data', take)
      unfinished.release()
    }
    // Before it is read: a message that is whole counts as such.
    socket.prependListener('data', take)
    // What is no message is thrown away from there on.
    opened.on('error', end).on('close', end)
    return unfinished
  }

  /** Says farewell; who does not leave is cut off. */
  end(): void {
    this.#stopAlive()
    for (const socket of this.#sockets.keys()) socket.close(GOING_AWAY, 'millrace stops')
    this.#options.host.clock.timer(FAREWELL_MS, () => {
      for (const socket of this.#sockets.keys()) socket.terminate()
    })
  }

  /**
   * Ends those that gave no sign of life since the last look, or are still at the same message; one that is not read
   * can do neither.
   */
  #look(): void {
    for (const [socket, open] of this.#sockets) {
      const { current } = open.unfinished
      const isStuck = current !== null && current === open.seen
      if ((!open.isAlive || isStuck) && !socket.isPaused) socket.terminate()
      open.isAlive = false
      open.seen = socket.isPaused ? null : current
      socket.ping()
    }
  }
}

/** A token among the protocols is one of the header. */
function takeToken({ headers }: IncomingMessage): void {
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map(one => one.trim())
  const token = protocols.find(one => one.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length)
  if (token !== undefined) headers.authorization ??= `Bearer ${token}`
}
