// `millrace partition`: partitions with their leaders, replicas and offsets.
import { withClient } from '../target/open-client.ts'
import { formatBytes, printList } from '../output/output.ts'
import { NO_TOPICS, type PrintOptions } from './topic.ts'

/** Prints the partitions of all topics, or of one. */
export async function partitionList(
  topic: string | undefined,
  options: PrintOptions
): Promise<number> {
  const partitions = await withClient(options, client => client.admin.partitions(topic), {
    isLooking: true
  })
  const columns = ['topic', 'partition', 'leader', 'replicas', 'in sync', 'start', 'end', 'size']
  await printList(partitions, {
    output: options.output,
    columns: [...columns, 'status'],
    row: ({ spec, status }) => [
      spec.topic,
      spec.partition,
      status.leader,
      spec.replicas.join(' '),
      status.inSync.join(' '),
      status.startOffset,
      status.endOffset,
      status.bytes === null ? null : formatBytes(status.bytes),
      status.damage ?? status.resolution
    ],
    none: NO_TOPICS
  })
  return 0
}
