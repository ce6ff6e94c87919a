// A pass over keys while they are written, flushed and evicted between its portions, over both stores.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom } from '../base/index.ts'
import type { KeyedState, StateKey, TaskState } from './contract.ts'
import { openLevelStore } from './store/level.ts'
import { MemoryStore } from './store/memory.ts'
import { MemoryChangelog, commit, numbersSpec, openTask } from './test-kit.ts'

const KEYS = 5_000
/** Little room: most keys are in the store only. */
const HOT_BYTES_MAX = 100_000
const PLACES = ['map', 'store', 'changelog'] as const

/** Runs `body` with a state of {@link KEYS} numbers whose keys are in one place. */
async function withKeys(
  kind: 'memory' | 'level',
  place: (typeof PLACES)[number],
  body: (state: KeyedState<number>, task: TaskState, log: MemoryChangelog) => Promise<void>
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-key-pass-'))
  let memory = new MemoryStore()
  const openStore = () =>
    kind === 'memory' ? Promise.resolve(memory) : openLevelStore(join(folder, 'store'))
  const log = new MemoryChangelog()
  const specs = [numbersSpec('s.n')]
  const small = { specs, hotBytesMax: HOT_BYTES_MAX }
  let task = await openTask(await openStore(), log, place === 'map' ? { specs } : small)
  if (place === 'changelog') {
    // What another store had is in the changelog only.
    fill(task)
    commit(task, log)
    await task.close()
    memory = new MemoryStore()
    rmSync(join(folder, 'store'), { recursive: true, force: true })
    task = await openTask(await openStore(), log, small)
  } else {
    fill(task)
    commit(task, log)
    await task.flush()
  }
  try {
    await body(task.state<number>('s.n'), task, log)
  } finally {
    await task.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function fill(task: TaskState): void {
  for (let index = 0; index < KEYS; index++) task.state('s.n').set(`k${index}`, index % 10)
}

const isNine = (value: number): boolean => value === 9

for (const kind of ['memory', 'level'] as const) {
  for (const place of PLACES) {
    test(`a pass pauses often: ${kind}, keys in the ${place}`, () =>
      withKeys(kind, place, async state => {
        let pauses = 0
        let looks = 0
        let looksMost = 0
        let looksAtPause = 0
        const found = await state.keysWhere(
          value => {
            looks++
            return isNine(value)
          },
          {
            limit: KEYS,
            async pause() {
              pauses++
              looksMost = Math.max(looksMost, looks - looksAtPause)
              looksAtPause = looks
            }
          }
        )
        equal(found.length, KEYS / 10)
        ok(pauses >= Math.floor(KEYS / 1_024) && looksMost <= 1_024, `${pauses} ${looksMost}`)
      }))

    test(`a pass misses no key that stays, and finds none twice: ${kind}, keys in the ${place}`, context =>
      withKeys(kind, place, async (state, task, log) => {
        const seed = Number(process.env['MILLRACE_SEED'] ?? 7)
        context.diagnostic(`seed ${seed}`)
        const random = new SeededRandom(seed)
        /** Keys that were written in the pass: they may or may not show. */
        const written = new Set<StateKey>()
        const pause = async (): Promise<void> => {
          for (let count = 0; count < 400; count++) {
            const key = `k${random.below(KEYS + 500)}`
            const dice = random.below(8)
            if (dice === 0) state.delete(key)
            else if (dice === 1) state.set(key, random.below(10))
            else state.get(key)
            if (dice < 2) written.add(key)
          }
          // Without a flush what was replayed goes into the map only.
          if (place === 'changelog') return
          commit(task, log)
          if (random.below(2) === 0) await task.flush()
          await task.admitted()
        }
        const found = await state.keysWhere(isNine, { limit: KEYS * 2, pause })
        equal(new Set(found).size, found.length)
        const stayed = new Set(found.filter(key => !written.has(key)))
        const wanted: string[] = []
        for (let index = 9; index < KEYS; index += 10) {
          if (!written.has(`k${index}`)) wanted.push(`k${index}`)
        }
        ok(written.size > 100)
        deepEqual([...stayed].toSorted(), wanted.toSorted())
      }))
  }
}
