// A group of KIP-848: the broker shares out the partitions; members learn their part from heartbeats.
//
// Owns: members, their epochs and shares, the group's epoch and the assignment of it. Does not own: positions, topics.
//   K1  What a member wants, or the topics, changed: the group's epoch grows, and a new assignment is made for it.
//   K2  A partition has one owner: it is given to a member only when no other has it or still has to give it up.
//   K3  A member is at the group's epoch when it has given up all that it must. Only then may it get more.
//   K4  A member that is silent, or does not give up in time, is out; what it does with an epoch of before is refused.
//   K5  What a heartbeat changed is durable before it is answered.
import type { Clock } from '../../../base/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import { GROUP_MEMBERS_MAX } from '../context.ts'
import { ASSIGNORS, electAssignor, type Assignment } from './assignors.ts'
import {
  ConsumerMember,
  restoredConsumer,
  storedConsumer,
  type ConsumerFacts,
  type StoredConsumer
} from './consumer-member.ts'
import { isSameAssignment, isWithin, newShare, reconcile } from './reconcile.ts'

/** Epochs in which members leave. */
const LEAVE = -1
const LEAVE_FOR_NOW = -2

/** A group as it is stored. */
export interface StoredConsumerGroup {
  readonly kind: 'consumer'
  readonly epoch: number
  readonly targetEpoch: number
  readonly assignor: string
  readonly members: readonly StoredConsumer[]
}

/** What a group needs of its owner. */
export interface ConsumerHost {
  readonly clock: Clock
  readonly memberTimeoutMs: number
  /** Stores the group; resolves when durable. */
  store(group: StoredConsumerGroup): Promise<void>
}

/** Topics of the log: id and count of partitions by name. */
export type TopicView = ReadonlyMap<string, { readonly id: string; readonly partitions: number }>

/** A heartbeat. Facts that are null are as they were. */
export interface Heartbeat {
  readonly memberId: string
  readonly epoch: number
  readonly instanceId: string | null
  readonly facts: { readonly [Key in keyof ConsumerFacts]: ConsumerFacts[Key] | null }
  /** What the member works on; null: as it said before. */
  readonly owned: Assignment | null
}

/** The answer to a heartbeat; `assignment` is null when the member knows it. */
export interface HeartbeatAnswer {
  readonly errorCode: number
  readonly memberId: string
  readonly epoch: number
  readonly assignment: Assignment | null
}

/** One group. */
export class ConsumerGroup {
  epoch = 0
  targetEpoch = 0
  assignor = 'uniform'
  readonly members: Map<string, ConsumerMember> = new Map()
  readonly #host: ConsumerHost
  /** Topics that were wanted when they were last looked at, and all that there were. */
  #topics: ReadonlyMap<string, number> | null = null
  #view: TopicView | null = null
  /** Whether the last change could not be stored: then the next heartbeat, whosever it is, has it stored first (K5). */
  #isUnstored = false

  constructor(host: ConsumerHost) {
    this.#host = host
  }

  /** The group that was stored. Its members have a session's time to show that they live. */
  static restore(host: ConsumerHost, stored: StoredConsumerGroup): ConsumerGroup {
    const group = new ConsumerGroup(host)
    group.epoch = stored.epoch
    group.targetEpoch = stored.targetEpoch
    group.assignor = stored.assignor
    for (const each of stored.members) {
      const member = restoredConsumer(each)
      group.members.set(member.id, member)
      group.#touch(member)
      group.#watchRevocation(member)
    }
    return group
  }

  /** Whether nobody is in it. */
  get isIdle(): boolean {
    return this.members.size === 0
  }

