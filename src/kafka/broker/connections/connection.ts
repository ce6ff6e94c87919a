// One client's connection: frames in, responses out in the same order.
//
//   N1  Responses leave in the order of their requests.
//   N2  A request begins when the one before it was answered; requests that keep their order themselves
//       (Produce) begin at once behind others of their kind, so that one commit serves several.
//   N3  Nothing is allocated for a frame before its length was found to be allowed (before a login only a short one);
//       bytes of begun requests and of answers that are not taken are bounded.
//   N4  What is wrong with one connection ends it, with one line for the operator, and touches no other.
//   N5  A client that does not take its answers is ended in time.
import type { Socket } from 'node:net'
import { messageOf, type Timer } from '../../../base/index.ts'
import { ANONYMOUS } from '../../../security/index.ts'
import type { Loan } from '../fetch/answer-memory.ts'
import type { BrokerContext, Caller } from '../context.ts'
import { openMessage, openRequest, type OpenRequest } from './dispatch.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { Login } from '../security/login.ts'

/** Bytes of requests that were begun and not answered, beyond which nothing more is read. */
const PENDING_BYTES_MAX = 64 * 1024 * 1024
const PENDING_REQUESTS_MAX = 64
/** How long a closing connection may take for its last answers. */
const DRAIN_MS = 1_000
/** Bytes that a client has not taken yet, beyond which it is not served. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024
/** A frame before a login: SASL messages are some hundred bytes. */
const LOGIN_FRAME_BYTES_MAX = 64 * 1024
/** How long a client may take nothing of what is sent, and how slowly it may take what it asked for. */
const STALL_MS = 30_000
const TAKEN_BYTES_PER_SECOND_MIN = 64 * 1024

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** A connection was ended for a reason that an operator may want to know. */
  onProblem(client: string, reason: string): void
  /** The client has logged in. */
  onLogin(): void
  onClose(): void
  /** More or fewer bytes are in memory. */
  onBytes(change: number): void
}

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly context: BrokerContext
  readonly login: Login
  readonly frameBytesMax: number
  /** What the client is told as the broker's address. */
  readonly advertised: Caller['address']
  readonly events: ConnectionEvents
}

interface Waiting {
  readonly request: OpenRequest
  readonly bytes: number
  /** What the answer is made in, until it was sent. */
  readonly memory: Loan
}

interface Begun extends Waiting {
  readonly keepsOrder: boolean
  readonly response: Promise<readonly Uint8Array[] | null>
}

