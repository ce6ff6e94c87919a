// A log and stores over which the dataflow of a text lives and dies, with records that come in a defined order.
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { compile } from '../../../src/dataflow/index.ts'
import type { Plan } from '../../../src/dataflow/plan.ts'
import { Bench, type Line } from '../../../src/runtime/test-kit.ts'
import { type CrashPoint, TickingClock } from '../crashing-log.ts'
import { MortalDataflow } from '../mortal-dataflow.ts'
import type { JoinSetup } from './oracle.ts'

export const SEED: number = Number(process.env['MILLRACE_SEED'] ?? 1)
const SHARE = Number(process.env['MILLRACE_CASES'] ?? 10_000) / 10_000

/** How many of the cases of a normal run are done. */
export function cases(normal: number): number {
  return Math.ceil(normal * SHARE)
}

/** A record: which topic, and what stands in it. */
export interface Row {
  readonly id: number
  readonly topic: 'l' | 'r'
  readonly key: string
  readonly time: number
  readonly amount: number
  /** Ends what its key has: a record without a value. */
  readonly isTombstone?: boolean
}

/** Records in parts, each drained before the next begins; and where the process dies. */
export interface Stream {
  readonly parts: readonly (readonly Row[])[]
  readonly batch: number
  readonly crashes: readonly CrashPoint[]
}

/** What the log has for a record. */
export function lineOf(row: Row, timestamp: number, isKeyed: boolean): Line {
  const { id, key, time, amount, isTombstone } = row
  const value = isTombstone === true ? null : JSON.stringify({ id, key, time, amount })
  return { value, timestamp, ...(isKeyed ? { key } : {}) }
}

const drafts = fc.array(
  fc.record({
    isLeft: fc.boolean(),
    key: fc.nat(2),
    // How far time moves on, and how far the record lags behind it.
    step: fc.oneof({ weight: 4, arbitrary: fc.nat(6) }, fc.nat(300)),
    lag: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(25)),
    amount: fc.integer({ min: -5, max: 9 })
  }),
  { minLength: 1, maxLength: 16 }
)

/** Out of order and late. */
export const streams: fc.Arbitrary<Stream> = fc
  .record({
    parts: fc.array(drafts, { minLength: 1, maxLength: 2 }),
    batch: fc.integer({ min: 1, max: 6 }),
    crashes: fc.array(
      fc.record({ commit: fc.integer({ min: 1, max: 7 }), isDurable: fc.boolean() }),
      { maxLength: 2 }
    )
  })
  .map(({ parts, batch, crashes }) => {
    let now = 1_000
    let id = 0
    const rows = parts.map(part =>
      part.map(({ isLeft, key, step, lag, amount }): Row => {
        now += step
        const topic = isLeft ? 'l' : 'r'
        return { id: id++, topic, key: 'abc'[key]!, time: now - lag, amount }
      })
    )
    return { parts: rows, batch, crashes }
  })

const HEAD = `apiVersion: 1.0.0
meta: { name: test, namespace: examples }
types:
  row: { type: object, properties: { id: u32, key: string, time: timestamp, amount: s32 } }
topics:
  l: { partitions: PARTITIONS, schema: { value: { type: row, converter: json } } }
  r: { partitions: PARTITIONS, schema: { value: { type: row, converter: json } } }
  out: { partitions: PARTITIONS, schema: { value: { type: string, converter: raw } } }
  late-l: { partitions: 1, schema: { value: { type: row, converter: json } } }
  late-r: { partitions: 1, schema: { value: { type: row, converter: json } } }
services:
`
const BOTH = '[{ type: topic, id: l }, { type: topic, id: r }]'
const plans = new Map<string, Plan>()

/** What a plan has beside the service. */
export interface PlanOptions {
  readonly sources?: string
  /** Services in front. */
  readonly others?: string
  /** Records have keys, and may have no value. */
  readonly isKeyed?: boolean
}

/** The plan of a service; sinks take what `show` makes of a value. */
export function planOf(
  service: string,
  show: string,
  partitions = 1,
  { sources = BOTH, others = '', isKeyed = false }: PlanOptions = {}
): Plan {
  const plain = HEAD.replaceAll('PARTITIONS', String(partitions))
  const value = 'value: { type: row, converter: json }'
  const head = isKeyed
    ? plain.replaceAll(value, 'key: string, value: { type: option, value: row, converter: json }')
    : plain
  const text = `${head}${others}  work:
    sources: ${sources}
${service}
    sinks:
      - type: topic
        id: out
        transforms:
          - operator: map
            run: |
              function show(one: any, ctx: Context): string { return \`${show}\` }
`
  const known = plans.get(text)
  if (known !== undefined) return known
  const { plan, diagnostics } = compile(text, { file: 'dataflow.yaml' })
  assert.ok(plan !== null, `${JSON.stringify(diagnostics, null, 1)}\n${text}`)
  plans.set(text, plan)
  return plan
}

/** Joins of streams within bounds. */
export const setups: fc.Arbitrary<JoinSetup> = fc.record({
  kind: fc.constantFrom('inner', 'left', 'outer'),
  beforeMs: fc.constantFrom(0, 4, 250),
  afterMs: fc.constantFrom(0, 7, 500),
  outOfOrdernessMs: fc.constantFrom(0, 10),
  graceMs: fc.constantFrom(0, 6)
})

/** Where a plan runs. */
export class World {
  readonly bench: Bench
  readonly #plan: Plan
  readonly #form: 'plain' | 'keyed' | 'by time'
  readonly #dataflow: MortalDataflow
  #sequence = 1_000

  /** Keyed records have their key in the log; those by time, too, and their event time is that of the log. */
  constructor(
    plan: Plan,
    crashes: readonly CrashPoint[],
    form: 'plain' | 'keyed' | 'by time' = 'plain'
  ) {
    this.#plan = plan
    this.#form = form
    this.bench = new Bench({ clock: new TickingClock() })
    this.#dataflow = new MortalDataflow(plan, this.bench, crashes)
  }

  /** Runs all parts and gives what came out. */
  async run({ parts, batch }: Stream, partitions = 1): Promise<string[]> {
    await this.bench.createTopics(this.#plan)
    for (const part of parts) {
      for (let at = 0; at < part.length; at += batch) {
        await this.#feed(part.slice(at, at + batch), partitions)
      }
      await this.#dataflow.drain()
    }
    return (await this.bench.values('out')).map(value => value!)
  }

  async #feed(rows: readonly Row[], partitions: number): Promise<void> {
    for (const topic of ['l', 'r'] as const) {
      for (let partition = 0; partition < partitions; partition++) {
        const lines = rows.flatMap((row, index) => {
          if (row.topic !== topic || row.id % partitions !== partition) return []
          // The log's timestamps say in which order the inputs are taken.
          const timestamp = this.#form === 'by time' ? row.time : this.#sequence + index
          return [lineOf(row, timestamp, this.#form !== 'plain')]
        })
        if (lines.length > 0) await this.bench.feed(topic, lines, partition)
      }
    }
    this.#sequence += rows.length
  }
}
