// Counters of functions with their rates, as plain data under the names of StateFun, for people and for machines.
//
// A rate is that of the last minute: the counters are looked at every five seconds, as Flink does.
import type { Clock } from '../../base/index.ts'
import type { FunctionMetrics, FunctionsMetrics, RunningFunctions } from '../../functions/index.ts'

const TICK_MS = 5_000
const WINDOW_MS = 60_000

/** Events per second over the last minute. */
export interface FunctionRates {
  readonly inRate: number
  readonly outLocalRate: number
  readonly outRemoteRate: number
  readonly outEgressRate: number
  readonly remoteInvocationFailuresRate: number
}

/** Counters of one function type since the start. */
export type RatedFunctionMetrics = FunctionMetrics & FunctionRates

/** Counters of an application since its start. */
export interface ApplicationMetrics extends FunctionsMetrics {
  readonly name: string
  readonly functions: readonly RatedFunctionMetrics[]
  /** Calls under way. */
  readonly inflightAsyncOps: number
  /** Messages that functions have sent to functions. */
  readonly produced: number
  readonly producedRate: number
}

type Counted = Pick<
  FunctionMetrics,
  'in' | 'outLocal' | 'outRemote' | 'outEgress' | 'remoteInvocationFailures'
>

interface Sample {
  readonly atMs: number
  readonly counts: ReadonlyMap<string, Counted>
}

const NONE: Counted = {
  in: 0,
  outLocal: 0,
  outRemote: 0,
  outEgress: 0,
  remoteInvocationFailures: 0
}

/** Looks at an application's counters from time to time. */
export class FunctionMeters {
  readonly #clock: Clock
  /** The present start of the application. */
  readonly #running: () => RunningFunctions
  #samples: Sample[]
  #of: RunningFunctions
  #timer: { cancel(): void } | null = null

  constructor(running: () => RunningFunctions, clock: Clock) {
    this.#clock = clock
    this.#running = running
    this.#of = running()
    this.#samples = [{ atMs: clock.monotonic(), counts: new Map() }]
    this.#arm()
  }

  /** The counters as they are. */
  async metrics(): Promise<ApplicationMetrics> {
    const running = this.#running()
    const metrics = await running.metrics()
    const since = this.#since(running)
    const seconds = Math.max(1, this.#clock.monotonic() - since.atMs) / 1_000
    const functions = metrics.functions.map((one): RatedFunctionMetrics => {
      const before = since.counts.get(one.typename) ?? NONE
      const rate = (name: keyof Counted): number => (one[name] - before[name]) / seconds
      return {
        ...one,
        inRate: rate('in'),
        outLocalRate: rate('outLocal'),
        outRemoteRate: rate('outRemote'),
        outEgressRate: rate('outEgress'),
        remoteInvocationFailuresRate: rate('remoteInvocationFailures')
      }
    })
    const total = (of: (one: RatedFunctionMetrics) => number): number =>
      functions.reduce((sum, one) => sum + of(one), 0)
    return {
      ...metrics,
      name: running.name,
      functions,
      inflightAsyncOps: total(one => one.inflightAsyncOps),
      produced: total(one => one.outLocal + one.outRemote),
      producedRate: total(one => one.outLocalRate + one.outRemoteRate)
    }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /** The oldest counters of the last minute. A new start of the application counts from zero. */
  #since(running: RunningFunctions): Sample {
    if (running !== this.#of) {
      this.#of = running
      this.#samples = [{ atMs: this.#clock.monotonic(), counts: new Map() }]
    }
    return this.#samples[0]!
  }

  #arm(): void {
    this.#timer = this.#clock.timer(TICK_MS, () => void this.#tick().catch(() => {}), {
      unref: true
    })
  }

  async #tick(): Promise<void> {
    const running = this.#running()
    const { functions } = await running.metrics()
    this.#since(running)
    const atMs = this.#clock.monotonic()
    const counts = new Map(functions.map(one => [one.typename, one]))
    this.#samples.push({ atMs, counts })
    while (this.#samples.length > 1 && atMs - this.#samples[1]!.atMs >= WINDOW_MS) {
      this.#samples.shift()
    }
    if (this.#timer !== null) this.#arm()
  }
}