/** Serves one socket until it ends. */
export class Connection {
  readonly #socket: Socket
  readonly #context: BrokerContext
  readonly #options: ConnectionOptions
  readonly #frames: FrameSplitter
  readonly #waiting: Waiting[] = []
  readonly #begun: Begun[] = []
  readonly #ended = new AbortController()
  readonly #client: string
  readonly #host: string
  #pendingBytes = 0
  #bytes = 0
  #writtenBytes = 0
  #stall: Timer | null = null
  #isKnown = false
  #isSending = false
  #isDraining = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#context = options.context
    this.#options = options
    this.#frames = new FrameSplitter(Math.min(LOGIN_FRAME_BYTES_MAX, options.frameBytesMax))
    this.#host = socket.remoteAddress ?? ''
    this.#client = `${this.#host}:${socket.remotePort}`
    this.#greet()
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('drain', () => this.#resume())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#ended.abort()
      this.#stall?.cancel()
      this.#frames.clear()
      this.#countBytes()
      options.events.onClose()
    })
  }

  /** Bytes of requests that have come in part, or are not answered, and of answers that are not taken. */
  get bytes(): number {
    return this.#bytes
  }

  /** Ends the connection because all of them together hold too much, and this one most. */
  giveUp(): void {
    this.#fail(
      `${this.#bytes} bytes of requests and answers are in memory, more than of any other connection, and too many ` +
        'in all'
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

  /** Whoever has logged in may send larger frames. */
  #greet(): void {
    if (this.#isKnown || this.#options.login.identity === null) return
    this.#isKnown = true
    this.#frames.limit(this.#options.frameBytesMax)
    this.#options.events.onLogin()
  }

  #receive(chunk: Buffer): void {
    if (this.#isDraining || this.#socket.destroyed) return
    const { login } = this.#options
    try {
      for (const frame of this.#frames.push(chunk)) {
        const memory = this.#context.memory.lend()
        const request = login.takesFrames
          ? openMessage(login, frame)
          : openRequest(
              frame,
              clientId => this.#caller(clientId, memory),
              api => login.refusalOf(api)
            )
        this.#waiting.push({ request, bytes: frame.length, memory })
        this.#pendingBytes += frame.length
      }
    } catch (error) {
      // What came before it is begun: only what is begun is ever taken off the bytes in memory.
      this.#beginNext()
      this.#fail(messageOf(error))
      return
    }
    this.#countBytes()
    this.#beginNext()
    if (this.#isFull()) this.#socket.pause()
  }

  #countBytes(): void {
    const { writableNeedDrain, writableLength, destroyed } = this.#socket
    const unsent = writableNeedDrain && !destroyed ? writableLength : 0
    const bytes = this.#pendingBytes + this.#frames.bytes + unsent
    const change = bytes - this.#bytes
    this.#bytes = bytes
    if (change !== 0) this.#options.events.onBytes(change)
  }

  #caller(clientId: string | null, memory: Loan): Caller {
    const { login, advertised } = this.#options
    return {
      clientId: clientId ?? '',
      clientHost: this.#host,
      address: advertised,
      signal: this.#ended.signal,
      login,
      memory,
      identity: login.identity ?? { principal: ANONYMOUS, host: this.#host, door: 'kafka' }
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
        if (pieces !== null && !this.#socket.destroyed) this.#write(pieces, next.memory)
      } catch (error) {
        this.#fail(`${next.request.name} failed: ${messageOf(error)}`)
      }
      this.#begun.shift()
      this.#pendingBytes -= next.bytes
      this.#countBytes()
      if (this.#options.login.hasFailed) {
        this.#dismiss()
        break
      }
      this.#greet()
      this.#beginWaiting()
    }
    this.#isSending = false
    this.#resume()
    this.#endIfIdle()
  }

  #beginWaiting(): void {
    if (this.#waiting.length > 0) this.#beginNext()
  }

  /** `memory`: where pieces of the answer stand; it is given back when the system has them. */
  #write(pieces: readonly Uint8Array[], memory: Loan): void {
    this.#socket.cork()
    for (const [at, piece] of pieces.entries()) {
      const isLast = at === pieces.length - 1
      this.#socket.write(piece, isLast ? () => memory.giveBack() : undefined)
      this.#writtenBytes += piece.length
    }
    this.#socket.uncork()
    this.#watchTaking()
  }

  /** N5: looks again when the client should have taken all that is unsent now. */
  #watchTaking(): void {
    const { writableLength } = this.#socket
    if (this.#stall !== null || writableLength === 0) return
    const takenBefore = this.#writtenBytes - writableLength
    const delayMs = STALL_MS + (writableLength / TAKEN_BYTES_PER_SECOND_MIN) * 1_000
    const look = (): void => {
      this.#stall = null
      const left = this.#socket.writableLength
      if (left === 0 || this.#writtenBytes - left > takenBefore) this.#watchTaking()
      else
        this.#fail(
          `it took nothing of ${left} bytes of answers in ${Math.round(delayMs / 1_000)} s`
        )
    }
    this.#stall = this.#context.clock.timer(delayMs, look, { unref: true })
  }

  #resume(): void {
    this.#countBytes()
    if (!this.#isDraining && !this.#isFull()) this.#socket.resume()
  }

  #endIfIdle(): void {
    if (this.#isDraining && this.#begun.length === 0) this.#socket.destroySoon()
  }

  /** Ends the connection of one who could not log in, when it was told so. */
  #dismiss(): void {
    this.#options.events.onProblem(this.#client, 'it did not authenticate')
    for (const { bytes } of this.#waiting.splice(0)) this.#pendingBytes -= bytes
    this.#countBytes()
    this.#isDraining = true
    this.#socket.destroySoon()
  }

  /** N4. */
  #fail(reason: string): void {
    if (this.#socket.destroyed) return
    this.#options.events.onProblem(this.#client, reason)
    this.#socket.destroy()
  }
}
