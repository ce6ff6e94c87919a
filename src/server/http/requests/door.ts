// An HTTP ingress behind its routes: takes requests once, however often they come, and gives their answers.
//
//   D1  A key and its message are one record: both are durable or none. After a start the keys are read from there.
//   D2  A repeated key makes no second message; it waits for the first one to be durable, then for the same answer.
//   D3  A request is refused before anything is written, or it is in the log for good.
import { createHash, randomUUID } from 'node:crypto'

import type { Clock } from '../../../base/index.ts'
import type { HttpIngressPlan, RunningFunctions } from '../../../functions/index.ts'
import { functionsGroupName } from '../../../functions/index.ts'
import type { Log } from '../../../log/log.ts'
import type { RecordHeader } from '../../../record/index.ts'
import { readRange, wholeTopic } from '../../out/topic-reader.ts'
import { HttpError, comeLater } from '../errors.ts'
import type { Answers } from './answers.ts'
import { Appender } from './appender.ts'
import { Backlog } from './backlog.ts'
import { Call, Ledger } from './call.ts'
import type { Reply } from './reply.ts'
import {
  FINGERPRINT_HEADER,
  IDEMPOTENCY_KEY_HEADER,
  REQUEST_ID_HEADER,
  headerOf,
  requestsTopic
} from './specs.ts'

/** What doors are made from. */
export interface DoorOptions {
  readonly log: Log
  readonly clock: Clock
  readonly app: string
  /** Those of this process, which requests are handed to; null or not given: they run elsewhere, or not yet. */
  readonly functions?: Pick<RunningFunctions, 'hand'> | null
  /** Bounds of what may wait for the functions; default those of `base/limits.ts`. */
  readonly waitingRecordsMax?: number
  readonly waitingBytesMax?: number
}

/** A request as its route read it. */
export interface DoorRequest {
  /** The function's id. */
  readonly id: string
  readonly body: Uint8Array
  readonly key: string | null
  /** How long the caller waits for the answer, ms; null: it does not want it. */
  readonly timeoutMs: number | null
}

/** A request that is durable. */
export interface Admission {
  readonly call: Call
  /** Whether the key came before. */
  readonly isRepeated: boolean
  /**
   * The answer, or null when it does not come in time, or is not wanted. @throws 503 millrace stops meanwhile
   */
  readonly reply: Promise<Reply | null> | null
}

interface DoorParts {
  readonly restored: readonly Call[]
  readonly ledger: Ledger
  readonly backlog: Backlog
  readonly partitions: number
}

/** One HTTP ingress. */
export class IngressDoor {
  readonly plan: HttpIngressPlan
  /** Remembered calls, oldest first, as they were found at the start. */
  readonly restored: readonly Call[]
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #appender: Appender
  readonly #backlog: Backlog
  #answers: Answers | null = null

  private constructor(options: DoorOptions, plan: HttpIngressPlan, parts: DoorParts) {
    this.plan = plan
    this.restored = parts.restored
    this.#clock = options.clock
    this.#ledger = parts.ledger
    this.#ledger.onForgotten = call => this.#answers?.forget(call)
    this.#backlog = parts.backlog
    this.#appender = new Appender({
      log: options.log,
      clock: options.clock,
      topic: requestsTopic(options.app, plan.id),
      partitions: parts.partitions,
      endOffsets: this.#backlog.endOffsets,
      functions: options.functions ?? null,
      onDurable: (partition, endOffset, bytes) => {
        this.#backlog.appended(partition, endOffset, bytes)
      },
      onTaken: (partition, endOffset) => this.#backlog.taken(partition, endOffset)
    })
  }

  /** Opens the door of an ingress whose topic exists, with the keys of before (D1). */
  static async open(options: DoorOptions, plan: HttpIngressPlan): Promise<IngressDoor> {
    const { log, clock, app, waitingRecordsMax, waitingBytesMax } = options
    const topic = requestsTopic(app, plan.id)
    const { spec } = await log.describeTopic(topic)
    const ledger = new Ledger(plan.idempotency)
    const calls = await readCalls(log, topic, plan)
    for (const call of calls) {
      if (ledger.find(call.key!, call.acceptedAt) === null) ledger.add(call)
    }
    const now = clock.now()
    const restored = calls.filter(call => ledger.find(call.key!, now) === call)
    const backlog = await Backlog.open({
      log,
      clock,
      topic,
      group: functionsGroupName(app),
      keepFrom: partition => ledger.keepFrom(partition),
      ...(waitingRecordsMax === undefined ? {} : { recordsMax: waitingRecordsMax }),
      ...(waitingBytesMax === undefined ? {} : { bytesMax: waitingBytesMax })
    })
    return new IngressDoor(options, plan, {
      restored,
      ledger,
      backlog,
      partitions: spec.partitions
    })
  }

  /** Says who brings the answers, before the first request. */
  attach(answers: Answers): void {
    this.#answers = answers
  }

  /**
   * Takes a request; resolves when it is durable.
   * @throws 422 the key came with another request · 503 too much waits for the functions
   */
  async admit(request: DoorRequest): Promise<Admission> {
    const { key, timeoutMs } = request
    const fingerprint = key === null ? null : fingerprintOf(request)
    let known = this.#find(key)
    if (known === null && this.#backlog.isFull) {
      await this.#backlog.refresh()
      known = this.#find(key)
      if (known === null && this.#backlog.isFull) throw this.#full()
    }
    if (known !== null) {
      if (known.fingerprint !== fingerprint) throw keyReused(key!)
      if (known.accepting !== null) await known.accepting
      const reply = timeoutMs === null ? null : this.#answer(known, timeoutMs)
      return { call: known, isRepeated: true, reply }
    }
    const call = this.#newCall(key, fingerprint)
    // Before it is on its way: in one commit with the request its answer comes at the same time.
    const reply = timeoutMs === null ? null : this.#answer(call, timeoutMs)
    // Whoever is told to come again while the request is on its way hears of it when that has ended.
    reply?.catch(() => {})
    await this.#accept(call, request)
    return { call, isRepeated: false, reply }
  }

  #answer(call: Call, timeoutMs: number): Promise<Reply | null> {
    const answers = this.#answers!
    if (call.answer !== null) return answers.read(call)
    if (call.hasEnded) return answers.failureOf(call)!
    answers.expect(call)
    return new Promise((resolve, reject) => {
      const timer = this.#clock.timer(timeoutMs, () => {
        call.leave(waiter)
        answers.forget(call)
        resolve(answers.failureOf(call))
      })
      const waiter = {
        resolve: (reply: Reply): void => {
          timer.cancel()
          resolve(reply)
        },
        reject: (error: unknown): void => {
          timer.cancel()
          reject(error as Error)
        }
      }
      call.wait(waiter)
    })
  }

  /** Resolves when no request is on its way into the log. */
  idle(): Promise<void> {
    return this.#appender.idle()
  }

  #find(key: string | null): Call | null {
    return key === null ? null : this.#ledger.find(key, this.#clock.now())
  }

  #newCall(key: string | null, fingerprint: string | null): Call {
    const acceptedAt = this.#clock.now()
    const requestId = key === null ? randomUUID() : rememberedId()
    return callOf(this.plan, { requestId, key, fingerprint, acceptedAt })
  }

  /** Nothing is awaited between the look into the ledger and the entry in it. */
  #accept(call: Call, { id, body }: DoorRequest): Promise<void> {
    const { key } = call
    const record = {
      timestampMs: call.acceptedAt,
      key: Buffer.from(id),
      value: body,
      headers: headersOf(call)
    }
    if (key !== null) {
      this.#ledger.add(call)
      this.#answers!.expect(call)
    }
    const accepting = this.#appender.append(record).then(
      place => {
        call.place = place
        call.accepting = null
      },
      (error: unknown) => {
        if (key !== null) this.#ledger.remove(call)
        this.#answers!.give(call, error)
        throw error
      }
    )
    call.accepting = accepting
    return accepting
  }

  #full(): HttpError {
    return comeLater(
      'BACK_PRESSURE',
      `too many messages of ${this.plan.id} wait for ${this.plan.targets.join(', ')}; ` +
        `nothing was taken, repeat the request later`
    )
  }
}

