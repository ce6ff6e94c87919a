// What all commands must come to, given which messages became dead letters: the judge of the crash test of functions.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import {
  type Command,
  type FirstOrder,
  IDS,
  type Order,
  neighbourOf,
  nextChecksum
} from './commands.ts'

/** What an address tells of itself. */
export interface Told {
  readonly id: number
  readonly count: number
  readonly checksum: number
}

/** What the topics held at the end. */
export interface Found {
  readonly told: readonly Told[]
  readonly texts: readonly string[]
  /** Numbers of the messages among the dead letters, with the reasons' codes. */
  readonly dead: readonly (readonly [n: number, code: string])[]
}

/** Adds up what must be there; each message happened once, or is a dead letter once. */
export class Judge {
  readonly counts: number[] = Array.from({ length: IDS }, () => 0)
  readonly checksums: number[] = Array.from({ length: IDS }, () => 0)
  readonly texts: string[] = []
  /** Messages that functions had to process. */
  messages = 0
  /** Numbers of messages that became dead letters, and were met. */
  readonly #buried = new Set<number>()
  readonly #dead: ReadonlyMap<number, string>
  readonly #armed = new Set<number>()

  constructor(dead: Found['dead']) {
    this.#dead = new Map(dead)
    strictEqual(this.#dead.size, dead.length, 'no message is a dead letter twice')
  }

  /** Messages from outside, in the order in which they were fed. */
  take({ id, order }: FirstOrder): void {
    const code = this.#dead.get(order.n)
    const arms = order.c.some(([kind]) => kind === 'a')
    if (code === 'TIMER_TOKEN_LIVE') {
      ok(arms && this.#armed.has(id), `message ${order.n}: the token of ${id} is free`)
    } else if (code === undefined) {
      if (arms) {
        ok(!this.#armed.has(id), `message ${order.n}: the token of ${id} was live`)
        this.#armed.add(id)
      }
      if (order.c.some(([kind]) => kind === 'x')) this.#armed.delete(id)
    }
    this.#order(id, order)
  }

  /** Compares. */
  compare({ told, texts }: Found): void {
    const strays = [...this.#dead].filter(([n]) => !this.#buried.has(n))
    deepStrictEqual(strays, [], 'no dead letter is of a message that was never sent')
    deepStrictEqual(texts.toSorted(), this.texts.toSorted(), 'each text once')
    strictEqual(told.length, IDS, 'each address tells what it has come to')
    const off = told.flatMap(({ id, count, checksum }) => {
      const expected = this.counts[id]!
      if (count === expected && checksum === this.checksums[id]) return []
      const how = count > expected ? 'over' : count < expected ? 'under' : 'wrongly'
      return [`${id} counted ${how}: ${count}, expected ${expected}`]
    })
    deepStrictEqual(off, [])
  }

  #order(id: number, order: Order): void {
    this.messages++
    const code = this.#dead.get(order.n)
    if (code !== undefined) {
      this.#buried.add(order.n)
      return
    }
    ok(!order.c.some(([kind]) => kind === 'f'), `message ${order.n} fails, and is no dead letter`)
    this.checksums[id] = nextChecksum(this.checksums[id]!, order.n)
    for (const command of order.c) this.#command(id, command)
  }

  #command(id: number, command: Command): void {
    const [kind] = command
    if (kind === 'i') this.counts[id]!++
    else if (kind === 's') this.#order(command[1], command[2])
    else if (kind === 'n') this.#order(neighbourOf(id), command[1])
    else if (kind === 'd') this.#order(command[1], command[3])
    else if (kind === 'e') this.texts.push(command[1])
  }
}
