// A task state against a plain map: random reads, writes, marks, seals, commits, flushes, crashes.
//
// The model keeps three maps: what the task sees, what it was at the last mark, and what is durable. Whatever the
// task state does with its hot maps, its store and its changelog, these must be what it shows.
import assert from 'node:assert/strict'

import { type Random, SeededRandom, SimulatedClock } from '../base/index.ts'
import type { KeyedState, SealedState, StateSpec, StateStore, TaskState } from './contract.ts'
import { MemoryChangelog, numbersSpec, objectsSpec } from './test-kit.ts'
import { openTaskState } from './recovery.ts'

/** A store under test, as one process after the other sees it. */
export interface StoreHistory {
  open(): Promise<StateStore>
  /** Ends the process that has the open store; the task does not close it. */
  crash(random: Random): Promise<void>
}

/** How a run goes. */
export interface ModelRun {
  readonly seed: number
  readonly steps: number
  readonly history: StoreHistory
}

type Value = number | { readonly n: number; readonly pad: string }
type Model = Map<string, Value>

const NAMES = ['s.numbers', 's.objects'] as const
const WINDOWS = 's.windows'
/** Numbers around zero, beyond 32 bits, and one whose bytes end in 0xff. */
const NAMESPACES = [-1, 0, 1_700_000_000_000 - (1_700_000_000_000 % 256) + 255] as const
const SPECS = [
  numbersSpec(NAMES[0]),
  objectsSpec(NAMES[1]),
  { ...numbersSpec(WINDOWS), namespaced: true }
]
/** The states of the model: the plain ones, then one for each namespace. */
const STATES = NAMES.length + NAMESPACES.length

/** Runs random steps; fails with the seed and the step when task and model differ. */
export async function runModel({ seed, steps, history }: ModelRun): Promise<void> {
  const world = new World(seed, history)
  await world.open()
  for (let step = 0; step < steps; step++) {
    try {
      await world.step()
    } catch (error) {
      throw new Error(`seed ${seed}, step ${step}: ${String(error)}`, { cause: error })
    }
  }
  await world.end()
}

class World {
  readonly #random: Random
  readonly #history: StoreHistory
  readonly #changelog = new MemoryChangelog(2000)
  readonly #budget: number
  readonly #keys: number
  readonly #specs: readonly StateSpec[]
  #clock = new SimulatedClock()
  #task!: TaskState
  #seen: Model[] = Array.from({ length: STATES }, () => new Map())
  #marked: Model[] | null = null
  #durable: Model[] = Array.from({ length: STATES }, () => new Map())
  /** Seals whose commit is not reported, with the model as of the seal. */
  #sealed: { readonly seal: SealedState; readonly models: Model[] }[] = []

  constructor(seed: number, history: StoreHistory) {
    this.#random = new SeededRandom(seed)
    this.#history = history
    // From nothing over some to all keys hot.
    this.#budget = [0, 2000, 8000, 1_000_000][this.#random.below(4)]!
    this.#keys = [5, 40, 150][this.#random.below(3)]!
    this.#specs = SPECS.map((spec, at) => ({ ...spec, isCold: ((seed >> at) & 1) === 1 }))
  }

