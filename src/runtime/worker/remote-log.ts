// The data plane of a log across threads: one read is one buffer, one commit its batches' buffers.
import { assert } from '../../base/index.ts'
import type {
  Commit,
  CommitResult,
  GroupPosition,
  LogData,
  ReadRequest,
  ReadResult,
  Topic,
  WaitPosition
} from '../../log/log.ts'
import type { Answer, Peer } from './peer.ts'

interface OffsetForTimeArgs {
  readonly topic: string
  readonly partition: number
  readonly timestampMs: number
}

/** Whether a commit's bytes may move to the other thread, which leaves the caller without them. */
export interface RemoteLogOptions {
  readonly movesBatches: boolean
}

/** The log of the thread at the other end of `peer`, where {@link serveLog} answers. */
export class RemoteLog implements LogData {
  readonly #peer: Peer
  readonly #movesBatches: boolean

  constructor(peer: Peer, options: RemoteLogOptions) {
    this.#peer = peer
    this.#movesBatches = options.movesBatches
  }

  commit(commit: Commit): Promise<CommitResult> {
    const transfer = new Set<ArrayBuffer>()
    const batches = commit.batches.map(({ topic, partition, batch }) => {
      const sent = this.#movesBatches ? whole(batch) : new Uint8Array(batch)
      transfer.add(sent.buffer)
      return { topic, partition, batch: sent }
    })
    const args: Commit = { batches, offsets: commit.offsets }
    return this.#peer.call('log.commit', args, { transfer: [...transfer] }) as Promise<CommitResult>
  }

  read(request: ReadRequest): Promise<ReadResult> {
    const { into, ...sent } = request
    // The answer brings its own memory.
    void into
    return this.#peer.call('log.read', sent) as Promise<ReadResult>
  }

  async wait(positions: readonly WaitPosition[], signal?: AbortSignal): Promise<void> {
    await this.#peer.call('log.wait', positions, signal === undefined ? {} : { signal })
  }

  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number> {
    const args: OffsetForTimeArgs = { topic, partition, timestampMs }
    return this.#peer.call('log.offset-for-time', args) as Promise<number>
  }

  positions(group: string): Promise<readonly GroupPosition[]> {
    return this.#peer.call('log.positions', group) as Promise<readonly GroupPosition[]>
  }

  describeTopic(name: string): Promise<Topic> {
    return this.#peer.call('log.describe-topic', name) as Promise<Topic>
  }
}

/** Answers a {@link RemoteLog} at the other end of `peer` from `log`. */
export function serveLog(peer: Peer, log: LogData): void {
  peer.handle('log.commit', async args => ({ value: await log.commit(args as Commit) }))
  peer.handle('log.read', async args => readAnswer(await log.read(args as ReadRequest)))
  peer.handle('log.wait', async (args, signal) => {
    await log.wait(args as readonly WaitPosition[], signal)
    return { value: null }
  })
  peer.handle('log.positions', async args => ({ value: await log.positions(args as string) }))
  peer.handle('log.offset-for-time', async args => {
    const { topic, partition, timestampMs } = args as OffsetForTimeArgs
    return { value: await log.offsetForTime(topic, partition, timestampMs) }
  })
  peer.handle('log.describe-topic', async args => ({
    value: await log.describeTopic(args as string)
  }))
}

/** A log's bytes are read only and may be a piece of something larger: they are copied once. */
function readAnswer(result: ReadResult): Answer {
  const bytes = new Uint8Array(result.bytes)
  return { value: { ...result, bytes }, transfer: [bytes.buffer] }
}

/** The bytes with a buffer of their own: as they are where they fill theirs. */
function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    return new Uint8Array(buffer)
  }
  const copy = new Uint8Array(bytes)
  assert(copy.buffer.byteLength === byteLength, 'a copied batch fills its buffer')
  return copy
}
