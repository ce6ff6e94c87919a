// Splits a source of bytes into lines without making a string or a buffer per line.
//
//   buffer  [ …given lines… | line start…end | not yet searched | free ]
//
// A line ends with LF or CR LF; the last one may end with the source. A line longer than `lineBytesMax` is
// given cut, with `tooLong` set, and never held in memory as a whole.
import { LINE_BYTES_MAX } from '../../base/index.ts'

const LF = 10
const CR = 13
const CHUNK_BYTES = 256 * 1024

/** Where bytes come from. `read` fills `into` from its beginning; 0 is the end. */
export interface ByteSource {
  read(into: Uint8Array): Promise<number>
}

/** How {@link LineReader} begins and what it bears. */
export interface LineReaderOptions {
  /** Byte position of the source's first byte. Default 0. */
  readonly position?: number
  /** Lines that stand before it. Default 0. */
  readonly lineNumber?: number
  /** Bytes before `position` were a line without its line end: a line end found first belongs to it. */
  readonly continuesLine?: boolean
  readonly chunkBytes?: number
  readonly lineBytesMax?: number
}

/** Reads lines: `next` until it is false, then `fill` until that is false, too. */
export class LineReader {
  /** Holds the current line in `start`…`end`; both are valid until the next `fill`. */
  buffer: Buffer
  start = 0
  end = 0
  /** Whether the current line was longer than allowed; `start`…`end` is its beginning. */
  tooLong = false
  /** Bytes of the current line without its end, also when it is too long. */
  lineBytes = 0
  /** Whether the current line ended with the source and not with a line end. */
  unterminated = false
  /** Byte position behind the current line and its end. */
  position: number
  /** Number of the current line in the source, from 1. */
  lineNumber: number

  readonly #source: ByteSource
  readonly #chunkBytes: number
  readonly #lineBytesMax: number
  #next = 0
  #searched = 0
  #filled = 0
  #skipped = 0
  #ended = false
  #continues: boolean

  constructor(source: ByteSource, options: LineReaderOptions = {}) {
    this.#source = source
    this.#chunkBytes = options.chunkBytes ?? CHUNK_BYTES
    this.#lineBytesMax = options.lineBytesMax ?? LINE_BYTES_MAX
    this.position = options.position ?? 0
    this.lineNumber = options.lineNumber ?? 0
    this.#continues = options.continuesLine ?? false
    this.buffer = Buffer.allocUnsafeSlow(this.#chunkBytes)
  }

  /** Moves to the next line in the buffer; false when `fill` is needed. */
  // Hot: per record.
  next(): boolean {
    if (this.#continues && !this.#skipRestOfLineEnd()) return false
    const found = this.buffer.subarray(0, this.#filled).indexOf(LF, this.#searched)
    if (found < 0) {
      this.#searched = this.#filled
      return this.#ended && this.#filled + this.#skipped > this.#next && this.#take(this.#filled, 0)
    }
    return this.#take(found, 1)
  }

  /** Reads more of the source; false when there is no more and no line is left. */
  async fill(): Promise<boolean> {
    if (this.#ended) return false
    this.#makeRoom()
    const count = await this.#source.read(this.buffer.subarray(this.#filled))
    if (count === 0) {
      this.#ended = true
      return this.#filled + this.#skipped > this.#next
    }
    this.#filled += count
    return true
  }

  #take(lineEnd: number, endBytes: number): boolean {
    const bytes = lineEnd - this.#next
    this.start = this.#next
    this.end = lineEnd
    this.lineBytes = bytes + this.#skipped
    this.tooLong = this.lineBytes > this.#lineBytesMax
    if (this.tooLong) this.end = Math.min(lineEnd, this.start + this.#lineBytesMax)
    else if (endBytes > 0 && bytes > 0 && this.buffer[lineEnd - 1] === CR) {
      this.end--
      this.lineBytes--
    }
    this.unterminated = endBytes === 0
    this.position += bytes + this.#skipped + endBytes
    this.lineNumber++
    this.#skipped = 0
    this.#next = this.#searched = lineEnd + endBytes
    return true
  }

  /** Drops given lines from the buffer, and the middle of a line that is too long already. */
  #makeRoom(): void {
    if (this.#next > 0) {
      this.buffer.copyWithin(0, this.#next, this.#filled)
      this.#filled -= this.#next
      this.#searched -= this.#next
      this.#next = 0
    }
    const kept = this.#lineBytesMax + 1
    if (this.#filled > kept) {
      this.#skipped += this.#filled - kept
      this.#filled = this.#searched = kept
    }
    const needed = this.#filled + this.#chunkBytes
    if (this.buffer.length >= needed && this.buffer.length > this.#filled) return
    if (this.#filled < this.buffer.length / 2) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(grown, 0, 0, this.#filled)
    this.buffer = grown
  }

  /** Passes over `\n` or `\r\n` that belongs to a line given before; false when more bytes are needed. */
  #skipRestOfLineEnd(): boolean {
    const first = this.buffer[0]
    const available = this.#filled
    if (available === 0 || (first === CR && available === 1 && !this.#ended)) return false
    const count = first === LF ? 1 : first === CR && available > 1 && this.buffer[1] === LF ? 2 : 0
    this.#next = this.#searched = count
    this.position += count
    this.#continues = false
    return true
  }
}
