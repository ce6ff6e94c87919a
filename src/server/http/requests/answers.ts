// Brings answers to calls: follows the replies and the dead letters of an application.
//
//   A1  The first answer of a call counts, in the order of its topic: the same after every restart.
//   A2  Whoever waits gets the answer when it is durable, never before.
//   A3  The answers of remembered calls stay in the log, and can be read again from there.
//   A4  Replies that the functions of this process write are not read: they tell of them once they are durable, in the
//       order of the topic. One that does not come directly behind what is known is read with what stands before it.
//   A5  A dead letter further down is told as soon as no message of the request is on its way, but is no answer: should
//       a reply come after all, who repeats the request gets that.
import { isMillraceError, messageOf } from '../../../base/index.ts'
import type { Clock } from '../../../base/index.ts'
import type { Log } from '../../../log/log.ts'
import type { RecordCursor } from '../../../record/index.ts'
import {
  LAST_REQUEST_HEADER,
  REQUEST_HEADER,
  functionsDeadLetterName
} from '../../../functions/index.ts'
import type { EgressRecord, RunningFunctions } from '../../../functions/index.ts'
import { readOnce, readRange, wholeTopic } from '../../out/topic-reader.ts'
import type { PartitionRange } from '../../out/topic-reader.ts'
import { comeLater, errorBody } from '../errors.ts'
import type { AnswerPlace, Call } from './call.ts'
import { decodeReply } from './reply.ts'
import type { Reply } from './reply.ts'
import { REQUEST_ID_HEADER, ReplyRecord, headerOf, repliesTopic } from './specs.ts'

/** Replies that are followed between two removals of old ones. */
const TRIM_RECORDS = 1_024
/** Codes of failures of a function elsewhere. */
const GATEWAY_CODES = /^(FUNCTION_CALL_|FUNCTION_REPLY_|ENDPOINT_)/

/** What an {@link Answers} is made from. */
export interface AnswersOptions {
  readonly log: Log
  readonly clock: Clock
  readonly app: string
  /** Those of this process (A4), or null. */
  readonly functions: Pick<RunningFunctions, 'hear'> | null
}

/** How far a partition is known. */
interface FollowedPartition {
  readonly kind: AnswerPlace['kind']
  readonly topic: string
  readonly partition: number
  offset: number
}

/** The answers of all calls of an application. */
export class Answers {
  readonly #log: Log
  readonly #clock: Clock
  readonly #topics: Readonly<Record<AnswerPlace['kind'], string>>
  /** Calls that may still be answered, by their ids. */
  readonly #open = new Map<string, Call>()
  /** Remembered calls whose replies are in the log, in the order of the log (A3). */
  readonly #kept: Call[] = []
  /** Calls of which a dead letter was the last message (A5), not told yet. */
  #ended: Call[] = []
  readonly #stop = new AbortController()
  #following: Promise<void> = Promise.resolve()
  #followed: readonly FollowedPartition[] = []
  #repliesFrom = 0
  #trimmedTo = 0

