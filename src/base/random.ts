// Randomness as an interface: the machine's, or a seeded one that replays.
import { randomBytes } from 'node:crypto'

/** The only source of randomness outside `server` and `cli`. */
export interface Random {
  /** A whole number in [0, 2^32). */
  u32(): number
  /** A whole number in [0, `bound`); `bound` is from 1 to 2^32. */
  below(bound: number): number
  /** A number in [0, 1). */
  fraction(): number
  /** `length` fresh bytes, owned by the caller. */
  bytes(length: number): Uint8Array
}

abstract class RandomBase implements Random {
  abstract u32(): number

  below(bound: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * bound)
  }

  fraction(): number {
    return this.u32() / 0x1_0000_0000
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let index = 0; index < length; index++) bytes[index] = this.u32() & 0xff
    return bytes
  }
}

/** Randomness from the operating system. */
export class SystemRandom extends RandomBase {
  u32(): number {
    return randomBytes(4).readUInt32LE(0)
  }

  override bytes(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length))
  }
}

/** A sequence that depends on its seed alone: sfc32 (Doty-Humphrey, PractRand), warmed up 12 steps. */
export class SeededRandom extends RandomBase {
  #a: number
  #b = 0x9e37_79b9
  #c = 0x243f_6a88
  #counter = 1

  constructor(seed: number) {
    super()
    this.#a = seed >>> 0
    for (let step = 0; step < 12; step++) this.u32()
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) >>> 0
    this.#c = (this.#c + sum) >>> 0
    return sum
  }
}
