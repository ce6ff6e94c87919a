// The log as one deployment has it: once its time is over, nothing of it reaches the log any more.
//
//   L1  After `end` resolved no commit that was handed over here takes effect: what follows can read where the last one
//       stopped and go on.
import { MillraceError } from '../../base/index.ts'
import type {
  CleanupReport,
  Commit,
  CommitResult,
  GroupPosition,
  Log,
  ReadRequest,
  ReadResult,
  Topic,
  TopicSpec,
  WaitPosition
} from '../../log/log.ts'

/** A log for a time. */
export class LeasedLog implements Log {
  readonly #log: Log
  readonly #running = new Set<Promise<unknown>>()
  #isOver = false

  constructor(log: Log) {
    this.#log = log
  }

  /** Takes no commits any more; resolves when those that came have settled (L1). */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.allSettled(this.#running)
  }

  commit(commit: Commit): Promise<CommitResult> {
    if (this.#isOver) return Promise.reject(over())
    const committing = this.#log.commit(commit)
    this.#running.add(committing)
    const done = (): void => void this.#running.delete(committing)
    committing.then(done, done)
    return committing
  }

  read(request: ReadRequest): Promise<ReadResult> {
    return this.#log.read(request)
  }

  wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    return this.#log.wait(positions, signal)
  }

  positions(group: string): Promise<readonly GroupPosition[]> {
    return this.#log.positions(group)
  }

  describeTopic(name: string): Promise<Topic> {
    return this.#log.describeTopic(name)
  }

  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    return this.#log.offsetForTime(topic, partition, timestampMs)
  }

  createTopic(name: string, spec?: Partial<TopicSpec>): Promise<Topic> {
    return this.#isOver ? Promise.reject(over()) : this.#log.createTopic(name, spec)
  }

  listTopics(options?: { readonly internal?: boolean }): Promise<readonly Topic[]> {
    return this.#log.listTopics(options)
  }

  alterTopic(name: string, changes: Partial<TopicSpec>): Promise<Topic> {
    return this.#isOver ? Promise.reject(over()) : this.#log.alterTopic(name, changes)
  }

  deleteTopic(name: string): Promise<void> {
    return this.#isOver ? Promise.reject(over()) : this.#log.deleteTopic(name)
  }

  deleteRecords(topic: string, partition: number, beforeOffset: number): Promise<void> {
    if (this.#isOver) return Promise.reject(over())
    return this.#log.deleteRecords(topic, partition, beforeOffset)
  }

  listGroups(): Promise<readonly string[]> {
    return this.#log.listGroups()
  }

  cleanup(): Promise<CleanupReport> {
    return this.#log.cleanup()
  }

  /** The log itself is its owner's to close. */
  close(): Promise<void> {
    return this.end()
  }
}

function over(): MillraceError {
  return new MillraceError(
    'DEPLOYMENT_ENDED',
    'this version of the deployment was stopped or replaced; nothing of it is written any more'
  )
}
