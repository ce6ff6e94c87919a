// The machine stops at every disk operation of a running dataflow, and again at every one of a recovery.
import {
  type CrashMode,
  SeededRandom,
  SimulatedDisk,
  type SimulatedOperation
} from '../../src/base/index.ts'
import { complete, Life } from './dataflow-life.ts'
import { checkReference, referenceWorkload } from './dataflow-reference.ts'
import { SHARES } from './dataflow-shares.ts'
import { World } from './dataflow-world.ts'
import type { Counts } from './seeds.ts'

const MODES: readonly CrashMode[] = ['lose-all-unsynced', 'keep-all', 'random']
const ORDERS = 20

/** Where a run begins. */
interface Start {
  readonly label: string
  readonly world: World
}

/** What a stop before operation `number` leaves. */
interface Image extends Start {
  readonly number: number
  readonly mode: CrashMode
}

/** Stops before every operation, in all modes. */
export async function stops(seed: number): Promise<Counts> {
  const images = await imagesOf(referenceWorld(seed), seed)
  const taken = images.filter((_, index) => index % SHARES === seed % SHARES)
  for (const image of taken) await recover(image, seed)
  return { recoveries: taken.length }
}

/** Stops before every operation from one stop to the end, each in one of the modes. */
export async function secondStops(seed: number): Promise<Counts> {
  const random = new SeededRandom(seed)
  const images = await imagesOf(referenceWorld(seed), seed)
  const first = images[random.below(images.length)] as Image
  const seconds = await imagesOf(first, seed)
  const taken = seconds.filter(({ number, mode }) => MODES[(number + seed) % MODES.length] === mode)
  for (const second of taken) await recover(second, seed)
  return { recoveries: taken.length }
}

function referenceWorld(seed: number): Start {
  // Little room, and some that all fits: what is read comes from the stores, or from memory.
  const stateHotBytes = seed % 2 === 0 ? 1_000 : 1_000_000
  const workload = referenceWorkload(ORDERS, stateHotBytes)
  const disk = new SimulatedDisk(new SeededRandom(seed))
  return { label: `seed ${seed}`, world: new World(workload, disk) }
}

/** Runs to the end from `start`, which itself does not change, and takes an image before each operation. */
async function imagesOf(start: Start, seed: number): Promise<Image[]> {
  const images: Image[] = []
  const random = new SeededRandom(seed)
  const take = ({ number, kind, path }: SimulatedOperation): void => {
    for (const mode of MODES) {
      const random = new SeededRandom(seed * 1_000_003 + number)
      const label = `${start.label}; ${mode} before operation ${number} (${kind} ${path})`
      const next = world.next(disk.copy({ mode, random }), random)
      images.push({ label, world: next, number, mode })
    }
  }
  const disk = start.world.disk.copy({ mode: 'keep-all', random, onOperation: take })
  const world = start.world.next(disk, random)
  const life = await Life.begin(world, start.label)
  await life.run()
  await life.log.close()
  return images
}

async function recover({ label, world }: Image, seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const check = checkReference.bind(null, world.workload)
  await complete(world, { label, random, check })
}
