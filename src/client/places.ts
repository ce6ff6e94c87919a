// Places in topics: as keys of maps, and as requests of Kafka's protocol name them.
import type { MemberFacts, TopicPartition } from './driver.ts'

/** A partition as a key of maps. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}:${topic}`
}

/** Places under the names of their topics, each as `as` says it. */
export function byTopic<P extends TopicPartition, T>(
  places: readonly P[],
  as: (place: P) => T
): { readonly name: string; readonly partitions: T[] }[] {
  return [...Map.groupBy(places, place => place.topic)].map(([name, of]) => {
    return { name, partitions: of.map(as) }
  })
}

interface DescribedMember {
  readonly memberId: string
  readonly instanceId?: string | null | undefined
  readonly clientId: string
  readonly clientHost: string
  readonly assignment: {
    readonly topicPartitions: readonly {
      readonly topicName: string
      readonly partitions: readonly number[]
    }[]
  }
}

/** Members of groups as an answer to ConsumerGroupDescribe has them (KIP-848). */
export function describedMembers(
  groups: readonly { readonly members: readonly DescribedMember[] }[]
): MemberFacts[] {
  return groups.flatMap(group =>
    group.members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => ({
      id: memberId,
      instance: instanceId ?? null,
      client: clientId,
      host: clientHost,
      partitions: assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
        partitions.map(partition => ({ topic: topicName, partition }))
      )
    }))
  )
}
