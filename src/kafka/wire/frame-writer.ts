// Writes one frame: small values into one buffer, record batches beside it without copying them.
import { ByteWriter } from '../../base/index.ts'

/** Smaller records are copied: a piece of its own costs more. */
const ATTACH_BYTES_MIN = 4096

interface Attachment {
  /** How many bytes of the buffer stand before it. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** A {@link ByteWriter} that can carry large pieces by reference. */
export class FrameWriter extends ByteWriter {
  readonly #attached: Attachment[] = []
  #attachedBytes = 0

  /** Bytes of the whole frame so far. */
  get size(): number {
    return this.length + this.#attachedBytes
  }

  /** Appends bytes; large ones are not copied and belong to the frame until it is sent. */
  attach(bytes: Uint8Array): void {
    if (bytes.length < ATTACH_BYTES_MIN) {
      this.bytes(bytes)
      return
    }
    this.#attached.push({ at: this.length, bytes })
    this.#attachedBytes += bytes.length
  }

  /** The frame behind its length (int32), as pieces in order. The writer must not be used afterwards. */
  finish(): readonly Uint8Array[] {
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(this.size)
    const pieces: Uint8Array[] = [length]
    let from = 0
    for (const { at, bytes } of this.#attached) {
      if (at > from) pieces.push(this.buffer.subarray(from, at))
      pieces.push(bytes)
      from = at
    }
    if (this.length > from) pieces.push(this.buffer.subarray(from, this.length))
    return pieces
  }
}
