// Incremental fetch sessions (KIP-227): clients name only the partitions that change.
//
// Owns: what each session's client wants, and what it was last told of each partition. Sessions are lost with the
// process; a client then begins a new one (FETCH_SESSION_ID_NOT_FOUND).
import { ERROR_CODES, type RequestOf } from '../../wire/index.ts'
import { distinct } from '../distinct.ts'

/** More sessions than this, or more partitions in all of them, push out those that were unused for longest. */
const SESSIONS_MAX = 1_000
const PARTITIONS_KEPT_MAX = 1_000_000
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
  readonly #partitionsMax: number
  readonly #newId: () => number
  /** Partitions of all sessions. */
  #partitions = 0

  /** `newId` gives random ids. `partitionsMax`: of all sessions together. */
  constructor(newId: () => number, partitionsMax: number = PARTITIONS_KEPT_MAX) {
    this.#newId = newId
    this.#partitionsMax = partitionsMax
  }

  /** Finds or makes the session of a request, and brings it up to date. */
  plan(request: FetchRequest): FetchPlan {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === EPOCH_CLOSE || sessionEpoch === EPOCH_NEW) {
      this.#forget(sessionId)
      const wanted = distinct(wantedOf(request), keyOf)
      if (sessionEpoch === EPOCH_CLOSE) return complete(wanted)
      return { errorCode: 0, session: this.#create(wanted), isIncremental: false, wanted }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return refused(ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
    if (sessionEpoch !== session.epoch) return refused(ERROR_CODES.INVALID_FETCH_SESSION_EPOCH)
    session.epoch = session.epoch === EPOCH_LAST ? 1 : session.epoch + 1
    this.#forget(sessionId)
    updateSession(session, request)
    this.#keep(session)
    const wanted = [...session.partitions.values()].map(entry => entry.wanted)
    return { errorCode: 0, session, isIncremental: true, wanted }
  }

  #create(wanted: readonly WantedPartition[]): FetchSession {
    let id = this.#newId()
    while (id === 0 || this.#sessions.has(id)) id = this.#newId()
    const session = new FetchSession(id)
    for (const each of wanted) session.partitions.set(keyOf(each), { wanted: each, told: null })
    this.#keep(session)
    return session
  }

  /** Keeps a session as the one that was used last, and ends the oldest ones beyond the bounds. */
  #keep(session: FetchSession): void {
    this.#sessions.set(session.id, session)
    this.#partitions += session.partitions.size
    for (const oldest of this.#sessions.keys()) {
      const isWithin =
        this.#sessions.size <= SESSIONS_MAX && this.#partitions <= this.#partitionsMax
      if (isWithin) return
      this.#forget(oldest)
    }
  }

  #forget(id: number): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#sessions.delete(id)
    this.#partitions -= session.partitions.size
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
