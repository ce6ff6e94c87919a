// The values of one address: one entry of the state, so that an invocation costs one look-up and one write.
//
// Measured against one entry for each value: as fast with one value; with three 1.2 times as fast when one of them
// changes, 2.3 times when all do. The price is that a large value is written again with its small neighbours;
// FUNCTION_STATE_BYTES_MAX bounds it.
//
//   stored:  version 1 · count · (name · typename · expiresAt · bytes)*      expiresAt 0: never
import { type ByteWriter, MillraceError, assert } from '../../base/index.ts'
import type { ExpiringOptions } from '../../runtime/task/index.ts'
import type { KeyedState, ValueCodec } from '../../state/contract.ts'
import type { Expiration, Type } from '../sdk/index.ts'
import { StoredReader, intern, putBytes, putText, putTypename } from './bytes.ts'

const VERSION = 1
const SLOT_BYTES = 96

/** One value of an address. Never changed once it stands in an {@link AddressState}; `value` may be filled in. */
export class Slot {
  readonly name: string
  readonly typename: string
  /** Milliseconds since the epoch; 0 for never. */
  readonly expiresAt: number
  /** Encoded; null while only {@link value} is there. */
  readonly bytes: Uint8Array | null
  /** Of immutable types only: the decoded value, undefined while nobody asked for it. */
  value: unknown
  /** Encodes {@link value}. */
  readonly #type: Type<unknown> | null

  constructor(
    name: string,
    typename: string,
    expiresAt: number,
    bytes: Uint8Array | null,
    value: unknown,
    type: Type<unknown> | null
  ) {
    this.name = name
    this.typename = typename
    this.expiresAt = expiresAt
    this.bytes = bytes
    this.value = value
    this.#type = type
  }

  /** A slot for a decoded value, which belongs to it. Plain scalars are encoded only when the epoch is sealed. */
  static of(name: string, type: Type<unknown>, value: unknown, expiresAt: number): Slot {
    const isPlain = type.immutable && typeof value !== 'object' && typeof value !== 'function'
    return isPlain
      ? new Slot(name, type.typename, expiresAt, null, value, type)
      : new Slot(name, type.typename, expiresAt, type.serialize(value), undefined, null)
  }

  /** The same value until another time. */
  until(expiresAt: number): Slot {
    return new Slot(this.name, this.typename, expiresAt, this.bytes, this.value, this.#type)
  }

  /** The value, decoded; a mutable one belongs to the caller. @throws FUNCTION_VALUE */
  read(type: Type<unknown>): unknown {
    if (this.value !== undefined) return this.value
    const value = type.deserialize(this.bytes!)
    if (type.immutable) this.value = value
    return value
  }

  /** The encoded value; not to be changed. */
  encoded(): Uint8Array {
    return this.bytes ?? this.#type!.serialize(this.value)
  }

  get size(): number {
    if (this.bytes !== null) return SLOT_BYTES + this.bytes.length
    const { value } = this
    return SLOT_BYTES + (typeof value === 'string' ? value.length * 2 : 32)
  }
}

/** All values of an address that were set; immutable. */
export type AddressState = readonly Slot[]

/** No values. */
export const NO_STATE: AddressState = []

/** When a value set or used at `now` disappears; 0 for never. */
export function expiryOf({ mode, durationMs }: Expiration, now: number): number {
  return mode === 'none' ? 0 : now + durationMs
}

/** The slot of a name that has not expired at `now`, or null. */
export function slotOf(state: AddressState, name: string, now: number): Slot | null {
  for (let index = 0; index < state.length; index++) {
    const slot = state[index]!
    if (slot.name === name) return isOver(slot, now) ? null : slot
  }
  return null
}

/** Whether a slot's time is over. */
export function isOver(slot: Slot, now: number): boolean {
  return slot.expiresAt !== 0 && slot.expiresAt <= now
}

/** How the values of addresses grow old: each for itself. */
export function ageOf(state: KeyedState<AddressState>): ExpiringOptions<AddressState> {
  return {
    state,
    overAt(slots) {
      let overAt = Infinity
      for (const { expiresAt } of slots) {
        if (expiresAt !== 0 && expiresAt < overAt) overAt = expiresAt
      }
      return overAt
    },
    left(slots, now) {
      const left = slots.filter(slot => !isOver(slot, now))
      return left.length === 0 ? undefined : left
    },
    // What is written says so itself.
    newOverAt: () => Infinity
  }
}

/** Bytes of an address' values for the budgets. */
export function stateSize(state: AddressState): number {
  let bytes = 0
  for (let index = 0; index < state.length; index++) bytes += state[index]!.size
  return bytes
}

/** The stored value is not of the declared type. */
export function typeChanged(key: string, slot: Slot, declared: string): MillraceError {
  return new MillraceError(
    'STATE_TYPE_CHANGED',
    `the value "${slot.name}" of ${key} was stored as ${slot.typename} and is declared as ${declared} now; expected ` +
      `the type that it was written with; declare the old type, or give the new one another name`,
    { details: { key, value: slot.name, stored: slot.typename, declared } }
  )
}

/** How the values of an address are stored. */
export const ADDRESS_STATES: ValueCodec<AddressState> = {
  encode(state: AddressState, sink: ByteWriter): void {
    sink.u8(VERSION)
    sink.varuint(state.length)
    for (const slot of state) {
      putText(sink, slot.name)
      putTypename(sink, slot.typename)
      sink.varuint(slot.expiresAt)
      putBytes(sink, slot.encoded())
    }
  },
  decode(bytes, start, end) {
    const reader = new StoredReader(bytes, start, end)
    const version = reader.u8()
    assert(version === VERSION, 'stored values have a version that this program knows')
    const count = reader.varuint()
    const state: Slot[] = []
    for (let index = 0; index < count; index++) {
      const name = intern(reader.text())
      const typename = reader.typename()
      const expiresAt = reader.varuint()
      state.push(new Slot(name, typename, expiresAt, reader.own(), undefined, null))
    }
    return state
  },
  zero: () => NO_STATE,
  copy: state => state,
  check: value => value as AddressState,
  size: stateSize
}
