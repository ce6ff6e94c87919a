// JSON to values and back through generated code; what it refuses is told by the clear version.
import type { ByteWriter } from '../../base/index.ts'
import type { Type } from '../../dataflow/types.ts'
import type { RecordConverter } from './contract.ts'
import { type Put, generatePut } from './direct-json.ts'
import { fingerprintOf, isPassedOn } from './fingerprint.ts'
import { type Convert, generate } from './generate.ts'
import { BAD, INEXACT } from './generated-helpers.ts'
import { plainCheck, plainDecode, plainEncode } from './plain.ts'
import { isScalar } from './scalars.ts'
import { textOfBytes } from './text.ts'

let unequal = 0

/** The JSON converter of `type`. Hot: per record. */
export class JsonConverter implements RecordConverter {
  readonly immutable: boolean
  readonly fingerprint: string
  readonly #type: Type
  readonly #read: Convert
  readonly #wire: Convert
  readonly #put: Put | null

  constructor(type: Type) {
    this.#type = type
    this.#read = generate(type, 'json')
    this.#wire = generate(type, 'wire')
    this.#put = generatePut(type)
    this.immutable = isScalar(type) && type.kind !== 'bytes'
    // Bytes that are read under one name and written under another never pass on as they are.
    const suffix = isPassedOn(type) ? '' : `#${++unequal}`
    this.fingerprint = `json ${fingerprintOf(type)}${suffix}`
  }

  decode(bytes: Buffer, start: number, end: number): unknown {
    const text = textOfBytes(bytes, start, end)
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return plainDecode(this.#type, text)
    }
    try {
      return this.#read(parsed)
    } catch (error) {
      if (error === BAD || error === INEXACT) return plainDecode(this.#type, text)
      throw error
    }
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
