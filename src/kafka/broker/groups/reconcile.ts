// The next step of a member towards its share (KIP-848): what leaves it is given up before anybody else gets it.
import type { Assignment } from './assignors.ts'

/** What a member has, by topic id, and how far it is. */
export interface MemberShare {
  readonly epoch: number
  readonly epochBefore: number
  /** What it may work on. */
  readonly assigned: Assignment
  /** What it has to give up, and has not said yet that it did. */
  readonly revoking: Assignment
  readonly state: 'Stable' | 'Unrevoked' | 'Unreleased'
}

const EMPTY: Assignment = new Map()
const NOTHING: MemberShare = {
  epoch: 0,
  epochBefore: 0,
  assigned: EMPTY,
  revoking: EMPTY,
  state: 'Stable'
}

/** A member that has just come. */
export const newShare = (): MemberShare => NOTHING

/** Whether two assignments are the same, whatever their order. */
export function isSameAssignment(a: Assignment, b: Assignment): boolean {
  return a.size === b.size && isWithin(a, b) && isWithin(b, a)
}

/** Whether all partitions of one assignment are in another. */
export function isWithin(part: Assignment, whole: Assignment): boolean {
  return [...part].every(([topic, partitions]) => {
    const all = whole.get(topic) ?? []
    return partitions.every(partition => all.includes(partition))
  })
}

/** The partitions for which a test holds; topics without one are left out. */
export function select(
  assignment: Assignment,
  test: (topic: string, partition: number) => boolean
): Assignment {
  const chosen = [...assignment].map(
    ([topic, partitions]) => [topic, partitions.filter(each => test(topic, each))] as const
  )
  return new Map(chosen.filter(([, partitions]) => partitions.length > 0))
}

const has = (assignment: Assignment, topic: string, partition: number): boolean =>
  assignment.get(topic)?.includes(partition) ?? false

/** The partitions of both. */
export function join(a: Assignment, b: Assignment): Assignment {
  const joined = new Map<string, readonly number[]>(a)
  for (const [topic, partitions] of b) {
    const all = [...(a.get(topic) ?? []), ...partitions]
    joined.set(
      topic,
      all.toSorted((x, y) => x - y)
    )
  }
  return joined
}

/**
 * The member's next step.
 * @param owned what the member says that it works on; null: it says nothing
 * @param isFree whether no other member has a partition or is giving it up
 */
export function reconcile(
  share: MemberShare,
  target: { readonly epoch: number; readonly assignment: Assignment },
  owned: Assignment | null,
  isFree: (topic: string, partition: number) => boolean
): MemberShare {
  if (share.state === 'Unrevoked') {
    const holdsOn =
      owned === null ||
      select(owned, (topic, partition) => has(share.revoking, topic, partition)).size > 0
    if (holdsOn) return share
  } else if (share.state === 'Stable' && share.epoch === target.epoch) return share
  const kept = select(share.assigned, (topic, partition) =>
    has(target.assignment, topic, partition)
  )
  const leaving = select(
    share.assigned,
    (topic, partition) => !has(target.assignment, topic, partition)
  )
  if (leaving.size > 0) {
    return { ...share, assigned: kept, revoking: leaving, state: 'Unrevoked' }
  }
  const coming = select(target.assignment, (topic, partition) => !has(kept, topic, partition))
  const free = select(coming, isFree)
  const isWhole = isSameAssignment(free, coming)
  const isStep = share.epoch !== target.epoch
  return {
    epoch: target.epoch,
    epochBefore: isStep ? share.epoch : share.epochBefore,
    assigned: join(kept, free),
    revoking: EMPTY,
    state: isWhole ? 'Stable' : 'Unreleased'
  }
}
