// A log that shows one topic only up to a gate, so that a running dataflow can be given its input in portions.
import type {
  Commit,
  CommitResult,
  GroupPosition,
  LogData,
  ReadRequest,
  ReadResult,
  Topic,
  WaitPosition
} from '../../src/log/log.ts'
import { batchBaseOffset, batchByteLength } from '../../src/record/index.ts'

/** Passes everything on but what stands in the topic at and behind the gate, a batch's first offset. */
export class GatedLog implements LogData {
  readonly #log: LogData
  readonly #topic: string
  #gate = 0
  #moved: { readonly promise: Promise<void>; resolve(): void } = Promise.withResolvers<void>()

  constructor(log: LogData, topic: string) {
    this.#log = log
    this.#topic = topic
  }

  /** Shows the topic up to `offset`. */
  open(offset: number): void {
    this.#gate = offset
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    if (request.topic !== this.#topic) return this.#log.read(request)
    const gate = this.#gate
    const hidden = { bytes: new Uint8Array(0), nextOffset: request.offset, endOffset: gate }
    if (request.offset >= gate) return { ...hidden, startOffset: 0 }
    const result = await this.#log.read(request)
    if (result.nextOffset <= gate) return result
    let end = 0
    while (batchBaseOffset(result.bytes, end) < gate) end += batchByteLength(result.bytes, end)
    return { ...result, bytes: result.bytes.subarray(0, end), nextOffset: gate, endOffset: gate }
  }

  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    const [first] = positions
    if (first?.topic !== this.#topic) return this.#log.wait(positions, signal)
    while (first.offset >= this.#gate) {
      const aborted = new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
      await Promise.race([this.#moved.promise, aborted])
    }
  }

  commit(commit: Commit): Promise<CommitResult> {
    return this.#log.commit(commit)
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
}
