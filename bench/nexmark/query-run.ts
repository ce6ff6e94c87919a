// A query that runs over the input topic of a log, and is given its records in portions.
import { join } from 'node:path'

import type { Clock, Random } from '../../src/base/index.ts'
import type { StepPlan } from '../../src/dataflow/plan.ts'
import type { Log } from '../../src/log/index.ts'
import {
  type RunningDataflow,
  groupName,
  requiredTopics,
  startDataflow
} from '../../src/runtime/index.ts'
import { type LoadedDataflow, loadFiles } from '../../src/server/index.ts'
import { openLevelStore } from '../../src/state/index.ts'
import { GatedLog } from '../support/gated-log.ts'

/** Where queries run. */
export interface World {
  readonly log: Log
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
}

const INPUT = 'events'

/** The dataflow of a file of bench/nexmark/queries. */
export function loadQuery(name: string): LoadedDataflow {
  const { dataflows, diagnostics } = loadFiles([join(import.meta.dirname, `queries/${name}.yaml`)])
  const [error] = diagnostics.filter(({ severity }) => severity === 'error')
  if (error !== undefined) throw new Error(`${name}: ${error.message}`)
  return dataflows[0]!
}

/** The functions of a dataflow's steps, by import. */
export async function loadFunctions(
  loaded: LoadedDataflow
): Promise<(step: StepPlan) => (...args: never[]) => unknown> {
  type Module = Record<string, (...args: never[]) => unknown>
  const modules = new Map<string, Module>()
  for (const name of ['stateless', 'joins', 'windows']) {
    const specifier = `./${name}.ts`
    modules.set(specifier, (await import(join(loaded.folder, specifier))) as Module)
  }
  return ({ code }) => {
    if (code.kind !== 'module')
      throw new Error('a query of this bench has its functions in modules')
    return modules.get(code.specifier)![code.exportName]!
  }
}

/** A running query. */
export class QueryRun {
  readonly #world: World
  readonly #loaded: LoadedDataflow
  readonly #gated: GatedLog
  #running: RunningDataflow | null = null
  #done = 0

  constructor(world: World, loaded: LoadedDataflow) {
    this.#world = world
    this.#loaded = loaded
    this.#gated = new GatedLog(world.log, INPUT)
  }

  async start(): Promise<this> {
    const { plan, folder } = this.#loaded
    const { log, clock, random } = this.#world
    const known = await log.listTopics({ internal: true })
    for (const { name, internal, cleanup } of requiredTopics(plan)) {
      if (known.some(found => found.name === name)) continue
      await log.createTopic(name, { internal, cleanup: cleanup ?? 'delete' })
    }
    const stores = join(this.#world.folder, 'stores', plan.name)
    this.#running = await startDataflow({
      plan,
      folder,
      log: this.#gated,
      clock,
      random,
      workers: 0,
      openStore: index => openLevelStore(`${stores}-${index}`),
      storeFolder: stores,
      env: {},
      onLog: line => console.error(line.message)
    })
    return this
  }

  /** Processes the next `count` records; resolves when the last of them is committed. */
  async run(count: number): Promise<void> {
    this.#done += count
    this.#gated.open(this.#done)
    const group = groupName(this.#loaded.plan)
    const { log, clock } = this.#world
    for (;;) {
      const positions = await log.positions(group)
      if (positions.some(one => one.topic === INPUT && one.offset === this.#done)) return
      await clock.sleep(2)
    }
  }

  /** Stops; gives how many records left. */
  async stop(): Promise<number> {
    const running = this.#running!
    await running.stop()
    const { failed, recordsOut } = await running.metrics()
    if (failed > 0) throw new Error(`${this.#loaded.plan.name}: ${failed} records failed`)
    return recordsOut
  }
}
