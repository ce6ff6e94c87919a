// A group of the classic protocol: members join, one of them shares out the work, all keep alive by heartbeats.
//
//      Empty ──join──▶ Preparing ──all joined, or time is up──▶ Completing ──the leader's sync──▶ Stable
//        ▲                 ▲  ▲                                      │                              │
//        └── nobody left ──┘  └────── a member comes, goes, or says something else ─────────────────┘
//
// Owns: members, generation, who waits for what. Does not own: ids and names of groups, positions.
//   C1  A generation begins when all members have joined, or at the end of the longest rebalance timeout; who has not
//       joined then is out (static members stay until their session ends).
//   C2  An assignment is durable before a member gets it. A restart keeps members, generation and assignments.
//   C3  A static member that comes back with another id takes the place of the one before, which is fenced. Nothing
//       is shared out anew when it says the same (KIP-345).
//   C4  A member that waits for an answer is alive.
// Source: the protocol guide, KIP-62, KIP-134, KIP-345, KIP-394, KIP-814.
import type { Clock, Timer } from '../../../base/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import { GROUP_MEMBERS_MAX } from '../context.ts'
import { coordinatorCodeOf } from '../error-of.ts'
import {
  ClassicMember,
  restoredMember,
  storedMember,
  type JoinAnswer,
  type MemberFacts,
  type StoredMember,
  type SyncAnswer
} from './classic-member.ts'
import { canWorkWith, electProtocol } from './classic-protocols.ts'

/** How long a member that joined for the first time may wait for the others, ms. */
const NEW_MEMBER_TIMEOUT_MS = 300_000

/** How a group stands, in the words of the protocol. */
export type ClassicState =
  | 'Empty'
  | 'PreparingRebalance'
  | 'CompletingRebalance'
  | 'Stable'
  | 'Dead'

/** A group as it is stored. */
export interface StoredClassicGroup {
  readonly kind: 'classic'
  readonly generation: number
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly leader: string | null
  readonly members: readonly StoredMember[]
}

/** What a group needs of its owner. */
export interface ClassicHost {
  readonly clock: Clock
  readonly initialDelayMs: number
  newMemberId(prefix: string): string
  /** Stores the group; resolves when durable. */
  store(group: StoredClassicGroup): Promise<void>
}

/** A member's request to join. */
export interface JoinWish {
  readonly memberId: string
  readonly instanceId: string | null
  readonly facts: MemberFacts
  /** Whether a new member must ask again with the id that it is given (KIP-394). */
  readonly requiresId: boolean
  /** Whether a leader can be told to leave the assignment as it is (KIP-814). */
  readonly canSkipAssignment: boolean
}

/** Who a member says it is. */
export interface MemberIdentity {
  readonly memberId: string
  readonly instanceId: string | null
}

/** One group. */
export class ClassicGroup {
  state: ClassicState = 'Empty'
  generation = 0
  protocolType: string | null = null
  protocol: string | null = null
  leader: string | null = null
  readonly members: Map<string, ClassicMember> = new Map()
  readonly #host: ClassicHost
  /** Ids that were given to members that have not joined with them yet. */
  readonly #pending = new Map<string, Timer>()
  /** Ends the present phase of a rebalance. */
  #phase: Timer | null = null
  #isCollecting = false

  constructor(host: ClassicHost) {
    this.#host = host
  }

  /** The group that was stored. Its members have a session's time to show that they live. */
  static restore(host: ClassicHost, stored: StoredClassicGroup): ClassicGroup {
    const group = new ClassicGroup(host)
    group.generation = stored.generation
    group.protocolType = stored.protocolType
    group.protocol = stored.protocol
    group.leader = stored.leader
    for (const each of stored.members) {
      const member = restoredMember(each)
      group.members.set(member.id, member)
      group.#touch(member)
    }
    group.state = group.members.size === 0 ? 'Empty' : 'Stable'
    return group
  }

