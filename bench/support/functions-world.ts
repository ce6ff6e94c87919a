// What benches of functions run on: a disk log in a temporary folder, with topics of records that are spread over ids.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SeededRandom, SystemClock, SystemDisk } from '../../src/base/index.ts'
import type { FunctionsMetrics, FunctionsOptions } from '../../src/functions/index.ts'
import { requiredFunctionTopics, startFunctions } from '../../src/functions/index.ts'
import { type Log, openDiskLog } from '../../src/log/index.ts'
import { BatchBuilder } from '../../src/record/index.ts'
import { openLevelStore } from '../../src/state/index.ts'

const BATCH_BYTES = 256 * 1024

/** The value of every record. */
export const VALUE: Buffer = Buffer.alloc(100, 'v')
/** The time of every world, which is the system's. */
export const clock: SystemClock = new SystemClock()

/** The functions of an application. */
export type Application = Pick<FunctionsOptions, 'functions' | 'endpoints' | 'tasks'>

/** A log, and applications over it, one after the other. */
export class FunctionsWorld {
  readonly folder: string
  readonly #log: Log
  #runs = 0

  private constructor(folder: string, log: Log) {
    this.folder = folder
    this.#log = log
  }

  static async open(): Promise<FunctionsWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-functions-'))
    const world = { disk: new SystemDisk(), clock, random: new SeededRandom(1) }
    const log = await openDiskLog({ ...world, folder: join(folder, 'log'), cleanupIntervalMs: 0 })
    return new FunctionsWorld(folder, log)
  }

  /** Makes a topic with records whose keys are spread over `addresses` ids. */
  async fill(topic: string, records: number, addresses: number): Promise<void> {
    await this.#log.createTopic(topic)
    const builder = new BatchBuilder()
    for (let index = 0; index < records; index++) {
      builder.append(1.7e12 + index, Buffer.from(`user-${(index * 7919) % addresses}`), VALUE)
      if (builder.byteLength < BATCH_BYTES && index < records - 1) continue
      const batch = builder.build()
      await this.#log.commit({ batches: [{ topic, partition: 0, batch }], offsets: [] })
    }
  }

  /** Runs a new application to the end of a topic, whose records go to `target`. @throws what became a dead letter */
  async run(topic: string, target: string, application: Application): Promise<FunctionsMetrics> {
    const name = `run-${++this.#runs}`
    const options: FunctionsOptions = {
      ...application,
      name,
      ingresses: [{ kind: 'targets', topic, valueType: 'bench/record', targets: [target] }],
      egresses: [],
      log: this.#log,
      clock,
      openStore: index => openLevelStore(join(this.folder, `${name}-${index}`)),
      onLog: line => console.error(line.message)
    }
    const known = new Set((await this.#log.listTopics()).map(one => one.name))
    for (const { name, internal, cleanup, partitions } of requiredFunctionTopics(options)) {
      if (known.has(name)) continue
      const spec = { internal, cleanup: cleanup ?? 'delete', partitions: partitions ?? 1 } as const
      await this.#log.createTopic(name, spec)
    }
    const running = await startFunctions(options)
    await running.drain()
    const metrics = await running.metrics()
    if (metrics.deadLetters > 0) throw new Error(`${metrics.deadLetters} dead letters`)
    return metrics
  }

  /** Closes the log; the folder stays until {@link remove}. */
  close(): Promise<void> {
    return this.#log.close()
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}
