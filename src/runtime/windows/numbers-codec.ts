// How windows keep their own books: lists of numbers, which nobody changes.
import type { ByteWriter } from '../../base/index.ts'
import type { ValueCodec } from '../../state/contract.ts'

const NUMBER_BYTES = 8

/** Lists of numbers, 8 bytes each. */
export const numbersCodec: ValueCodec<readonly number[]> = {
  encode(numbers: readonly number[], sink: ByteWriter): void {
    for (const number of numbers) sink.f64be(number)
  },
  decode(bytes: Uint8Array, start: number, end: number): readonly number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
    const numbers: number[] = []
    for (let at = 0; at < view.byteLength; at += NUMBER_BYTES) numbers.push(view.getFloat64(at))
    return numbers
  },
  zero: () => [],
  // Nobody changes a list: a change is a new one.
  copy: numbers => numbers,
  check: value => value as readonly number[],
  size: numbers => 16 + numbers.length * NUMBER_BYTES
}