  /** Joins; resolves when the next generation begins, or at once when nothing changes. */
  join(wish: JoinWish): Promise<JoinAnswer> {
    const { memberId, instanceId, facts } = wish
    const refused = (errorCode: number, id = memberId): Promise<JoinAnswer> =>
      Promise.resolve({ errorCode, memberId: id })
    const others = [...this.members.values()].filter(
      each => each.id !== memberId && (instanceId === null || each.instanceId !== instanceId)
    )
    const isType = others.length === 0 || facts.protocolType === this.protocolType
    if (!isType || !canWorkWith(others, facts.protocols)) {
      return refused(ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL)
    }
    const named = instanceId === null ? undefined : this.#memberOfInstance(instanceId)
    if (memberId === '') {
      if (named !== undefined) return this.#replace(named, wish)
      if (this.members.size + this.#pending.size >= GROUP_MEMBERS_MAX) {
        return refused(ERROR_CODES.GROUP_MAX_SIZE_REACHED)
      }
      const id = this.#host.newMemberId(instanceId ?? facts.clientId)
      if (instanceId === null && wish.requiresId) {
        this.#expect(id, facts.sessionTimeoutMs)
        return refused(ERROR_CODES.MEMBER_ID_REQUIRED, id)
      }
      return this.#add(id, wish)
    }
    if (instanceId === null && this.#pending.has(memberId)) return this.#add(memberId, wish)
    const fault = this.#faultOf({ memberId, instanceId })
    if (fault !== ERROR_CODES.NONE) return refused(fault)
    return this.#rejoin(this.members.get(memberId)!, wish)
  }

  /** Gives a member what it is assigned; the leader brings the assignments of all. */
  async sync(
    identity: MemberIdentity,
    generation: number,
    protocol: { readonly type: string | null; readonly name: string | null },
    assignments: ReadonlyMap<string, Uint8Array>
  ): Promise<SyncAnswer> {
    const fault = this.#faultOf(identity)
    if (fault !== ERROR_CODES.NONE) return { errorCode: fault }
    if (generation !== this.generation) return { errorCode: ERROR_CODES.ILLEGAL_GENERATION }
    const isSame =
      (protocol.type ?? this.protocolType) === this.protocolType &&
      (protocol.name ?? this.protocol) === this.protocol
    if (!isSame) return { errorCode: ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL }
    const member = this.members.get(identity.memberId)!
    this.#touch(member)
    if (this.state === 'PreparingRebalance') {
      return { errorCode: ERROR_CODES.REBALANCE_IN_PROGRESS }
    }
    if (this.state === 'Stable') return this.#syncAnswer(member)
    const { promise, resolve } = Promise.withResolvers<SyncAnswer>()
    member.sync?.({ errorCode: ERROR_CODES.REBALANCE_IN_PROGRESS })
    member.sync = resolve
    if (member.id === this.leader) await this.#settle(assignments)
    return await promise
  }

  /** Says that a member lives; the code tells it to join again. */
  heartbeat(identity: MemberIdentity, generation: number): number {
    const fault = this.#faultOf(identity)
    if (fault !== ERROR_CODES.NONE) return fault
    if (generation !== this.generation) return ERROR_CODES.ILLEGAL_GENERATION
    this.#touch(this.members.get(identity.memberId)!)
    return this.state === 'PreparingRebalance'
      ? ERROR_CODES.REBALANCE_IN_PROGRESS
      : ERROR_CODES.NONE
  }

  /** Removes a member; a static one may be named by its instance alone. */
  leave({ memberId, instanceId }: MemberIdentity): number {
    const pending = this.#pending.get(memberId)
    if (pending !== undefined) {
      pending.cancel()
      this.#pending.delete(memberId)
      this.#completeIfAllJoined()
      return ERROR_CODES.NONE
    }
    const named = instanceId === null ? undefined : this.#memberOfInstance(instanceId)
    const id = memberId === '' && named !== undefined ? named.id : memberId
    const fault = this.#faultOf({ memberId: id, instanceId })
    if (fault !== ERROR_CODES.NONE) return fault
    this.#remove(this.members.get(id)!)
    return ERROR_CODES.NONE
  }

  /** Whether a member may commit positions; it lives if so. A negative generation belongs to no member. */
  mayCommit(identity: MemberIdentity, generation: number, isTransactional: boolean): number {
    const isNobody = generation < 0 && identity.memberId === '' && identity.instanceId === null
    if (isNobody) {
      const isFree = isTransactional || this.members.size === 0
      return isFree ? ERROR_CODES.NONE : ERROR_CODES.UNKNOWN_MEMBER_ID
    }
    const fault = this.#faultOf(identity)
    if (fault !== ERROR_CODES.NONE) return fault
    if (generation !== this.generation) return ERROR_CODES.ILLEGAL_GENERATION
    if (this.state === 'CompletingRebalance' && !isTransactional) {
      return ERROR_CODES.REBALANCE_IN_PROGRESS
    }
    this.#touch(this.members.get(identity.memberId)!)
    return ERROR_CODES.NONE
  }

  /** Whether nobody is in it, or about to come. */
  get isIdle(): boolean {
    return this.members.size === 0 && this.#pending.size === 0
  }

  /** Ends the group: who waits is told to look for it elsewhere. */
  close(): void {
    this.state = 'Dead'
    this.#phase?.cancel()
    for (const timer of this.#pending.values()) timer.cancel()
    for (const member of this.members.values()) {
      member.session?.cancel()
      member.join?.({ errorCode: ERROR_CODES.NOT_COORDINATOR, memberId: member.id })
      member.sync?.({ errorCode: ERROR_CODES.NOT_COORDINATOR })
    }
  }

  #memberOfInstance(instanceId: string): ClassicMember | undefined {
    for (const member of this.members.values()) {
      if (member.instanceId === instanceId) return member
    }
    return undefined
  }

  #faultOf({ memberId, instanceId }: MemberIdentity): number {
    if (instanceId !== null) {
      const named = this.#memberOfInstance(instanceId)
      if (named === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
      return named.id === memberId ? ERROR_CODES.NONE : ERROR_CODES.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? ERROR_CODES.NONE : ERROR_CODES.UNKNOWN_MEMBER_ID
  }

  /** Waits for a member to join with the id that it was given. */
  #expect(id: string, timeoutMs: number): void {
    const giveUp = (): void => {
      this.#pending.delete(id)
      this.#completeIfAllJoined()
    }
    this.#pending.set(id, this.#host.clock.timer(timeoutMs, giveUp, { unref: true }))
  }

  #add(id: string, { instanceId, facts }: JoinWish): Promise<JoinAnswer> {
    this.#pending.get(id)?.cancel()
    this.#pending.delete(id)
    const member = new ClassicMember(id, instanceId, facts)
    this.members.set(id, member)
    this.protocolType = facts.protocolType
    return this.#wait(member)
  }

