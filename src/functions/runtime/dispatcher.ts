// Where messages go: into this task's run queue, or over the messages topic to the task that owns the target.
//
//   Q1  Messages of one sender to one target take the same way, so they arrive in the order in which they were sent.
//   Q2  What is still in the run queue when an epoch is sealed stands in the durable mailbox from then on.
import { ByteWriter } from '../../base/index.ts'
import { partitionForKey } from '../../record/index.ts'
import type { TopicOutput } from '../../runtime/task/index.ts'
import type { Address, TypedValue } from '../sdk/index.ts'
import { Envelope, type Feed, type Origin, keyOf, putEnvelope } from './envelope.ts'
import { Fifo } from './fifo.ts'
import type { FunctionTable } from './function-table.ts'
import type { Mailbox, Mailboxes } from './mailboxes.ts'
import type { Pressure } from './pressure/pressure.ts'
import type { Requests } from './ingress/requests.ts'

/** What a {@link Dispatcher} is made from. */
export interface DispatcherOptions {
  readonly task: number
  readonly tasks: number
  readonly mailboxes: Mailboxes
  readonly table: FunctionTable
  readonly pressure: Pressure
  readonly requests: Requests
  /** The messages topic; null with one task. */
  readonly output: TopicOutput | null
  readonly time: { readonly now: number }
}

/** Sends messages and holds those that this task has to deliver. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #queue = new Fifo<Envelope>()
  /** So many at the front of the queue stand in the durable mailbox. */
  #kept = 0
  readonly #scratch = new ByteWriter(1024)

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Messages that wait to be delivered here. */
  get length(): number {
    return this.#queue.length
  }

  /** Sends a message; tells whether it stays in this task. */
  send(
    target: Address,
    caller: Address | null,
    argument: TypedValue,
    feed: Feed | null,
    origin: Origin | null,
    request: string | null
  ): boolean {
    // Hot: per message.
    const envelope = new Envelope(keyOf(target), target, caller, argument, feed, origin, request)
    if (request !== null) this.#options.requests.sent(request)
    return this.route(envelope)
  }

  /** The same for a message that was made before. */
  route(envelope: Envelope): boolean {
    const { task, tasks } = this.#options
    if (tasks > 1) {
      const owner = this.#ownerOf(envelope.target.id)
      if (owner !== task) {
        this.#transmit(envelope, owner)
        return false
      }
    }
    this.#queue.push(envelope)
    return true
  }

  /** The next message to deliver; there must be one. */
  take(): Envelope {
    if (this.#kept > 0) this.#kept--
    return this.#queue.shift()
  }

  /** The mailbox of an address if it is busy, in whichever task owns it. */
  boxOf({ target, key }: Envelope): Mailbox | undefined {
    const { task, tasks, pressure } = this.#options
    return pressure.boxOf(tasks === 1 ? task : this.#ownerOf(target.id), key)
  }

  /** Q2. */
  keepAll(): void {
    const { mailboxes } = this.#options
    for (; this.#kept < this.#queue.length; this.#kept++) {
      this.#queue.replace(this.#kept, mailboxes.keep(this.#queue.at(this.#kept)))
    }
  }

  #ownerOf(id: string): number {
    const scratch = this.#scratch
    scratch.clear()
    scratch.utf8(id)
    return partitionForKey(scratch.buffer, 0, scratch.length, this.#options.tasks)
  }

  #transmit(envelope: Envelope, owner: number): void {
    const scratch = this.#scratch
    scratch.clear()
    putEnvelope(scratch, envelope)
    const { buffer, length } = scratch
    const { output, time, table, pressure } = this.#options
    output!.append(owner, time.now, buffer, -1, -1, buffer, 0, length, buffer, 0, 0, 0)
    const { target, key } = envelope
    const load = table.find(target.namespace, target.type)?.load
    if (load !== undefined) pressure.sent(load, pressure.boxOf(owner, key), envelope)
  }
}

/**
 * The task that owns an address, given as text: murmur2 of its id, as producers choose partitions. So a record whose
 * key is the id comes to the task that owns it where a topic has as many partitions as there are tasks, and so do
 * messages between functions of one id.
 */
export function ownerOf(key: string, tasks: number): number {
  const bytes = Buffer.from(key.slice(key.indexOf('/', key.indexOf('/') + 1) + 1))
  return partitionForKey(bytes, 0, bytes.length, tasks)
}
