// What a commit must be before it may stand in front of the writer, so that a bad one is refused alone.
import { BATCH_BYTES_MAX, COMMIT_QUEUE_BYTES_MAX, MillraceError, assert } from '../base/index.ts'
import { batchByteLength, checkBatch } from '../record/index.ts'
import type { Catalog, PartitionState } from './catalog.ts'
import { quote } from './errors.ts'
import type { Commit, CommitBatch, CommitOffset } from './log.ts'

/** Longest metadata of a position, in characters. */
export const POSITION_METADATA_LENGTH_MAX = 4_096
/** Longest name of a group, in characters. */
export const GROUP_NAME_LENGTH_MAX = 1_024

/** A commit that may be written: `states[i]` is where `commit.batches[i]` goes, likewise `positionStates`. */
export interface CheckedCommit<Data> {
  readonly commit: Commit
  readonly states: readonly PartitionState<Data>[]
  readonly positionStates: readonly PartitionState<Data>[]
  readonly bytes: number
}

/**
 * Looks up every partition and checks every batch, checksum included.
 * @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, PARTITION_DAMAGED, BATCH_CORRUPT, BATCH_TOO_LARGE
 * @throws COMMIT_TOO_LARGE all batches together are over COMMIT_QUEUE_BYTES_MAX
 * @throws POSITION_INVALID a group, offset or metadata out of bounds
 */
export function checkCommit<Data>(catalog: Catalog<Data>, commit: Commit): CheckedCommit<Data> {
  const states: PartitionState<Data>[] = []
  let bytes = 0
  for (const batch of commit.batches) {
    const state = catalog.partition(batch.topic, batch.partition)
    if (state.damage !== null) throw partitionDamaged(state)
    checkBytes(batch)
    states.push(state)
    bytes += batch.batch.length
  }
  if (bytes > COMMIT_QUEUE_BYTES_MAX) {
    throw new MillraceError(
      'COMMIT_TOO_LARGE',
      `a commit has ${bytes} bytes in ${commit.batches.length} batches; ` +
        `at most ${COMMIT_QUEUE_BYTES_MAX} were expected; commit in smaller steps`,
      { details: { bytes, bytesMax: COMMIT_QUEUE_BYTES_MAX } }
    )
  }
  const positionStates = commit.offsets.map(position => {
    checkPosition(position)
    return catalog.partition(position.topic, position.partition)
  })
  return { commit, states, positionStates, bytes }
}

/**
 * Whether what was looked up earlier is still so, when the commit's turn has come. Throws as
 * {@link checkCommit} if not: the topic went or the partition was found damaged while the commit waited.
 */
export function recheckCommit<Data>(catalog: Catalog<Data>, checked: CheckedCommit<Data>): void {
  for (const state of checked.states) {
    if (state.topic.deleted) catalog.topic(state.topic.name)
    if (state.topic.deleted) throw replaced(state)
    if (state.damage !== null) throw partitionDamaged(state)
  }
  for (const state of checked.positionStates) {
    if (state.topic.deleted) catalog.topic(state.topic.name)
    if (state.topic.deleted) throw replaced(state)
  }
}

/** The error of a partition that is refused. */
export function partitionDamaged<Data>(state: PartitionState<Data>): MillraceError {
  const { damage, partition } = state
  assert(damage !== null, 'the partition is damaged')
  return new MillraceError('PARTITION_DAMAGED', damage.reason, {
    details: { topic: state.topic.name, partition, offset: damage.offset }
  })
}

function checkBytes({ topic, partition, batch }: CommitBatch): void {
  if (batch.length > BATCH_BYTES_MAX) {
    throw new MillraceError(
      'BATCH_TOO_LARGE',
      `a batch for ${topic}/${partition} has ${batch.length} bytes; ` +
        `at most ${BATCH_BYTES_MAX} were expected; build smaller batches`,
      { details: { topic, partition, bytes: batch.length, bytesMax: BATCH_BYTES_MAX } }
    )
  }
  const fault = checkBatch(batch, 0, batch.length)
  if (fault !== null) throw corrupt(topic, partition, fault.message)
  const length = batchByteLength(batch, 0)
  if (length !== batch.length) {
    throw corrupt(topic, partition, `${batch.length} bytes were given, the batch has ${length}`)
  }
}

function corrupt(topic: string, partition: number, what: string): MillraceError {
  return new MillraceError(
    'BATCH_CORRUPT',
    `a batch for ${topic}/${partition} is refused: ${what}; ` +
      'one whole batch of format v2 with a valid checksum was expected; encode it again',
    { details: { topic, partition } }
  )
}

function checkPosition({ group, offset, metadata, topic, partition }: CommitOffset): void {
  let fault: string | undefined
  if (group.length === 0 || group.length > GROUP_NAME_LENGTH_MAX) {
    fault = `the group's name has ${group.length} characters, 1 to ${GROUP_NAME_LENGTH_MAX} were expected`
  } else if (offset !== null && !(Number.isSafeInteger(offset) && offset >= 0)) {
    fault = `the offset is ${offset}, a whole number from 0 on or null was expected`
  } else if (metadata.length > POSITION_METADATA_LENGTH_MAX) {
    fault = `the metadata has ${metadata.length} characters, at most ${POSITION_METADATA_LENGTH_MAX} were expected`
  }
  if (fault === undefined) return
  throw new MillraceError(
    'POSITION_INVALID',
    `a position of group ${quote(group)} in ${topic}/${partition} is refused: ${fault}; correct the commit`,
    { details: { group: group.slice(0, 300), topic, partition } }
  )
}

function replaced<Data>(state: PartitionState<Data>): MillraceError {
  return new MillraceError(
    'TOPIC_UNKNOWN',
    `topic ${quote(state.topic.name)} was deleted and created anew while the commit waited; ` +
      'the same topic was expected; commit again if it means the new one',
    { details: { topic: state.topic.name } }
  )
}
