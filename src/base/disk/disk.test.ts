// All disks pass the one suite.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { diskSuite } from '../../../conformance/disk.ts'
import { OverlayDisk } from './overlay.ts'
import { SimulatedDisk } from './simulated.ts'
import { SystemDisk } from './system.ts'
import { SeededRandom } from '../random.ts'

diskSuite('SystemDisk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-disk-'))
  return { disk: new SystemDisk(root), dispose: () => rm(root, { recursive: true, force: true }) }
})

diskSuite('SimulatedDisk', () => {
  const disk = new SimulatedDisk(new SeededRandom(1))
  return Promise.resolve({ disk, dispose: () => Promise.resolve() })
})

diskSuite('SimulatedDisk with calls that change places', () => {
  const disk = new SimulatedDisk(new SeededRandom(2), { turnsMax: 5 })
  return Promise.resolve({ disk, dispose: () => Promise.resolve() })
})

diskSuite('OverlayDisk', () => {
  const disk = new OverlayDisk(new SimulatedDisk(new SeededRandom(3)))
  return Promise.resolve({ disk, dispose: () => Promise.resolve() })
})
