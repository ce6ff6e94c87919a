// Messages: what a handler receives, and the builders of what it sends.
import { MillraceError } from '../../base/index.ts'
import { checkTypeName, typeName, type Address } from './address.ts'
import type { EgressMessage, OutgoingMessage, TypedValue } from './effects.ts'
import {
  boolType,
  doubleType,
  floatType,
  intType,
  longType,
  stringType,
  type Type
} from './types.ts'

/** A received message. Reading it under another type than its own throws FUNCTION_MESSAGE_TYPE. */
export class Message {
  readonly valueTypeName: string
  /** The value's bytes; not to be changed. */
  readonly rawValue: Uint8Array

  constructor(argument: TypedValue) {
    this.valueTypeName = argument.typename
    this.rawValue = argument.bytes
  }

  /** Whether the value is of that type, by its name. */
  is(type: { readonly typename: string }): boolean {
    return this.valueTypeName === type.typename
  }

  /** The value, decoded anew. @throws FUNCTION_MESSAGE_TYPE, FUNCTION_VALUE its bytes are not of that type */
  as<T>(type: Type<T>): T {
    if (this.valueTypeName !== type.typename) throw wrongType(this.valueTypeName, type.typename)
    return type.deserialize(this.rawValue)
  }

  isBoolean(): boolean {
    return this.is(boolType)
  }
  asBoolean(): boolean {
    return this.as(boolType)
  }
  isInt(): boolean {
    return this.is(intType)
  }
  asInt(): number {
    return this.as(intType)
  }
  isLong(): boolean {
    return this.is(longType)
  }
  asLong(): bigint {
    return this.as(longType)
  }
  isFloat(): boolean {
    return this.is(floatType)
  }
  asFloat(): number {
    return this.as(floatType)
  }
  isDouble(): boolean {
    return this.is(doubleType)
  }
  asDouble(): number {
    return this.as(doubleType)
  }
  isString(): boolean {
    return this.is(stringType)
  }
  asString(): string {
    return this.as(stringType)
  }
}

function wrongType(actual: string, wanted: string): MillraceError {
  return new MillraceError(
    'FUNCTION_MESSAGE_TYPE',
    `the message is a ${actual}, but was read as ${wanted}; ask message.is(type) before message.as(type)`
  )
}

/**
 * A message with `value` for the function at `target`. The value is encoded now: later changes to it do not matter.
 * @throws FUNCTION_VALUE the value is outside the type · FUNCTION_TYPENAME the address names no function type
 */
export function messageTo<T>(target: Address, value: T, type: Type<T>): OutgoingMessage {
  const { namespace, type: name, id } = target
  if (!isWord(namespace) || !isWord(name)) {
    checkTypeName(typeName(target), 'the type of a message’s target')
  }
  if (typeof id !== 'string') {
    throw new MillraceError(
      'FUNCTION_ADDRESS',
      `the id of a message’s target is a ${typeof id}; expected a text; convert it with String(id)`
    )
  }
  return {
    target: { namespace, type: name, id: id.toWellFormed() },
    argument: typedValue(value, type)
  }
}

/** A value for the egress `typename`, encoded now. @throws FUNCTION_VALUE, FUNCTION_TYPENAME */
export function egressTo<T>(typename: string, value: T, type: Type<T>): EgressMessage {
  checkTypeName(typename, 'an egress')
  return { egress: typename, argument: typedValue(value, type) }
}

/** The bytes of a value with their type's name. @throws FUNCTION_VALUE */
export function typedValue<T>(value: T, type: Type<T>): TypedValue {
  return { typename: type.typename, bytes: type.serialize(value) }
}

/** The usual case, tested without allocation: a part of a typename that needs no error. */
function isWord(text: string): boolean {
  return typeof text === 'string' && text.length > 0 && text.length < 200 && !text.includes('/')
}