  #rejoin(member: ClassicMember, { facts }: JoinWish): Promise<JoinAnswer> {
    const saysSame = member.saysSame(facts.protocols)
    const isLeader = member.id === this.leader
    // Its answer was lost, or a follower asks again: nothing changes.
    const isUnchanged =
      saysSame && (this.state === 'CompletingRebalance' || (this.state === 'Stable' && !isLeader))
    if (isUnchanged) {
      this.#touch(member)
      return Promise.resolve(this.#joinAnswer(member))
    }
    member.facts = facts
    return this.#wait(member)
  }

  /** C3. */
  async #replace(before: ClassicMember, wish: JoinWish): Promise<JoinAnswer> {
    const id = this.#host.newMemberId(before.instanceId!)
    before.session?.cancel()
    before.join?.({ errorCode: ERROR_CODES.FENCED_INSTANCE_ID, memberId: before.id })
    before.sync?.({ errorCode: ERROR_CODES.FENCED_INSTANCE_ID })
    const member = new ClassicMember(id, before.instanceId, wish.facts)
    member.assignment = before.assignment
    member.isNew = before.isNew
    // In the place of the one before, which is the order in which members are told.
    const entries = [...this.members].map(([key, each]) => {
      return key === before.id ? ([id, member] as const) : ([key, each] as const)
    })
    this.members.clear()
    for (const [key, each] of entries) this.members.set(key, each)
    const wasLeader = this.leader === before.id
    if (wasLeader) this.leader = id
    const saysSame =
      Buffer.compare(before.metadataOf(this.protocol), member.metadataOf(this.protocol)) === 0 &&
      electProtocol([...this.members.values()]) === this.protocol
    if (this.state !== 'Stable' || !saysSame) return this.#wait(member)
    this.#touch(member)
    await this.#host.store(this.stored())
    const answer = this.#joinAnswer(member)
    if (!wasLeader || wish.canSkipAssignment) return { ...answer, skipAssignment: wasLeader }
    // An older client assigns whenever it reads its own id as the leader's: it is told the id of the one before.
    return { ...answer, leader: before.id, members: [] }
  }

  /** Puts a member among those that wait for the next generation. */
  #wait(member: ClassicMember): Promise<JoinAnswer> {
    const { promise, resolve } = Promise.withResolvers<JoinAnswer>()
    member.join?.({ errorCode: ERROR_CODES.UNKNOWN_MEMBER_ID, memberId: member.id })
    member.join = resolve
    this.#touch(member)
    if (this.state === 'PreparingRebalance') this.#completeIfAllJoined()
    else this.#prepare()
    return promise
  }

  #prepare(): void {
    if (this.state === 'CompletingRebalance') {
      for (const member of this.members.values()) {
        member.assignment = new Uint8Array(0)
        member.sync?.({ errorCode: ERROR_CODES.REBALANCE_IN_PROGRESS })
        member.sync = null
      }
    }
    const isFirst = this.state === 'Empty'
    this.state = 'PreparingRebalance'
    if (isFirst && this.#host.initialDelayMs > 0) {
      this.#collect(this.#longest('rebalanceTimeoutMs'))
      return
    }
    this.#startPhase(this.#longest('rebalanceTimeoutMs'), () => this.#complete())
    this.#completeIfAllJoined()
  }

  /** Gives the first members of a group time to come together, longer while new ones come. */
  #collect(leftMs: number): void {
    const count = this.members.size
    const delayMs = Math.min(this.#host.initialDelayMs, leftMs)
    this.#isCollecting = true
    this.#startPhase(delayMs, () => {
      const hasMore = this.members.size > count && leftMs > delayMs
      if (hasMore) return this.#collect(leftMs - delayMs)
      this.#isCollecting = false
      this.#complete()
    })
  }

  #longest(field: 'rebalanceTimeoutMs' | 'sessionTimeoutMs'): number {
    return [...this.members.values()].reduce((most, { facts }) => Math.max(most, facts[field]), 0)
  }

  #startPhase(delayMs: number, action: () => void): void {
    this.#phase?.cancel()
    this.#phase = this.#host.clock.timer(delayMs, action, { unref: true })
  }

  #completeIfAllJoined(): void {
    if (this.state !== 'PreparingRebalance' || this.#isCollecting || this.#pending.size > 0) return
    if ([...this.members.values()].every(member => member.join !== null)) this.#complete()
  }

  /** C1. */
  #complete(): void {
    this.#phase?.cancel()
    for (const member of this.members.values()) {
      if (member.join !== null || member.instanceId !== null) continue
      member.session?.cancel()
      this.members.delete(member.id)
    }
    const joined = [...this.members.values()].filter(member => member.join !== null)
    if (this.members.size > 0 && joined.length === 0) {
      // Only static members are left, and none has come back yet: they have until their sessions end.
      this.#startPhase(this.#longest('rebalanceTimeoutMs'), () => this.#complete())
      return
    }
    this.generation++
    if (this.members.size === 0) return this.#empty()
    if (!joined.some(member => member.id === this.leader)) this.leader = joined[0]!.id
    this.protocol = electProtocol([...this.members.values()])
    this.state = 'CompletingRebalance'
    this.#startPhase(this.#longest('rebalanceTimeoutMs'), () => this.#dropUnsynced())
    for (const member of joined) {
      member.isNew = false
      member.join!(this.#joinAnswer(member))
      member.join = null
      this.#touch(member)
    }
  }

  #empty(): void {
    this.state = 'Empty'
    this.protocol = null
    this.leader = null
    // A log that is fenced says so to whoever writes next.
    this.#host.store(this.stored()).catch(() => undefined)
  }

  /** Members that took the generation and never asked for their part of it are out. */
  #dropUnsynced(): void {
    const late = [...this.members.values()].filter(member => member.sync === null)
    for (const member of late) this.#remove(member)
  }

  #joinAnswer(member: ClassicMember): JoinAnswer {
    const isLeader = member.id === this.leader
    const members = isLeader ? [...this.members.values()] : []
    return {
      errorCode: ERROR_CODES.NONE,
      memberId: member.id,
      generationId: this.generation,
      protocolType: this.protocolType,
      protocolName: this.protocol,
      leader: this.leader ?? '',
      members: members.map(each => ({
        memberId: each.id,
        groupInstanceId: each.instanceId,
        metadata: each.metadataOf(this.protocol)
      }))
    }
  }

  #syncAnswer(member: ClassicMember): SyncAnswer {
    const { protocolType, protocol: protocolName } = this
    return {
      errorCode: ERROR_CODES.NONE,
      protocolType,
      protocolName,
      assignment: member.assignment
    }
  }

  /** C2. When the assignments cannot be kept, all who wait for theirs are told so, and are to join again. */
  async #settle(assignments: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const { generation } = this
    for (const member of this.members.values()) {
      member.assignment = assignments.get(member.id) ?? new Uint8Array(0)
    }
    const errorCode = await this.#host.store(this.stored()).then(() => 0, coordinatorCodeOf)
    if (this.state !== 'CompletingRebalance' || this.generation !== generation) return
    this.#phase?.cancel()
    if (errorCode === ERROR_CODES.NONE) this.state = 'Stable'
    for (const member of this.members.values()) {
      member.sync?.(errorCode === ERROR_CODES.NONE ? this.#syncAnswer(member) : { errorCode })
      member.sync = null
      this.#touch(member)
    }
    if (errorCode !== ERROR_CODES.NONE) this.#prepare()
  }

  /** Begins the time anew in which a member must be heard of. */
  #touch(member: ClassicMember): void {
    member.session?.cancel()
    const isWaitingAnew = member.isNew && member.join !== null
    const timeoutMs = isWaitingAnew ? NEW_MEMBER_TIMEOUT_MS : member.facts.sessionTimeoutMs
    const expire = (): void => {
      const isAlive = !isWaitingAnew && (member.join !== null || member.sync !== null)
      if (isAlive) this.#touch(member)
      else this.#remove(member)
    }
    member.session = this.#host.clock.timer(timeoutMs, expire, { unref: true })
  }

  #remove(member: ClassicMember): void {
    if (this.members.get(member.id) !== member) return
    member.session?.cancel()
    member.join?.({ errorCode: ERROR_CODES.UNKNOWN_MEMBER_ID, memberId: member.id })
    member.sync?.({ errorCode: ERROR_CODES.UNKNOWN_MEMBER_ID })
    this.members.delete(member.id)
    if (this.state === 'PreparingRebalance') this.#completeIfAllJoined()
    else this.#prepare()
  }

  /** The group as it is stored. */
  stored(): StoredClassicGroup {
    const { generation, protocolType, protocol, leader } = this
    const members = [...this.members.values()].map(storedMember)
    return { kind: 'classic', generation, protocolType, protocol, leader, members }
  }
}
