// A member of a group of KIP-848, in memory and as it is stored.
import type { Timer } from '../../../base/index.ts'
import type { Assignment } from './assignors.ts'
import { newShare, type MemberShare } from './reconcile.ts'
import { parseTopicPattern, type TopicPattern } from './topic-pattern.ts'

/** What a member says of itself, and may say anew with every heartbeat. */
export interface ConsumerFacts {
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly topicNames: readonly string[]
  /** Pattern of topic names; null or '' for none. */
  readonly topicPattern: string | null
  readonly assignor: string | null
}

/** One member. */
export class ConsumerMember {
  readonly id: string
  readonly instanceId: string | null
  facts: ConsumerFacts
  share: MemberShare = newShare()
  /** What it is to have. */
  target: Assignment = new Map()
  /** Whether a static member has gone and will be back (epoch −2). */
  hasLeft = false
  session: Timer | null = null
  revocation: Timer | null = null
  #names: { readonly of: readonly string[]; readonly all: ReadonlySet<string> } | null = null
  #pattern: { readonly text: string; readonly matches: TopicPattern } | null = null

  constructor(id: string, instanceId: string | null, facts: ConsumerFacts) {
    this.id = id
    this.instanceId = instanceId
    this.facts = facts
  }

  /** Whether it wants a topic. */
  wants(topic: string): boolean {
    const { topicNames, topicPattern } = this.facts
    if (this.#names?.of !== topicNames) this.#names = { of: topicNames, all: new Set(topicNames) }
    if (this.#names.all.has(topic)) return true
    if (topicPattern === null || topicPattern === '') return false
    if (this.#pattern?.text !== topicPattern) {
      this.#pattern = { text: topicPattern, matches: parseTopicPattern(topicPattern) }
    }
    return this.#pattern.matches(topic)
  }

  /** Stops what runs for it. */
  release(): void {
    this.session?.cancel()
    this.revocation?.cancel()
    this.revocation = null
  }
}

type StoredAssignment = readonly (readonly [string, readonly number[]])[]

/** A member as it is stored. */
export interface StoredConsumer extends ConsumerFacts {
  readonly id: string
  readonly instanceId: string | null
  readonly epoch: number
  readonly epochBefore: number
  readonly state: MemberShare['state']
  readonly assigned: StoredAssignment
  readonly revoking: StoredAssignment
  readonly target: StoredAssignment
  readonly hasLeft: boolean
}

/** What is stored of a member. */
export function storedConsumer(member: ConsumerMember): StoredConsumer {
  const { id, instanceId, facts, share, target, hasLeft } = member
  return {
    ...facts,
    id,
    instanceId,
    epoch: share.epoch,
    epochBefore: share.epochBefore,
    state: share.state,
    assigned: [...share.assigned],
    revoking: [...share.revoking],
    target: [...target],
    hasLeft
  }
}

/** The member that was stored. */
export function restoredConsumer(stored: StoredConsumer): ConsumerMember {
  const { id, instanceId, epoch, epochBefore, state, assigned, revoking, target, ...rest } = stored
  const { hasLeft, ...facts } = rest
  const member = new ConsumerMember(id, instanceId, facts)
  member.share = {
    epoch,
    epochBefore,
    state,
    assigned: new Map(assigned),
    revoking: new Map(revoking)
  }
  member.target = new Map(target)
  member.hasLeft = hasLeft
  return member
}
