// What a changed file does to what a data directory holds: the words of `millrace plan` and of refusals.
import type { StepPlan } from '../../dataflow/plan.ts'
import type { StateRecord } from './record.ts'

/** What becomes of something that is stored. */
export type Status = 'new' | 'kept' | 'migrated' | 'dropped' | 'refused'

/** One state, topic, source, schedule or service. */
export interface Change {
  readonly kind: 'service' | 'state' | 'topic' | 'source' | 'schedule'
  /** `count.totals`; names of services, topics and schedules. */
  readonly name: string
  readonly status: Status
  /** What that is, in a sentence without a full stop; '' where there is nothing to say. */
  readonly detail: string
  /** Of what is refused: what to declare or to do. */
  readonly advice: string
  /** Keys, records or ticks that are concerned, where that is cheap to know. */
  readonly count: number | null
}

/** How values come to a new form. */
export type Conversion =
  | { readonly kind: 'same' }
  | { readonly kind: 'defaults'; readonly defaults: Readonly<Record<string, string>> }
  | { readonly kind: 'function'; readonly step: StepPlan }

/** A state that is written anew. */
export interface Rewrite {
  readonly from: StateRecord
  readonly to: StateRecord
  readonly conversion: Conversion
}

/** What is to be done with one state. */
export interface StateOutcome {
  readonly change: Change
  /** What the record says of it afterwards; null: nothing of it is left. */
  readonly after: StateRecord | null
  readonly rewrite: Rewrite | null
  /** What is removed. */
  readonly removed: StateRecord | null
}

/** A change; without `more` nothing is to be advised or counted. */
export function change(
  kind: Change['kind'],
  name: string,
  status: Status,
  detail = '',
  more: { readonly advice?: string; readonly count?: number | null } = {}
): Change {
  return { kind, name, status, detail, advice: more.advice ?? '', count: more.count ?? null }
}
