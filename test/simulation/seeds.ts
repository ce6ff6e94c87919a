// Runs simulations by seed in worker threads, adds up what they count, and says how to repeat what failed.
//
// Workers, because node:test tracks every promise of its own thread, which makes a simulation three times slower.
import { Worker } from 'node:worker_threads'

/** MILLRACE_SIMULATION=long multiplies what is usual by this. */
const LONG_FACTOR = 50
/** Both cores of a small machine. */
const WORKERS = 2

/** What a simulation counted, by name. */
export type Counts = Readonly<Record<string, number>>

/** A simulation: throws when a promise was broken. */
export type Simulation = (seed: number) => Promise<Counts>

/** Which function of which module, and how many seeds a usual run takes. */
export interface SimulationPlan {
  /** Part of the test file's path: what `npm test -- …` is given to repeat it. */
  readonly test: string
  /** The module, next to this file, that exports the simulation. */
  readonly module: string
  readonly name: string
  readonly seeds: number
}

/**
 * Runs the simulation with seeds 1, 2, …: as many as planned, MILLRACE_SEEDS of them, or the one in
 * MILLRACE_SEED. Rejects with the first failure, its seed and the command that repeats it.
 */
export async function simulate(plan: SimulationPlan): Promise<Counts> {
  const seeds = seedsOf(plan.seeds)
  const totals: Record<string, number> = {}
  const pool = Array.from({ length: Math.min(WORKERS, seeds.length) }, async () => {
    const worker = new Worker(new URL('simulation-worker.ts', import.meta.url), {
      workerData: plan
    })
    try {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const counts = await ask(worker, plan, seed)
        for (const [name, count] of Object.entries(counts)) {
          totals[name] = (totals[name] ?? 0) + count
        }
      }
    } finally {
      seeds.length = 0
      await worker.terminate()
    }
  })
  await Promise.all(pool)
  return totals
}

/** What a worker answers. */
export type Answer = { readonly counts: Counts } | { readonly failure: string }

async function ask(worker: Worker, plan: SimulationPlan, seed: number): Promise<Counts> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(seed)
  const answer = await nextAnswer(worker)
  if ('counts' in answer) return answer.counts
  const repeat = `MILLRACE_SEED=${seed} npm test -- ${plan.test}`
  throw new Error(`seed ${seed}: ${answer.failure}\nrepeat with: ${repeat}`)
}

function nextAnswer(worker: Worker): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number): void => reject(new Error(`the worker ended with ${code}`))
    const onError = (error: unknown): void => {
      worker.off('exit', onExit)
      reject(error)
    }
    worker.once('exit', onExit)
    worker.once('error', onError)
    worker.once('message', (answer: Answer) => {
      worker.off('exit', onExit)
      worker.off('error', onError)
      resolve(answer)
    })
  })
}

function seedsOf(usual: number): number[] {
  const { MILLRACE_SEED, MILLRACE_SEEDS, MILLRACE_SIMULATION } = process.env
  if (MILLRACE_SEED !== undefined) return [Number(MILLRACE_SEED)]
  const factor = MILLRACE_SIMULATION === 'long' ? LONG_FACTOR : 1
  return Array.from({ length: Number(MILLRACE_SEEDS ?? usual * factor) }, (_, index) => index + 1)
}
