// Callers of `wait`: each is woken by the first commit past one of its offsets, never by polling.
import type { PartitionState } from './catalog.ts'

interface Waiter<Data> {
  readonly targets: ReadonlyMap<PartitionState<Data>, number>
  readonly settle: (error?: unknown) => void
}

/** Who waits for which partition. `Data` is the implementation's own (see {@link PartitionState}). */
export class Waiters<Data> {
  readonly #byPartition = new Map<PartitionState<Data>, Set<Waiter<Data>>>()

  /**
   * Resolves when a partition's end passes its offset (and its start: a removed record is not there), at once
   * if so; rejects with the signal's reason, or with what {@link fail} gives.
   */
  wait(targets: ReadonlyMap<PartitionState<Data>, number>, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      for (const [state, offset] of targets) {
        if (hasRecord(state, offset)) return resolve()
      }
      const onAbort = (): void => waiter.settle(signal?.reason)
      const waiter: Waiter<Data> = {
        targets,
        settle: error => {
          this.#remove(waiter)
          signal?.removeEventListener('abort', onAbort)
          if (error === undefined) resolve()
          else reject(error)
        }
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      for (const state of targets.keys()) this.#add(state, waiter)
    })
  }

  /** To call after `state`'s end moved. */
  wake(state: PartitionState<Data>): void {
    const waiters = this.#byPartition.get(state)
    if (waiters === undefined) return
    // Settling takes the waiter out of the set, which iteration of a set allows.
    for (const waiter of waiters) {
      if (hasRecord(state, waiter.targets.get(state)!)) waiter.settle()
    }
  }

  /** Rejects everyone who waits for `state`, or for anything. */
  fail(error: unknown, state?: PartitionState<Data>): void {
    const sets =
      state === undefined ? [...this.#byPartition.values()] : [this.#byPartition.get(state) ?? []]
    for (const waiters of sets) {
      for (const waiter of waiters) waiter.settle(error)
    }
  }

  #add(state: PartitionState<Data>, waiter: Waiter<Data>): void {
    const waiters = this.#byPartition.get(state)
    if (waiters === undefined) this.#byPartition.set(state, new Set([waiter]))
    else waiters.add(waiter)
  }

  #remove(waiter: Waiter<Data>): void {
    for (const state of waiter.targets.keys()) {
      const waiters = this.#byPartition.get(state)
      waiters?.delete(waiter)
      if (waiters?.size === 0) this.#byPartition.delete(state)
    }
  }
}

function hasRecord<Data>(state: PartitionState<Data>, offset: number): boolean {
  return state.endOffset > Math.max(offset, state.startOffset)
}
