// What handlers of requests share, and what they know of a caller.
import type { Clock, Random } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import type { Identity, Security } from '../../security/index.ts'
import type { ApiName, RequestOf, ResponseOf, Sparse } from '../wire/index.ts'
import type { AnswerMemory, Loan } from './fetch/answer-memory.ts'
import type { FetchSessions } from './fetch/fetch-sessions.ts'
import type { Groups } from './groups/groups.ts'
import type { Load } from './load.ts'
import type { Producers } from './transactions/producers.ts'
import type { Login } from './security/login.ts'
import type { BrokerStore } from './store.ts'
import type { TopicDirectory } from './topics.ts'
import type { Transactions } from './transactions/transactions.ts'

/** The only node of the cluster. */
export const NODE_ID = 1
/** The only epoch of its leadership. */
export const LEADER_EPOCH = 0
/** Members of a group, with those that were given an id and have not come back with it. */
export const GROUP_MEMBERS_MAX = 2_000
/** Longest text beside a position of a group: what the log takes. */
export const OFFSET_METADATA_LENGTH_MAX = 4_096

/** Choices of whoever runs the broker. */
export interface BrokerSettings {
  /** Partitions of topics for which nothing is said. */
  readonly partitions: number
  /** Whether topics that clients ask for are made. */
  readonly autoCreateTopics: boolean
  /** How long the first member of a group waits for others, ms. */
  readonly initialDelayMs: number
  /** Shortest session timeout of a member of a classic group, ms. */
  readonly sessionTimeoutMsMin: number
  /** How often members of groups of KIP-848 are to be heard of, ms. */
  readonly heartbeatIntervalMs: number
  /** How long such a member may be silent, ms. */
  readonly memberTimeoutMs: number
  /** How long a login by SASL lasts before it must be renewed (KIP-368), ms; 0: as long as its connection. */
  readonly sessionLifetimeMs: number
}

/** What all handlers use. */
export interface BrokerContext {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  readonly store: BrokerStore
  readonly topics: TopicDirectory
  readonly sessions: FetchSessions
  readonly producers: Producers
  readonly transactions: Transactions
  readonly groups: Groups
  readonly settings: BrokerSettings
  readonly clusterId: string
  /** Who may do what. */
  readonly security: Security
  /** What all connections have in memory. */
  readonly load: Load
  /** For records on their way to clients. */
  readonly memory: AnswerMemory
}

/** Who asks, over which connection. */
export interface Caller {
  /** Name that the client gives itself; for people. */
  readonly clientId: string
  readonly clientHost: string
  /** Where the client reached this broker: what it is told as the broker's address. */
  readonly address: { readonly host: string; readonly port: number }
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal
  /** Who asks. Before a login, when only requests that make one are answered: ANONYMOUS. */
  readonly identity: Identity
  readonly login: Login
  /** Memory for the answer to this request, taken back when it was sent. */
  readonly memory: Loan
}

/** Answers one request of an API in any version. null: no response is sent (acks 0). */
export type Handler<Name extends ApiName> = (
  context: BrokerContext,
  request: RequestOf<Name>,
  caller: Caller,
  version: number
) => Promise<Sparse<ResponseOf<Name>> | null> | Sparse<ResponseOf<Name>>
