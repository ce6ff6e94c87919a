// Reads a file front to back through one buffer that is used again and again.
import type { DiskFile } from '../../base/index.ts'

/** What is read at once. Fresh memory costs more than the copy: one buffer serves a whole scan. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** A view of a file, up to `size` bytes of it. */
export class FileWindow {
  readonly size: number
  readonly #file: DiskFile
  #buffer: Buffer
  #start = 0
  #length = 0

  constructor(file: DiskFile, size: number) {
    this.#file = file
    this.size = size
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(size, WINDOW_BYTES))
  }

  /**
   * Bytes `position`…`position + length`, fewer at the file's end; valid until the next call. The file may
   * have become shorter than `size` behind our back: then fewer too.
   */
  async view(position: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.size - position))
    const end = position + wanted
    if (position < this.#start || end > this.#start + this.#length) {
      if (wanted > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(wanted)
      const into = this.#buffer.subarray(0, Math.min(this.#buffer.length, this.size - position))
      this.#start = position
      this.#length = 0
      this.#length = await this.#file.read(into, position)
    }
    const from = position - this.#start
    return this.#buffer.subarray(from, Math.min(from + wanted, this.#length))
  }
}
