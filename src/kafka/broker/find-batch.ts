// Finds a producer's batch in a partition, when only a place before it is known.
import { MillraceError } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { batchByteLength, readBatchHeader, type BatchHeader } from '../../record/index.ts'

/**
 * Offset of the batch with the producer, epoch and first sequence of `wanted`, at or after `from`.
 * @throws BATCH_NOT_FOUND it is not there any more
 * @throws as Log.read
 */
export async function findBatch(
  log: Log,
  topic: string,
  partition: number,
  from: number,
  wanted: Pick<BatchHeader, 'producerId' | 'producerEpoch' | 'baseSequence'>
): Promise<number> {
  let offset = from
  for (;;) {
    const read = await log.read({ topic, partition, offset })
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      const header = readBatchHeader(read.bytes, at)
      const isWanted =
        header.producerId === wanted.producerId &&
        header.producerEpoch === wanted.producerEpoch &&
        header.baseSequence === wanted.baseSequence
      if (isWanted) return header.baseOffset
    }
    offset = read.nextOffset
    if (offset < read.endOffset) continue
    throw new MillraceError(
      'BATCH_NOT_FOUND',
      `producer ${wanted.producerId} wrote its batch ${wanted.baseSequence} to ${topic}/${partition}, but it is not ` +
        'there any more; expected it to be kept for longer than clients retry; raise the retention of the topic'
    )
  }
}
