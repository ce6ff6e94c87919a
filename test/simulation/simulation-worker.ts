// Runs one simulation in a thread of its own, seed by seed, as seeds.ts asks.
import { parentPort, workerData } from 'node:worker_threads'

import type { Answer, Simulation, SimulationPlan } from './seeds.ts'

const { module, name } = workerData as SimulationPlan
const exported = (await import(`./${module}`)) as Readonly<Record<string, Simulation>>
const simulation = exported[name] as Simulation

const answer = (message: Answer): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message)
}

parentPort?.on('message', (seed: number) => {
  simulation(seed).then(
    counts => answer({ counts }),
    error => {
      answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  )
})
