// Turns an epoch into one commit of the log, and tells everybody once it is durable.
import { type Clock, assert } from '../../base/index.ts'
import type { CommitBatch, CommitOffset, LogData } from '../../log/log.ts'
import { batchProducerId, readBatchHeader } from '../../record/index.ts'
import type { SealedState, TaskState } from '../../state/contract.ts'
import { reportable } from './failure.ts'
import type { EpochEnd, TaskProgram } from './program.ts'
import type { SourceReader } from './source-reader.ts'

/** Commits whose duration is kept. */
const SAMPLES_MAX = 512

/** Where the task's state changes go. */
export interface CommitChangelog {
  readonly topic: string
  readonly partition: number
}

/** Where commits are counted. */
export interface CommitCounters {
  commits: number
}

/** What a commit is made from. */
export interface CommitWriterOptions {
  readonly log: LogData
  readonly clock: Clock
  readonly group: string
  readonly program: TaskProgram
  readonly readers: readonly SourceReader[]
  readonly positionMetadata: (topic: string, partition: number) => string
  readonly state: TaskState | null
  readonly changelog: CommitChangelog | null
  readonly counters: CommitCounters
  /** Called when a commit has ended, either way. */
  wake(): void
}

interface Sealed {
  readonly batches: CommitBatch[]
  readonly state: SealedState | null
  /** Index of the first changelog batch. */
  readonly stateFrom: number
  /** Batches that the task has processed itself (K2). Noted now: a log may take the bytes away. */
  readonly own: { readonly index: number; readonly count: number }[]
  readonly end: EpochEnd | null
}

/** One commit at a time (R3). */
export class CommitWriter {
  /** Resolves when the commit under way has ended, either way; null when none is. Never rejects. */
  inFlight: Promise<void> | null = null
  /** Why nothing is committed any more (R6). */
  error: Error | null = null
  /** Milliseconds from seal to durable of the last commits. */
  readonly commitMs: number[] = []
  readonly #options: CommitWriterOptions
  #samples = 0

  constructor(options: CommitWriterOptions) {
    this.#options = options
  }

  /** Whether records were processed since the last seal. */
  get hasMoved(): boolean {
    return this.#options.readers.some(reader => reader.position !== reader.committed)
  }

  /** Seals and commits what there is; false when there is nothing, or only positions and that is not wanted. */
  start(options: { readonly positionsAlone: boolean }): boolean {
    assert(this.inFlight === null, 'one commit is under way at a time (R3)')
    assert(this.error === null, 'nothing is committed after a failed commit (R6)')
    const { log, clock, program, state } = this.#options
    program.work?.beforeSeal()
    const hasEffects = program.outputs.records > 0 || (state !== null && state.dirty)
    if (!hasEffects && !(options.positionsAlone && this.hasMoved)) return false
    const startMs = clock.monotonic()
    const sealed = this.#seal()
    const offsets = this.#offsets()
    this.inFlight = log
      .commit({ batches: sealed.batches, offsets })
      .then(({ baseOffsets }) => {
        this.#sample(clock.monotonic() - startMs)
        this.#durable(sealed, baseOffsets)
      })
      .catch((error: unknown) => {
        this.error = reportable(error)
      })
      .then(() => {
        this.inFlight = null
        this.#options.wake()
      })
    return true
  }

  #seal(): Sealed {
    const { program, state, changelog, clock } = this.#options
    const batches = program.outputs.seal()
    const own: Sealed['own'] = []
    const { marker } = program
    for (const [index, { batch }] of batches.entries()) {
      if (marker === -1 || batchProducerId(batch, 0) !== marker) continue
      own.push({ index, count: readBatchHeader(batch, 0).recordCount })
    }
    const stateFrom = batches.length
    const end = program.sealed?.(batches) ?? null
    if (state === null || changelog === null || !state.dirty) {
      return { batches, state: null, stateFrom, own, end }
    }
    const sealed = state.seal(clock.now())
    for (const batch of sealed.batches) batches.push({ ...changelog, batch })
    return { batches, state: sealed, stateFrom, own, end }
  }

  /** The positions that moved; noted as committed, for a failed commit ends the task anyway. */
  #offsets(): CommitOffset[] {
    const { readers, group, positionMetadata } = this.#options
    const offsets: CommitOffset[] = []
    for (const reader of readers) {
      const { topic, partition, position } = reader
      if (position === reader.committed) continue
      assert(position > reader.committed, 'positions only grow')
      const metadata = positionMetadata(topic, partition)
      offsets.push({ group: reader.group ?? group, topic, partition, offset: position, metadata })
      reader.committed = position
    }
    return offsets
  }

  #durable({ batches, state, stateFrom, own, end }: Sealed, baseOffsets: readonly number[]): void {
    const { counters } = this.#options
    counters.commits++
    if (state !== null && state.batches.length > 0) {
      const last = stateFrom + state.batches.length - 1
      const next = baseOffsets[last]! + state.recordCounts.at(-1)!
      this.#options.state!.committed(state.epoch, next)
    }
    for (const { index, count } of own) {
      const { topic, partition } = batches[index]!
      const from = baseOffsets[index]!
      for (const reader of this.#options.readers) {
        if (reader.topic === topic && reader.partition === partition) {
          reader.noteOwn(from, from + count)
        }
      }
    }
    end?.(baseOffsets)
  }

  #sample(durationMs: number): void {
    this.commitMs[this.#samples++ % SAMPLES_MAX] = durationMs
  }
}
