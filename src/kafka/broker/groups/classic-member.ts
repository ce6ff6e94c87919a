// A member of a group of the classic protocol, in memory and as it is stored.
import type { Timer } from '../../../base/index.ts'

/** A protocol that a member can follow, with what it says for it (a consumer: its subscription). */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

/** What a member says when it joins. */
export interface MemberFacts {
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  /** In the order of its preference. */
  readonly protocols: readonly MemberProtocol[]
}

/** The answer to JoinGroup. */
export interface JoinAnswer {
  readonly errorCode: number
  readonly memberId: string
  readonly generationId?: number
  readonly protocolType?: string | null
  readonly protocolName?: string | null
  readonly leader?: string
  readonly skipAssignment?: boolean
  readonly members?: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly metadata: Uint8Array
  }[]
}

/** The answer to SyncGroup. */
export interface SyncAnswer {
  readonly errorCode: number
  readonly protocolType?: string | null
  readonly protocolName?: string | null
  readonly assignment?: Uint8Array
}

/** One member. */
export class ClassicMember {
  readonly id: string
  /** Name of a static member (KIP-345); null for a dynamic one. */
  readonly instanceId: string | null
  facts: MemberFacts
  assignment: Uint8Array = NOTHING
  /** Answers the JoinGroup that waits, if one does. */
  join: ((answer: JoinAnswer) => void) | null = null
  /** Answers the SyncGroup that waits, if one does. */
  sync: ((answer: SyncAnswer) => void) | null = null
  /** Whether it has not been part of a generation yet. */
  isNew = true
  session: Timer | null = null

  constructor(id: string, instanceId: string | null, facts: MemberFacts) {
    this.id = id
    this.instanceId = instanceId
    this.facts = facts
  }

  metadataOf(protocol: string | null): Uint8Array {
    return this.facts.protocols.find(each => each.name === protocol)?.metadata ?? NOTHING
  }

  /** Whether it says the same as before, so that no assignment can change. */
  saysSame(protocols: readonly MemberProtocol[]): boolean {
    const known = this.facts.protocols
    return (
      known.length === protocols.length &&
      protocols.every((each, at) => {
        const before = known[at]!
        return before.name === each.name && Buffer.compare(before.metadata, each.metadata) === 0
      })
    )
  }
}

const NOTHING = new Uint8Array(0)

/** A member as it is stored: bytes in base 64. */
export interface StoredMember extends Omit<MemberFacts, 'protocols'> {
  readonly id: string
  readonly instanceId: string | null
  readonly protocols: readonly { readonly name: string; readonly metadata: string }[]
  readonly assignment: string
}

const encode = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')

/** What is stored of a member. */
export function storedMember({ id, instanceId, facts, assignment }: ClassicMember): StoredMember {
  const protocols = facts.protocols.map(({ name, metadata }) => {
    return { name, metadata: encode(metadata) }
  })
  return { ...facts, id, instanceId, protocols, assignment: encode(assignment) }
}

/** The member that was stored. */
export function restoredMember(stored: StoredMember): ClassicMember {
  const { id, instanceId, protocols, assignment, ...facts } = stored
  const member = new ClassicMember(id, instanceId, {
    ...facts,
    protocols: protocols.map(({ name, metadata }) => {
      return { name, metadata: Buffer.from(metadata, 'base64') }
    })
  })
  member.assignment = Buffer.from(assignment, 'base64')
  member.isNew = false
  return member
}
