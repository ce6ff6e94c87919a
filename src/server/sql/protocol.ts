// What the run and the process that answers SQL tell each other.
import type { Plan } from '../../dataflow/plan.ts'
import type { WindowRow } from '../../runtime/contract.ts'
import type { QueryLimits, SqlResult } from '../../sql/index.ts'

/** What the run asks. */
export type SqlRequest =
  | { readonly kind: 'open'; readonly plans: readonly Plan[] }
  | {
      /** Whole batches of a changelog, of which the offsets `from` … `until` − 1 are meant. */
      readonly kind: 'changes'
      readonly dataflow: string
      readonly bytes: Uint8Array
      readonly from: number
      readonly until: number
    }
  | {
      /** All rows of a table of windows. */
      readonly kind: 'windows'
      readonly table: string
      readonly rows: readonly WindowRow[]
    }
  | {
      readonly kind: 'query'
      readonly sql: string
      /** The time by which rows with a time to live are over. */
      readonly nowMs: number
      readonly limits: QueryLimits
      /** Bytes that the query may take beside the tables. */
      readonly memoryBytesMax: number
    }

/** The answer; one for each request, in order. */
export type SqlAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'result'; readonly result: SqlResult }
  | { readonly kind: 'error'; readonly code: string; readonly message: string }
