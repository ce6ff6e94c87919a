// The front door: listens, lets connections in, and serves each.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { COMMIT_QUEUE_BYTES_MAX } from '../../../base/index.ts'
import {
  clientAddress,
  readSubjectRules,
  type Principal,
  type SubjectNaming,
  type TlsSource
} from '../../../security/index.ts'
import type { BrokerContext } from '../context.ts'
import { Connection } from './connection.ts'
import {
  ADMISSION_BOUNDS,
  Admission,
  type AdmissionBounds,
  type Admitted
} from '../security/admission.ts'
import { Login } from '../security/login.ts'
import { SecureDoor, certifiedBy } from '../security/secure-door.ts'

/** Where to listen and how much to bear. */
export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** TLS; null or absent: none. */
  readonly tls?: TlsSource | null
  /** Makes principals of the subjects of certificates. Default: the subject. */
  readonly subjectNaming?: SubjectNaming
  /** What clients are told as the broker's address. Default: the name or address by which each came. */
  readonly advertised?: { readonly host: string; readonly port: number } | null
  /** Default 10,000. */
  readonly connectionsMax?: number
  readonly admission?: Partial<AdmissionBounds>
  /** Bytes of the largest request. Default 64 MiB: what one commit takes. */
  readonly frameBytesMax?: number
  /** Told once for each connection that was ended because of what came over it. */
  readonly onProblem?: (client: string, reason: string) => void
}

const CONNECTIONS_MAX_DEFAULT = 10_000
const FRAME_BYTES_MAX_DEFAULT = COMMIT_QUEUE_BYTES_MAX
/** Names by which a client may say that it came (SNI). */
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

/** A door that is open. */
export class FrontDoor {
  readonly #server: Server
  readonly #context: BrokerContext
  readonly #options: ListenOptions
  readonly #admission: Admission
  readonly #secure: SecureDoor | null
  readonly #naming: SubjectNaming
  readonly #connections = new Set<Connection>()
  /** Those in their TLS handshake. */
  readonly #greeted = new Set<Socket>()
  #isClosing = false

  private constructor(server: Server, context: BrokerContext, options: ListenOptions) {
    this.#server = server
    this.#context = context
    this.#options = options
    const tell = (client: string, reason: string): void => options.onProblem?.(client, reason)
    this.#admission = new Admission(
      context.clock,
      { ...ADMISSION_BOUNDS, ...options.admission },
      tell
    )
    const { tls = null } = options
    this.#secure = tls === null ? null : new SecureDoor(tls, tell)
    this.#naming = options.subjectNaming ?? readSubjectRules(null)
    server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX_DEFAULT
    server.on('connection', socket => this.#admit(socket))
    server.on('drop', dropped => {
      const { remoteAddress = '', remotePort = 0 } = dropped ?? {}
      const reason = `there are ${server.maxConnections} connections already`
      this.#admission.tell(remoteAddress, remotePort, reason)
    })
  }

  /** Opens the door. @throws the system's error when the address cannot be used */
  static async open(context: BrokerContext, options: ListenOptions): Promise<FrontDoor> {
    const server = createServer({ noDelay: true, keepAlive: true })
    const door = new FrontDoor(server, context, options)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
    try {
      await promise
    } catch (error) {
      door.#secure?.close()
      throw error
    }
    server.off('error', reject)
    return door
  }

  /** Where it listens. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port }
  }

  #admit(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    const secure = this.#secure
    const admitted = this.#admission.admit(
      socket,
      secure !== null || this.#context.security.isRequired
    )
    if (admitted === null) return
    if (secure === null) {
      this.#serve(socket, admitted, null)
      return
    }
    this.#greeted.add(socket)
    socket.once('close', () => this.#greeted.delete(socket))
    secure.wrap(socket, wrapped => {
      this.#greeted.delete(socket)
      const certified = certifiedBy(wrapped, this.#naming)
      if (certified.kind === 'refused') this.#refuse(wrapped, certified.reason)
      else {
        const principal = certified.kind === 'principal' ? certified.principal : null
        this.#serve(wrapped, admitted, principal)
      }
    })
  }

  #refuse(socket: Socket, reason: string): void {
    const host = clientAddress(socket)
    this.#context.security.audit.note({
      kind: 'login-failed',
      principal: null,
      host,
      door: 'kafka',
      method: 'certificate',
      outcome: reason
    })
    this.#options.onProblem?.(`${host}:${socket.remotePort}`, reason)
    socket.destroy()
  }

  #serve(socket: Socket, admitted: Admitted, certified: Principal | null): void {
    const { clock, random, security, settings } = this.#context
    const login = new Login({
      security,
      clock,
      random,
      certified,
      host: clientAddress(socket),
      isEncrypted: socket instanceof TLSSocket,
      sessionLifetimeMs: settings.sessionLifetimeMs
    })
    const connection = new Connection(socket, {
      context: this.#context,
      login,
      frameBytesMax: this.#options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
      advertised: this.#advertisedTo(socket),
      events: {
        onProblem: (client, reason) => this.#options.onProblem?.(client, reason),
        onLogin: () => admitted.know(),
        onClose: () => this.#connections.delete(connection),
        onBytes: change => this.#count(change)
      }
    })
    this.#connections.add(connection)
    if (this.#isClosing) connection.drain()
  }

  /** A client that checks the name of a certificate must be told the name by which it came. */
  #advertisedTo(socket: Socket): { readonly host: string; readonly port: number } {
    const { advertised = null } = this.#options
    const { localAddress = '127.0.0.1', localPort = 0 } = socket
    if (advertised !== null) return { host: advertised.host, port: advertised.port || localPort }
    const name = socket instanceof TLSSocket ? socket.servername : null
    const host = typeof name === 'string' && HOST_NAME.test(name) ? name : localAddress
    return { host, port: localPort }
  }

  /** Connections, now. */
  get connections(): number {
    return this.#connections.size
  }

  #count(change: number): void {
    if (!this.#context.load.count(change)) return
    let largest: Connection | null = null
    for (const connection of this.#connections) {
      if (largest === null || connection.bytes > largest.bytes) largest = connection
    }
    largest?.giveUp()
  }

  /** Takes no new connections, answers what was begun, closes. Connections that wait for records end at once. */
  async close(): Promise<void> {
    this.#isClosing = true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#secure?.close()
    for (const socket of this.#greeted) socket.destroy()
    for (const connection of this.#connections) connection.drain()
    await promise
  }
}
