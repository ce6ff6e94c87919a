// Where records become messages.
import { MillraceError } from '../../../base/index.ts'
import { readHeaders } from '../../../record/index.ts'
import type { RecordFacts, RecordTaker, SourceReader } from '../../../runtime/task/index.ts'
import { type Address, addressOf } from '../../sdk/index.ts'
import { ownBytes } from '../bytes.ts'
import type { IngressSpec, RouterIngress, TargetIngress } from '../contract.ts'
import { checkMessage } from '../effects.ts'
import type { Feed, Origin } from '../envelope.ts'
import type { FunctionsProgram } from '../program.ts'

const EMPTY: Uint8Array = new Uint8Array(0)

/** Takes the records of one ingress topic for one task. */
export class IngressTaker implements RecordTaker {
  /** Readers of this topic by partition, set once they are made. */
  readonly readers: Map<number, SourceReader> = new Map()
  readonly #program: FunctionsProgram
  readonly #spec: IngressSpec
  readonly #types: readonly Address[]
  readonly #feeds = new Map<number, Feed>()

  /** @throws FUNCTION_TYPENAME a target is no typename */
  constructor(program: FunctionsProgram, spec: IngressSpec) {
    this.#program = program
    this.#spec = spec
    this.#types = spec.kind === 'targets' ? spec.targets.map(target => addressOf(target, '')) : []
  }

  /** What messages of a partition go back to; always the same object. */
  feedOf(partition: number): Feed {
    let feed = this.#feeds.get(partition)
    if (feed === undefined) {
      const { topic, name = '' } = this.#spec
      this.#feeds.set(partition, (feed = { topic, partition, ingress: name }))
    }
    return feed
  }

  accept(facts: RecordFacts, topic: string, partition: number): void {
    // Hot: per record.
    const feed = this.feedOf(partition)
    try {
      if (this.#spec.kind === 'targets') this.#toTargets(this.#spec, facts, feed)
      else this.#byRouter(this.#spec, facts, feed)
    } catch (error) {
      this.#program.deadLetters.record(facts, topic, partition, error)
      return
    }
    this.#program.drain()
    const reader = this.readers.get(partition)
    if (reader !== undefined) this.#program.checkFeed(reader.isPaused)
  }

  #toTargets(spec: TargetIngress, facts: RecordFacts, feed: Feed): void {
    const { data, keyStart, keyEnd, valueStart, valueEnd } = facts
    if (keyStart < 0) throw nullPart('key', 'the id of the function')
    if (valueStart < 0) throw nullPart('value', 'the message')
    const id = data.toString('utf8', keyStart, keyEnd)
    const argument = { typename: spec.valueType, bytes: data.subarray(valueStart, valueEnd) }
    const origin = originOf(facts)
    const types = this.#types
    for (let index = 0; index < types.length; index++) {
      const { namespace, type } = types[index]!
      const target = { namespace, type, id }
      if (index === 0) checkMessage({ target, argument })
      this.#program.dispatcher.send(target, null, argument, feed, origin, null)
    }
  }

  #byRouter(spec: RouterIngress, facts: RecordFacts, feed: Feed): void {
    const { data, keyStart, keyEnd, valueStart, valueEnd, offset, timestamp } = facts
    const messages = [
      ...spec.route({
        key: keyStart < 0 ? null : data.subarray(keyStart, keyEnd),
        value: valueStart < 0 ? null : data.subarray(valueStart, valueEnd),
        topic: feed.topic,
        partition: feed.partition,
        offset,
        timestamp,
        headers: () => readHeaders(facts)
      })
    ]
    for (const message of messages) checkMessage(message)
    const origin = originOf(facts)
    for (const { target, argument, caller = null, request = null } of messages) {
      this.#program.dispatcher.send(target, caller, argument, feed, origin, request)
    }
  }
}

function originOf(facts: RecordFacts): Origin {
  const { data, offset, timestamp, headersStart, headersEnd, headerCount } = facts
  const headers = headerCount === 0 ? EMPTY : ownBytes(data.subarray(headersStart, headersEnd))
  return { offset, timestamp, headers, headerCount }
}

function nullPart(part: 'key' | 'value', meaning: string): MillraceError {
  return new MillraceError(
    part === 'key' ? 'INGRESS_KEY_NULL' : 'INGRESS_VALUE_NULL',
    `an ingress record has no ${part}; expected one: it is ${meaning}; write records with a ${part}`
  )
}