  /** How the group stands, in the words of the protocol. */
  get state(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.members.size === 0) return 'Empty'
    if (this.epoch > this.targetEpoch) return 'Assigning'
    const isStable = [...this.members.values()].every(
      ({ share }) => share.state === 'Stable' && share.epoch === this.targetEpoch
    )
    return isStable ? 'Stable' : 'Reconciling'
  }

  /** Takes a heartbeat: a member joins (epoch 0), stays, or leaves (−1, −2). */
  async heartbeat(beat: Heartbeat, topics: TopicView): Promise<HeartbeatAnswer> {
    const { memberId } = beat
    const refused = (errorCode: number): HeartbeatAnswer => {
      return { errorCode, memberId, epoch: 0, assignment: null }
    }
    const isNew = beat.epoch === 0
    const found = isNew ? this.#join(beat) : this.#find(beat)
    if (typeof found === 'number') return refused(found)
    if (beat.epoch < 0) return await this.#leave(found, beat.epoch)
    const hasNews = this.#takeFacts(found, beat) || isNew
    const isAssigned = this.#assignIfNeeded(topics)
    const before = found.share
    const target = { epoch: this.targetEpoch, assignment: found.target }
    let held: ReadonlySet<string> | null = null
    found.share = reconcile(before, target, beat.owned, (topic, partition) => {
      held ??= this.#heldBeside(found)
      return !held.has(`${partition}:${topic}`)
    })
    this.#touch(found)
    this.#watchRevocation(found)
    const { share } = found
    if (hasNews || isAssigned || share !== before || this.#isUnstored) await this.#store()
    const isComplete = isNew || beat.epoch !== before.epoch || saysAll(beat)
    const isChanged = !isSameAssignment(before.assigned, share.assigned)
    const assignment = isComplete || isChanged ? share.assigned : null
    return { errorCode: ERROR_CODES.NONE, memberId: found.id, epoch: share.epoch, assignment }
  }

  /** Whether a member may commit positions. */
  mayCommit(memberId: string, epoch: number, isTransactional: boolean): number {
    if (epoch < 0 && memberId === '') {
      const isFree = isTransactional || this.members.size === 0
      return isFree ? ERROR_CODES.NONE : ERROR_CODES.UNKNOWN_MEMBER_ID
    }
    const member = this.members.get(memberId)
    if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
    return member.share.epoch === epoch ? ERROR_CODES.NONE : ERROR_CODES.STALE_MEMBER_EPOCH
  }

  /** Removes a member on behalf of an administrator, who names it or its instance. */
  async expel(memberId: string, instanceId: string | null): Promise<number> {
    const isInstance = memberId === '' && instanceId !== null
    const member = isInstance ? this.#ofInstance(instanceId) : this.members.get(memberId)
    if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
    await this.#remove(member)
    return ERROR_CODES.NONE
  }

  async #remove(member: ConsumerMember): Promise<void> {
    member.release()
    if (this.members.get(member.id) !== member) return
    this.members.delete(member.id)
    this.epoch++
    await this.#store()
  }

  /** Stops what runs. */
  close(): void {
    for (const member of this.members.values()) member.release()
  }

  #ofInstance(instanceId: string): ConsumerMember | undefined {
    for (const member of this.members.values()) {
      if (member.instanceId === instanceId) return member
    }
    return undefined
  }

  /** The member that joins, new or back again; or why it may not. */
  #join(beat: Heartbeat): ConsumerMember | number {
    const { memberId, instanceId } = beat
    const facts = { ...NO_FACTS, ...given(beat.facts) }
    const before = instanceId === null ? this.members.get(memberId) : this.#ofInstance(instanceId)
    if (before !== undefined && before.id !== memberId && !before.hasLeft) {
      return ERROR_CODES.UNRELEASED_INSTANCE_ID
    }
    if (before === undefined && this.members.size >= GROUP_MEMBERS_MAX) {
      return ERROR_CODES.GROUP_MAX_SIZE_REACHED
    }
    const member = new ConsumerMember(memberId, instanceId, before?.facts ?? facts)
    member.target = before?.target ?? new Map()
    member.share = newShare()
    before?.release()
    if (before !== undefined) this.members.delete(before.id)
    else this.epoch++
    this.members.set(memberId, member)
    return member
  }

  /** The member that says it is here; or why it is not. */
  #find({ memberId, instanceId, epoch, owned }: Heartbeat): ConsumerMember | number {
    const member = this.members.get(memberId)
    if (instanceId !== null) {
      const named = this.#ofInstance(instanceId)
      if (named === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
      if (named.id !== memberId) return ERROR_CODES.FENCED_INSTANCE_ID
    }
    if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
    if (epoch < 0) return member
    if (member.hasLeft) return ERROR_CODES.FENCED_MEMBER_EPOCH
    const { share } = member
    // The answer that told it of its new epoch was lost.
    const isBehind =
      epoch === share.epochBefore && owned !== null && isWithin(owned, share.assigned)
    const isKnown = epoch === share.epoch || (epoch < share.epoch && isBehind)
    return isKnown ? member : ERROR_CODES.FENCED_MEMBER_EPOCH
  }

  async #leave(member: ConsumerMember, epoch: number): Promise<HeartbeatAnswer> {
    if (epoch === LEAVE_FOR_NOW && member.instanceId !== null) {
      member.hasLeft = true
      // What it had to give up it has given up; the rest waits for it until its session ends.
      member.share = { ...member.share, revoking: new Map(), state: 'Stable' }
      member.revocation?.cancel()
      member.revocation = null
      await this.#store()
    } else await this.#remove(member)
    const left = member.hasLeft ? LEAVE_FOR_NOW : LEAVE
    return { errorCode: ERROR_CODES.NONE, memberId: member.id, epoch: left, assignment: null }
  }

  /** Takes what a member says of itself; true when something is new. */
  #takeFacts(member: ConsumerMember, beat: Heartbeat): boolean {
    const before = member.facts
    const facts = { ...before, ...given(beat.facts) }
    const isSame = JSON.stringify(facts) === JSON.stringify(before)
    if (isSame) return false
    member.facts = facts
    const wantsSame =
      facts.topicPattern === before.topicPattern &&
      facts.assignor === before.assignor &&
      facts.topicNames.join('\n') === before.topicNames.join('\n')
    if (!wantsSame) this.epoch++
    return true
  }

  /** K1. */
  #assignIfNeeded(topics: TopicView): boolean {
    // Most heartbeats come to a group in which nothing has changed: then nobody's wishes are looked at.
    if (this.epoch === this.targetEpoch && isSameView(this.#view, topics)) return false
    this.#view = topics
    const members = [...this.members.values()]
    const wanted = new Map<string, number>()
    const wishes = new Map(members.map(member => [member, new Set<string>()]))
    for (const [name, { id, partitions }] of topics) {
      for (const member of members) {
        if (!member.wants(name)) continue
        wishes.get(member)!.add(id)
        wanted.set(id, partitions)
      }
    }
    const isFirst = this.#topics === null
    const isSame = this.#topics !== null && isSameCounts(this.#topics, wanted)
    this.#topics = wanted
    // After a restart the first look at the topics is no change, if the stored assignment covers them.
    const isCovered = isFirst && coversAll(members, wanted)
    if (!isSame && !isCovered && this.epoch === this.targetEpoch) this.epoch++
    if (this.epoch === this.targetEpoch) return false
    this.assignor = electAssignor(members.map(member => member.facts.assignor))
    const assignments = ASSIGNORS.get(this.assignor)!(
      members.map(member => {
        return { id: member.id, topics: wishes.get(member)!, before: member.target }
      }),
      wanted
    )
    for (const member of members) member.target = assignments.get(member.id) ?? new Map()
    this.targetEpoch = this.epoch
    return true
  }

  /** Partitions that other members have, or still have to give up (K2). */
  #heldBeside(member: ConsumerMember): ReadonlySet<string> {
    const held = new Set<string>()
    for (const other of this.members.values()) if (other !== member) addHeld(held, other)
    return held
  }

  /** Begins the time anew in which a member must be heard of (K4). */
  #touch(member: ConsumerMember): void {
    member.session?.cancel()
    member.session = this.#host.clock.timer(this.#host.memberTimeoutMs, () => this.#expel(member), {
      unref: true
    })
  }

  #watchRevocation(member: ConsumerMember): void {
    if (member.share.state !== 'Unrevoked') {
      member.revocation?.cancel()
      member.revocation = null
    } else {
      member.revocation ??= this.#host.clock.timer(
        member.facts.rebalanceTimeoutMs,
        () => this.#expel(member),
        { unref: true }
      )
    }
  }

  /** A log that is fenced says so to whoever writes next. */
  #expel(member: ConsumerMember): void {
    this.#remove(member).catch(() => undefined)
  }

  async #store(): Promise<void> {
    try {
      await this.#host.store(this.stored())
      this.#isUnstored = false
    } catch (error) {
      this.#isUnstored = true
      throw error
    }
  }

  /** The group as it is stored. */
  stored(): StoredConsumerGroup {
    const { epoch, targetEpoch, assignor } = this
    const members = [...this.members.values()].map(storedConsumer)
    return { kind: 'consumer', epoch, targetEpoch, assignor, members }
  }
}

