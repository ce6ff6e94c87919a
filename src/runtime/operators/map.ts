// map: one value in, one value out; `keyed(key, value)` also gives the record a new key.
import { isKeyed } from '../code/index.ts'
import { FunctionOperator } from './function-operator.ts'

/** Passes on what the function returns. Returning nothing fails the record. */
export class MapOperator extends FunctionOperator {
  protected emit(result: unknown): void | Promise<void> {
    this.left()
    if (isKeyed(result)) {
      this.frame.assignKey(result.key)
      return this.next.push(result.value)
    }
    return this.next.push(result)
  }
}
