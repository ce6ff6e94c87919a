// Command trees for the crash test of functions, and the functions that obey them, for any SDK.
//
// A tree names its targets before anything runs, so what everything must come to is known from the start. Each message
// has a number of its own, and each address sums up the numbers that it has seen: a message that is lost and one that
// is doubled cannot make up for each other.
import type { Random } from '../../../src/base/index.ts'

/** What a function does with one message, in order. */
export type Command =
  /** Counts up. */
  | readonly ['i']
  /** Sends. */
  | readonly ['s', to: number, Order]
  /** Sends to the neighbour, with a number that must grow there. */
  | readonly ['n', Order]
  /** Sends after some milliseconds. */
  | readonly ['d', to: number, delayMs: number, Order]
  /** Sends after a while under a token, and cancels at once: what it carries must never happen. */
  | readonly ['c', to: number, token: string, Order]
  /** Arms an alarm to itself under a token that must be free, far in the future. */
  | readonly ['a', Order]
  /** Cancels the alarm, if there is one. */
  | readonly ['x']
  /** Writes a text. */
  | readonly ['e', text: string]
  /** Waits a little, where a function can. */
  | readonly ['w']
  /** Fails: the message becomes a dead letter, and nothing that stands before it happens. */
  | readonly ['f']
  /** Tells what the address has come to. */
  | readonly ['v']

/** One message. */
export interface Order {
  /** Its number. */
  readonly n: number
  readonly c: readonly Command[]
  /** The sender's number for its neighbour; absent for other messages. */
  readonly k?: number
}

/** How many addresses there are, and of which function each is. */
export const IDS = 1_000
export const TYPES = ['local', 'original', 'waiting', 'socket'] as const
export type TypeOfId = (typeof TYPES)[number]

/** The function type behind an id. */
export function typeOf(id: number): TypeOfId {
  return TYPES[id % TYPES.length]!
}

/** The typename of messages. */
export const ORDER_TYPENAME = 'smoke/order'
/** The typename of the egress; its records name their topics. */
export const EGRESS = 'smoke/out'
/** The values of an address. */
export const VALUES = ['count', 'checksum', 'sent', 'seen'] as const
export type ValueName = (typeof VALUES)[number]

/** The number of questions, which do not count. */
const QUESTION = -1
const ALARM = 'alarm'
const ALARM_MS = 86_400_000
const CANCELLED_MS = 1_000
const CHECKSUM = 1_000_000_007

/** What an SDK offers to the interpreter. */
export interface Hands {
  readonly id: number
  get(name: ValueName): number
  set(name: ValueName, value: number): void
  send(to: number, order: Order): void
  sendAfter(delayMs: number, to: number, order: Order, token?: string): void
  cancel(token: string): void
  egress(topic: string, text: string): void
  /** Null where the function does not wait. */
  readonly wait: (() => Promise<void>) | null
}

/** Does what a message says. */
export function obey(hands: Hands, order: Order): void | Promise<void> {
  if (order.n !== QUESTION) hands.set('checksum', nextChecksum(hands.get('checksum'), order.n))
  if (order.k !== undefined) {
    // Numbers may be missing: those of messages that failed.
    const seen = hands.get('seen')
    if (order.k <= seen) hands.egress('texts', `order of ${hands.id}: ${order.k} after ${seen}`)
    hands.set('seen', order.k)
  }
  return goOn(hands, order.c, 0)
}

function goOn(hands: Hands, commands: readonly Command[], from: number): void | Promise<void> {
  for (let index = from; index < commands.length; index++) {
    const command = commands[index]!
    if (command[0] === 'w' && hands.wait !== null) {
      return hands.wait().then(() => goOn(hands, commands, index + 1))
    }
    act(hands, command)
  }
}

function act(hands: Hands, command: Command): void {
  const [kind] = command
  if (kind === 'i') hands.set('count', hands.get('count') + 1)
  else if (kind === 's') hands.send(command[1], command[2])
  else if (kind === 'n') {
    const k = hands.get('sent') + 1
    hands.set('sent', k)
    hands.send(neighbourOf(hands.id), { ...command[1], k })
  } else if (kind === 'd') hands.sendAfter(command[2], command[1], command[3])
  else if (kind === 'c') {
    hands.sendAfter(CANCELLED_MS, command[1], command[3], command[2])
    hands.cancel(command[2])
  } else if (kind === 'a') hands.sendAfter(ALARM_MS, hands.id, command[1], ALARM)
  else if (kind === 'x') hands.cancel(ALARM)
  else if (kind === 'e') hands.egress('texts', command[1])
  else if (kind === 'f') throw new Error('told to')
  else if (kind === 'v') {
    const counts = { id: hands.id, count: hands.get('count'), checksum: hands.get('checksum') }
    hands.egress('counts', JSON.stringify(counts))
  }
}

export function neighbourOf(id: number): number {
  return (id + 1) % IDS
}

/** Sums whose order does not matter: those of different senders have none. */
export function nextChecksum(sum: number, n: number): number {
  return (sum + n * 7919 + 1) % CHECKSUM
}

/** A message from outside. */
export interface FirstOrder {
  readonly id: number
  readonly order: Order
}

/** Makes command trees. */
export class Generator {
  /** Numbers given so far. */
  numbers = 0
  readonly #random: Random
  readonly #armed = new Set<number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** The next message from outside. */
  first(): FirstOrder {
    const random = this.#random
    const id = random.below(IDS)
    const order = this.#order(id, random.below(4))
    if (random.below(20) > 0) return { id, order }
    const alarm = this.#armed.has(id) ? (['x'] as const) : (['a', this.#never()] as const)
    if (!this.#armed.delete(id)) this.#armed.add(id)
    return { id, order: { ...order, c: [...order.c, alarm] } }
  }

  /** A message that asks an address what it has come to. */
  question(id: number): FirstOrder {
    return { id, order: { n: QUESTION, c: [['v']] } }
  }

  #order(id: number, depth: number): Order {
    const n = this.numbers++
    const random = this.#random
    // A remote function that fails is asked until its call's time is over: seldom.
    if (random.below(2_000) === 0 && typeOf(id) !== 'socket') return { n, c: [['i'], ['f']] }
    const c: Command[] = []
    const count = depth === 0 ? 0 : random.below(4)
    for (let index = 0; index < count; index++) c.push(this.#command(id, depth, n, index))
    if (c.length === 0 || random.below(2) === 0) c.push(['i'])
    return { n, c }
  }

  #command(id: number, depth: number, n: number, index: number): Command {
    const random = this.#random
    const to = random.below(IDS)
    const dice = random.below(100)
    if (dice < 45) return ['s', to, this.#order(to, depth - 1)]
    if (dice < 55) return ['n', this.#order(neighbourOf(id), depth - 1)]
    if (dice < 68) return ['d', to, random.below(DELAY_MS_MAX), this.#order(to, depth - 1)]
    if (dice < 76) return ['c', to, `token-${random.below(3)}`, this.#never()]
    if (dice < 80) return ['w']
    return ['e', `text-${n}-${index}`]
  }

  #never(): Order {
    return { n: this.numbers++, c: [['e', 'never']] }
  }
}

/** Delays are shorter than this. */
export const DELAY_MS_MAX = 300
