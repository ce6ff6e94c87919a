// Incremental fetch sessions (KIP-227): clients name only the partitions that change.
//
// Owns: what each session's client wants, and what it was last told of each partition. Sessions are lost with the
// process; a client then begins a new one (FETCH_SESSION_ID_NOT_FOUND).
import { ERROR_CODES, type RequestOf } from '../wire/index.ts'

/** More sessions than this push out the one that was unused for longest. */
const SESSIONS_MAX = 1_000
const EPOCH_LAST = 2 ** 31 - 1
const EPOCH_NEW = 0
const EPOCH_CLOSE = -1

type FetchRequest = RequestOf<'Fetch'>
type WantedTopic = FetchRequest['topics'][number]

/** A partition that a client wants; `topic` is the name or the id by which it asks. */
export interface WantedPartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly fetchOffset: number
  readonly bytesMax: number
  readonly leaderEpoch: number
}

/** What a client was last told of a partition. */
export interface ToldPartition {
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
}

interface SessionEntry {
  wanted: WantedPartition
  told: ToldPartition | null
}

/** One client's session. */
export class FetchSession {
  readonly id: number
  epoch: number = 1
  readonly partitions: Map<string, SessionEntry> = new Map()

  constructor(id: number) {
    this.id = id
  }
}

/** What a request asks for. `session` is null when the answer must be complete and nothing is remembered. */
export interface FetchPlan {
  readonly errorCode: number
  readonly session: FetchSession | null
  /** Whether partitions without news are left out. */
  readonly isIncremental: boolean
  readonly wanted: readonly WantedPartition[]
}

/** All sessions of a broker. */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>()
  readonly #newId: () => number

  /** `newId` gives random ids. */
  constructor(newId: () => number) {
    this.#newId = newId
  }

  /** Finds or makes the session of a request, and brings it up to date. */
  plan(request: FetchRequest): FetchPlan {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === EPOCH_CLOSE || sessionEpoch === EPOCH_NEW) {
      this.#sessions.delete(sessionId)
      const wanted = wantedOf(request)
      if (sessionEpoch === EPOCH_CLOSE) return complete(wanted)
      const session = this.#create(wanted)
      return { errorCode: 0, session, isIncremental: false, wanted }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return refused(ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
    if (sessionEpoch !== session.epoch) return refused(ERROR_CODES.INVALID_FETCH_SESSION_EPOCH)
    session.epoch = session.epoch === EPOCH_LAST ? 1 : session.epoch + 1
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    updateSession(session, request)
    const wanted = [...session.partitions.values()].map(entry => entry.wanted)
    return { errorCode: 0, session, isIncremental: true, wanted }
  }

  #create(wanted: readonly WantedPartition[]): FetchSession {
    let id = this.#newId()
    while (id === 0 || this.#sessions.has(id)) id = this.#newId()
    const session = new FetchSession(id)
    for (const each of wanted) session.partitions.set(keyOf(each), { wanted: each, told: null })
    if (this.#sessions.size >= SESSIONS_MAX) {
      const [oldest] = this.#sessions.keys()
      if (oldest !== undefined) this.#sessions.delete(oldest)
    }
    this.#sessions.set(id, session)
    return session
  }
}

const complete = (wanted: readonly WantedPartition[]): FetchPlan => {
  return { errorCode: 0, session: null, isIncremental: false, wanted }
}

const refused = (errorCode: number): FetchPlan => {
  return { errorCode, session: null, isIncremental: false, wanted: [] }
}

/** Name of a partition within a session. */
export function keyOf(partition: {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
}): string {
  return `${partition.topic}\n${partition.topicId}\n${partition.partition}`
}

function wantedOf(request: FetchRequest): WantedPartition[] {
  return request.topics.flatMap(topic => topic.partitions.map(each => wantedPartition(topic, each)))
}

function wantedPartition(
  topic: WantedTopic,
  partition: WantedTopic['partitions'][number]
): WantedPartition {
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    partition: partition.partition,
    fetchOffset: partition.fetchOffset,
    bytesMax: partition.partitionMaxBytes,
    leaderEpoch: partition.currentLeaderEpoch
  }
}

function updateSession(session: FetchSession, request: FetchRequest): void {
  for (const wanted of wantedOf(request)) {
    const key = keyOf(wanted)
    const told = session.partitions.get(key)?.told ?? null
    session.partitions.set(key, { wanted, told })
  }
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) {
      session.partitions.delete(keyOf({ topic, topicId, partition }))
    }
  }
}
