// Durations as a histogram: how many there were, and quantiles of the last ones.
import { quantile } from '../../runtime/task/index.ts'

/** How many of the last durations the quantiles are of. */
const SAMPLES_MAX = 512

/** A histogram as plain data; all durations in ms. */
export interface LatencySummary {
  /** Durations since the start. */
  readonly count: number
  readonly sum: number
  /** Of the last 512. 0 without any. */
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly p50: number
  readonly p75: number
  readonly p95: number
  readonly p98: number
  readonly p99: number
  readonly p999: number
}

/** Durations of one kind of event. */
export class Histogram {
  readonly #samples: number[] = []
  #count = 0
  #sum = 0

  add(durationMs: number): void {
    this.#samples[this.#count++ % SAMPLES_MAX] = durationMs
    this.#sum += durationMs
  }

  /** Several histograms as one. */
  static summaryOf(histograms: readonly Histogram[]): LatencySummary {
    const samples = histograms.flatMap(each => each.#samples).toSorted((a, b) => a - b)
    const total = (of: (each: Histogram) => number): number =>
      histograms.reduce((sum, each) => sum + of(each), 0)
    const at = (fraction: number): number => quantile(samples, fraction)
    return {
      count: total(each => each.#count),
      sum: total(each => each.#sum),
      min: samples[0] ?? 0,
      max: samples.at(-1) ?? 0,
      mean: samples.length === 0 ? 0 : samples.reduce((a, b) => a + b, 0) / samples.length,
      p50: at(0.5),
      p75: at(0.75),
      p95: at(0.95),
      p98: at(0.98),
      p99: at(0.99),
      p999: at(0.999)
    }
  }
}
