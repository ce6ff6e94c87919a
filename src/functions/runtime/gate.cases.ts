// Functions whose calls wait until they are let go, for tests of what waits.
import { type Effects, NO_EXPIRATION, type TypedValue, intType, typedValue } from '../sdk/index.ts'
import type { FunctionEndpoint, RemoteBatch, RemoteReply } from './contract.ts'
import type { FunctionsBench } from './kit.cases.ts'

/** No effects of an endpoint. */
export const NOTHING: Effects<TypedValue> = { mutations: [], messages: [], delayed: [], egress: [] }

/** A function whose calls wait until they are let go. */
export class Gate {
  /** `id: number of messages` of each call. */
  readonly calls: string[] = []
  isOpen = false
  readonly #waiting: (() => void)[] = []

  enter(id: string, messages: number): Promise<void> {
    this.calls.push(`${id}: ${messages}`)
    if (this.isOpen) return Promise.resolve()
    return new Promise(resolve => void this.#waiting.push(resolve))
  }

  open(): void {
    this.isOpen = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  openOne(): void {
    this.#waiting.shift()?.()
  }
}

/** An endpoint that counts messages in the state `count`, once it is let. */
export function countingEndpoint(gate: Gate, functions = 'test/*'): FunctionEndpoint {
  return {
    functions,
    maxNumBatchRequests: 5,
    async call({ target, state, invocations }: RemoteBatch): Promise<RemoteReply> {
      const held = state.find(one => one.name === 'count')
      if (held === undefined) {
        const spec = { name: 'count', typename: intType.typename, expiration: NO_EXPIRATION }
        return { kind: 'missing', specs: [spec] }
      }
      await gate.enter(target.id, invocations.length)
      const before = held.value === null ? 0 : intType.deserialize(held.value.bytes)
      const value = typedValue(before + invocations.length, intType)
      return { kind: 'effects', effects: { ...NOTHING, mutations: [{ name: 'count', value }] } }
    }
  }
}

/** An ingress of `in` into `test/counter`. */
export const toCounter = {
  kind: 'targets',
  topic: 'in',
  valueType: 'test/record',
  targets: ['test/counter']
} as const

/** Records of one key. */
export function records(id: string, number: number): { key: string; value: string }[] {
  return Array.from({ length: number }, () => ({ key: id, value: 'x' }))
}

/** Lets everything happen that needs no time. */
export async function settle(bench: FunctionsBench): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await bench.clock.advance(0)
}
