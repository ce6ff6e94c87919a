// filter: passes the value on, unchanged, where the function returns true.
//
// The function must not change its argument: between a source and a sink of the same type the record's
// original bytes travel on.
import { FunctionOperator } from './function-operator.ts'
import type { FusedKind } from './fuse.ts'

/** Anything but true and false fails the record: a forgotten `return` shall not drop data silently. */
export class FilterOperator extends FunctionOperator {
  addFieldsRead(fields: Set<string>): boolean {
    return this.addFieldsFromHere(fields)
  }

  override get fusedKind(): FusedKind | null {
    return 'filter'
  }

  protected override check(result: unknown): Error | null {
    if (result === true || result === false) return null
    const found = result === undefined ? 'nothing' : `a ${typeof result}`
    return this.unexpected(found, 'true or false')
  }

  protected emit(result: unknown, value: unknown): void | Promise<void> {
    if (result === true) {
      this.left()
      return this.next.push(value)
    }
    if (result !== false) return this.reject(result, value)
  }
}
