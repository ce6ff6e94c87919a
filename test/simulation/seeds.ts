// Seeds of simulation tests: how many, and how to repeat the one that failed.
import { messageOf } from '../../src/base/index.ts'

/** MILLRACE_SIMULATION=long multiplies what is sampled by this. */
const LONG_FACTOR = 50

/** How many of something sampled to do: `usual`, or many more in a long run. */
export function samples(usual: number): number {
  return process.env['MILLRACE_SIMULATION'] === 'long' ? usual * LONG_FACTOR : usual
}

/**
 * Runs `body` with seeds 1, 2, …: `usual` of them, MILLRACE_SEEDS if that is set, or the one in
 * MILLRACE_SEED. An error says how to repeat it.
 */
export async function forEachSeed(
  test: string,
  usual: number,
  body: (seed: number) => Promise<void>
): Promise<void> {
  const only = process.env['MILLRACE_SEED']
  const count = Number(process.env['MILLRACE_SEEDS'] ?? samples(usual))
  const seeds = only === undefined ? Array.from({ length: count }, (_, seed) => seed + 1) : [+only]
  for (const seed of seeds) {
    try {
      await body(seed)
    } catch (error) {
      const repeat = `MILLRACE_SEED=${seed} npm test -- ${test}`
      throw new Error(`seed ${seed}: ${messageOf(error)}\nrepeat with: ${repeat}`, { cause: error })
    }
  }
}
