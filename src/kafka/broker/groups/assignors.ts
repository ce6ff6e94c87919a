// How partitions are shared out among members by the broker (KIP-848): pure functions.

/** Partitions by topic id. */
export type Assignment = ReadonlyMap<string, readonly number[]>

/** A member, as it counts for an assignment. */
export interface AssignedMember {
  readonly id: string
  /** Ids of topics that it wants. */
  readonly topics: ReadonlySet<string>
  /** What it was meant to have before. */
  readonly before: Assignment
}

/** Shares out all partitions of the topics (count by id) that somebody wants. */
export type Assignor = (
  members: readonly AssignedMember[],
  topics: ReadonlyMap<string, number>
) => ReadonlyMap<string, Assignment>

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Ranges of each topic, in the order of the members' ids: partitions of one number go to one member. */
export const assignRange: Assignor = (members, topics) => {
  const assigned = new Map(members.map(({ id }) => [id, new Map<string, readonly number[]>()]))
  for (const [topic, count] of topics) {
    const takers = members.filter(member => member.topics.has(topic)).map(member => member.id)
    takers.sort(byText)
    let next = 0
    for (const [at, id] of takers.entries()) {
      const size = Math.floor(count / takers.length) + (at < count % takers.length ? 1 : 0)
      if (size > 0) assigned.get(id)!.set(topic, sequence(next, size))
      next += size
    }
  }
  return assigned
}

const sequence = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index)

interface Share {
  readonly id: string
  readonly topics: ReadonlySet<string>
  readonly partitions: Map<string, Set<number>>
  size: number
}

/**
 * As many partitions for each member as possible, moving as few as possible: who had a partition keeps it while its
 * share is not too large, the rest goes to whoever has least.
 */
export const assignUniform: Assignor = (members, topics) => {
  const shares = members
    .toSorted((a, b) => byText(a.id, b.id))
    .map(({ id, topics: wanted }): Share => ({
      id,
      topics: wanted,
      partitions: new Map(),
      size: 0
    }))
  const taken = keepBefore(members, shares, topics)
  for (const [topic, count] of topics) {
    const takers = shares.filter(share => share.topics.has(topic))
    if (takers.length === 0) continue
    for (let partition = 0; partition < count; partition++) {
      if (!taken.has(`${partition}:${topic}`)) give(least(takers), topic, partition)
    }
  }
  balance(shares)
  return new Map(
    shares.map(({ id, partitions }) => [
      id,
      new Map([...partitions].map(([topic, own]) => [topic, [...own].toSorted((a, b) => a - b)]))
    ])
  )
}

function keepBefore(
  members: readonly AssignedMember[],
  shares: readonly Share[],
  topics: ReadonlyMap<string, number>
): ReadonlySet<string> {
  const taken = new Set<string>()
  const byId = new Map(shares.map(share => [share.id, share]))
  for (const { id, before } of members) {
    const share = byId.get(id)!
    for (const [topic, partitions] of before) {
      const count = share.topics.has(topic) ? (topics.get(topic) ?? 0) : 0
      for (const partition of partitions) {
        const name = `${partition}:${topic}`
        if (partition >= count || taken.has(name)) continue
        taken.add(name)
        give(share, topic, partition)
      }
    }
  }
  return taken
}

function give(share: Share, topic: string, partition: number): void {
  const own = share.partitions.get(topic) ?? new Set()
  own.add(partition)
  share.partitions.set(topic, own)
  share.size++
}

function take(share: Share, topic: string): number {
  const own = share.partitions.get(topic)!
  const last = Math.max(...own)
  own.delete(last)
  if (own.size === 0) share.partitions.delete(topic)
  share.size--
  return last
}

const least = (shares: readonly Share[]): Share =>
  shares.reduce((best, share) => (share.size < best.size ? share : best))

/**
 * Moves partitions from large shares to small ones until no move makes two shares more alike. In a round each share
 * gives at most one, the largest first: that moves as few as it must.
 */
function balance(shares: readonly Share[]): void {
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false
    for (const from of shares.toSorted((a, b) => b.size - a.size)) {
      hasMoved = giveOne(from, shares) || hasMoved
    }
  }
}

function giveOne(from: Share, shares: readonly Share[]): boolean {
  for (const topic of from.partitions.keys()) {
    const to = least(shares.filter(share => share.topics.has(topic)))
    if (to.size + 1 >= from.size) continue
    give(to, topic, take(from, topic))
    return true
  }
  return false
}

/** What the broker offers; the first is used when members say nothing. */
export const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', assignUniform],
  ['range', assignRange]
])

/** The assignor that most members ask for. */
export function electAssignor(wishes: readonly (string | null)[]): string {
  const votes = new Map<string, number>()
  for (const wish of wishes) if (wish !== null) votes.set(wish, (votes.get(wish) ?? 0) + 1)
  let best = 'uniform'
  for (const [name, count] of votes) if (count > (votes.get(best) ?? 0)) best = name
  return best
}
