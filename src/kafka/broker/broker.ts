// Puts the broker together: what it remembers, its coordinators, and the front door.
import type { Clock, Random } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { openAbortedTransactions } from './aborted-transactions.ts'
import type { BrokerContext, BrokerSettings } from './context.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { Groups } from './groups/groups.ts'
import { Producers } from './producers.ts'
import { FrontDoor, type ListenOptions } from './server.ts'
import { openStore, type BrokerStore } from './store.ts'
import { Sweep } from './sweep.ts'
import { TopicDirectory } from './topics.ts'
import { Transactions } from './transactions.ts'

const CLUSTER_ID_KEY = 'cluster-id'
const CLUSTER_ID_BYTES = 16

/** What a broker is made of. */
export interface BrokerOptions extends ListenOptions {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  readonly settings?: Partial<BrokerSettings>
}

const SETTINGS_DEFAULT: BrokerSettings = {
  partitions: 1,
  autoCreateTopics: true,
  initialDelayMs: 100,
  sessionTimeoutMsMin: 6_000,
  heartbeatIntervalMs: 5_000,
  memberTimeoutMs: 45_000
}

/** A broker that listens. */
export interface Broker {
  readonly address: { readonly host: string; readonly port: number }
  readonly context: BrokerContext
  /** Ends connections and timers; the log stays open. */
  close(): Promise<void>
}

/**
 * Starts a broker over a log that nobody else serves.
 * @throws BROKER_STATE_DAMAGED, and the system's error when the address cannot be used
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const context = await openContext(options)
  const door = await FrontDoor.open(context, options)
  const sweep = new Sweep(context)
  return {
    address: door.address,
    context,
    close: async () => {
      sweep.close()
      context.groups.close()
      await door.close()
      context.transactions.close()
    }
  }
}

async function openContext(options: BrokerOptions): Promise<BrokerContext> {
  const { log, clock, random } = options
  const store = await openStore(log, clock)
  const clusterId = await clusterIdOf(store, random)
  const settings = { ...SETTINGS_DEFAULT, ...options.settings }
  const aborted = await openAbortedTransactions(log, store)
  const transactions = new Transactions(log, clock, store, aborted)
  const producers = new Producers(
    log,
    clock,
    store,
    await log.listTopics({ internal: true }),
    (...batch) => transactions.allows(...batch)
  )
  const topics = new TopicDirectory(log, clusterId)
  return {
    log,
    clock,
    random,
    store,
    topics,
    sessions: new FetchSessions(() => 1 + random.below(2 ** 31 - 1)),
    producers,
    transactions,
    groups: new Groups({ log, clock, random, store, topics, settings }),
    settings,
    clusterId
  }
}

async function clusterIdOf(store: BrokerStore, random: Random): Promise<string> {
  const known = store.get(CLUSTER_ID_KEY)
  if (typeof known === 'string') return known
  const made = Buffer.from(random.bytes(CLUSTER_ID_BYTES)).toString('base64url')
  await store.change(new Map([[CLUSTER_ID_KEY, made]]))
  return made
}
