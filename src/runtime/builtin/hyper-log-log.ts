// About how many different values there were: HyperLogLog with 4,096 registers, as a text that is never changed.
//
// Flajolet, Fusy, Gandouet, Meunier 2007: each value's hash chooses a register, which keeps the greatest number of
// leading zeros, plus one, of what is left of the hash. Standard error 1.04 / √4096 = 1.6 %. Small counts are read by
// linear counting, which is nearly exact. Two forms, told apart by their lengths:
//   few   three letters for each register that is not 0: its number in base 64, its value; sorted, up to 256 of them
//   many  a letter for each register
// A text, because it is shared by copies of states and becomes JSON as it is; it changes seldom: about ln(n) times a
// register.

const REGISTERS = 4096
const REGISTER_BITS = 12
const ENTRY = 3
const FEW_MAX = 256
/** 2 to the power of −rank. */
const SHARES = Array.from({ length: 64 }, (_, rank) => 2 ** -rank)
/** Letters that JSON writes as they are, without quotes and backslash. */
const BASE = 35
const ZERO = String.fromCharCode(BASE)
const BIAS = 0.7213 / (1 + 1.079 / REGISTERS)

/** `sketch` with `value` in it; the same text when that changes nothing. */
export function addDistinct(sketch: string, value: unknown): string {
  const hash = hashOf(value)
  const register = hash & (REGISTERS - 1)
  const rank = rankOf(hash >>> REGISTER_BITS)
  return raise(sketch, register, rank)
}

/** Everything that either of them has seen. */
export function mergeDistinct(one: string, other: string): string {
  let merged = one.length < other.length ? other : one
  const from = merged === one ? other : one
  for (let register = 0; register < REGISTERS; register++) {
    const rank = isFew(from) ? 0 : valueOf(from, register)
    if (rank > 0) merged = raise(merged, register, rank)
  }
  if (!isFew(from)) return merged
  for (let at = 0; at < from.length; at += ENTRY) {
    merged = raise(merged, numberAt(from, at), from.charCodeAt(at + 2) - BASE)
  }
  return merged
}

/** How many different values it has seen, about. */
export function countDistinct(sketch: string): number {
  let sum = 0
  let zeros = 0
  if (isFew(sketch)) {
    zeros = REGISTERS - sketch.length / ENTRY
    sum = zeros
    for (let at = 2; at < sketch.length; at += ENTRY) sum += 2 ** (BASE - sketch.charCodeAt(at))
  } else {
    for (let register = 0; register < REGISTERS; register++) {
      const rank = valueOf(sketch, register)
      if (rank === 0) zeros++
      sum += SHARES[rank]!
    }
  }
  const estimate = (BIAS * REGISTERS * REGISTERS) / sum
  if (estimate <= 2.5 * REGISTERS && zeros > 0) {
    return Math.round(REGISTERS * Math.log(REGISTERS / zeros))
  }
  return Math.round(estimate)
}

function isFew(sketch: string): boolean {
  return sketch.length < REGISTERS
}

function valueOf(sketch: string, register: number): number {
  return sketch.charCodeAt(register) - BASE
}

function numberAt(sketch: string, at: number): number {
  return ((sketch.charCodeAt(at) - BASE) << 6) | (sketch.charCodeAt(at + 1) - BASE)
}

function raise(sketch: string, register: number, rank: number): string {
  if (!isFew(sketch)) {
    if (valueOf(sketch, register) >= rank) return sketch
    return sketch.slice(0, register) + letter(rank) + sketch.slice(register + 1)
  }
  let low = 0
  let high = sketch.length / ENTRY
  while (low < high) {
    const middle = (low + high) >> 1
    if (numberAt(sketch, middle * ENTRY) < register) low = middle + 1
    else high = middle
  }
  const at = low * ENTRY
  const isThere = at < sketch.length && numberAt(sketch, at) === register
  if (isThere && sketch.charCodeAt(at + 2) - BASE >= rank) return sketch
  const entry = letter(register >> 6) + letter(register & 63) + letter(rank)
  const raised = sketch.slice(0, at) + entry + sketch.slice(isThere ? at + ENTRY : at)
  return raised.length > FEW_MAX * ENTRY ? asMany(raised) : raised
}

function asMany(few: string): string {
  const letters = Array.from({ length: REGISTERS }, () => ZERO)
  for (let at = 0; at < few.length; at += ENTRY) letters[numberAt(few, at)] = few[at + 2]!
  return letters.join('')
}

/** 63 letters from `#` on, without the backslash. */
function letter(value: number): string {
  return String.fromCharCode(BASE + value)
}

/** Leading zeros of 40 bits, plus one: 20 of this half are enough for some 2^32 values. */
function rankOf(rest: number): number {
  return Math.min(Math.clz32(rest) - REGISTER_BITS, 20) + 1
}

/** 32 bits of a scalar: FNV-1a over its UTF-16 text, finished as in MurmurHash3. Types do not count: 1 is "1". */
function hashOf(value: unknown): number {
  const text = typeof value === 'string' ? value : textOf(value)
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash ^= text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)
}
