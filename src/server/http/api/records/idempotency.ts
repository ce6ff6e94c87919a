// What is remembered of requests with an Idempotency-Key that wrote records: a repeated one writes nothing.
//
//   K1  A key and its records are one commit: both are durable or none.
//   K2  A repeated key waits for the first request and gets its answer; while the first one runs, too.
//   K3  Where the records went is noted behind them, without anybody waiting. A process that is killed in between
//       knows that they are there, and not where.
import { createHash } from 'node:crypto'

import { MillraceError } from '../../../../base/index.ts'
import type { Clock } from '../../../../base/index.ts'
import type { CommitBatch, Log } from '../../../../log/log.ts'
import { BatchBuilder } from '../../../../record/index.ts'
import { HttpError } from '../../errors.ts'
import { readRange, wholeTopic } from '../../../out/topic-reader.ts'
import type { PreparedRecords, RecordPlace } from './writer.ts'

/** The topic in which keys are kept. */
const KEYS_TOPIC = '_millrace.http-keys'
/** How long keys are remembered, ms. */
const RETENTION_MS = 24 * 3_600_000
const KEYS_MAX = 100_000
/** Old keys that one commit takes away. */
const FORGOTTEN_MAX = 100
/** Records of a request whose places are kept. */
const PLACES_MAX = 1_000

interface Known {
  readonly fingerprint: string
  readonly atMs: number
  /** null: not known any more, or too many. */
  places: readonly RecordPlace[] | null
}

/** What a request wrote. */
export interface Written {
  readonly places: readonly RecordPlace[] | null
  readonly isRepeated: boolean
}

/** The keys of all topics, oldest first. */
export class IdempotencyKeys {
  readonly #log: Log
  readonly #clock: Clock
  readonly #running = new Map<string, Promise<Written>>()
  #known: Promise<Map<string, Known>> | null = null

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /**
   * Commits what `prepare` gives, unless a request with the key did.
   * @throws 422 the key came with another body · as Log.commit
   */
  async once(
    request: { readonly topic: string; readonly key: string; readonly body: Uint8Array },
    prepare: () => Promise<PreparedRecords>
  ): Promise<Written> {
    const id = `${request.topic}\n${request.key}`
    const fingerprint = createHash('sha256')
      .update(request.body)
      .digest()
      .toString('base64url', 0, 16)
    this.#known ??= this.#load().catch((error: unknown) => {
      // Whoever asks next tries again.
      this.#known = null
      throw error
    })
    const known = await this.#known
    for (;;) {
      const before = known.get(id)
      if (before !== undefined && this.#clock.now() - before.atMs < RETENTION_MS) {
        if (before.fingerprint !== fingerprint) throw keyReused(request.key)
        return { places: before.places, isRepeated: true }
      }
      const running = this.#running.get(id)
      if (running === undefined) break
      // The first one may fail: then this one is the first.
      await running.catch(() => {})
    }
    const writing = this.#write(known, id, fingerprint, prepare)
    this.#running.set(id, writing)
    try {
      return await writing
    } finally {
      this.#running.delete(id)
    }
  }

  async #write(
    known: Map<string, Known>,
    id: string,
    fingerprint: string,
    prepare: () => Promise<PreparedRecords>
  ): Promise<Written> {
    const prepared = await prepare()
    const entry: Known = { fingerprint, atMs: this.#clock.now(), places: null }
    // One that was over is the newest now.
    known.delete(id)
    const keys = this.#batch([...this.#forgotten(known), [id, entry]])
    const batches = [...prepared.batches, keys]
    const { baseOffsets } = await this.#log.commit({ batches, offsets: [] })
    const places = prepared.places(baseOffsets)
    known.set(id, entry)
    if (places.length <= PLACES_MAX) {
      entry.places = places
      const noted = this.#batch([[id, entry]])
      // K3: that it fails, the next commit tells.
      this.#log.commit({ batches: [noted], offsets: [] }).catch(() => {})
    }
    return { places, isRepeated: false }
  }

  /** Takes the oldest keys out of memory; gives them to be taken out of the topic. */
  #forgotten(known: Map<string, Known>): [string, null][] {
    const found: [string, null][] = []
    const until = this.#clock.now() - RETENTION_MS
    for (const [id, { atMs }] of known) {
      const isOver = atMs < until || known.size - found.length >= KEYS_MAX
      if (!isOver || found.length >= FORGOTTEN_MAX) break
      found.push([id, null])
    }
    for (const [id] of found) known.delete(id)
    return found
  }

  #batch(entries: readonly (readonly [string, Known | null])[]): CommitBatch {
    const builder = new BatchBuilder()
    for (const [id, known] of entries) {
      const value = known === null ? null : Buffer.from(JSON.stringify(known))
      builder.append(this.#clock.now(), Buffer.from(id), value)
    }
    return { topic: KEYS_TOPIC, partition: 0, batch: builder.build() }
  }

  async #load(): Promise<Map<string, Known>> {
    const known = new Map<string, Known>()
    const topics = await this.#log.listTopics({ internal: true })
    if (!topics.some(topic => topic.name === KEYS_TOPIC)) {
      await this.#log.createTopic(KEYS_TOPIC, { partitions: 1, cleanup: 'compact', internal: true })
      return known
    }
    for (const range of await wholeTopic(this.#log, KEYS_TOPIC)) {
      await readRange(this.#log, range, cursor => {
        const id = cursor.key()?.toString() ?? ''
        const value = cursor.value()
        known.delete(id)
        if (value !== null) known.set(id, JSON.parse(value.toString()) as Known)
      })
    }
    return known
  }
}

function keyReused(key: string): HttpError {
  const message =
    `the Idempotency-Key ${JSON.stringify(key)} came with another body before; expected a key of its own for each ` +
    'request; choose a new one, or send what was sent'
  return new HttpError(422, 'IDEMPOTENCY_KEY_REUSED', message)
}

/** The key, if it is one. @throws USAGE */
export function checkKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw new MillraceError(
    'USAGE',
    'the Idempotency-Key must be 1 to 255 visible ASCII characters; a UUID is usual'
  )
}
