// The look-up of a state of another service: each record with the value that is there under its key now.
//
// The record is in the task that owns the key, and the value as of all records before it: readers go before writers.
import type { StateKey } from '../../state/contract.ts'
import type { Operator } from '../operators/operator.ts'
import type { AccessSpec } from '../task/state-access.ts'
import type { JoinEntryOptions, Sided } from './contract.ts'
import { type MakePair, Pairs, sendPairs } from './pairs.ts'

/** What a {@link StateJoin} is made from. */
export interface StateJoinOptions {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly make: MakePair
  readonly state: Pick<AccessSpec, 'view' | 'see'>
}

/** Keeps nothing of its own. */
export class StateJoin {
  readonly #options: StateJoinOptions

  constructor(options: StateJoinOptions) {
    this.#options = options
  }

  entry({ frame, next }: JoinEntryOptions): Operator {
    const { kind, make, state } = this.#options
    const { view, see } = state
    const pairs = new Pairs()
    return {
      push: value => {
        // Hot: per record.
        const { left } = value as Sided
        if (left === null) return
        const key = frame.owner as StateKey
        const found = view.read(key)
        if (found === undefined && kind === 'inner') return
        const seen = found === undefined || see === undefined ? found : see(found, key, null)
        pairs.add(left, seen ?? null, frame.timestamp)
        return sendPairs(pairs, make, frame, next)
      }
    }
  }
}
