// The contract of the log as tests: every sentence of src/log/log.ts, for all implementations.
import { afterEach, beforeEach, suite, test } from 'node:test'

import { SimulatedClock } from '../src/base/index.ts'
import { declareCleanup } from './log-cleanup.ts'
import { declareCommits } from './log-commits.ts'
import { declareDurability } from './log-durability.ts'
import {
  FILE_BYTES_TARGET,
  type LogCapabilities,
  type LogFactory,
  type LogFixture,
  type LogWorld
} from './log-kit.ts'
import { declareReads } from './log-reads.ts'
import { declareTopics } from './log-topics.ts'

export type { LogCapabilities, LogFactory, LogFactoryOptions, LogFixture } from './log-kit.ts'

/** Declares the suite for one implementation. */
export function logSuite(name: string, factory: LogFactory, capabilities: LogCapabilities): void {
  suite(name, () => {
    let fixture: LogFixture
    let world: LogWorld
    beforeEach(async () => {
      const clock = new SimulatedClock()
      fixture = await factory({ clock, fileBytesTarget: FILE_BYTES_TARGET })
      const reopen = async (): Promise<void> => {
        world.log = await fixture.reopen!()
      }
      world = { log: fixture.log, clock, reopen }
    })
    afterEach(async () => {
      await world.log.close()
      await fixture.dispose()
    })
    const declare = (sentence: string, body: (world: LogWorld) => Promise<void>): void => {
      test(sentence, () => body(world))
    }
    declareTopics(declare)
    declareCommits(declare)
    declareReads(declare)
    declareCleanup(declare)
    if (capabilities.durable) declareDurability(declare)
  })
}
