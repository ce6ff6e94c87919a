// One WebSocket: takes requests, sends records, and is never sent more than it takes.
//
//   W1  A slow caller stops the reading of its subscriptions: what waits for it is bounded, and nothing is left out.
//   W2  A caller that writes faster than the log takes it is not read until the log has caught up.
//   W3  Records of a subscription come in the order of their partitions, after the answer to the subscription.
//   W4  Whoever loses the login or the right to read gets nothing more; without a login the connection ends.
import type { WebSocket } from 'ws'

import { MillraceError } from '../../../../base/index.ts'
import { forbidden } from '../../identity.ts'
import type { Identity, Operation, ResourceKind, Security } from '../../../../security/index.ts'
import { parseJson } from '../../../text/json-text.ts'
import { HttpError } from '../../errors.ts'
import type { BodyBudget } from '../../exchange.ts'
import { STALLED_MS } from '../endless-answer.ts'
import { commitPositions } from '../groups.ts'
import type { ApiHost } from '../host.ts'
import { ownTopic } from '../own-topic.ts'
import { problemOf } from '../problem.ts'
import { recordOfJson } from '../records/new-records.ts'
import { formsOf, fromOf, positionOf } from '../records/read-options.ts'
import { TopicFollower } from '../records/reader.ts'
import { idOf, readRequest } from './messages.ts'
import type { SocketRequest } from './messages.ts'

/** Bytes that may wait to be sent before the reading stops (W1). */
const WAITING_BYTES_MAX = 1024 * 1024
/** Characters of requests under way before no more are read (W2). */
const TAKEN_LENGTH_MAX = 8 * 1024 * 1024
/** The code of a close whose caller may not go on. */
const POLICY_VIOLATION = 1008
const SUBSCRIPTIONS_MAX = 100
const TAKE = { recordsMax: 500, bytesMax: 256 * 1024 }

/** What connections share. */
export interface ConnectionScope {
  readonly host: ApiHost
  readonly budget: BodyBudget
  /** null: everybody may do everything. */
  readonly security: Security | null
}

type Of<Op extends SocketRequest['op']> = Extract<SocketRequest, { readonly op: Op }>

/** A connection. */
export class SocketConnection {
  readonly #socket: WebSocket
  readonly #scope: ConnectionScope
  readonly #identify: (security: Security) => Identity
  readonly #gone = new AbortController()
  readonly #subscriptions = new Map<number, AbortController>()
  #waitingBytes = 0
  #takenLength = 0
  #onDrained: (() => void)[] = []

  /** `identify` says who the caller is, and throws 401 when the login is over. */
  constructor(
    socket: WebSocket,
    scope: ConnectionScope,
    identify: (security: Security) => Identity
  ) {
    this.#socket = socket
    this.#scope = scope
    this.#identify = identify
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    socket.on('close', () => {
      this.#gone.abort()
      this.#wake()
    })
    // What breaks off is closed next.
    socket.on('error', () => {})
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const { length } = data
    this.#takenLength += length
    if (this.#takenLength > TAKEN_LENGTH_MAX) this.#socket.pause()
    void this.#answer(data, isBinary).finally(() => {
      this.#takenLength -= length
      if (this.#takenLength <= TAKEN_LENGTH_MAX && this.#socket.isPaused) this.#socket.resume()
    })
  }

  async #answer(data: Buffer, isBinary: boolean): Promise<void> {
    let message: unknown = null
    try {
      if (isBinary) throw new MillraceError('USAGE', 'a binary message; expected JSON as text')
      message = parseJson(data.toString())
      const request = readRequest(message)
      const { budget } = this.#scope
      const answer = await budget.during(data.length, () => this.#handle(request))
      if (answer !== null) await this.#send(JSON.stringify({ ...answer, id: request.id }))
    } catch (error) {
      await this.#fail(idOf(message), error)
    }
  }

