// Random workloads with crashes, faults and crashes while recovering, each from one seed.
import {
  isMillraceError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type CrashMode,
  type Random
} from '../../src/base/index.ts'
import type { LogModel, Step } from './log-model.ts'
import { LogRun } from './log-run.ts'
import { randomStep } from './log-workload.ts'
import type { Counts } from './seeds.ts'

const STEPS = 60
const MODES: readonly CrashMode[] = ['lose-all-unsynced', 'keep-all', 'random', 'random', 'random']

/** A workload of 60 steps, with what goes wrong on the way. */
export async function randomWork(seed: number): Promise<Counts> {
  const counts = { workloads: 1, steps: 0, crashes: 0, faults: 0, taken: 0 }
  const random = new SeededRandom(seed)
  const clock = new SimulatedClock()
  const turnsMax = random.below(4)
  let run = await LogRun.start(new SimulatedDisk(random, { turnsMax }), clock)
  let planned: string[] = []
  for (let number = 0; number < STEPS; number++) {
    planned.push(...plan(random, run.disk))
    const step = randomStep(random, run.model, number)
    const error = await run.step(step)
    counts.steps++
    if (error === null && random.below(10) > 0) continue
    const label = `step ${number} (${step.kind}), planned: ${planned.join(', ')}`
    if (error !== null && planned.length === 0) throw new Error(`${label}: ${String(error)}`)
    planned = []
    if (error !== null) counts[run.disk.crashed ? 'crashes' : 'faults']++
    const [disk, model, open] = await endOf(run, random, turnsMax)
    run = await restart(disk, clock, { model, open, random, turnsMax })
    counts.taken += await run.verify(label)
  }
  run.disk.crashAfter(Number.POSITIVE_INFINITY)
  run.disk.repair()
  await run.log.close()
  return counts
}

/** Lets one of the next operations fail, or the machine stop there, now and then. */
function plan(random: Random, disk: SimulatedDisk): readonly string[] {
  const at = disk.operations + random.below(12)
  switch (random.below(8)) {
    case 0:
    case 1:
      disk.crashAfter(at, { half: random.below(2) === 0 })
      return [`crash after ${at}`]
    case 2: {
      const fault = (['full', 'io', 'sync'] as const)[random.below(3)] ?? 'io'
      disk.failAt(at + 1, fault, { lasting: random.below(2) === 0 })
      return [`${fault} at ${at + 1}`]
    }
    default:
      return []
  }
}

/** Stops the machine, or only the process: then its disk goes on, with whatever is not synced. */
async function endOf(
  run: LogRun,
  random: Random,
  turnsMax: number
): Promise<[SimulatedDisk, LogModel, readonly Step[]]> {
  if (run.disk.crashed || random.below(2) === 0) {
    const mode = MODES[random.below(MODES.length)] ?? 'random'
    return [run.disk.crash({ mode, turnsMax }), run.model, run.open]
  }
  await run.log.close().catch(() => undefined)
  run.disk.repair()
  return [run.disk, run.model, run.open]
}

/** Opens the log, with up to three crashes on the way. */
async function restart(
  disk: SimulatedDisk,
  clock: SimulatedClock,
  state: { model: LogModel; open: readonly Step[]; random: Random; turnsMax: number }
): Promise<LogRun> {
  const { model, open, random, turnsMax } = state
  let next = disk
  for (let attempt = 0; attempt < 3; attempt++) {
    if (random.below(2) === 0) next.crashAfter(next.operations + random.below(10))
    try {
      const run = await LogRun.start(next, clock, model)
      run.open = [...open]
      next.crashAfter(Number.POSITIVE_INFINITY)
      return run
    } catch (error) {
      if (!isMillraceError(error, 'DISK_CRASHED')) throw error
      next = next.crash({ mode: MODES[random.below(MODES.length)] ?? 'random', turnsMax })
    }
  }
  const run = await LogRun.start(next, clock, model)
  run.open = [...open]
  return run
}
