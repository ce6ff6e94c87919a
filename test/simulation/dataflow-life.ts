// One process: opens the log, creates topics, starts the dataflow, feeds what is missing, drains, stops.
import assert from 'node:assert/strict'

import {
  type Clock,
  isMillraceError,
  messageOf,
  type Random,
  SeededRandom
} from '../../src/base/index.ts'
import type { Log } from '../../src/log/index.ts'
import { type RunningDataflow, startDataflow } from '../../src/runtime/index.ts'
import { Bench, type ReadLine } from '../../src/runtime/test-kit.ts'
import { openLog } from './open-log.ts'
import { witnessed, type Portion, type World } from './dataflow-world.ts'

/** Turns of the event loop in which a life must come to its end: a hundred times what one takes. */
const TURNS_MAX = 20_000
/** Bytes of frames after which a journal file is sealed: a handful in a run. */
const FILE_BYTES_TARGET = 5_000
/** What a failing disk or store may be answered with. Anything else is a bug. */
const FAILURES = ['DISK_CRASHED', 'DISK_FULL', 'DISK_FAILED', 'LOG_FENCED', 'STATE_STORE_FAILED']

/** What a dataflow has left behind. */
export interface Left {
  topic(name: string): Promise<readonly ReadLine[]>
  state(name: string): Promise<ReadonlyMap<string, unknown>>
}

/** A process that runs the world's dataflow. */
export class Life {
  readonly world: World
  readonly log: Log
  readonly label: string
  readonly #bench: Bench
  running: RunningDataflow | null = null

  private constructor(world: World, log: Log, label: string) {
    this.world = world
    this.log = witnessed(log, world)
    this.label = label
    this.#bench = new Bench({ log: this.log, clock: world.clock })
  }

  /** Opens the log and checks what it holds. @throws what the disk says */
  static async begin(world: World, label: string): Promise<Life> {
    const log = await openLog(world.disk, world.clock, [], FILE_BYTES_TARGET)
    try {
      await world.verify(log, label)
    } catch (error) {
      await log.close().catch(() => {})
      throw error
    }
    return new Life(world, log, label)
  }

  /** Everything up to the end of the input; the log stays open. @throws what the disk or a store says */
  async run(): Promise<void> {
    await within(this.world.clock, this.label, this.#run())
  }

  async start(): Promise<RunningDataflow> {
    const { plan, stateHotBytes, outside } = this.world.workload
    await this.#bench.createTopics(plan)
    const topics = await this.log.listTopics()
    for (const [name, partitions] of outside) {
      if (topics.every(topic => topic.name !== name)) {
        await this.log.createTopic(name, { partitions })
      }
    }
    this.running = await startDataflow({
      plan,
      folder: '/',
      log: this.log,
      clock: this.world.clock,
      random: new SeededRandom(1),
      workers: 0,
      openStore: index => this.world.stores.open(index, this.world.clock),
      storeFolder: '/',
      env: {},
      onLog: () => {},
      stateHotBytes
    })
    return this.running
  }

  /**
   * Ends a life whose `run` rejected with `error`. Checks that the error is one of the disk or a store, that the
   * dataflow has failed with such a one by itself, and that nothing
   * was done behind the failure. Gives what the dataflow failed with, or `error` when it had not started.
   */
  async fail(error: unknown): Promise<unknown> {
    const { label, running, world } = this
    assertFailure(error, label)
    const reason = running === null ? error : await this.#failureOf(running)
    if (!world.disk.crashed) await world.verifyAcknowledged(this.log, `${label}, after the failure`)
    await this.log.close().catch(other => assertFailure(other, `${label}, closing`))
    return reason
  }

  async #failureOf(running: RunningDataflow): Promise<unknown> {
    const { label, world } = this
    let reason: unknown = null
    await within(
      world.clock,
      `${label}: the dataflow ends`,
      running.finished.catch(error => {
        reason = error
      })
    )
    assert.equal(running.status, 'failed', label)
    assertFailure(reason, `${label}, finished`)
    await assert.rejects(running.drain(), error => error === reason, label)
    return reason
  }

