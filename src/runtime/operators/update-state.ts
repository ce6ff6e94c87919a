// update-state: may write the service's states under the assigned key; what it returns goes on.
//
// In files of the old versions the result is dropped: the service ends here.
import { isKeyed } from '../code/index.ts'
import { type FunctionParts, FunctionOperator } from './function-operator.ts'
import type { FusedKind } from './fuse.ts'

/** Passes on what the function returns, unless that is nothing or the file's version drops it. */
export class UpdateStateOperator extends FunctionOperator {
  readonly #emits: boolean

  constructor(parts: FunctionParts, options: { readonly emits: boolean }) {
    super(parts)
    this.#emits = options.emits
  }

  addFieldsRead(fields: Set<string>): boolean {
    return this.addOwnFields(fields)
  }

  override get fusedKind(): FusedKind | null {
    return this.#emits ? 'optional' : 'end'
  }

  protected override check(): Error | null {
    return null
  }

  protected emit(result: unknown): void | Promise<void> {
    if (!this.#emits || result === undefined || result === null) return
    this.left()
    if (isKeyed(result)) {
      this.frame.assignKey(result.key)
      return this.next.push(result.value)
    }
    return this.next.push(result)
  }
}
