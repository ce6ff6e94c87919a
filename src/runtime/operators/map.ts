// map: one value in, one value out; `keyed(key, value)` also gives the record a new key.
import { isKeyed } from '../code/index.ts'
import { FunctionOperator } from './function-operator.ts'
import type { FusedKind } from './fuse.ts'

/** Passes on what the function returns. Returning nothing fails the record. */
export class MapOperator extends FunctionOperator {
  addFieldsRead(fields: Set<string>): boolean {
    return this.addOwnFields(fields)
  }

  override get fusedKind(): FusedKind | null {
    return 'map'
  }

  protected emit(result: unknown, value: unknown): void | Promise<void> {
    if (result === undefined) return this.reject(result, value)
    this.left()
    if (isKeyed(result)) {
      this.frame.assignKey(result.key)
      return this.next.push(result.value)
    }
    return this.next.push(result)
  }
}