  /** Starts once more what has run to its end: nothing may be left to do. Gives what there is. */
  async restart(): Promise<Left> {
    const running = await this.start()
    const states = new Map<string, ReadonlyMap<string, unknown>>()
    for (const { service, name } of await running.states()) {
      const entries = await running.stateEntries(`${service}.${name}`, { limit: 1_000 })
      const pairs = entries.map(({ key, value }) => [String(key), value] as const)
      states.set(`${service}.${name}`, new Map(pairs))
    }
    await within(this.world.clock, `${this.label}: nothing more to do`, running.drain())
    const { recordsIn, lag } = await running.metrics()
    assert.deepEqual({ recordsIn, lag }, { recordsIn: 0, lag: 0 }, this.label)
    const state = (name: string) => states.get(name) ?? new Map<string, unknown>()
    return {
      topic: name => this.#bench.read(name),
      state: name => Promise.resolve(state(name))
    }
  }

  async #run(): Promise<void> {
    const running = await this.start()
    await this.#feed()
    await running.drain()
  }

  async #feed(): Promise<void> {
    const { workload, clock } = this.world
    while (this.world.acknowledged < workload.portions.length) {
      const { group, advanceMs } = workload.portions[this.world.acknowledged]!
      const portions = workload.portions
        .slice(this.world.acknowledged)
        .filter(portion => portion.group === group)
      this.world.asked += portions.length
      const commits = portions.map(portion => this.#commit(portion))
      for (const commit of await Promise.allSettled(commits)) {
        if (commit.status === 'rejected') throw commit.reason
      }
      if (advanceMs > 0) await clock.advance(advanceMs)
    }
  }

  async #commit(portion: Portion): Promise<void> {
    await this.#bench.feed(portion.topic, portion.lines, portion.partition)
    const { acknowledged, workload } = this.world
    assert.equal(workload.portions[acknowledged], portion, 'portions are acknowledged in order')
    this.world.acknowledged++
  }
}

/** What a dataflow must have come to; throws where it has not. */
export type Check = (left: Left, label: string) => Promise<void>

/**
 * Runs the world's dataflow to the end of its input, where nothing fails any more, and checks what is there: in the
 * same process, the next one, or after a power failure; with the stores, or what the changelog makes of empty ones.
 */
export async function complete(start: World, options: CompleteOptions): Promise<void> {
  const { label, random, check } = options
  let world = start
  let life = await Life.begin(world, label)
  await life.run()
  const after = random.below(3)
  if (after > 0) {
    if (after === 1) await life.log.close()
    const { disk } = world
    world = world.next(after === 1 ? disk : disk.crash({ mode: 'lose-all-unsynced' }), random)
    life = await Life.begin(world, `${label}, opened again`)
  }
  if (random.below(2) === 0) world.stores.clear()
  await check(await life.restart(), life.label)
  await life.log.close()
}

interface CompleteOptions {
  readonly label: string
  readonly random: Random
  readonly check: Check
}

/** @throws unless `error` is what a failing disk or store may be answered with */
export function assertFailure(error: unknown, label: string): void {
  const isExpected = isMillraceError(error) && FAILURES.includes(error.code)
  if (isExpected) return
  throw new Error(`${label}: not a failure of disk or store: ${messageOf(error)}`, { cause: error })
}

/** Rejects when `work` is not done after many turns: it waits for something that never comes. */
async function within<T>(clock: Clock, label: string, work: Promise<T>): Promise<T> {
  const state = { isDone: false }
  const done = work.finally(() => {
    state.isDone = true
  })
  const watch = async (): Promise<T> => {
    for (let turn = 0; turn < TURNS_MAX && !state.isDone; turn++) await clock.yield()
    if (state.isDone) return done
    throw new Error(`${label}: not done after ${TURNS_MAX} turns of the event loop`)
  }
  return Promise.race([done, watch()])
}
