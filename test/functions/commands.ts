// Random commands for functions that obey them, and what they must come to: in the manner of StateFun's smoke test.
//
// A command tree names its targets before anything runs, so the sums that an oracle adds up are known from the start.
// Each egress text is unique: one that is missing or comes twice shows. Each function numbers what it sends to another
// and the receiver checks that they grow, so an order that is broken shows as well.
import type { Random } from '../../src/base/index.ts'
import {
  type Context,
  type StatefulFunction,
  addressOf,
  egressTo,
  intType,
  jsonType,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec
} from '../../src/functions/index.ts'

/** What a function does with one message, in order. */
export type Command =
  | { readonly kind: 'increment' }
  | { readonly kind: 'send'; readonly to: string; readonly commands: readonly Command[] }
  | {
      readonly kind: 'send-after'
      readonly to: string
      readonly delayMs: number
      readonly commands: readonly Command[]
    }
  /** Sends after a while under a token, and cancels at once: what it carries must never happen. */
  | { readonly kind: 'send-and-cancel'; readonly to: string; readonly token: string }
  | { readonly kind: 'egress'; readonly text: string }
  /** Waits for something before it goes on. */
  | { readonly kind: 'wait' }
  /** Fails: the message becomes a dead letter, and nothing that stands before it happens. */
  | { readonly kind: 'fail' }

/** Commands with the sender's number for this target; 0 where order is not promised. */
export interface Order {
  readonly number: number
  readonly commands: readonly Command[]
}

/** What everything must come to. */
export interface Expected {
  /** Increments by id. */
  readonly counts: Map<string, number>
  readonly egress: string[]
  deadLetters: number
}

const ORDER = jsonType<Order>('smoke/order')
const NUMBERS = jsonType<Record<string, number>>('smoke/numbers')

/** The function that obeys; `wait` resolves some time later. */
export function interpreter(wait: () => Promise<void>): StatefulFunction {
  const specs = [
    valueSpec({ name: 'count', type: intType }),
    valueSpec({ name: 'sent', type: NUMBERS }),
    valueSpec({ name: 'received', type: NUMBERS })
  ] as const
  return statefulFunction({
    typename: 'smoke/interpreter',
    specs,
    handler(context, message) {
      const { number, commands } = message.as(ORDER)
      if (number > 0) checkNumber(context, number)
      return obey(context, commands, 0)
    }
  })

  function checkNumber(context: Context<typeof specs>, number: number): void {
    const { storage, caller } = context
    const received = storage.received.get() ?? {}
    const last = received[caller!.id] ?? 0
    // Numbers may be missing: those of messages that failed.
    if (number <= last) {
      context.egress(egressTo('smoke/out', `order: ${number} after ${last}`, stringType))
    }
    storage.received.set({ ...received, [caller!.id]: number })
  }

  function obey(
    context: Context<typeof specs>,
    commands: readonly Command[],
    from: number
  ): void | Promise<void> {
    for (let index = from; index < commands.length; index++) {
      const command = commands[index]!
      if (command.kind === 'wait') {
        return wait().then(() => obey(context, commands, index + 1))
      }
      act(context, command)
    }
  }

  function act(context: Context<typeof specs>, command: Command): void {
    const { storage } = context
    if (command.kind === 'increment') {
      storage.count.set((storage.count.get() ?? 0) + 1)
    } else if (command.kind === 'send') {
      const sent = storage.sent.get() ?? {}
      const number = (sent[command.to] ?? 0) + 1
      storage.sent.set({ ...sent, [command.to]: number })
      context.send(messageTo(at(command.to), { number, commands: command.commands }, ORDER))
    } else if (command.kind === 'send-after') {
      const order = { number: 0, commands: command.commands }
      context.sendAfter(command.delayMs, messageTo(at(command.to), order, ORDER))
    } else if (command.kind === 'send-and-cancel') {
      const order = { number: 0, commands: [{ kind: 'fail' } as const] }
      const options = { cancellationToken: command.token }
      context.sendAfter(1_000, messageTo(at(command.to), order, ORDER), options)
      context.cancelDelayedMessage(command.token)
    } else if (command.kind === 'egress') {
      context.egress(egressTo('smoke/out', command.text, stringType))
    } else if (command.kind === 'fail') {
      throw new Error('told to')
    }
  }
}

function at(id: string): ReturnType<typeof addressOf> {
  return addressOf('smoke/interpreter', id)
}

/** The bytes of a first message. */
export function orderBytes(commands: readonly Command[]): Uint8Array {
  return ORDER.serialize({ number: 0, commands })
}

/** The typename of first messages. */
export const ORDER_TYPENAME: string = ORDER.typename

/** Makes command trees and adds up what they must come to. */
export class Generator {
  readonly expected: Expected = { counts: new Map(), egress: [], deadLetters: 0 }
  readonly #random: Random
  readonly #ids: number
  #texts = 0

  constructor(random: Random, ids: number) {
    this.#random = random
    this.#ids = ids
  }

  id(): string {
    return String(this.#random.below(this.#ids))
  }

  /** Commands for the function `id`, `depth` messages deep at most. */
  commands(id: string, depth: number): Command[] {
    const random = this.#random
    if (depth > 0 && random.below(25) === 0) {
      // What stands before a failure is not applied, so it is not expected.
      this.expected.deadLetters++
      return [{ kind: 'increment' }, { kind: 'fail' }]
    }
    const commands: Command[] = []
    const count = depth === 0 ? 0 : random.below(4)
    for (let index = 0; index < count; index++) commands.push(this.#command(depth))
    if (commands.length === 0 || random.below(2) === 0) {
      commands.push({ kind: 'increment' })
      this.expected.counts.set(id, (this.expected.counts.get(id) ?? 0) + 1)
    }
    return commands
  }

  #command(depth: number): Command {
    const random = this.#random
    const to = this.id()
    const dice = random.below(100)
    if (dice < 55) return { kind: 'send', to, commands: this.commands(to, depth - 1) }
    if (dice < 70) {
      const delayMs = random.below(60)
      return { kind: 'send-after', to, delayMs, commands: this.commands(to, depth - 1) }
    }
    if (dice < 77) return { kind: 'send-and-cancel', to, token: `token-${random.below(3)}` }
    if (dice < 87) return { kind: 'wait' }
    const text = `text-${this.#texts++}`
    this.expected.egress.push(text)
    return { kind: 'egress', text }
  }
}
