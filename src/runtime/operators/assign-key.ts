// assign-key: gives the record the key under which states are kept, and thereby its owner task.
import { MillraceError } from '../../base/index.ts'
import type { KeyCodec } from '../../state/contract.ts'
import { type FunctionParts, FunctionOperator } from './function-operator.ts'
import type { FusedKind } from './fuse.ts'

/** Assigns what the function returns: a scalar, of the declared type where that is known. */
export class AssignKeyOperator extends FunctionOperator {
  readonly #codec: KeyCodec | null
  /** Whether any text is a key here. */
  readonly #takesText: boolean

  constructor(parts: FunctionParts, options: { readonly codec: KeyCodec | null }) {
    super(parts)
    this.#codec = options.codec
    this.#takesText = options.codec === null || passes(options.codec, '')
  }

  addFieldsRead(fields: Set<string>): boolean {
    return this.addFieldsFromHere(fields)
  }

  override get fusedKind(): FusedKind | null {
    return this.#takesText ? 'key' : null
  }

  protected override check(result: unknown): Error | null {
    if (this.#codec !== null) return this.#outside(this.#codec, result)
    const kind = typeof result
    if (kind === 'string' || kind === 'number' || kind === 'bigint' || kind === 'boolean') {
      return null
    }
    return this.unexpected(result === null ? 'null' : `a ${kind}`, 'a scalar key')
  }

  protected emit(result: unknown, value: unknown): void | Promise<void> {
    const isText = typeof result === 'string' && this.#takesText
    if (!isText && this.check(result) !== null) return this.reject(result, value)
    this.left()
    this.frame.owner = result
    return this.next.push(value)
  }

  #outside(codec: KeyCodec, result: unknown): Error | null {
    try {
      codec.check(result)
      return null
    } catch (error) {
      if (error instanceof MillraceError) return error
      throw error
    }
  }
}

function passes(codec: KeyCodec, key: string): boolean {
  try {
    codec.check(key)
    return true
  } catch {
    return false
  }
}
