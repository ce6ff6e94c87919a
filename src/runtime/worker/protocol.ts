// What a worker is told when it starts. Everything travels by structured clone.
import type { Plan } from '../../dataflow/plan.ts'
import type { InputPosition } from '../positions.ts'

/** The worker's data: its share of the dataflow. Functions are loaded anew from the plan. */
export interface WorkerData {
  readonly plan: Plan
  readonly folder: string
  readonly tasks: number
  readonly indexes: readonly number[]
  readonly partitions: ReadonlyMap<string, number>
  readonly positions: readonly InputPosition[]
  /** Task `index` keeps its cold state in the folder of that name. */
  readonly storeFolder: string
  readonly env: Readonly<Record<string, string>>
  readonly stateHotBytes: number | null
}

/** Methods that the main thread calls in the worker. */
export const CONTROL = {
  start: 'host.start',
  stop: 'host.stop',
  settle: 'host.settle',
  endTime: 'host.end-time',
  reports: 'host.reports',
  stateKeys: 'host.state-keys',
  stateEntries: 'host.state-entries',
  windowRows: 'host.window-rows'
} as const

/** What the worker tells of its own accord. */
export const EVENT = {
  log: 'event.log',
  finished: 'event.finished',
  failed: 'event.failed'
} as const
