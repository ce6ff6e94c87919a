// The disk log passes the log's suite, on the simulated disk and on the machine's.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type LogFactory, logSuite } from '../../../conformance/index.ts'
import { type Disk, SeededRandom, SimulatedDisk, SystemDisk } from '../../base/index.ts'
import { openDiskLog } from './disk-log.ts'

const SEED = 1

const onDisk =
  (
    makeDisk: () => Promise<{ disk: Disk; folder: string; dispose: () => Promise<void> }>
  ): LogFactory =>
  async ({ clock, fileBytesTarget }) => {
    const { disk, folder, dispose } = await makeDisk()
    const random = new SeededRandom(SEED)
    const open = () =>
      openDiskLog({ disk, folder, clock, random, fileBytesTarget, cleanupIntervalMs: 0 })
    let log = await open()
    const reopen = async () => {
      await log.close()
      log = await open()
      return log
    }
    return { log, reopen, dispose }
  }

logSuite(
  'disk log on a simulated disk',
  onDisk(async () => {
    const disk = new SimulatedDisk(new SeededRandom(SEED), { turnsMax: 3 })
    return { disk, folder: '/data', dispose: async () => {} }
  }),
  { durable: true }
)

logSuite(
  "disk log on the machine's disk",
  onDisk(async () => {
    const root = await mkdtemp(join(tmpdir(), 'millrace-log-'))
    return {
      disk: new SystemDisk(root),
      folder: 'data',
      dispose: () => rm(root, { recursive: true })
    }
  }),
  { durable: true }
)
