// What a WebSocket has received of a message that is not whole yet: counted as a body is while it comes.
//
// Owns: finding where messages begin and end (RFC 6455, 5.2). Does not own: reading them, and refusing frames that are
// none, which `ws` does; it keeps parts of messages and says nothing of them.
import type { BodyBudget } from '../../exchange.ts'

/** Set in the first byte of a message's last frame. */
const FIN = 0x80
/** Set in the opcodes of frames that stand between those of a message: ping, pong, close. */
const CONTROL = 0x08
const OPCODE = 0x0f
const CLOSE = 0x08
const LENGTH = 0x7f
const LENGTH_IN_16_BITS = 126
const LENGTH_IN_64_BITS = 127
/** Frames of clients have a mask. */
const MASK_BYTES = 4
/** What a piece costs beside its bytes. */
const FRAME_BYTES = 128

/** The message of a connection that is under way. */
export class UnfinishedMessage {
  readonly #budget: BodyBudget
  #header: number[] = []
  #payloadBytes = 0
  #bytes = 0
  #ended = 0

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  /** Counts what came, before it is read. @throws 503 there is no room, and nothing of the message counts any more */
  take(chunk: Uint8Array): void {
    const before = this.#bytes
    this.#read(chunk)
    const more = this.#bytes - before
    if (more < 0) this.#budget.give(-more)
    if (more <= 0) return
    try {
      this.#budget.take(more)
    } catch (error) {
      this.#budget.give(before)
      this.#bytes = 0
      throw error
    }
  }

  /** Counts it no more. Idempotent. */
  release(): void {
    this.#budget.give(this.#bytes)
    this.#bytes = 0
  }

  /** Which message is under way, by how many were before it; null: none is. */
  get current(): number | null {
    return this.#bytes === 0 ? null : this.#ended
  }

  #read(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#payloadBytes === 0) this.#readHeader(chunk[at++]!)
      else {
        const bytes = Math.min(this.#payloadBytes, chunk.length - at)
        at += bytes
        this.#payloadBytes -= bytes
        if (!this.#isControl) this.#bytes += bytes
        if (this.#payloadBytes === 0) this.#endFrame()
      }
    }
  }

  #readHeader(byte: number): void {
    const header = this.#header
    header.push(byte)
    if (header.length < 2) return
    const length = header[1]! & LENGTH
    const lengthBytes = length === LENGTH_IN_16_BITS ? 2 : length === LENGTH_IN_64_BITS ? 8 : 0
    if (header.length < 2 + lengthBytes + MASK_BYTES) return
    this.#payloadBytes = header
      .slice(2, 2 + lengthBytes)
      .reduce((sum, each) => sum * 256 + each, lengthBytes === 0 ? length : 0)
    if (!this.#isControl) this.#bytes += FRAME_BYTES
    // Nothing is read behind the last frame of a connection.
    if ((header[0]! & OPCODE) === CLOSE) this.#payloadBytes = Infinity
    if (this.#payloadBytes === 0) this.#endFrame()
  }

  #endFrame(): void {
    const isLast = !this.#isControl && (this.#header[0]! & FIN) !== 0
    this.#header = []
    if (!isLast) return
    this.#bytes = 0
    this.#ended++
  }

  /** Whether the frame is none of a message. */
  get #isControl(): boolean {
    return (this.#header[0]! & OPCODE & CONTROL) !== 0
  }
}