  async open(): Promise<void> {
    this.#clock = new SimulatedClock()
    this.#task = await openTaskState({
      specs: this.#specs,
      store: await this.#history.open(),
      changelog: this.#changelog,
      clock: this.#clock,
      hotBytesMax: this.#budget,
      flushBytes: 3000,
      flushPieceRecords: 1 + this.#random.below(10)
    })
    this.#seen = copyOf(this.#durable)
    this.#marked = null
    this.#sealed = []
    this.#compare()
  }

  async step(): Promise<void> {
    const dice = this.#random.below(1000)
    if (dice < 550) this.#write()
    else if (dice < 700) this.#read()
    else if (dice < 750) this.#mark()
    else if (dice < 790) this.#rollback()
    else if (dice < 850) this.#seal()
    else if (dice < 910) this.#commit()
    else if (dice < 930) await this.#task.admitted()
    else if (dice < 945) await this.#clock.advance(this.#random.below(1500))
    else if (dice < 955) await this.#clock.yield()
    else if (dice < 965) await this.#task.flush()
    else if (dice < 980) this.#compare()
    else if (dice < 985) await this.#reopen()
    else if (dice < 990) await this.#crash()
    else if (dice < 994) this.#clear()
    else this.#loop()
  }

  async end(): Promise<void> {
    this.#seal()
    while (this.#sealed.length > 0) this.#commit()
    await this.#reopen()
    await this.#task.close()
  }

  #write(): void {
    const index = this.#random.below(STATES)
    const key = `k${this.#random.below(this.#keys)}`
    const state = this.#state(index)
    const model = this.#seen[index]!
    if (this.#random.below(4) === 0) {
      assert.equal(state.delete(key), model.delete(key), `delete ${key}`)
      return
    }
    const n = this.#random.u32()
    const value: Value = index !== 1 ? n : { n, pad: 'x'.repeat(this.#random.below(60)) }
    if (this.#random.below(2) === 0) assert.deepEqual(state.get(key), model.get(key))
    state.set(key, value)
    model.set(key, value)
  }

  #read(): void {
    const index = this.#random.below(STATES)
    const key = `k${this.#random.below(this.#keys + 5)}`
    const state = this.#state(index)
    assert.deepEqual(state.get(key), this.#seen[index]!.get(key), `get ${key}`)
    assert.equal(state.has(key), this.#seen[index]!.has(key), `has ${key}`)
    assert.equal(state.size, this.#seen[index]!.size, 'size')
  }

  #state(index: number): KeyedState<Value> {
    if (index < NAMES.length) return this.#task.state<Value>(NAMES[index]!)
    return this.#task.namespaced<Value>(WINDOWS).in(NAMESPACES[index - NAMES.length]!)
  }

  /** Ends a window, also in the middle of what a rollback may take back. */
  #clear(): void {
    const at = this.#random.below(NAMESPACES.length)
    this.#task.namespaced(WINDOWS).clear(NAMESPACES[at]!)
    this.#seen[NAMES.length + at]!.clear()
  }

  #mark(): void {
    this.#task.mark()
    this.#marked = copyOf(this.#seen)
  }

  #rollback(): void {
    if (this.#marked === null) return
    this.#task.rollback()
    this.#seen = copyOf(this.#marked)
  }

  #seal(): void {
    this.#marked = null
    const seal = this.#task.seal(this.#clock.now())
    assert.equal(this.#task.dirty, false)
    assert.equal(this.#task.dirtyBytes, 0)
    this.#sealed.push({ seal, models: copyOf(this.#seen) })
  }

  #commit(): void {
    const oldest = this.#sealed.shift()
    if (oldest === undefined) return
    const nextPosition = this.#changelog.append(oldest.seal.batches)
    this.#durable = oldest.models
    // A seal without batches may go unreported.
    if (oldest.seal.batches.length === 0 && this.#random.below(2) === 0) return
    this.#task.committed(oldest.seal.epoch, nextPosition)
  }

  async #reopen(): Promise<void> {
    await this.#task.close()
    await this.open()
  }

  async #crash(): Promise<void> {
    // Committed, but the process ended before the task heard of it.
    const unheard = this.#random.below(2) === 0 ? this.#sealed.shift() : undefined
    if (unheard !== undefined) {
      this.#changelog.append(unheard.seal.batches)
      this.#durable = unheard.models
    }
    await this.#history.crash(this.#random)
    await this.open()
  }

  /** A loop that reads and writes the state that it goes over. */
  #loop(): void {
    const index = this.#random.below(STATES)
    const state = this.#state(index)
    const model = this.#seen[index]!
    const expected = new Map(model)
    const seen = new Set<string>()
    for (const [key, value] of state.entries()) {
      const name = key as string
      assert.ok(!seen.has(name), `the loop sees ${name} once`)
      seen.add(name)
      if (expected.has(name)) assert.deepEqual(value, model.get(name), `loop at ${name}`)
      const other = `k${this.#random.below(this.#keys)}`
      const dice = this.#random.below(4)
      if (dice === 0) assert.deepEqual(state.get(other), model.get(other))
      if (dice === 1) {
        assert.equal(state.delete(other), model.delete(other))
        expected.delete(other)
      }
      if (dice === 2 && model.has(other)) {
        const changed: Value = index !== 1 ? this.#random.u32() : { n: 1, pad: '' }
        state.set(other, changed)
        model.set(other, changed)
      }
    }
    for (const key of expected.keys()) assert.ok(seen.has(key), `the loop sees ${key}`)
  }

  #compare(): void {
    for (let index = 0; index < STATES; index++) {
      const state = this.#state(index)
      const name = `state ${index}`
      const pairs = [...state.entries()] as [string, Value][]
      assert.equal(pairs.length, this.#seen[index]!.size, `entries of ${name}`)
      assert.deepEqual(new Map(pairs), this.#seen[index])
      assert.equal(state.size, pairs.length, `size of ${name}`)
    }
    const windows = this.#task.namespaced(WINDOWS)
    const open = NAMESPACES.filter((_, at) => this.#seen[NAMES.length + at]!.size > 0)
    assert.deepEqual(windows.namespaces().toSorted(), [...open].toSorted(), 'namespaces')
    assert.ok(this.#task.metrics().hotBytes >= 0, 'hot bytes are no debt')
  }
}

function copyOf(models: readonly Model[]): Model[] {
  return models.map(model => new Map(model))
}
