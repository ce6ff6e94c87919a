// Cuts a stream of bytes into frames: four bytes of length, then as many bytes.
import { MillraceError } from '../../../base/index.ts'

const LENGTH_BYTES = 4
/** Shorter than the shortest header: what sends it does not speak the protocol. */
const FRAME_BYTES_MIN = 8
/** Chunks that lie beside each other, and what they must have on average, before they are put together. */
const CHUNKS_MIN = 64
const CHUNK_BYTES_MIN = 1_024

/** Collects chunks until they make whole frames. */
export class FrameSplitter {
  #bytesMax: number
  #chunks: Buffer[] = []
  #length = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** From now on frames may be so large. */
  limit(bytesMax: number): void {
    this.#bytesMax = bytesMax
  }

  /** Bytes of the frame that has not come whole. */
  get bytes(): number {
    return this.#length
  }

  /**
   * Takes a chunk; gives the frames that are whole now, without their length. They may be views of `chunk`.
   * @throws FRAME_TOO_LARGE before anything is allocated for it
   * @throws FRAME_MALFORMED a length that no request has
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    // A client that sends single bytes would fill the memory with what stands around each of them.
    const count = this.#chunks.length
    if (count > CHUNKS_MIN && this.#length < count * CHUNK_BYTES_MIN) this.#join()
    const frames: Buffer[] = []
    for (;;) {
      const size = this.#frameSize()
      if (size === null || this.#length < LENGTH_BYTES + size) return frames
      const bytes = this.#join()
      frames.push(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + size))
      const rest = bytes.subarray(LENGTH_BYTES + size)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#length = rest.length
    }
  }

  /** Forgets what has come in part. */
  clear(): void {
    this.#chunks = []
    this.#length = 0
  }

  /** Length of the frame at the front; null when it has not come yet. */
  #frameSize(): number | null {
    if (this.#length < LENGTH_BYTES) return null
    const [first] = this.#chunks
    const bytes = first !== undefined && first.length >= LENGTH_BYTES ? first : this.#join()
    const size = bytes.readInt32BE(0)
    if (size >= FRAME_BYTES_MIN && size <= this.#bytesMax) return size
    if (size > this.#bytesMax) {
      throw new MillraceError(
        'FRAME_TOO_LARGE',
        `a frame of ${size} bytes; at most ${this.#bytesMax} are taken; send smaller requests, or check that the ` +
          'client speaks Kafka to this port, and TLS only where the server does'
      )
    }
    throw new MillraceError(
      'FRAME_MALFORMED',
      `a frame of ${size} bytes; expected at least ${FRAME_BYTES_MIN}; check that the client speaks Kafka`
    )
  }

  #join(): Buffer {
    const [first] = this.#chunks
    if (this.#chunks.length === 1 && first !== undefined) return first
    const joined = Buffer.concat(this.#chunks, this.#length)
    this.#chunks = [joined]
    return joined
  }
}
