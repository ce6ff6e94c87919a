// `millrace partition`: partitions with their leaders, replicas and offsets.
import { withClient } from '../open-client.ts'
import { formatBytes, formatTable, print, serialise } from '../output.ts'
import type { PrintOptions } from './topic.ts'

/** Prints the partitions of all topics, or of one. */
export async function partitionList(
  topic: string | undefined,
  options: PrintOptions
): Promise<number> {
  const partitions = await withClient(options, client => client.admin.partitions(topic), {
    isLooking: true
  })
  if (options.output !== 'table') {
    print(await serialise(partitions, options.output))
    return 0
  }
  const rows = partitions.map(({ spec, status }) => [
    spec.topic,
    spec.partition,
    status.leader,
    spec.replicas.join(' '),
    status.inSync.join(' '),
    status.startOffset,
    status.endOffset,
    status.bytes === null ? null : formatBytes(status.bytes),
    status.damage ?? status.resolution
  ])
  const columns = ['topic', 'partition', 'leader', 'replicas', 'in sync', 'start', 'end', 'size']
  print(formatTable({ columns: [...columns, 'status'], rows }))
  return 0
}