const NO_FACTS: ConsumerFacts = {
  rackId: null,
  clientId: '',
  clientHost: '',
  rebalanceTimeoutMs: 45_000,
  topicNames: [],
  topicPattern: null,
  assignor: null
}

/** What was said: the facts that are not null. */
function given(facts: Heartbeat['facts']): Partial<ConsumerFacts> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null))
}

/** Whether a heartbeat says everything anew, as a client does when it does not know what was heard. */
function saysAll({ facts, owned }: Heartbeat): boolean {
  return facts.rebalanceTimeoutMs !== null && facts.topicNames !== null && owned !== null
}

function addHeld(held: Set<string>, { share }: ConsumerMember): void {
  for (const assignment of [share.assigned, share.revoking]) {
    for (const [topic, partitions] of assignment) {
      for (const partition of partitions) held.add(`${partition}:${topic}`)
    }
  }
}

function isSameView(before: TopicView | null, now: TopicView): boolean {
  if (before === now) return true
  if (before?.size !== now.size) return false
  for (const [name, { id, partitions }] of now) {
    const known = before.get(name)
    if (known?.id !== id || known.partitions !== partitions) return false
  }
  return true
}

function isSameCounts(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([id, count]) => b.get(id) === count)
}

/** Whether the members' targets are exactly the partitions that are wanted. */
function coversAll(
  members: readonly ConsumerMember[],
  wanted: ReadonlyMap<string, number>
): boolean {
  const counts = new Map<string, number>()
  for (const { target } of members) {
    for (const [id, partitions] of target) {
      counts.set(id, (counts.get(id) ?? 0) + partitions.length)
    }
  }
  return isSameCounts(counts, wanted)
}
