// The stored states of one task, opened to be changed before the task itself starts.
//
// What is stored is read from the store, in one pass, once the store has all that the changelog has: asking a state for
// its keys in portions costs a look at everything in memory for each of them.
import type { Clock } from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import type { CommitBatch, Log } from '../../log/log.ts'
import { BatchBuilder } from '../../record/index.ts'
import { changelogTopicName } from '../../runtime/index.ts'
import {
  afterPrefix,
  changelogOf,
  dataPrefix,
  openTaskState,
  placesOf,
  type StateSpec,
  type StateStore,
  type TaskState
} from '../../state/index.ts'

/** Entries in memory while values are written anew. */
const HOT_BYTES = 32 * 1024 * 1024
/** Changed bytes that are committed together. */
const COMMIT_BYTES = 2 * 1024 * 1024
/** Bytes of removals in one batch. */
const REMOVAL_BYTES = 512 * 1024

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

/** One task's states. */
export class OpenTask {
  readonly #options: ApplyOptions
  readonly #topic: string
  readonly #task: number
  readonly #store: StateStore
  readonly state: TaskState

  private constructor(
    options: ApplyOptions,
    parts: { topic: string; task: number; store: StateStore; state: TaskState }
  ) {
    this.#options = options
    this.#topic = parts.topic
    this.#task = parts.task
    this.#store = parts.store
    this.state = parts.state
  }

  /** Opens the states `specs` of a task, gives them to `action`, commits what that changed, and closes them. */
  static async with(
    plan: Plan,
    task: number,
    specs: readonly StateSpec[],
    options: ApplyOptions,
    action: (open: OpenTask) => Promise<void>
  ): Promise<void> {
    const { log, clock, openStore } = options
    const topic = changelogTopicName(plan)
    const store = await openStore(task)
    const changelog = changelogOf(log, topic, task)
    const state = await openTaskState({ specs, store, changelog, clock, hotBytesMax: HOT_BYTES })
    try {
      await state.flush()
      const open = new OpenTask(options, { topic, task, store, state })
      await action(open)
      await open.#commit()
    } finally {
      await state.close()
    }
  }

  /** All that is stored under a name: keys without it, in the order of their bytes, as of the call. */
  async *stored(name: string): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]> {
    const prefix = dataPrefix(name)
    for await (const [key, value] of this.#store.scan(prefix, afterPrefix(prefix))) {
      yield [key.subarray(prefix.length), value]
    }
  }

  /** Commits what was changed, where it is much. */
  async commitSome(): Promise<void> {
    if (this.state.dirtyBytes >= COMMIT_BYTES) await this.#commit()
  }

  /** Removes all that the changelog has of some states; the store follows when it is opened next. */
  async remove(names: readonly string[]): Promise<void> {
    const builder = new BatchBuilder()
    const now = this.#options.clock.now()
    const commit = async (): Promise<void> => {
      if (builder.count === 0) return
      await this.#write([builder.build()])
    }
    for (const { prefixes, keys } of names.map(placesOf)) {
      for (const prefix of prefixes) {
        for await (const [key] of this.#store.scan(prefix, afterPrefix(prefix))) {
          builder.append(now, key, null)
          if (builder.byteLength >= REMOVAL_BYTES) await commit()
        }
      }
      for (const key of keys) builder.append(now, key, null)
    }
    await commit()
  }

  async #commit(): Promise<void> {
    const { state } = this
    if (!state.dirty) return
    const { batches, recordCounts, epoch } = state.seal(this.#options.clock.now())
    if (batches.length === 0) return
    const baseOffsets = await this.#write(batches)
    state.committed(epoch, baseOffsets.at(-1)! + recordCounts.at(-1)!)
    await state.admitted()
  }

  async #write(batches: readonly Uint8Array[]): Promise<readonly number[]> {
    const place = { topic: this.#topic, partition: this.#task }
    const placed = batches.map((batch): CommitBatch => ({ ...place, batch }))
    const { baseOffsets } = await this.#options.log.commit({ batches: placed, offsets: [] })
    return baseOffsets
  }
}
