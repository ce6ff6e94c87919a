// A log with an application of functions on it, for the tests of this folder.
import { SimulatedClock } from '../../base/index.ts'
import type { LogLine } from '../../runtime/contract.ts'
import { Bench, type ReadLine } from '../../runtime/test-kit.ts'
import { MemoryStore, type StateStore } from '../../state/index.ts'
import { type Address, intType, typedValue } from '../sdk/index.ts'
import type { EgressSpec, FunctionsOptions, RunningFunctions } from './contract.ts'
import { startFunctions } from './start.ts'
import { requiredFunctionTopics } from './topics.ts'

/** What a test says of its application; the rest is filled in. */
export type AppOptions = Partial<FunctionsOptions> & Pick<FunctionsOptions, 'functions'>

/** An egress whose values go as they are to a topic, keyed by the sender's id. */
export function egressToTopic(typename: string, topic: string): EgressSpec {
  return {
    typename,
    record: ({ bytes }, from) => ({ topic, key: Buffer.from(from.id), value: bytes })
  }
}

/** A log with applications on it. Starting one again recovers what the one before left. */
export class FunctionsBench {
  readonly clock: SimulatedClock
  readonly bench: Bench
  readonly lines: LogLine[] = []
  readonly #stores = new Map<number, Survivor>()

  constructor(clock: SimulatedClock = new SimulatedClock()) {
    this.clock = clock
    this.bench = new Bench({ clock })
  }

  options(options: AppOptions): FunctionsOptions {
    return {
      name: 'app',
      ingresses: [],
      egresses: [],
      log: this.bench.log,
      clock: this.clock,
      openStore: index => Promise.resolve(this.store(index)),
      onLog: line => void this.lines.push(line),
      ...options
    }
  }

  async createTopics(options: FunctionsOptions, partitions = 1): Promise<void> {
    const { log } = this.bench
    const known = new Set((await log.listTopics({ internal: true })).map(topic => topic.name))
    for (const needed of requiredFunctionTopics(options)) {
      if (known.has(needed.name)) continue
      await log.createTopic(needed.name, {
        partitions: needed.partitions ?? partitions,
        internal: needed.internal,
        cleanup: needed.cleanup ?? 'delete'
      })
    }
  }

  async start(options: AppOptions): Promise<RunningFunctions> {
    const all = this.options(options)
    await this.createTopics(all)
    return startFunctions(all)
  }

  /** Starts, processes everything, stops. */
  async drain(options: AppOptions): Promise<RunningFunctions> {
    const running = await this.start(options)
    await running.drain()
    return running
  }

  /** Appends records with int values to a topic, by key. */
  async feedInts(topic: string, records: readonly (readonly [string, number])[]): Promise<void> {
    await this.bench.feed(
      topic,
      records.map(([key, value]) => ({ key, value: binary(value) }))
    )
  }

  read(topic: string): Promise<ReadLine[]> {
    return this.bench.read(topic)
  }

  store(index: number): StateStore {
    let store = this.#stores.get(index)
    if (store === undefined) this.#stores.set(index, (store = new Survivor()))
    return store
  }
}

/** An int as the text of its bytes: all of them below 128 for values that tests use. */
function binary(value: number): string {
  return Buffer.from(typedValue(value, intType).bytes).toString('latin1')
}

/** Value of an int state, or null. */
export function intOf(running: RunningFunctions, address: Address, name: string): number | null {
  const entry = running.state(address).find(one => one.name === name)
  return entry === undefined ? null : intType.deserialize(entry.bytes)
}

/** A store that outlives the application that closes it. */
class Survivor extends MemoryStore {
  override close(): Promise<void> {
    return Promise.resolve()
  }
}
