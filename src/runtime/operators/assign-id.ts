// assign-id: gives a value the id of the function that gets it.
import { FunctionOperator } from './function-operator.ts'

/** Makes what the function returns, a scalar, the key of the record; the value stays. */
export class AssignIdOperator extends FunctionOperator {
  protected override check(result: unknown): Error | null {
    const kind = typeof result
    if (kind === 'string' || kind === 'number' || kind === 'bigint' || kind === 'boolean') {
      return null
    }
    return this.unexpected(result === null ? 'null' : `a ${kind}`, 'a scalar, the id of a function')
  }

  protected emit(result: unknown, value: unknown): void | Promise<void> {
    if (typeof result !== 'string' && this.check(result) !== null) return this.reject(result, value)
    this.left()
    this.frame.assignKey(result)
    return this.next.push(value)
  }
}
