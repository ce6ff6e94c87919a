// One client's connection: frames in, responses out in the same order.
//
//   N1  Responses leave in the order of their requests.
//   N2  A request begins when the one before it was answered; requests that keep their order themselves
//       (Produce) begin at once behind others of their kind, so that one commit serves several.
//   N3  Nothing is allocated for a frame before its length was found to be allowed; bytes of begun requests are
//       bounded.
//   N4  What is wrong with one connection ends it, with one line for the operator, and touches no other.
import type { Socket } from 'node:net'
import { messageOf } from '../../base/index.ts'
import type { BrokerContext, Caller } from './context.ts'
import { openRequest, type OpenRequest } from './dispatch.ts'
import { FrameSplitter } from './frame-splitter.ts'

/** Bytes of requests that were begun and not answered, beyond which nothing more is read. */
const PENDING_BYTES_MAX = 64 * 1024 * 1024
const PENDING_REQUESTS_MAX = 64
/** How long a closing connection may take for its last answers. */
const DRAIN_MS = 1_000
/** Bytes that a client has not taken yet, beyond which it is not served. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** A connection was ended for a reason that an operator may want to know. */
  onProblem(client: string, reason: string): void
  onClose(): void
  /** More or fewer bytes of requests are in memory. */
  onBytes(change: number): void
}

interface Begun {
  readonly request: OpenRequest
  readonly bytes: number
  readonly keepsOrder: boolean
  readonly response: Promise<readonly Uint8Array[] | null>
}

/** Serves one socket until it ends. */
export class Connection {
  readonly #socket: Socket
  readonly #context: BrokerContext
  readonly #events: ConnectionEvents
  readonly #frames: FrameSplitter
  readonly #waiting: { readonly request: OpenRequest; readonly bytes: number }[] = []
  readonly #begun: Begun[] = []
  readonly #ended = new AbortController()
  readonly #client: string
  #pendingBytes = 0
  #bytes = 0
  #isSending = false
  #isDraining = false

  constructor(
    socket: Socket,
    context: BrokerContext,
    frameBytesMax: number,
    events: ConnectionEvents
  ) {
    this.#socket = socket
    this.#context = context
    this.#events = events
    this.#frames = new FrameSplitter(frameBytesMax)
    this.#client = `${socket.remoteAddress}:${socket.remotePort}`
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('drain', () => this.#resume())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#ended.abort()
      this.#frames.clear()
      this.#countBytes()
      events.onClose()
    })
  }

  /** Bytes of requests that have come in part, or are not answered. */
  get bytes(): number {
    return this.#bytes
  }

  /** Ends the connection because all of them together hold too much, and this one most. */
  giveUp(): void {
    this.#fail(
      `${this.#bytes} bytes of requests are in memory, more than of any other connection, and too many in all`
    )
  }

  /** Answers what was begun, then closes. */
  drain(): void {
    this.#isDraining = true
    // Who waits for records or other members waits no longer.
    this.#ended.abort()
    this.#socket.pause()
    this.#endIfIdle()
    this.#context.clock.timer(DRAIN_MS, () => this.#socket.destroy(), { unref: true })
  }

  #receive(chunk: Buffer): void {
    if (this.#isDraining) return
    try {
      for (const frame of this.#frames.push(chunk)) {
        const request = openRequest(frame, clientId => this.#caller(clientId))
        this.#waiting.push({ request, bytes: frame.length })
        this.#pendingBytes += frame.length
      }
    } catch (error) {
      this.#fail(messageOf(error))
      return
    }
    this.#countBytes()
    this.#beginNext()
    if (this.#isFull()) this.#socket.pause()
  }

  #countBytes(): void {
    const bytes = this.#pendingBytes + this.#frames.bytes
    const change = bytes - this.#bytes
    this.#bytes = bytes
    if (change !== 0) this.#events.onBytes(change)
  }

  #caller(clientId: string | null): Caller {
    const { localAddress = '127.0.0.1', localPort = 0, remoteAddress = '' } = this.#socket
    return {
      clientId: clientId ?? '',
      clientHost: remoteAddress,
      address: { host: localAddress, port: localPort },
      signal: this.#ended.signal
    }
  }

  #isFull(): boolean {
    const requests = this.#waiting.length + this.#begun.length
    return (
      this.#pendingBytes > PENDING_BYTES_MAX ||
      requests > PENDING_REQUESTS_MAX ||
      this.#socket.writableLength > UNSENT_BYTES_MAX
    )
  }

  /** N2. */
  #beginNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const keepsOrder = next.request.keepsOrder(this.#context)
      const mayBegin =
        this.#begun.length === 0 || (keepsOrder && this.#begun.every(begun => begun.keepsOrder))
      if (!mayBegin) break
      this.#waiting.shift()
      const response = next.request.answer(this.#context)
      response.catch(() => undefined)
      this.#begun.push({ ...next, keepsOrder, response })
    }
    void this.#send()
  }

  /** N1. */
  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    for (let next = this.#begun[0]; next !== undefined; next = this.#begun[0]) {
      try {
        const pieces = await next.response
        if (pieces !== null && !this.#socket.destroyed) this.#write(pieces)
      } catch (error) {
        const { api, header } = next.request
        this.#fail(`${api.name} v${header.apiVersion} failed: ${messageOf(error)}`)
        break
      }
      this.#begun.shift()
      this.#pendingBytes -= next.bytes
      this.#countBytes()
      this.#beginWaiting()
    }
    this.#isSending = false
    this.#resume()
    this.#endIfIdle()
  }

  #beginWaiting(): void {
    if (this.#waiting.length > 0) this.#beginNext()
  }

  #write(pieces: readonly Uint8Array[]): void {
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }

  #resume(): void {
    if (!this.#isDraining && !this.#isFull()) this.#socket.resume()
  }

  #endIfIdle(): void {
    if (this.#isDraining && this.#begun.length === 0) this.#socket.destroySoon()
  }

  /** N4. */
  #fail(reason: string): void {
    if (this.#socket.destroyed) return
    this.#events.onProblem(this.#client, reason)
    this.#socket.destroy()
  }
}
