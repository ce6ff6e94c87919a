// Groups over a log in memory with a clock moved by hand, for the tests of this folder.
import { SeededRandom, SimulatedClock } from '../../../base/index.ts'
import { openMemoryLog, type Log } from '../../../log/index.ts'
import { openBrokerState } from '../broker-state.ts'
import type { BrokerSettings } from '../context.ts'
import { TopicDirectory } from '../topics.ts'
import type { JoinWish } from './classic-group.ts'
import { Groups } from './groups.ts'

/** What a test of groups works with. */
export interface GroupsKit {
  readonly clock: SimulatedClock
  readonly log: Log
  readonly topics: TopicDirectory
  readonly groups: Groups
  /** Groups of a process that starts now over the same log. */
  restart(): Promise<Groups>
}

const SETTINGS: BrokerSettings = {
  partitions: 1,
  autoCreateTopics: true,
  initialDelayMs: 0,
  sessionTimeoutMsMin: 1,
  heartbeatIntervalMs: 1_000,
  memberTimeoutMs: 10_000,
  sessionLifetimeMs: 0
}

/** Makes groups over an empty log. */
export async function groupsKit(settings: Partial<BrokerSettings> = {}): Promise<GroupsKit> {
  const clock = new SimulatedClock()
  const log = openMemoryLog({ clock })
  const topics = new TopicDirectory(log, 'cluster')
  const restart = async (): Promise<Groups> => {
    const { store } = await openBrokerState(log, clock)
    const random = new SeededRandom(clock.pending)
    return new Groups({ log, clock, random, store, topics, settings: { ...SETTINGS, ...settings } })
  }
  return { clock, log, topics, groups: await restart(), restart }
}

/** A wish to join with one protocol or several; `metadata` is what the member says for each. */
export function wishOf(more: {
  readonly memberId?: string
  readonly instanceId?: string
  readonly protocols?: readonly string[]
  readonly metadata?: string
  readonly requiresId?: boolean
  readonly canSkipAssignment?: boolean
}): JoinWish {
  const { protocols = ['range'], metadata = '' } = more
  return {
    memberId: more.memberId ?? '',
    instanceId: more.instanceId ?? null,
    facts: {
      clientId: 'c',
      clientHost: '/h',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: 'consumer',
      protocols: protocols.map(name => ({ name, metadata: Buffer.from(metadata) }))
    },
    requiresId: more.requiresId ?? false,
    canSkipAssignment: more.canSkipAssignment ?? false
  }
}
