// DescribeLogDirs and DescribeProducers: what lies on the disk, and who writes it.
import { ERROR_CODES } from '../../wire/index.ts'
import type { Handler } from '../context.ts'
import { distinct } from '../distinct.ts'
import type { ActiveProducer } from '../transactions/producers.ts'
import { denialOf, denialOfCluster } from '../security/permission.ts'

/** The one place where everything is. */
const DIRECTORY = 'journal'

/** Answers DescribeLogDirs: bytes of the live batches of each partition. */
export const handleDescribeLogDirs: Handler<'DescribeLogDirs'> = async (
  context,
  request,
  caller
) => {
  const errorCode = denialOfCluster(context, caller, 'describe')
  if (errorCode !== ERROR_CODES.NONE) return { errorCode, results: [] }
  const wanted =
    request.topics === null
      ? null
      : new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]))
  const topics = []
  for (const { name, status } of await context.topics.list()) {
    const partitions = wanted === null ? null : wanted.get(name)
    if (partitions === undefined) continue
    topics.push({
      name,
      partitions: status.partitions
        .filter(({ partition }) => partitions === null || partitions.has(partition))
        .map(({ partition, bytes }) => ({ partitionIndex: partition, partitionSize: bytes }))
    })
  }
  return { results: [{ errorCode: ERROR_CODES.NONE, logDir: DIRECTORY, topics }] }
}

/** Answers DescribeProducers: producers that are remembered in partitions. */
export const handleDescribeProducers: Handler<'DescribeProducers'> = async (
  context,
  request,
  caller
) => {
  const topics = []
  for (const { name, partitionIndexes } of distinct(request.topics, topic => topic.name)) {
    const denied = denialOf(context, caller, 'read', 'topic', name)
    const topic = denied === ERROR_CODES.NONE ? await context.topics.describe(name) : null
    const active: ReadonlyMap<number, readonly ActiveProducer[]> =
      topic === null ? new Map() : context.producers.active(name)
    const partitions = [...new Set(partitionIndexes)].map(partitionIndex => {
      if (topic?.status.partitions[partitionIndex] === undefined) {
        const errorCode = denied || ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
        return { partitionIndex, errorCode }
      }
      const activeProducers = (active.get(partitionIndex) ?? []).map(producer => ({
        ...producer,
        currentTxnStartOffset: context.transactions.startOf(
          producer.producerId,
          name,
          partitionIndex
        )
      }))
      return { partitionIndex, activeProducers }
    })
    topics.push({ name, partitions })
  }
  return { topics }
}
