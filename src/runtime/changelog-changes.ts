// The changelog of a dataflow as changes of its states, for whoever keeps a copy of them.
import type { Plan } from '../dataflow/plan.ts'
import type { ScalarType } from '../dataflow/types.ts'
import { RecordCursor, batchByteLength } from '../record/index.ts'
import type { KeyCodec, StateKey, ValueCodec } from '../state/contract.ts'
import { parseKey } from '../state/index.ts'
import { type SeeState, aggregateResult } from './builtin/index.ts'
import { compileKeyCodec, compileValueCodec } from './convert/index.ts'
import { changelogTopicName } from './graph/names.ts'
import { declaredStates } from './graph/service-states.ts'
import { type Stamped, stampedCodec } from './task/state-view.ts'

/** One change of one key. */
export interface StateChange {
  /** `<service>.<state>` */
  readonly state: string
  readonly key: StateKey
  /** undefined: the key was removed. */
  readonly value: unknown
  /** When it was updated, ms since the epoch: of values with a time to live to the record, else of their commit. */
  readonly updatedAt: number
}

/** Name of the topic with all changes of the dataflow's states, a partition for each task. */
export function changelogOfPlan(plan: Plan): string {
  return changelogTopicName(plan)
}

interface Decoder {
  readonly name: string
  readonly key: KeyCodec
  readonly value: ValueCodec
  readonly isStamped: boolean
  /** Of an aggregate; null of other states. */
  readonly see: SeeState | null
}

/** Reads the batches of a plan's changelog. States that are kept for each window are left out. */
export class ChangelogReader {
  readonly #decoders: ReadonlyMap<string, Decoder>
  readonly #cursor = new RecordCursor()

  constructor(plan: Plan) {
    this.#decoders = new Map(
      declaredStates(plan)
        .filter(declared => !declared.plan.windowed)
        .map(({ name, stored, plan: { key, value, ttlMs, result } }) => {
          const plain = compileValueCodec(value)
          const isStamped = ttlMs !== null
          const codec = isStamped ? (stampedCodec(plain) as ValueCodec<unknown>) : plain
          const see = result === undefined ? null : aggregateResult(result.aggregates)
          return [
            stored,
            { name, key: compileKeyCodec(key as ScalarType), value: codec, isStamped, see }
          ]
        })
    )
  }

  /** Whether the plan has states that can be followed. */
  get isEmpty(): boolean {
    return this.#decoders.size === 0
  }

  /** Gives the changes in `bytes`, whole batches, whose offsets are in `from` … `until` − 1. */
  read(bytes: Uint8Array, from: number, until: number, take: (change: StateChange) => void): void {
    // Hot: per changed key.
    const cursor = this.#cursor
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      cursor.open(bytes, at)
      while (cursor.next()) {
        if (cursor.offset < from || cursor.offset >= until) continue
        const { data, keyStart, keyEnd, valueStart, valueEnd } = cursor
        const parsed = parseKey(data, keyStart, keyEnd)
        if (parsed.kind !== 'data') continue
        const decoder = this.#decoders.get(parsed.name)
        if (decoder === undefined) continue
        const key = decoder.key.decode(data, parsed.keyStart, keyEnd)
        const stored = valueStart < 0 ? undefined : decoder.value.decode(data, valueStart, valueEnd)
        const isStamped = stored !== undefined && decoder.isStamped
        const value = isStamped ? (stored as Stamped).value : stored
        take({
          state: decoder.name,
          key,
          value:
            decoder.see === null || value === undefined ? value : decoder.see(value, key, null),
          updatedAt: isStamped ? (stored as Stamped).at : cursor.timestamp
        })
      }
    }
  }
}
