// Property tests: a task state is a map that survives, over the memory store and over LevelDB.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Random } from '../base/index.ts'
import type { StateStore } from './contract.ts'
import { runModel, type StoreHistory } from './model.cases.ts'
import { openLevelStore } from './store/level.ts'
import { MemoryStore } from './store/memory.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const RUNS = Number(process.env['MILLRACE_CASES'] ?? 45)

class MemoryHistory implements StoreHistory {
  // A write takes a turn of the event loop, so that crashes and new seals come between pieces.
  #store = new MemoryStore({ delay: () => new Promise(resolve => setImmediate(resolve)) })
  #opened = false

  async open(): Promise<StateStore> {
    if (this.#opened) this.#store = this.#store.reopen()
    this.#opened = true
    return this.#store
  }

  async crash(random: Random): Promise<void> {
    this.#store.crash(random)
  }
}

/** Ends a store between two writes: those that were begun before are done, later ones are refused. */
class LevelHistory implements StoreHistory {
  readonly #path: string
  #store: StateStore | null = null

  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<StateStore> {
    await this.#store?.close()
    this.#store = await openLevelStore(this.#path)
    return this.#store
  }

  async crash(): Promise<void> {
    await this.#store?.close()
  }
}

test(`is a map that survives, over the memory store (seeds from ${SEED})`, async () => {
  for (let run = 0; run < RUNS; run++) {
    await runModel({ seed: SEED + run, steps: 600, history: new MemoryHistory() })
  }
})

test(`is a map that survives, over LevelDB (seeds from ${SEED})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-model-'))
  try {
    for (let run = 0; run < RUNS / 30; run++) {
      const history = new LevelHistory(join(folder, `${run}`))
      await runModel({ seed: SEED + run, steps: 600, history })
      await history.crash()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
