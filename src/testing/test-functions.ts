// Stateful functions in a test: the real runtime on a log in memory and a clock that the test moves.
//
// Owns: what a test says to functions and sees of them, over crashes and recoveries. Delayed messages fire at their
// times, each with all that comes of it before the next.
import { MillraceError } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import {
  type Address,
  type FunctionsMetrics,
  functionsDeadLetterName,
  type OutgoingMessage,
  type PendingTimer,
  type RetryPolicy,
  type StatefulFunction,
  typeName,
  type ValueSpec
} from '../functions/index.ts'
import type { LogLine } from '../runtime/contract.ts'
import type { Fault } from './faults.ts'
import {
  egressNamed,
  FUNCTION_TOPICS,
  FunctionsApp,
  type FunctionsAppOptions,
  type TestEgress
} from './functions-app.ts'
import { componentsOf } from './module-source.ts'
import type { TestRecord } from './records.ts'
import { World } from './world.ts'

/** Which functions a test runs, and how. */
export interface TestFunctionsOptions {
  /** They also stand in for functions that the module file has behind URLs. */
  readonly functions: readonly StatefulFunction[]
  /** Egresses that functions write to, `namespace/name`, beside those of the module file. */
  readonly egresses?: readonly string[]
  /** The path or URL of a module file: its ingresses and egresses. All its clusters are the log of the test. */
  readonly module?: string | URL
  /** Default: 1. */
  readonly tasks?: number
  /** Further tries of a function that throws, before its message is a dead letter. Default: as the module file says. */
  readonly retries?: RetryPolicy
  /**
   * So many messages may come of what a test does before it waits no longer: one that leads to itself without a delay
   * has no end. Default: 100,000.
   */
  readonly messagesMax?: number
}

/** What the clock of a test shows at first. */
export interface TestClockOptions {
  /** ms since 1970. */
  readonly now?: number
}

/** A record for an ingress: the key is the function's id; a value that is no text or bytes is written as JSON. */
export interface IngressInput {
  readonly key: string
  readonly value: unknown
}

/** Values that an address keeps, by name. */
export type AnyValue = ValueSpec<string, unknown>

/** Functions that a test talks to, watches and breaks. */
export class TestFunctions {
  readonly #world: World
  readonly #app: FunctionsApp
  readonly #settle: () => Promise<void>
  readonly #owns: boolean
  readonly #left = new Map<string, number>()

  /** For the kit itself: use {@link TestFunctions.open}. */
  constructor(world: World, app: FunctionsApp, settle: (() => Promise<void>) | null) {
    this.#world = world
    this.#app = app
    this.#owns = settle === null
    this.#settle = settle ?? (() => world.settle([app]))
  }

  /**
   * Starts functions on an empty log.
   * @throws MODULE_INVALID the module file, as `millrace check` says it; and what a start of a run throws
   */
  static async open(options: TestFunctionsOptions & TestClockOptions): Promise<TestFunctions> {
    const world = new World(FUNCTION_TOPICS, { now: options.now })
    const app = new FunctionsApp(world, await appOptions(options))
    await app.createTopics()
    await app.start()
    return new TestFunctions(world, app, null)
  }

  /** What the clock shows, ms since 1970. */
  get now(): number {
    return this.#world.clock.now()
  }

  /** What the runtime had to say. */
  get lines(): readonly LogLine[] {
    return this.#world.lines
  }

  /** Whether functions work; not after a crash and not after a failure. */
  get isRunning(): boolean {
    return !this.#world.faults.isCrashed && this.#app.isRunning
  }

  /**
   * Sends messages, as from outside, and waits until all that comes of them is done and committed.
   * @throws TEST_ENDLESS more came of them than `messagesMax`
   */
  async send(...messages: readonly OutgoingMessage[]): Promise<void> {
    await this.#app.send(messages, null)
    await this.#settle()
  }

  /** The same as from another function, `context.caller`. */
  async sendAs(caller: Address, ...messages: readonly OutgoingMessage[]): Promise<void> {
    await this.#app.send(messages, caller)
    await this.#settle()
  }

  /** Writes records into a topic that an ingress of the module file reads, and waits as `send` does. */
  async feed(topic: string, records: readonly IngressInput[]): Promise<void> {
    const texts = records.map(({ key, value }) => ({
      key,
      value: typeof value === 'string' ? value : JSON.stringify(value)
    }))
    await this.#world.append(topic, texts)
    await this.#settle()
  }

  /** A value of an address; null when it is absent or expired. @throws FUNCTION_SPEC it is of another type */
  state<T>(address: Address, { name, type }: ValueSpec<string, T>): T | null {
    const found = this.#app.running.state(address).find(entry => entry.name === name)
    if (found === undefined) return null
    if (found.typename !== type.typename) {
      throw new MillraceError(
        'FUNCTION_SPEC',
        `the value "${name}" of ${typeName(address)} is a ${found.typename}, but was read as ${type.typename}; ` +
          'read it by the spec that the function declares'
      )
    }
    return type.deserialize(found.bytes)
  }