  /** Says what is wrong; who has no login any more has to go (W4). */
  async #fail(id: number | null, error: unknown): Promise<void> {
    await this.#send(JSON.stringify({ op: 'error', id, problem: problemOf(error) }))
    const isOver = error instanceof HttpError && error.status === 401
    if (isOver) this.#socket.close(POLICY_VIOLATION, error.code)
  }

  #handle(request: SocketRequest): Promise<object | null> {
    switch (request.op) {
      case 'produce':
        return this.#produce(request)
      case 'subscribe':
        return this.#subscribe(request)
      case 'unsubscribe':
        return Promise.resolve(this.#unsubscribe(request))
      case 'commit':
        return this.#commit(request)
    }
  }

  async #produce({ topic, records }: Of<'produce'>): Promise<object> {
    const { host } = this.#scope
    this.#require('write', 'topic', topic)
    await ownTopic(host, topic)
    const forms = host.forms(topic)
    const made = records.map((record, index) => recordOfJson(record, forms, `records[${index}]`))
    const offsets = made.length === 0 ? [] : await host.writer.write(topic, made)
    return { op: 'produced', offsets }
  }

  async #subscribe(request: Of<'subscribe'>): Promise<null> {
    const { id, topics, partitions, from, positions = {}, group, values } = request
    const { host } = this.#scope
    if (this.#subscriptions.has(id)) {
      throw new MillraceError(
        'USAGE',
        `the subscription ${id} is there already; expected an id of its own`
      )
    }
    if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX) {
      throw new MillraceError(
        'USAGE',
        `${SUBSCRIPTIONS_MAX} subscriptions of a connection; end one of them first`
      )
    }
    const stop = new AbortController()
    this.#subscriptions.set(id, stop)
    try {
      if (group !== undefined) this.#require('read', 'group', group)
      const followers: TopicFollower[] = []
      for (const topic of topics) {
        this.#require('read', 'topic', topic)
        await ownTopic(host, topic)
        const begin = {
          position: (Object.hasOwn(positions, topic) ? positions[topic] : undefined) ?? null,
          group: group ?? null,
          from: from ?? null
        }
        const wanted = { topic, partitions: partitions ?? null, from: fromOf(begin) }
        const forms = formsOf(host, topic, values ?? 'declared')
        followers.push(await TopicFollower.open(host.log, { ...wanted, forms }))
      }
      await this.#send(JSON.stringify({ op: 'subscribed', id }))
      void this.#follow(id, followers, AbortSignal.any([stop.signal, this.#gone.signal]))
      return null
    } catch (error) {
      this.#subscriptions.delete(id)
      throw error
    }
  }

  async #follow(
    id: number,
    followers: readonly TopicFollower[],
    signal: AbortSignal
  ): Promise<void> {
    const { log } = this.#scope.host
    try {
      while (!signal.aborted) {
        let found = 0
        for (const follower of followers) {
          const lines: string[] = []
          found += await follower.take(TAKE, ({ json }) => {
            lines.push(json)
          })
          if (lines.length === 0 || signal.aborted) continue
          this.#require('read', 'topic', follower.topic)
          const topic = JSON.stringify(follower.topic)
          await this.#send(
            `{"op":"records","id":${id},"topic":${topic},"records":[${lines.join(',')}],` +
              `"position":"${follower.position}"}`
          )
        }
        if (found === 0)
          await log.wait(
            followers.flatMap(({ waiting }) => waiting),
            signal
          )
      }
    } catch (error) {
      if (signal.aborted) return
      this.#subscriptions.delete(id)
      await this.#fail(id, error)
    }
  }

  #unsubscribe({ id }: Of<'unsubscribe'>): object {
    const stop = this.#subscriptions.get(id)
    if (stop === undefined) {
      throw new MillraceError('USAGE', `there is no subscription ${id}; expected the id of one`)
    }
    stop.abort()
    this.#subscriptions.delete(id)
    return { op: 'unsubscribed' }
  }

  async #commit({ group, topic, position }: Of<'commit'>): Promise<object> {
    const { host } = this.#scope
    this.#require('read', 'group', group)
    this.#require('read', 'topic', topic)
    const positions = [...positionOf(position)].map(([partition, offset]) => {
      return { topic, partition, offset }
    })
    await commitPositions(host, group, positions)
    return { op: 'committed' }
  }

  #require(operation: Operation, kind: ResourceKind, name: string): void {
    const { security } = this.#scope
    if (security === null) return
    const identity = this.#identify(security)
    if (security.allows(identity, operation, kind, name)) return
    throw forbidden(identity.principal, operation, kind, name)
  }

  /** Sends a text; resolves when there is room for more (W1). */
  async #send(text: string): Promise<void> {
    if (this.#gone.signal.aborted) return
    const bytes = Buffer.byteLength(text)
    this.#waitingBytes += bytes
    this.#socket.send(text, () => {
      this.#waitingBytes -= bytes
      if (this.#waitingBytes <= WAITING_BYTES_MAX) this.#wake()
    })
    if (this.#waitingBytes > WAITING_BYTES_MAX) await this.#drained()
  }

  async #drained(): Promise<void> {
    const { clock } = this.#scope.host
    const timer = clock.timer(STALLED_MS, () => this.#socket.terminate())
    await new Promise<void>(resolve => void this.#onDrained.push(resolve))
    timer.cancel()
  }

  #wake(): void {
    for (const resolve of this.#onDrained.splice(0)) resolve()
  }
}
