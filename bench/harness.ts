// The bench harness: runs what is measured and its ceiling in turns, prints a table, leaves JSON behind.
//
// A suite is one file bench/NAME.ts that makes a Suite, measures, and calls finish(). Helpers that are no
// suite belong in bench/support/. Figures drift with the machine; the ratio to a ceiling measured in the
// same minute is what is compared.
import { writeFileSync } from 'node:fs'
import { letHeapGrow } from '../src/base/index.ts'

// As the command does; ceilings run under the same.
letHeapGrow()

/** Something to run; it may give how many units it did, if that is not known before. */
export type Run = () => number | void | Promise<number | void>

/** What a result is held against: a measurement of before, or one to take in turns with this one. */
export type Ceiling = Measurement | { readonly name: string; readonly run: Run }

/** How to measure. */
export interface MeasureOptions {
  /** Units of one run, unless the run gives them. Default 1. */
  readonly count?: number
  /** What is counted: `records`, `MB`, … Results are units per second. */
  readonly unit: string
  /** Runs that do not count. Default 2. */
  readonly warmup?: number
  /** Runs that count. Default 5. */
  readonly runs?: number
  readonly ceiling?: Ceiling
  /** Lowest ratio to the ceiling that was promised. */
  readonly goalRatio?: number
  /** Lowest rate that was promised. */
  readonly goal?: number
}

/** A value that is better when it is low: a duration, a size. */
export interface ValueOptions {
  readonly unit: string
  readonly ceiling?: Measurement
  /** Highest median that was promised. */
  readonly goal?: number
}

/** One line of the table. */
export interface Measurement {
  readonly name: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  readonly median: number
  readonly min: number
  readonly max: number
  readonly samples: number
  readonly ceiling: { readonly name: string; readonly median: number } | null
  /** Share of the ceiling that was reached: median over runs taken in turns. */
  readonly ratio: number | null
  readonly goal: number | null
  readonly goalRatio: number | null
  /** Null where nothing was promised. */
  readonly reached: boolean | null
}

/** What a suite leaves for the report. */
export interface SuiteResults {
  readonly suite: string
  readonly about: string
  readonly measurements: readonly Measurement[]
  /** What explains the figures. */
  readonly notes?: readonly string[]
  readonly notMeasured: readonly string[]
}

/** A named set of measurements. */
export class Suite {
  readonly #name: string
  readonly #about: string
  readonly #notes: readonly string[]
  readonly #notMeasured: readonly string[]
  readonly #measurements: Measurement[] = []

  constructor(
    name: string,
    options: {
      readonly about: string
      readonly notes?: readonly string[]
      readonly notMeasured: readonly string[]
    }
  ) {
    this.#name = name
    this.#about = options.about
    this.#notes = options.notes ?? []
    this.#notMeasured = options.notMeasured
  }