  private constructor(options: AnswersOptions, calls: readonly Call[]) {
    this.#log = options.log
    this.#clock = options.clock
    this.#topics = {
      reply: repliesTopic(options.app),
      'dead-letter': functionsDeadLetterName(options.app)
    }
    for (const call of calls) this.#open.set(call.requestId, call)
  }

  /** Finds the answers of remembered calls, and follows the topics from there on. */
  static async start(options: AnswersOptions, calls: readonly Call[]): Promise<Answers> {
    const answers = new Answers(options, calls)
    const ranges = await answers.#restore(calls)
    answers.#followed = ranges.map(({ topic, partition, until }) => ({
      kind: topic === answers.#topics.reply ? 'reply' : 'dead-letter',
      topic,
      partition,
      offset: until
    }))
    options.functions?.hear(answers.#topics.reply, (record, partition, offset) =>
      answers.#hear(record, partition, offset)
    )
    const following = answers.#followed.map(followed => answers.#follow(followed))
    answers.#following = Promise.all(following).then(() => {})
    // Whoever runs it asks `finished`; until then a failure must not end the process.
    answers.#following.catch(() => {})
    return answers
  }

  /** Resolves after `stop`; rejects when the log cannot be read any more. */
  get finished(): Promise<void> {
    return this.#following
  }

  /** A call that somebody may ask for. */
  expect(call: Call): void {
    this.#open.set(call.requestId, call)
  }

  /** A call that did not become durable. */
  give(call: Call, error: unknown): void {
    this.#open.delete(call.requestId)
    for (const waiter of call.release()) waiter.reject(error)
  }

  /** A call that nobody will ask for. */
  forget(call: Call): void {
    if (call.isOver) this.#open.delete(call.requestId)
  }

  /** Reads the answer of a call again. @throws 503 it is gone with a topic that somebody deleted */
  read({ answer, requestId }: Call): Promise<Reply> {
    return this.#readAt(answer!, requestId)
  }

  /** Why there is no answer by now, if a message of the call has become a dead letter; null otherwise. */
  failureOf({ failure, requestId }: Call): Promise<Reply> | null {
    return failure === null ? null : this.#readAt(failure, requestId)
  }

  async #readAt({ kind, partition, offset }: AnswerPlace, requestId: string): Promise<Reply> {
    const found: { reply?: Reply } = {}
    const range = { topic: this.#topics[kind], partition, from: offset, until: offset + 1 }
    await readOnce(this.#log, range, cursor => (found.reply = this.#replyAt(kind, cursor)))
    if (found.reply !== undefined) return found.reply
    throw comeLater('REPLY_LOST', `the reply to the request ${requestId} is no longer in the log`)
  }

  /** Stops following; whoever waits is told to come again. */
  stop(): void {
    this.#stop.abort()
    const stopped = comeLater(
      'STOPPING',
      'millrace stops before the reply came; repeat the request with the same Idempotency-Key to get it'
    )
    for (const call of this.#open.values()) {
      for (const waiter of call.release()) waiter.reject(stopped)
    }
  }

  /** Replies first, then dead letters of calls that have none. Gives where to go on. */
  async #restore(calls: readonly Call[]): Promise<readonly PartitionRange[]> {
    const take =
      (kind: AnswerPlace['kind']) =>
      (cursor: RecordCursor, partition: number): void =>
        this.#take(kind, cursor, partition)
    const replies = await wholeTopic(this.#log, this.#topics.reply)
    this.#trimmedTo = replies[0]!.from
    for (const range of replies) await readRange(this.#log, range, take('reply'))
    const letters = await wholeTopic(this.#log, this.#topics['dead-letter'])
    const oldest = calls.find(call => call.answer === null)
    for (const range of oldest === undefined ? [] : letters) {
      const { topic, partition } = range
      const from = await this.#log.offsetForTime(topic, partition, oldest!.acceptedAt)
      await readRange(this.#log, { ...range, from }, take('dead-letter'))
    }
    return [...replies, ...letters]
  }

  async #follow(followed: FollowedPartition): Promise<void> {
    const { signal } = this.#stop
    try {
      while (!signal.aborted) {
        const { offset } = followed
        await this.#log.wait([followed], signal)
        // What woke this up may be told of in the same turn (A4).
        await this.#clock.yield()
        if (followed.offset === offset) await this.#read(followed)
        if (followed.kind === 'reply') await this.#trim()
      }
    } catch (error) {
      if (!signal.aborted && !isMillraceError(error, 'LOG_CLOSED')) throw error
    }
  }

  async #read(followed: FollowedPartition): Promise<void> {
    const { kind, topic, partition, offset } = followed
    const range = { topic, partition, from: offset, until: Infinity }
    const next = await readOnce(this.#log, range, (cursor, at) => this.#take(kind, cursor, at))
    followed.offset = Math.max(followed.offset, next)
    if (this.#ended.length > 0) await this.#tellEnded()
  }

  /** A5. A reply of the same commit goes before. */
  async #tellEnded(): Promise<void> {
    const ended = this.#ended
    this.#ended = []
    for (const followed of this.#followed) if (followed.kind === 'reply') await this.#read(followed)
    for (const call of ended) {
      if (call.answer !== null || !call.isAwaited) continue
      const failure = await this.failureOf(call)!
      for (const waiter of call.release()) waiter.resolve(failure)
      this.forget(call)
    }
  }

  /** A reply that this process has written (A4). */
  #hear(record: EgressRecord, partition: number, offset: number): void {
    // Hot: per call.
    const followed = this.#followed.find(one => one.kind === 'reply' && one.partition === partition)
    if (followed?.offset !== offset || !(record instanceof ReplyRecord)) return
    followed.offset = offset + 1
    this.#repliesFrom = offset + 1
    const call = this.#open.get(record.requestId)
    if (call === undefined || call.answer !== null) return
    this.#answer(call, { kind: 'reply', partition, offset }, () => record.reply)
  }

  /** The record that the cursor stands on: somebody's answer, or nobody's. */
  #take(kind: AnswerPlace['kind'], cursor: RecordCursor, partition: number): void {
    if (kind === 'reply') this.#repliesFrom = Math.max(this.#repliesFrom, cursor.offset + 1)
    if (this.#open.size === 0) return
    if (kind === 'dead-letter') return this.#takeLetter(cursor, partition)
    const call = this.#open.get(cursor.key()?.toString() ?? '')
    if (call === undefined || call.answer !== null) return
    const { offset } = cursor
    this.#answer(call, { kind, partition, offset }, () => this.#replyAt(kind, cursor))
  }

  /** That of the message itself is the answer, if nobody else got it; one further down is not (A5). */
  #takeLetter(cursor: RecordCursor, partition: number): void {
    const headers = cursor.headers()
    const own = headerOf(headers, REQUEST_ID_HEADER)
    const last = headerOf(headers, LAST_REQUEST_HEADER)
    const call = this.#open.get(own ?? last ?? headerOf(headers, REQUEST_HEADER) ?? '')
    if (call === undefined || call.answer !== null) return
    const place: AnswerPlace = { kind: 'dead-letter', partition, offset: cursor.offset }
    if (own !== null && call.failsAlone) {
      return this.#answer(call, place, () => this.#replyAt('dead-letter', cursor))
    }
    call.failure = place
    if (last === null) return
    call.hasEnded = true
    this.#ended.push(call)
  }

  /** A1, A2. */
  #answer(call: Call, place: AnswerPlace, reply: () => Reply): void {
    this.#open.delete(call.requestId)
    call.answer = place
    if (place.kind === 'reply' && !call.isForgotten) this.#kept.push(call)
    if (!call.isAwaited) return
    const given = reply()
    for (const waiter of call.release()) waiter.resolve(given)
  }

  /** The answer that the cursor stands on, with bytes of its own. */
  #replyAt(kind: AnswerPlace['kind'], cursor: RecordCursor): Reply {
    if (kind === 'reply') return storedReply(cursor)
    const headers = cursor.headers()
    const code = headerOf(headers, 'millrace-error-code') ?? 'FUNCTION_FAILED'
    const message = headerOf(headers, 'millrace-error-message') ?? 'the function failed'
    return failure(GATEWAY_CODES.test(code) ? 502 : 500, code, message)
  }

  /** Removes replies that nobody will ask for (A3). */
  async #trim(): Promise<void> {
    const kept = this.#kept
    let forgotten = 0
    while (forgotten < kept.length && kept[forgotten]!.isForgotten) forgotten++
    if (forgotten > 0) kept.splice(0, forgotten)
    const until = kept[0]?.answer?.offset ?? this.#repliesFrom
    if (until - this.#trimmedTo < TRIM_RECORDS) return
    this.#trimmedTo = until
    await this.#log.deleteRecords(this.#topics.reply, 0, until)
  }
}

/** The reply with bytes of its own; what others wrote into the topic is answered, too. */
function storedReply(cursor: RecordCursor): Reply {
  try {
    return decodeReply(Uint8Array.from(cursor.value() ?? []))
  } catch (error) {
    return failure(500, 'HTTP_RESPONSE', messageOf(error))
  }
}

function failure(status: number, code: string, message: string): Reply {
  const headers = { 'content-type': 'application/json' }
  return { status, headers, body: Buffer.from(errorBody({ code, message })) }
}
