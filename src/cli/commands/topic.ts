// `millrace topic`: looks at and deletes topics of a data directory that no run uses.
import { MillraceError } from '../../base/index.ts'
import { nearestWord } from '../../dataflow/index.ts'
import { lookAtLog, withLog } from '../../server/index.ts'
import type { Topic } from '../../server/index.ts'
import { confirm } from '../confirm.ts'
import {
  counted,
  formatBytes,
  formatDuration,
  formatTable,
  note,
  print,
  serialise
} from '../output.ts'

export interface TopicOptions {
  readonly dataDir: string
  readonly output: 'table' | 'json' | 'yaml'
  readonly all?: boolean
  readonly yes?: boolean
}

/** Prints all topics; internal ones with `all`. */
export async function topicList(options: TopicOptions): Promise<number> {
  const topics = await lookAtLog(
    options.dataDir,
    log => log.listTopics({ internal: options.all === true }),
    note
  )
  const sorted = topics.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (options.output === 'table') print(topicTable(sorted))
  else print(await serialise(sorted, options.output))
  return 0
}

/** Prints one topic with its partitions. @throws USAGE there is no such topic */
export async function topicDescribe(name: string, options: TopicOptions): Promise<number> {
  const topic = await lookAtLog(
    options.dataDir,
    async log => findTopic(await log.listTopics({ internal: true }), name),
    note
  )
  print(options.output === 'table' ? topicText(topic) : await serialise(topic, options.output))
  return 0
}

/** Deletes a topic, after asking. @throws USAGE there is no such topic, or nobody can be asked */
export async function topicDelete(name: string, options: TopicOptions): Promise<number> {
  return withLog(options.dataDir, async log => {
    const topic = findTopic(await log.listTopics({ internal: true }), name)
    const records = recordsOf(topic)
    const question = `Delete topic ${name} with ${counted(records, 'record')}? This cannot be undone.`
    if (options.yes !== true && !(await confirm(question))) {
      note('Nothing was deleted.')
      return 1
    }
    await log.deleteTopic(name)
    note(`Deleted topic ${name} with ${counted(records, 'record')}.`)
    return 0
  })
}

/** The table of `topic list` and of the shell's `show topics`. */
export function topicTable(topics: readonly Topic[]): string {
  return formatTable({
    columns: ['topic', 'partitions', 'records', 'size', 'cleanup', 'retention', 'damage'],
    rows: topics.map(topic => [
      topic.name,
      topic.spec.partitions,
      recordsOf(topic),
      formatBytes(bytesOf(topic)),
      topic.spec.cleanup,
      retentionText(topic),
      topic.status.partitions.some(partition => partition.damage !== null) ? 'damaged' : null
    ])
  })
}

function topicText(topic: Topic): string {
  const { cleanup, internal } = topic.spec
  const head = [
    `topic      ${topic.name}${internal ? ' (internal)' : ''}`,
    `cleanup    ${cleanup}`,
    `retention  ${retentionText(topic) ?? 'without bound'}`,
    ''
  ]
  const table = formatTable({
    columns: ['partition', 'start', 'end', 'size', 'damage'],
    rows: topic.status.partitions.map(({ partition, startOffset, endOffset, bytes, damage }) => [
      partition,
      startOffset,
      endOffset,
      formatBytes(bytes),
      damage
    ])
  })
  return [...head, table].join('\n')
}

function retentionText(topic: Topic): string | null {
  const { retentionMs, retentionBytes } = topic.spec
  const parts = [
    retentionMs === null ? '' : formatDuration(retentionMs),
    retentionBytes === null ? '' : formatBytes(retentionBytes)
  ].filter(part => part !== '')
  return parts.length === 0 ? null : parts.join(', ')
}

function findTopic(topics: readonly Topic[], name: string): Topic {
  const found = topics.find(topic => topic.name === name)
  if (found !== undefined) return found
  const names = topics.map(topic => topic.name)
  const nearest = nearestWord(name, names)
  throw new MillraceError(
    'USAGE',
    `no topic is called "${name}"; ` +
      (nearest === null ? 'millrace topic list shows what there is' : `did you mean "${nearest}"?`)
  )
}

/** Offsets between start and end: after compaction fewer records may be there. */
function recordsOf(topic: Topic): number {
  return topic.status.partitions.reduce(
    (sum, partition) => sum + partition.endOffset - partition.startOffset,
    0
  )
}

function bytesOf(topic: Topic): number {
  return topic.status.partitions.reduce((sum, partition) => sum + partition.bytes, 0)
}
