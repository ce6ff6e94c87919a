// JSON to values and back through generated code; what it refuses is told by the clear version.
import type { ByteWriter } from '../../../base/index.ts'
import type { Type } from '../../../dataflow/types.ts'
import type { RecordConverter } from '../contract.ts'
import { type Put, generatePut } from './direct-json.ts'
import { fingerprintOf, isPassedOn } from '../fingerprint.ts'
import { LONG_WAY } from './json-bytes.ts'
import { type Read, generateRead, orderOf } from './direct-read.ts'
import { type Convert, generate } from './generate.ts'
import { BAD, INEXACT } from './generated-helpers.ts'
import { plainCheck, plainDecode, plainEncode } from '../plain.ts'
import { isScalar } from '../scalars.ts'
import { textOfBytes } from '../text.ts'

/** Misses after which the direct reader is judged, and how often it may learn another order of members. */
const MISSES_MAX = 64
const LEARNED_MAX = 8

let unequal = 0

/** The JSON converter of `type`. Hot: per record. */
export class JsonConverter implements RecordConverter {
  readonly immutable: boolean
  readonly fingerprint: string
  readonly #type: Type
  readonly #read: Convert
  readonly #wire: Convert
  readonly #put: Put | null
  readonly #fields: ReadonlySet<string> | null
  /** Generated when the first record is read; null where the long way is better. */
  #direct: Read | null = (bytes, start, end) => {
    this.#direct = generateRead(this.#type, { fields: this.#fields })
    return this.#direct === null ? LONG_WAY : this.#direct(bytes, start, end)
  }
  #hits = 0
  #misses = 0
  #learned = 0

  /** `fields`: those that anybody reads; null for all. */
  constructor(type: Type, fields: ReadonlySet<string> | null = null) {
    this.#type = type
    this.#fields = fields
    this.#read = generate(type, 'json')
    this.#wire = generate(type, 'wire')
    this.#put = generatePut(type)
    this.immutable = isScalar(type) && type.kind !== 'bytes'
    // Bytes that are read under one name and written under another never pass on as they are.
    const suffix = isPassedOn(type) ? '' : `#${++unequal}`
    this.fingerprint = `json ${fingerprintOf(type)}${suffix}`
  }

  decode(bytes: Buffer, start: number, end: number): unknown {
    if (this.#direct !== null) {
      const value = this.#direct(bytes, start, end)
      if (value !== LONG_WAY) {
        this.#hits++
        return value
      }
    }
    return this.#decodeLong(bytes, start, end)
  }

  #decodeLong(bytes: Buffer, start: number, end: number): unknown {
    const text = textOfBytes(bytes, start, end)
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return plainDecode(this.#type, text)
    }
    if (this.#direct !== null) this.#missed(parsed)
    try {
      return this.#read(parsed)
    } catch (error) {
      if (error === BAD || error === INEXACT) return plainDecode(this.#type, text)
      throw error
    }
  }

  /** Where the direct way is often missed, it learns the order of members; in the end it is given up. */
  #missed(parsed: unknown): void {
    if (++this.#misses < MISSES_MAX) return
    if (this.#hits < this.#misses) {
      this.#direct =
        this.#learned++ < LEARNED_MAX
          ? generateRead(this.#type, { fields: this.#fields, order: orderOf(this.#type, parsed) })
          : null
    }
    this.#hits = this.#misses = 0
  }

  reading(fields: ReadonlySet<string>): RecordConverter {
    return new JsonConverter(this.#type, fields)
  }

  encode(value: unknown, into: ByteWriter): void {
    if (this.#put !== null && this.#put(value, into)) return
    let text: string
    try {
      text = JSON.stringify(this.#wire(value))
    } catch (error) {
      if (error !== BAD) throw error
      text = plainEncode(this.#type, value)
    }
    into.utf8(text)
  }
}

/** A function that checks and normalises values of `type`, generated. @throws RECORD_VALUE */
export function compileCheck(type: Type): (value: unknown) => unknown {
  const read = generate(type, 'js')
  return value => {
    try {
      return read(value)
    } catch (error) {
      if (error === BAD) return plainCheck(type, value)
      throw error
    }
  }
}
