// DescribeLogDirs and DescribeProducers: what lies on the disk, and who writes it.
import { ERROR_CODES } from '../../wire/index.ts'
import type { Handler } from '../context.ts'
import { may, mayOfCluster } from '../security/permission.ts'

/** The one place where everything is. */
const DIRECTORY = 'journal'

/** Answers DescribeLogDirs: bytes of the live batches of each partition. */
export const handleDescribeLogDirs: Handler<'DescribeLogDirs'> = async (
  context,
  request,
  caller
) => {
  if (!mayOfCluster(context, caller, 'describe')) {
    return { errorCode: ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED, results: [] }
  }
  const wanted =
    request.topics === null ? null : new Map(request.topics.map(each => [each.topic, each]))
  const topics = []
  for (const { name, status } of await context.topics.list()) {
    const partitions = wanted === null ? null : wanted.get(name)?.partitions
    if (partitions === undefined) continue
    topics.push({
      name,
      partitions: status.partitions
        .filter(({ partition }) => partitions === null || partitions.includes(partition))
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
  for (const { name, partitionIndexes } of request.topics) {
    if (!may(context, caller, 'read', 'topic', name)) {
      const errorCode = ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
      const partitions = partitionIndexes.map(partitionIndex => ({ partitionIndex, errorCode }))
      topics.push({ name, partitions })
      continue
    }
    const topic = await context.topics.describe(name)
    topics.push({
      name,
      partitions: partitionIndexes.map(partitionIndex => {
        if (topic?.status.partitions[partitionIndex] === undefined) {
          return { partitionIndex, errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION }
        }
        const activeProducers = context.producers.active(name, partitionIndex).map(producer => ({
          ...producer,
          currentTxnStartOffset: context.transactions.startOf(
            producer.producerId,
            name,
            partitionIndex
          )
        }))
        return { partitionIndex, activeProducers }
      })
    })
  }
  return { topics }
}
