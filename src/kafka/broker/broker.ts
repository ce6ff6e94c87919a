// Puts the broker together: what it remembers, its coordinators, and the front door.
import type { Clock, Random } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { Security } from '../../security/index.ts'
import { closeBrokerState, openBrokerState, type BrokerState } from './broker-state.ts'
import type { BrokerContext, BrokerSettings } from './context.ts'
import { AnswerMemory } from './fetch/answer-memory.ts'
import { FetchSessions } from './fetch/fetch-sessions.ts'
import { Groups } from './groups/groups.ts'
import { Load } from './load.ts'
import { Producers } from './transactions/producers.ts'
import { FrontDoor, type ListenOptions } from './connections/server.ts'
import type { BrokerStore } from './store.ts'
import { Sweep } from './sweep.ts'
import { TopicDirectory } from './topics.ts'

const CLUSTER_ID_KEY = 'cluster-id'
const CLUSTER_ID_BYTES = 16

/** What a broker is made of. */
export interface BrokerOptions extends ListenOptions {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  readonly settings?: Partial<BrokerSettings>
  /** What was opened of the log's broker already; whoever opened it closes it. */
  readonly state?: BrokerState
  /** Who may do what; over the store of `state`. Default: nobody must say who they are. */
  readonly security?: Security
  /**
   * Bytes of requests and answers in memory, over all connections; beyond it the one that holds most is ended. From
   * half of it on answers are made smaller. Default 512 MiB.
   */
  readonly bytesMax?: number
}

const BYTES_MAX_DEFAULT = 512 * 1024 * 1024

const SETTINGS_DEFAULT: BrokerSettings = {
  partitions: 1,
  autoCreateTopics: true,
  initialDelayMs: 100,
  sessionTimeoutMsMin: 6_000,
  heartbeatIntervalMs: 5_000,
  memberTimeoutMs: 45_000,
  sessionLifetimeMs: 0
}

/** A broker that listens. */
export interface Broker {
  readonly address: { readonly host: string; readonly port: number }
  readonly context: BrokerContext
  /** Connections of clients, now. */
  readonly connections: number
  /** Ends connections and timers; the log stays open. */
  close(): Promise<void>
}

/**
 * Starts a broker over a log that nobody else serves.
 * @throws BROKER_STATE_DAMAGED, and the system's error when the address cannot be used
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const state = options.state ?? (await openBrokerState(options.log, options.clock))
  const context = await openContext(options, state)
  const door = await FrontDoor.open(context, options)
  const sweep = new Sweep(context)
  return {
    address: door.address,
    context,
    get connections() {
      return door.connections
    },
    close: async () => {
      sweep.close()
      context.groups.close()
      await door.close()
      if (options.state === undefined) closeBrokerState(state)
    }
  }
}

/** What handlers of requests share, over what is remembered of a log. */
export async function openContext(
  options: Pick<BrokerOptions, 'log' | 'clock' | 'random' | 'settings' | 'security' | 'bytesMax'>,
  { store, transactions }: BrokerState
): Promise<BrokerContext> {
  const { log, clock, random } = options
  const clusterId = await clusterIdOf(store, random)
  const settings = { ...SETTINGS_DEFAULT, ...options.settings }
  const producers = new Producers(
    log,
    clock,
    store,
    await log.listTopics({ internal: true }),
    (...batch) => transactions.allows(...batch)
  )
  const topics = new TopicDirectory(log, clusterId)
  const security =
    options.security ?? (await Security.open({ memory: store, clock, random, isRequired: false }))
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
    clusterId,
    security,
    load: new Load(options.bytesMax ?? BYTES_MAX_DEFAULT),
    memory: new AnswerMemory()
  }
}

async function clusterIdOf(store: BrokerStore, random: Random): Promise<string> {
  const known = store.get(CLUSTER_ID_KEY)
  if (typeof known === 'string') return known
  const made = Buffer.from(random.bytes(CLUSTER_ID_BYTES)).toString('base64url')
  await store.change(new Map([[CLUSTER_ID_KEY, made]]))
  return made
}
