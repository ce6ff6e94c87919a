// What members of a classic group agree on: the protocol by votes, and the topics that consumers subscribe to.
import type { ClassicMember, MemberProtocol } from './classic-member.ts'

/** Protocol type of consumers; other types (Connect) mean other metadata. */
export const CONSUMER_TYPE = 'consumer'

/** Names of protocols that all members can follow. */
function candidates(members: readonly ClassicMember[]): ReadonlySet<string> {
  const [first, ...others] = members
  const names = first?.facts.protocols.map(each => each.name) ?? []
  return new Set(
    names.filter(name =>
      others.every(member => member.facts.protocols.some(each => each.name === name))
    )
  )
}

/** Whether somebody with these protocols can work with the members. */
export function canWorkWith(
  members: readonly ClassicMember[],
  protocols: readonly MemberProtocol[]
): boolean {
  if (members.length === 0) return protocols.length > 0
  const common = candidates(members)
  return protocols.some(each => common.has(each.name))
}

/** The protocol with the most votes: each member votes for the first of its own that all can follow. */
export function electProtocol(members: readonly ClassicMember[]): string | null {
  const common = candidates(members)
  const votes = new Map<string, number>()
  for (const { facts } of members) {
    const choice = facts.protocols.find(each => common.has(each.name))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let best: string | null = null
  for (const [name, count] of votes) {
    if (best === null || count > votes.get(best)!) best = name
  }
  return best
}

/**
 * Topics in the subscription of a consumer: int16 version, then an array of strings. null when the bytes are no
 * subscription, as only the client and its peers need to understand them.
 */
export function subscribedTopics(metadata: Uint8Array): readonly string[] | null {
  const bytes = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.length)
  const topics: string[] = []
  if (bytes.length < 6) return null
  const count = bytes.readInt32BE(2)
  let at = 6
  for (let index = 0; index < count; index++) {
    if (at + 2 > bytes.length) return null
    const length = bytes.readInt16BE(at)
    if (length < 0 || at + 2 + length > bytes.length) return null
    topics.push(bytes.toString('utf8', at + 2, at + 2 + length))
    at += 2 + length
  }
  return topics
}