/** The calls with a key that a topic holds, oldest first. */
async function readCalls(log: Log, topic: string, plan: HttpIngressPlan): Promise<Call[]> {
  const byPartition: Call[][] = []
  for (const range of await wholeTopic(log, topic)) {
    const calls: Call[] = []
    byPartition.push(calls)
    await readRange(log, range, (cursor, partition) => {
      const headers = cursor.headers()
      const key = headerOf(headers, IDEMPOTENCY_KEY_HEADER)
      const requestId = headerOf(headers, REQUEST_ID_HEADER)
      if (key === null || requestId === null) return
      const fingerprint = headerOf(headers, FINGERPRINT_HEADER)
      const call = callOf(plan, { requestId, key, fingerprint, acceptedAt: cursor.timestamp })
      call.place = { partition, offset: cursor.offset }
      calls.push(call)
    })
  }
  return mergeByTime(byPartition)
}

/** The order of a partition stays as it is, whatever its times are. */
function mergeByTime(lists: readonly Call[][]): Call[] {
  const next = lists.map(() => 0)
  const merged: Call[] = []
  for (;;) {
    let first = -1
    for (const [index, list] of lists.entries()) {
      const call = list[next[index]!]
      if (call === undefined) continue
      if (first < 0 || call.acceptedAt < lists[first]![next[first]!]!.acceptedAt) first = index
    }
    if (first < 0) return merged
    merged.push(lists[first]![next[first]!++]!)
  }
}

function callOf(
  { targets }: HttpIngressPlan,
  options: Pick<Call, 'requestId' | 'key' | 'fingerprint' | 'acceptedAt'>
): Call {
  return new Call({ ...options, failsAlone: targets.length === 1 })
}

function headersOf({ requestId, key, fingerprint }: Call): RecordHeader[] {
  const headers = [{ key: REQUEST_ID_HEADER, value: Buffer.from(requestId) }]
  if (key !== null && fingerprint !== null) {
    headers.push({ key: IDEMPOTENCY_KEY_HEADER, value: Buffer.from(key) })
    headers.push({ key: FINGERPRINT_HEADER, value: Buffer.from(fingerprint) })
  }
  return headers
}

/** A UUID in one piece: as `randomUUID` puts it together, it takes 490 bytes for as long as it is remembered. */
function rememberedId(): string {
  return Buffer.from(randomUUID(), 'latin1').toString('latin1')
}

function fingerprintOf({ id, body }: DoorRequest): string {
  const hash = createHash('sha256')
  hash.update(`${Buffer.byteLength(id)}:${id}`)
  return hash.update(body).digest().toString('base64url', 0, 16)
}

function keyReused(key: string): HttpError {
  return new HttpError(
    422,
    'IDEMPOTENCY_KEY_REUSED',
    `the Idempotency-Key ${JSON.stringify(key)} came with another id or body before; ` +
      `expected a key of its own for each request; choose a new one, or send what was sent`
  )
}
