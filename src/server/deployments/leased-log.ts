// The log as one deployment has it: once its time is over, nothing of it reaches the log any more.
//
//   L1  After `end` resolved no commit that was handed over here takes effect: what follows can read where the last one
//       stopped and go on.
import { MillraceError } from '../../base/index.ts'
import { delegateLog, type Commit, type CommitResult, type Log } from '../../log/index.ts'

/** A log for a time. */
export class LeasedLog {
  /** What the deployment writes and reads; to close it is to end the lease, the log itself is its owner's. */
  readonly log: Log
  readonly #owned: Log
  readonly #running = new Set<Promise<unknown>>()
  #isOver = false

  constructor(log: Log) {
    this.#owned = log
    const whileValid = <T>(call: () => Promise<T>): Promise<T> =>
      this.#isOver ? Promise.reject(over()) : call()
    this.log = delegateLog(log, {
      commit: commit => whileValid(() => this.#commit(commit)),
      createTopic: (name, spec) => whileValid(() => log.createTopic(name, spec)),
      alterTopic: (name, changes) => whileValid(() => log.alterTopic(name, changes)),
      deleteTopic: name => whileValid(() => log.deleteTopic(name)),
      deleteRecords: (topic, partition, beforeOffset) =>
        whileValid(() => log.deleteRecords(topic, partition, beforeOffset)),
      close: () => this.end()
    })
  }

  /** Takes no commits any more; resolves when those that came have settled (L1). */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.allSettled(this.#running)
  }

  #commit(commit: Commit): Promise<CommitResult> {
    const committing = this.#owned.commit(commit)
    this.#running.add(committing)
    const done = (): void => void this.#running.delete(committing)
    committing.then(done, done)
    return committing
  }
}

function over(): MillraceError {
  return new MillraceError(
    'DEPLOYMENT_ENDED',
    'this version of the deployment was stopped or replaced; nothing of it is written any more'
  )
}
