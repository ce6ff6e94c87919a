// `millrace topic`: topics of the log that a profile leads to.
import { MillraceError } from '../../base/index.ts'
import type { Client, ConfigFacts, PartitionObject, TopicObject } from '../../client/index.ts'
import { confirm } from '../options/confirm.ts'
import { withClient } from '../target/open-client.ts'
import {
  counted,
  formatBytes,
  formatTable,
  note,
  print,
  printList,
  serialise,
  type ListFormat
} from '../output/output.ts'
import type { TargetOptions } from '../options/target-options.ts'
import { durationOf, settingsOf, sizeOf } from '../options/unit-options.ts'
import { retentionText, rowOfObject, TOPIC_COLUMNS, topicCells } from '../output/topic-table.ts'

const CONFIG_EXAMPLE = 'retention.ms=3600000'
/** Said where a log has no topics. */
export const NO_TOPICS = 'No topics; millrace topic create NAME makes one.'

/** How results are printed. */
export interface PrintOptions extends TargetOptions {
  readonly output: ListFormat
}

/** Of `topic list`. */
export interface TopicListOptions extends PrintOptions {
  readonly all?: boolean
}

/** Of `topic create`. */
export interface TopicCreateOptions extends TargetOptions {
  readonly partitions?: number
  readonly replication?: number
  readonly retentionTime?: string
  readonly retentionSize?: string
  readonly compact?: boolean
  readonly config?: readonly string[]
  readonly ifNotExists?: boolean
}

/** Of `topic config`. */
export interface TopicConfigOptions extends PrintOptions {
  readonly set?: readonly string[]
  readonly unset?: readonly string[]
}

/** Prints all topics; those of the engine with `all`. */
export async function topicList(options: TopicListOptions): Promise<number> {
  const topics = await withClient(
    options,
    client => client.admin.topics({ internal: options.all === true }),
    { isLooking: true }
  )
  await printList(topics, {
    output: options.output,
    columns: TOPIC_COLUMNS,
    row: topic => topicCells(rowOfObject(topic)),
    none: NO_TOPICS
  })
  return 0
}

/** Prints one topic with its partitions. */
export async function topicDescribe(name: string, options: PrintOptions): Promise<number> {
  const [topic, configs] = await withClient(
    options,
    async ({ admin }) => {
      const found = await admin.topic(name)
      const partitions = await admin.partitions(name)
      return [{ ...found, partitions }, await admin.configs(name)] as const
    },
    { isLooking: true }
  )
  if (options.output === 'table') print(topicText(topic, configs))
  else print(await serialise(topic, options.output))
  return 0
}

/** Creates a topic. */
export async function topicCreate(name: string, options: TopicCreateOptions): Promise<number> {
  const { partitions, replication, retentionTime, retentionSize, compact } = options
  const configs = {
    ...(compact === true ? { 'cleanup.policy': 'compact' } : {}),
    ...(retentionTime === undefined
      ? {}
      : { 'retention.ms': String(durationOf('--retention-time', retentionTime)) }),
    ...(retentionSize === undefined
      ? {}
      : { 'retention.bytes': String(sizeOf('--retention-size', retentionSize)) }),
    ...settingsOf('--config', options.config ?? [], CONFIG_EXAMPLE)
  }
  return await withClient(
    options,
    async ({ admin }) => {
      try {
        const { spec } = await admin.createTopic(name, {
          ...(partitions === undefined ? {} : { partitions }),
          ...(replication === undefined ? {} : { replicas: replication }),
          configs
        })
        note(`Created topic ${name} with ${counted(spec.partitions, 'partition')}.`)
      } catch (error) {
        const { code, details } = error as MillraceError
        // Who may only make topics does not see what became of it.
        const isMade = code === 'ACCESS_DENIED' && details['operation'] === 'describe'
        const isThere = code === 'TOPIC_EXISTS' && options.ifNotExists === true
        if (!isMade && !isThere) throw error
        note(isMade ? `Created topic ${name}.` : `Topic ${name} is there already.`)
      }
      return 0
    },
    { mayCreate: true }
  )
}

/** Deletes a topic, after asking. */
export async function topicDelete(
  name: string,
  options: TargetOptions & { readonly yes?: boolean }
): Promise<number> {
  return await withClient(options, async ({ admin }) => {
    const { status } = await admin.topic(name)
    const records = counted(status.records, 'record')
    const question = `Delete topic ${name} with ${records}? This cannot be undone.`
    if (options.yes !== true && !(await confirm(question))) {
      note('Nothing was deleted.')
      return 1
    }
    await admin.deleteTopic(name)
    note(`Deleted topic ${name} with ${records}.`)
    return 0
  })
}

/** Makes a topic have more partitions. */
export async function topicAddPartition(
  name: string,
  options: TargetOptions & { readonly count: number }
): Promise<number> {
  return await withClient(options, async ({ admin }) => {
    const before = (await admin.topic(name)).spec.partitions
    const { spec } = await admin.addPartitions(name, before + options.count)
    note(
      `Topic ${name} has ${counted(spec.partitions, 'partition')} now. Keys go to other ones than before.`
    )
    return 0
  })
}

/** Prints the configurations of a topic, or changes some first. */
export async function topicConfig(name: string, options: TopicConfigOptions): Promise<number> {
  const changes: Record<string, string | null> = settingsOf(
    '--set',
    options.set ?? [],
    CONFIG_EXAMPLE
  )
  for (const key of options.unset ?? []) {
    if (Object.hasOwn(changes, key)) {
      throw new MillraceError(
        'USAGE',
        `${key} is both set and unset; expected was one of them; leave the other out`
      )
    }
    changes[key] = null
  }
  const isChange = Object.keys(changes).length > 0
  const configs = await withClient(
    options,
    async ({ admin }: Client) => {
      if (isChange) await admin.configure(name, changes)
      return await admin.configs(name)
    },
    { isLooking: !isChange }
  )
  if (isChange) note(`Configured topic ${name}.`)
  await printList(configs, {
    output: options.output,
    columns: ['name', 'value', 'source'],
    row: ({ name, value, isDefault, isFixed }) => {
      return [name, value, isFixed ? 'fixed' : isDefault ? 'default' : 'set']
    },
    none: `No configurations of topic ${name} are shown to this user.`
  })
  return 0
}

function topicText(
  topic: TopicObject & { readonly partitions: readonly PartitionObject[] },
  configs: readonly ConfigFacts[]
): string {
  // Those of the cluster too: what counts for the topic, whoever said it.
  const all = Object.fromEntries(configs.map(({ name, value }) => [name, value]))
  const row = rowOfObject({ ...topic, spec: { ...topic.spec, configs: all } })
  const head = [
    `topic      ${topic.name}${topic.spec.internal ? ' (internal)' : ''}`,
    `cleanup    ${row.cleanup}`,
    `retention  ${retentionText(row) ?? 'without bound'}`,
    ''
  ]
  const table = formatTable({
    columns: ['partition', 'leader', 'start', 'end', 'size', 'status'],
    rows: topic.partitions.map(({ spec, status }) => [
      spec.partition,
      status.leader,
      status.startOffset,
      status.endOffset,
      status.bytes === null ? null : formatBytes(status.bytes),
      status.damage ?? status.resolution
    ])
  })
  return [...head, table].join('\n')
}
