// Delayed messages with next to nothing in memory against a sorted list, over commits, flushes and crashes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, SeededRandom, SimulatedClock } from '../../../base/index.ts'
import { MemoryStore, type TaskState, openTaskState } from '../../../state/index.ts'
import { MemoryChangelog } from '../../../state/test-kit.ts'
import { addressOf } from '../../sdk/index.ts'
import { Envelope, keyOf } from '../envelope.ts'
import { FUNCTION_STATES } from '../program.ts'
import { Timers } from './timers.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const RUNS = Number(process.env['MILLRACE_CASES'] ?? 40)
const STEPS = 400
const BOUNDS = { read: 5, low: 2, high: 12, kept: 6 }

interface Pending {
  readonly dueAt: number
  readonly order: number
  readonly sender: string
  readonly token: string | null
}

/** Ids and tokens that would run into each other if they were put together as they are. */
const SENDERS = ['a', 'a\nb', '12 a']
const HOLDER = {}
const TOKENS = ['c', 'b\nc', 'a']

class World {
  readonly #random: Random
  readonly #clock = new SimulatedClock()
  readonly #changelog = new MemoryChangelog()
  #store = new MemoryStore()
  #state!: TaskState
  #timers!: Timers
  #pending: Pending[] = []
  #durable: Pending[] = []
  #order = 0
  #now = 1_000
  #isHolding = false
  /** Orders of the messages that wait for {@link HOLDER}, and of those that need not wait any more. */
  #deferred = new Set<number>()
  #resumed = new Set<number>()

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  async open(): Promise<void> {
    this.#state = await openTaskState({
      specs: FUNCTION_STATES,
      store: this.#store,
      changelog: this.#changelog,
      clock: this.#clock,
      flushBytes: 2_000,
      hotBytesMax: [0, 1_000_000][this.#random.below(2)]!
    })
    this.#timers = new Timers({
      timers: this.#state.state<string>('functions.timers'),
      tokens: this.#state.state<string>('functions.tokens'),
      numbers: this.#state.state<number>('functions.numbers'),
      filled: () => {},
      failed: error => assert.fail(String(error)),
      bounds: BOUNDS
    })
    this.#pending = [...this.#durable]
    this.#deferred.clear()
    this.#resumed.clear()
  }

  async step(): Promise<void> {
    const random = this.#random
    const dice = random.below(100)
    if (dice < 45) this.#add()
    else if (dice < 60) this.#cancel()
    else if (dice < 80) this.#take()
    else if (dice < 90) this.#commit()
    else if (dice < 96) await this.#clock.advance(random.below(2_000))
    else if (dice < 98) this.#list()
    else if (dice < 99) this.#hold()
    else {
      this.#store.crash(random)
      this.#store = this.#store.reopen()
      await this.open()
    }
    assert.equal(this.#timers.size, this.#pending.length)
  }

  /** Everything comes in the end. */
  async end(): Promise<void> {
    if (this.#isHolding) this.#hold()
    while (this.#pending.length > 0) {
      this.#now += 500
      this.#take()
      await this.#clock.advance(0)
    }
    assert.equal(this.#timers.nextDueAt, Infinity)
    await this.#state.close()
  }

  #add(): void {
    const random = this.#random
    const sender = SENDERS[random.below(SENDERS.length)]!
    const token = random.below(2) === 0 ? TOKENS[random.below(TOKENS.length)]! : null
    const isLive = this.#find(sender, token) !== undefined
    const address = addressOf('test/sender', sender)
    if (token !== null) assert.equal(this.#timers.isLive(keyOf(address), token), isLive)
    if (isLive) return
    const order = this.#order++
    const dueAt = this.#now + random.below(random.below(2) === 0 ? 10 : 3_000)
    const argument = { typename: 'test/order', bytes: Buffer.from(String(order)) }
    const envelope = new Envelope(keyOf(address), address, address, argument, null, null)
    this.#timers.add({ dueAt, envelope, token })
    this.#pending.push({ dueAt, order, sender, token })
    this.#pending.sort((a, b) => a.dueAt - b.dueAt || a.order - b.order)
  }

  #cancel(): void {
    const random = this.#random
    const sender = SENDERS[random.below(SENDERS.length)]!
    const token = TOKENS[random.below(TOKENS.length)]!
    const found = this.#find(sender, token)
    const key = keyOf(addressOf('test/sender', sender))
    assert.equal(this.#timers.cancel(key, token), found !== undefined)
    if (found === undefined) return
    this.#pending = this.#pending.filter(pending => pending !== found)
    this.#deferred.delete(found.order)
    this.#resumed.delete(found.order)
  }

  /** What comes is the first, and in time. What is due may be on its way from the store, and then nothing comes. */
  #take(): void {
    this.#now += this.#random.below(200)
    for (;;) {
      const { nextDueAt, isReading } = this.#timers
      const free = this.#pending.filter(({ order }) => !this.#deferred.has(order))
      const first = free.find(({ order }) => this.#resumed.has(order)) ?? free[0]
      if (this.#resumed.size === 0 && (!isReading || nextDueAt !== Infinity)) {
        assert.equal(nextDueAt, first?.dueAt ?? Infinity)
      }
      const due = this.#timers.next(this.#now)
      if (due === null) {
        assert.ok(first === undefined || first.dueAt > this.#now || isReading)
        assert.equal(this.#resumed.size, 0)
        return
      }
      assert.equal(Buffer.from(due.envelope.argument.bytes).toString(), String(first!.order))
      if (this.#isHolding || (this.#deferred.size > 0 && !this.#resumed.has(first!.order))) {
        // As the program does it: behind those that wait for the same.
        this.#timers.defer(due, HOLDER)
        this.#deferred.add(first!.order)
        for (const order of this.#resumed) this.#deferred.add(order)
        this.#resumed.clear()
      } else {
        this.#timers.done(due)
        this.#resumed.delete(first!.order)
        this.#pending.splice(this.#pending.indexOf(first!), 1)
      }
    }
  }

  /** Who holds what falls due begins to, or lets go. */
  #hold(): void {
    this.#isHolding = !this.#isHolding
    if (this.#isHolding) return
    this.#timers.resume(HOLDER)
    for (const order of this.#deferred) this.#resumed.add(order)
    this.#deferred.clear()
  }

  #commit(): void {
    if (!this.#state.dirty) return
    const sealed = this.#state.seal(0)
    this.#durable = [...this.#pending]
    if (sealed.batches.length === 0) return
    this.#state.committed(sealed.epoch, this.#changelog.append(sealed.batches))
  }

  #list(): void {
    const sender = SENDERS[this.#random.below(SENDERS.length)]!
    const limit = 1 + this.#random.below(20)
    const key = keyOf(addressOf('test/sender', sender))
    for (const [found, expected] of [
      [this.#timers.list(limit, null), this.#pending],
      [this.#timers.list(limit, key), this.#pending.filter(one => one.sender === sender)]
    ] as const) {
      assert.deepEqual(
        found.map(({ envelope }) => Buffer.from(envelope.argument.bytes).toString()),
        expected.slice(0, limit).map(({ order }) => String(order))
      )
    }
  }

  #find(sender: string, token: string | null): Pending | undefined {
    if (token === null) return undefined
    return this.#pending.find(pending => pending.sender === sender && pending.token === token)
  }
}

test(`with next to nothing in memory messages come as a sorted list says (seed ${SEED})`, async () => {
  for (let run = 0; run < RUNS; run++) {
    const seed = SEED * 1_000 + run
    try {
      const world = new World(seed)
      await world.open()
      for (let step = 0; step < STEPS; step++) await world.step()
      await world.end()
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
    }
  }
})