  /** Measures units per second. A ceiling given with its own run is run in turns. */
  async measure(name: string, options: MeasureOptions, run: Run): Promise<Measurement> {
    const { ceiling } = options
    const paired = ceiling !== undefined && 'run' in ceiling ? ceiling : undefined
    const rates: number[] = []
    const ceilingRates: number[] = []
    const warmup = options.warmup ?? 2
    for (let round = -warmup; round < (options.runs ?? 5); round++) {
      const ceilingRate = paired ? await rateOf(paired.run, options) : 0
      const rate = await rateOf(run, options)
      if (round < 0) continue
      rates.push(rate)
      if (paired) ceilingRates.push(ceilingRate)
    }
    const held = paired
      ? { name: paired.name, median: medianOf(ceilingRates) }
      : ceiling && { name: ceiling.name, median: (ceiling as Measurement).median }
    const ratios = paired
      ? rates.map((rate, index) => rate / ceilingRates[index]!)
      : held && [medianOf(rates) / held.median]
    return this.#add(name, options.unit, 'higher', rates, {
      ceiling: held,
      ratio: ratios && medianOf(ratios),
      goal: options.goal,
      goalRatio: options.goalRatio
    })
  }

  /** Takes rates that were measured elsewhere, as by another process; the ceiling's were taken in turns with them. */
  rates(
    name: string,
    options: {
      readonly unit: string
      readonly goal?: number
      readonly ceiling?: { readonly name: string; readonly samples: readonly number[] }
    },
    samples: readonly number[]
  ): Measurement {
    const { ceiling } = options
    return this.#add(name, options.unit, 'higher', samples, {
      ceiling: ceiling && { name: ceiling.name, median: medianOf(ceiling.samples) },
      ratio: ceiling && medianOf(samples) / medianOf(ceiling.samples),
      goal: options.goal
    })
  }

  /** Takes samples that were measured elsewhere and are better when low: durations, sizes. */
  value(name: string, options: ValueOptions, samples: readonly number[]): Measurement {
    const { ceiling } = options
    return this.#add(name, options.unit, 'lower', samples, {
      ceiling: ceiling && { name: ceiling.name, median: ceiling.median },
      ratio: ceiling && ceiling.median / medianOf(samples),
      goal: options.goal
    })
  }

  /** Takes over what a suite of another thread measured. */
  adopt(measurement: Measurement): void {
    this.#measurements.push(measurement)
  }

  /** Prints the table; leaves the results in the file that MILLRACE_BENCH_OUT names. */
  finish(): void {
    const results: SuiteResults = {
      suite: this.#name,
      about: this.#about,
      measurements: this.#measurements,
      ...(this.#notes.length > 0 ? { notes: this.#notes } : {}),
      notMeasured: this.#notMeasured
    }
    console.log(`\n${this.#name}: ${this.#about}`)
    console.table(
      Object.fromEntries(results.measurements.map(result => [result.name, rowOf(result)]))
    )
    const out = process.env['MILLRACE_BENCH_OUT']
    if (out !== undefined) writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`)
  }

  #add(
    name: string,
    unit: string,
    better: Measurement['better'],
    samples: readonly number[],
    held: {
      readonly ceiling?: Measurement['ceiling'] | undefined
      readonly ratio?: number | undefined
      readonly goal?: number | undefined
      readonly goalRatio?: number | undefined
    }
  ): Measurement {
    if (samples.length === 0) throw new Error(`'${name}' has no samples; give at least one run`)
    const median = medianOf(samples)
    const { ratio, goal, goalRatio } = held
    const checks: boolean[] = []
    if (goal !== undefined) checks.push(better === 'higher' ? median >= goal : median <= goal)
    if (goalRatio !== undefined && ratio !== undefined) checks.push(ratio >= goalRatio)
    const measurement: Measurement = {
      name,
      unit,
      better,
      median,
      min: Math.min(...samples),
      max: Math.max(...samples),
      samples: samples.length,
      ceiling: held.ceiling ?? null,
      ratio: ratio ?? null,
      goal: goal ?? null,
      goalRatio: goalRatio ?? null,
      reached: checks.length === 0 ? null : checks.every(Boolean)
    }
    this.#measurements.push(measurement)
    return measurement
  }
}

/** The cells of one line, as text. */
export function rowOf(result: Measurement): Record<string, string> {
  const unit = result.better === 'higher' ? `${result.unit}/s` : result.unit
  const goals: string[] = []
  if (result.goal !== null) {
    goals.push(`${result.better === 'higher' ? '≥' : '≤'} ${short(result.goal)}`)
  }
  if (result.goalRatio !== null) goals.push(`≥ ${percent(result.goalRatio)} of it`)
  if (result.reached !== null) goals.push(result.reached ? 'reached' : 'NOT reached')
  return {
    median: `${short(result.median)} ${unit}`,
    range: `${short(result.min)} – ${short(result.max)}`,
    ceiling: result.ceiling ? `${short(result.ceiling.median)} (${result.ceiling.name})` : '',
    'of ceiling': result.ratio === null ? '' : percent(result.ratio),
    goal: goals.join(', ')
  }
}

/** The middle one of some numbers (of two, their mean). */
export function medianOf(samples: readonly number[]): number {
  const sorted = samples.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The value that `share` (0…1) of the samples do not exceed. */
export function percentileOf(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))]!
}

async function rateOf(run: Run, { count = 1 }: MeasureOptions): Promise<number> {
  // Each run starts with the last one's garbage gone; needs --expose-gc, which scripts/bench.ts gives.
  globalThis.gc?.()
  const start = performance.now()
  const pending = run()
  const done = pending instanceof Promise ? await pending : pending
  return (typeof done === 'number' ? done : count) / ((performance.now() - start) / 1000)
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`
}

/** Three digits, with M and k above a million and ten thousand. */
function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`
  return String(Number(value.toPrecision(3)))
}