  /** Ids of the addresses of a type that have values or messages, in order. */
  async ids(typename: string): Promise<string[]> {
    const limit = Number.MAX_SAFE_INTEGER
    const all = await this.#app.running.addresses({ typename, limit })
    return all.map(({ address }) => address.id)
  }

  /** Delayed messages that are pending, by time; of all senders or one. */
  delayed(sender?: Address): readonly PendingTimer[] {
    const limit = Number.MAX_SAFE_INTEGER
    return this.#app.running.timers(sender === undefined ? { limit } : { sender, limit })
  }

  /** The values of a topic that functions wrote since the last call, as texts. */
  async take(topic: string): Promise<string[]> {
    return (await this.#world.take(topic)).map(({ value }) => String(value))
  }

  /** All records of a topic, with texts for keys and values. */
  read(topic: string): Promise<TestRecord<unknown, unknown>[]> {
    return this.#world.read(topic)
  }

  /** What left over an egress since the last call and is no record of a topic. @throws EGRESS_UNKNOWN */
  async takeEgress(egress: string): Promise<readonly TestEgress[]> {
    const known = this.#app.egresses
    if (!known.includes(egress)) {
      const nearest = nearestWord(egress, known)
      throw new MillraceError(
        'EGRESS_UNKNOWN',
        `there is no egress ${JSON.stringify(egress)}; one of ${known.join(', ') || '(none)'} was expected` +
          (nearest === null ? '' : `; did you mean ${nearest}?`)
      )
    }
    const all = await this.#app.readEgress(egress)
    const taken = this.#left.get(egress) ?? 0
    this.#left.set(egress, all.length)
    return all.slice(taken)
  }

  /** Messages that failed: their original bytes as text, and the reasons in the headers. */
  deadLetters(): Promise<TestRecord<unknown, unknown>[]> {
    return this.#world.deadLetters(functionsDeadLetterName(this.#app.name))
  }

  metrics(): Promise<FunctionsMetrics> {
    return this.#app.running.metrics()
  }

  /** Lets so much time pass: what was delayed until then is sent, and values expire. */
  advance(deltaMs: number): Promise<void> {
    return this.advanceTo(this.now + deltaMs)
  }

  /** Lets time pass until the clock shows `time`, ms since 1970. @throws CLOCK_BACKWARDS that is past */
  async advanceTo(time: number): Promise<void> {
    await moveTime(this.#world, time, this.#settle, () => nextDelayed(this.#app))
  }

  /** Waits until everything that is there is done and committed, or there is a crash. @throws why it failed */
  settle(): Promise<void> {
    return this.#settle()
  }

  /**
   * Lets something go wrong when it is next reached: a function by its typename, `commit`, or `read`.
   * @throws FAULT_INVALID there is no such place, with the nearest
   */
  inject(fault: Fault): void {
    this.#world.inject(fault, ['commit', 'read', ...this.#app.places])
  }

  /** Faults that were injected and have not come to pass. */
  get pendingFaults(): readonly Fault[] {
    return this.#world.faults.pending
  }

  /** The process dies now: nothing that is not committed remains. */
  crash(): void {
    this.#world.faults.crash()
  }

  /** Starts the functions again after a crash or a failure, and lets them catch up. */
  async recover(): Promise<void> {
    if (!this.#owns) {
      throw new MillraceError(
        'FUNCTIONS_SHARED',
        'the functions share their process with a dataflow; expected recover() of that; call it there'
      )
    }
    await this.#app.stop()
    this.#world.faults.revive()
    await this.#app.start()
    await this.#settle()
  }

  /** Ends them. */
  async close(): Promise<void> {
    await this.#app.stop()
    if (this.#owns) await this.#world.log.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The application of a test's options. */
export async function appOptions(
  { functions, egresses = [], module, tasks = 1, retries, messagesMax }: TestFunctionsOptions,
  ingresses: FunctionsAppOptions['ingresses'] = []
): Promise<FunctionsAppOptions> {
  const given = module === undefined ? null : await componentsOf(module, functions)
  return {
    name: given?.name ?? 'functions',
    functions,
    ingresses: [...ingresses, ...(given?.ingresses ?? [])],
    egresses: [...(given?.egresses ?? []), ...egresses.map(egressNamed)],
    tasks,
    retries: retries ?? given?.retries,
    messagesMax
  }
}

/** When the next delayed message is due; infinity without one, and after a crash. */
export function nextDelayed(app: FunctionsApp): number {
  return app.running.timers({ limit: 1 })[0]?.dueAt ?? Number.POSITIVE_INFINITY
}

/** Moves the clock to `time`, with a stop at each moment that `next` tells of. */
export async function moveTime(
  world: World,
  time: number,
  settle: () => Promise<void>,
  next: () => number
): Promise<void> {
  const { clock, faults } = world
  if (!(time >= clock.now())) {
    throw new MillraceError(
      'CLOCK_BACKWARDS',
      `the clock shows ${clock.now()} and was to show ${time}; expected a time that is not past; time only goes on`
    )
  }
  for (let due = next(); due <= time; due = next()) {
    await clock.advance(Math.max(0, due - clock.now()))
    await settle()
    if (faults.isCrashed) return
  }
  await clock.advance(Math.max(0, time - clock.now()))
  await settle()
}
