// The facts of the record that a service works on, kept in numbers and decoded only when asked.
import { VarintReader } from '../../record/index.ts'
import type { RecordConverter } from '../convert/contract.ts'
import type { WindowBounds } from './window-scope.ts'

const EMPTY: Buffer = Buffer.alloc(0)

/** Headers by name as text; of several with one name the last. */
export type Headers = Readonly<Record<string, string>>

/**
 * One per chain of operators, reused from record to record (R4: a chain works on one record at a time).
 * Ranges are in {@link bytes}, which belongs to whoever pushes the record and stays as it is until that
 * push has settled.
 */
export class Frame {
  bytes: Buffer = EMPTY
  /** −1 for a null key. */
  keyStart = -1
  keyEnd = -1
  /** −1 for a null value. */
  valueStart = -1
  valueEnd = -1
  /** Encoded headers, without their count. */
  headersStart = 0
  headersEnd = 0
  headerCount = 0
  timestamp = 0
  topic = ''
  partition = 0
  /** −1 while the record is not in the log yet: it was handed on inside the task that made it. */
  offset = -1
  /** Turns the record's own key into a value. */
  keyConverter: RecordConverter
  /** Whether {@link key} is not the record's own any more but one that a function gave. */
  rekeyed = false
  /** What assign-key gave: the key of states, whatever key the record gets behind it; undefined before. */
  owner: unknown = undefined
  /** The window that is worked on; null outside of windows. */
  window: WindowBounds | null = null
  #key: unknown = undefined
  #decoded = false

  constructor(keyConverter: RecordConverter) {
    this.keyConverter = keyConverter
  }

  /** To be called once the facts of another record stand in the fields. */
  begin(): void {
    this.owner = undefined
    this.#forgetKey()
  }

  /** The record's key: the last that a function gave, or its own; null for none. */
  get key(): unknown {
    if (!this.#decoded) {
      this.#key =
        this.keyStart < 0 ? null : this.keyConverter.decode(this.bytes, this.keyStart, this.keyEnd)
      this.#decoded = true
    }
    return this.#key
  }

  /** Gives the value that is under way another key. */
  assignKey(key: unknown): void {
    this.rekeyed = true
    this.#decoded = true
    this.#key = key ?? null
  }

  /** The key under which states are kept: what assign-key gave, without it the record's. */
  get stateKey(): unknown {
    return this.owner === undefined ? this.key : this.owner
  }

  /** Goes back to the keys that were noted before several pushes (O3). */
  restoreKey(key: unknown, rekeyed: boolean, owner: unknown): void {
    this.owner = owner
    if (rekeyed) {
      this.assignKey(key)
    } else if (this.rekeyed) {
      this.#forgetKey()
    }
  }

  /** The headers, decoded anew each time. */
  headers(): Headers {
    const headers: Record<string, string> = Object.create(null)
    if (this.headerCount === 0) return headers
    const reader = new VarintReader()
    reader.open(this.bytes, this.headersStart, this.headersEnd)
    for (let index = 0; index < this.headerCount; index++) {
      const name = this.#text(reader, reader.signed())
      const valueLength = reader.signed()
      headers[name] = valueLength < 0 ? '' : this.#text(reader, valueLength)
    }
    return headers
  }

  #forgetKey(): void {
    this.rekeyed = false
    this.#decoded = false
    this.#key = undefined
  }

  #text(reader: VarintReader, length: number): string {
    const start = reader.position
    reader.position = start + length
    return this.bytes.toString('utf8', start, start + length)
  }
}
