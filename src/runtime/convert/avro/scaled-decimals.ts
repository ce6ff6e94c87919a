// Decimals as Avro writes them: a two's complement integer, most significant byte first, and a scale of the schema.
import { show, valueError } from '../errors.ts'

/** Digits beyond which a decimal is not written as an unscaled number. */
const DIGITS_MAX = 1_000

/** The unscaled bytes of decimal text; padded to `width` bytes for `fixed`. @throws RECORD_VALUE it does not fit */
export function unscaledOfDecimal(text: string, scale: number, width: number | null): Buffer {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text)!
  const shift = Number(exponent) - fraction.length + scale
  const digits = whole! + fraction
  if (Math.abs(shift) + digits.length > DIGITS_MAX) {
    throw valueError(
      'value',
      `${show(text)} has more digits than a decimal of scale ${scale} takes`
    )
  }
  const cut = shift < 0 ? digits.slice(0, shift) : digits + '0'.repeat(shift)
  if (shift < 0 && /[1-9]/.test(digits.slice(shift))) {
    throw valueError(
      'value',
      `${show(text)} has more than the ${scale} decimal places of the schema`
    )
  }
  const magnitude = BigInt(cut === '' ? '0' : cut)
  return bytesOf(sign === '-' ? -magnitude : magnitude, text, width)
}

function bytesOf(value: bigint, text: string, width: number | null): Buffer {
  let size = width ?? 1
  if (width === null) while (BigInt.asIntN(size * 8, value) !== value) size++
  if (BigInt.asIntN(size * 8, value) !== value) {
    throw valueError('value', `${show(text)} does not fit the ${size} bytes of the schema`)
  }
  const hex = BigInt.asUintN(size * 8, value).toString(16)
  return Buffer.from(hex.padStart(size * 2, '0'), 'hex')
}

/** Decimal text with `scale` decimal places. */
export function decimalOfUnscaled(bytes: Buffer, scale: number): string {
  const unsigned = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
  const value = BigInt.asIntN(bytes.length * 8, unsigned)
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const sign = value < 0n ? '-' : ''
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
