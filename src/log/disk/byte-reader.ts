// Reads what ByteWriter wrote; never past its end.

/** Thrown when bytes end too early or say something impossible; caught where a structure is decoded. */
export class MalformedBytes extends Error {}

/** Takes numbers and text from `start`…`end` of a buffer, one behind the other. */
export class ByteReader {
  position: number
  readonly #buffer: Buffer
  readonly #end: number

  constructor(buffer: Buffer, start = 0, end: number = buffer.length) {
    this.#buffer = buffer
    this.position = start
    this.#end = end
  }

  /** Whether everything was read. */
  get isDone(): boolean {
    return this.position >= this.#end
  }

  u8(): number {
    return this.#buffer[this.#take(1)]!
  }

  u16be(): number {
    return this.#buffer.readUInt16BE(this.#take(2))
  }

  u32be(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  /** A safe integer of 64 bits. */
  i64be(): number {
    const at = this.#take(8)
    const value = this.#buffer.readInt32BE(at) * 0x1_0000_0000 + this.#buffer.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) throw new MalformedBytes('a number beyond 2^53')
    return value
  }

  /** An unsigned number, 7 bits a byte, low first; up to 2^53, which is what a bound plus one may be. */
  varuint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.u8()
      value += (byte & 127) * factor
      if (byte < 128) break
      factor *= 128
      if (factor > 2 ** 53) throw new MalformedBytes('a number with too many bytes')
    }
    if (value > 2 ** 53) throw new MalformedBytes('a number beyond 2^53')
    return value
  }

  /** Text in UTF-8 behind its length in bytes. */
  text(): string {
    const length = this.varuint()
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** A view of `length` bytes. */
  bytes(length: number): Buffer {
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.#end - at) throw new MalformedBytes('bytes that end too early')
    this.position = at + length
    return at
  }
}
