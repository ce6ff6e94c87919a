// TLS in front of the door: what it is set up with, and how certificates change while connections go on.
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import {
  secureOptions,
  subjectName,
  type Principal,
  type SubjectNaming,
  type TlsSource
} from '../../../security/index.ts'

const HANDSHAKE_MS = 10_000

/** Wraps sockets of a listener. */
export class SecureDoor {
  readonly #server: Server
  readonly #forget: () => void
  readonly #waiting = new Map<string, (socket: TLSSocket) => void>()

  /** `onProblem`: a handshake failed. */
  constructor(source: TlsSource, onProblem: (client: string, reason: string) => void) {
    this.#server = createServer({
      ...secureOptions(source.current),
      handshakeTimeout: HANDSHAKE_MS,
      noDelay: true
    })
    this.#server.on('secureConnection', socket => {
      socket.on('error', () => socket.destroy())
      const open = this.#waiting.get(keyOf(socket))
      if (open === undefined) socket.destroy()
      else open(socket)
    })
    this.#server.on('tlsClientError', (error: Error & { readonly reason?: string }, socket) => {
      // Who hangs up has said nothing that is wrong, and has no address any more: probes of a load balancer do.
      if (socket.remoteAddress === undefined) return
      const { reason = error.message } = error
      const client = `${socket.remoteAddress}:${socket.remotePort}`
      onProblem(client, `the TLS handshake failed: ${reason}`)
    })
    // New connections get the new certificate; what is open goes on.
    this.#forget = source.onChange(() =>
      this.#server.setSecureContext(secureOptions(source.current))
    )
  }

  /** Begins the handshake on a socket; `open` is called when it has succeeded. */
  wrap(socket: Socket, open: (socket: TLSSocket) => void): void {
    const key = keyOf(socket)
    this.#waiting.set(key, open)
    socket.once('close', () => {
      if (this.#waiting.get(key) === open) this.#waiting.delete(key)
    })
    this.#server.emit('connection', socket)
  }

  close(): void {
    this.#forget()
  }
}

/** Both ends of a connection: the same for a socket and the one that is wrapped around it. */
const keyOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  `${localAddress}:${localPort} ${remoteAddress}:${remotePort}`

/** What the certificate of a client says: who it is, nothing, or why it is not believed. */
export type Certified =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Looks at the client's certificate. */
export function certifiedBy(socket: TLSSocket, naming: SubjectNaming): Certified {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { kind: 'none' }
  if (!socket.authorized) {
    const reason = `its certificate is not believed: ${String(socket.authorizationError)}`
    return { kind: 'refused', reason }
  }
  const subject = subjectName(certificate.subject)
  const principal = naming(subject)
  return principal === null
    ? { kind: 'refused', reason: `no rule names the subject ${subject} of its certificate` }
    : { kind: 'principal', principal }
}
