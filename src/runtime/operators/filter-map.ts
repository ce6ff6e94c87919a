// filter-map: one value in, one or none out; undefined and null drop the record.
import { isKeyed } from '../code/index.ts'
import { FunctionOperator } from './function-operator.ts'
import type { FusedKind } from './fuse.ts'

/** Passes on what the function returns, if it returns something. */
export class FilterMapOperator extends FunctionOperator {
  addFieldsRead(fields: Set<string>): boolean {
    return this.addOwnFields(fields)
  }

  override get fusedKind(): FusedKind | null {
    return 'optional'
  }

  protected override check(): Error | null {
    return null
  }

  protected emit(result: unknown): void | Promise<void> {
    if (result === undefined || result === null) return
    this.left()
    if (isKeyed(result)) {
      this.frame.assignKey(result.key)
      return this.next.push(result.value)
    }
    return this.next.push(result)
  }
}
