// The states of one task, opened to be changed before the task itself starts.
import type { Clock } from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import type { CommitBatch, Log } from '../../log/log.ts'
import { changelogTopicName } from '../../runtime/index.ts'
import {
  changelogOf,
  openTaskState,
  type StateSpec,
  type StateStore,
  type TaskState
} from '../../state/index.ts'

/** Entries in memory while values are written anew; more are read from the store. */
const HOT_BYTES = 32 * 1024 * 1024
/** Changed bytes that are committed together. */
const COMMIT_BYTES = 2 * 1024 * 1024
/** Keys that are looked up at once. */
export const KEYS_AT_ONCE = 16_384

/** What an upgrade is carried out with. */
export interface ApplyOptions {
  readonly log: Log
  readonly clock: Clock
  /** Absolute folder of the dataflow's file: functions of migrations are found from here. */
  readonly folder: string
  /** The store of a task's states; closed when it is no longer needed. */
  openStore(task: number): Promise<StateStore>
  /** Told what was done, in a sentence without a full stop. */
  onDone(state: string, what: string): void
}

/** One task's changelog, with its states open. */
export interface OpenTask {
  readonly state: TaskState
  /** Commits what was changed, where it is much. */
  commitSome(): Promise<void>
}

/** Opens some states of a task, commits what was changed in them, and closes them. */
export async function withTask(
  plan: Plan,
  task: number,
  specs: readonly StateSpec[],
  { log, clock, openStore }: ApplyOptions,
  action: (open: OpenTask) => Promise<void>
): Promise<void> {
  const topic = changelogTopicName(plan)
  const store = await openStore(task)
  const state = await openTaskState({
    specs,
    store,
    changelog: changelogOf(log, topic, task),
    clock,
    hotBytesMax: HOT_BYTES
  })
  const commit = async (): Promise<void> => {
    if (!state.dirty) return
    const { batches, recordCounts, epoch } = state.seal(clock.now())
    if (batches.length === 0) return
    const placed = batches.map((batch): CommitBatch => ({ topic, partition: task, batch }))
    const { baseOffsets } = await log.commit({ batches: placed, offsets: [] })
    state.committed(epoch, baseOffsets.at(-1)! + recordCounts.at(-1)!)
    await state.admitted()
  }
  try {
    await action({
      state,
      commitSome: async () => {
        if (state.dirtyBytes >= COMMIT_BYTES) await commit()
      }
    })
    await commit()
  } finally {
    await state.close()
  }
}
