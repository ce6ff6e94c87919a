// What the Avro and Protobuf forms of values share: members, text, and cases of untagged enums.
import { MillraceError, isMillraceError } from '../../base/index.ts'
import { show, valueError } from './errors.ts'

/** A type and a schema that do not belong together. @returns an error with code TYPE_UNSUPPORTED */
export function MISFIT(type: string, schema: unknown): MillraceError {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
  return new MillraceError(
    'TYPE_UNSUPPORTED',
    `the schema ${text.slice(0, 200)} does not hold ${type}; expected the schema of the type; import it anew`
  )
}

/** An object's own member; undefined where there is none. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

/** Text that has a UTF-8 form. @throws RECORD_VALUE */
export function checkedText(value: unknown): string {
  const text = value as string
  if (text.isWellFormed()) return text
  throw valueError(
    'value',
    `${show(text)} has half a surrogate pair; expected text that has a UTF-8 form`
  )
}

/** The first case of an untagged enum whose check takes `value`. @throws RECORD_VALUE none does */
export function firstThatFits<F>(
  cases: readonly { readonly check: (value: unknown) => unknown; readonly form: F }[],
  value: unknown
): F {
  for (const { check, form } of cases) {
    try {
      check(value)
      return form
    } catch (error) {
      if (!isMillraceError(error, 'RECORD_VALUE')) throw error
    }
  }
  throw valueError('value', `${show(value)} fits no case of the enum`)
}
