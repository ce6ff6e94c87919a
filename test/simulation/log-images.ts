// Disks as a stopped machine leaves them, one per operation, each with what the log had promised by then.
import assert from 'node:assert/strict'

import {
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type CrashMode,
  type SimulatedOperation
} from '../../src/base/index.ts'
import { LogModel, type Step } from './log-model.ts'
import { LogRun } from './log-run.ts'

const MODES: readonly CrashMode[] = ['lose-all-unsynced', 'keep-all', 'random']

/** What a disk holds when the machine stops, and what is known of the log on it. */
export interface Image {
  readonly label: string
  readonly disk: SimulatedDisk
  readonly model: LogModel
  readonly open: readonly Step[]
  readonly now: number
}

/** Images before each operation of one undisturbed run of `steps`, in all modes. */
export async function imagesOfWorkload(steps: readonly Step[], seed: number): Promise<Image[]> {
  const images: Image[] = []
  const clock = new SimulatedClock()
  let run: LogRun | null = null
  const take = (operation: SimulatedOperation): void => {
    const model = run?.model.clone() ?? new LogModel()
    const open = [...(run?.open ?? [])]
    const state = { model, open, now: clock.now() }
    for (const mode of MODES) images.push({ ...imageOf(disk, operation, mode, seed), ...state })
  }
  const disk = new SimulatedDisk(new SeededRandom(seed), { onOperation: take })
  run = await LogRun.start(disk, clock)
  assert.equal(await run.steps(steps), null)
  await run.log.close()
  return images
}

/** Opens the log of an image, and takes an image before each operation of that. */
export async function imagesOfRecovery(image: Image, seed: number): Promise<Image[]> {
  const images: Image[] = []
  const { model, open, now } = image
  const take = (operation: SimulatedOperation): void => {
    for (const mode of MODES) {
      const { label, disk: next } = imageOf(disk, operation, mode, seed)
      const whole = `${image.label}, then while recovering: ${label}`
      images.push({ label: whole, disk: next, model, open, now })
    }
  }
  const random = new SeededRandom(seed)
  const disk = image.disk.copy({ mode: 'keep-all', random, onOperation: take })
  const run = await LogRun.start(disk, new SimulatedClock(now))
  await run.log.close()
  return images
}

/** Opens the log of an image; nothing is checked yet. The image itself does not change. */
export async function recover(image: Image): Promise<LogRun> {
  const disk = image.disk.copy({ mode: 'keep-all', random: new SeededRandom(1) })
  const run = await LogRun.start(disk, new SimulatedClock(image.now), image.model.clone())
  run.open = [...image.open]
  return run
}

/** Checks that a verified log takes commits again, and has them after closing and opening it. */
export async function goOn(run: LogRun, label: string): Promise<void> {
  const records = [{ timestamp: 1, key: 'after', value: label }]
  const steps: Step[] = [...run.model.topics.keys()].map(topic => ({
    kind: 'commit',
    batches: [{ topic, partition: 0, records }],
    offsets: [{ group: 'after', topic, partition: 0, offset: 1, metadata: label }]
  }))
  assert.equal(await run.steps([...steps, { kind: 'reopen' }]), null)
  await run.verifyAcknowledged(`${label}, after more commits`)
  await run.log.close()
}

function imageOf(
  disk: SimulatedDisk,
  { number, kind, path }: SimulatedOperation,
  mode: CrashMode,
  seed: number
): { readonly label: string; readonly disk: SimulatedDisk } {
  const random = new SeededRandom(seed * 1_000_003 + number)
  const label = `seed ${seed}, ${mode}, before operation ${number} (${kind} ${path})`
  return { label, disk: disk.copy({ mode, random }) }
}
