// `millrace topic`: topics of the log that a profile leads to.
import { MillraceError } from '../../base/index.ts'
import type { Client, TopicObject } from '../../client/index.ts'
import { confirm } from '../confirm.ts'
import { withClient } from '../open-client.ts'
import { counted, formatBytes, formatTable, note, print, serialise } from '../output.ts'
import type { TargetOptions } from '../target-options.ts'
import { durationOf, sizeOf } from '../unit-options.ts'
import { retentionText, rowOfObject, topicTable } from '../topic-table.ts'

/** How results are printed. */
export interface PrintOptions extends TargetOptions {
  readonly output: 'table' | 'json' | 'yaml'
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
  if (options.output === 'table') print(topicTable(topics.map(rowOfObject)))
  else print(await serialise(topics, options.output))
  return 0
}

/** Prints one topic with its partitions. */
export async function topicDescribe(name: string, options: PrintOptions): Promise<number> {
  const found = await withClient(
    options,
    async ({ admin }) => {
      const topic = await admin.topic(name)
      return { ...topic, partitions: await admin.partitions(name) }
    },
    { isLooking: true }
  )
  print(options.output === 'table' ? topicText(found) : await serialise(found, options.output))
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
    ...settingsOf('--config', options.config ?? [])
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
        const isThere = (error as MillraceError).code === 'TOPIC_EXISTS'
        if (!isThere || options.ifNotExists !== true) throw error
        note(`Topic ${name} is there already.`)
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
  const changes: Record<string, string | null> = settingsOf('--set', options.set ?? [])
  for (const key of options.unset ?? []) changes[key] = null
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
  if (options.output !== 'table') {
    print(await serialise(configs, options.output))
    return 0
  }
  const rows = configs.map(({ name, value, isDefault, isFixed }) => {
    return [name, value, isFixed ? 'fixed' : isDefault ? 'default' : 'set']
  })
  print(formatTable({ columns: ['name', 'value', 'source'], rows }))
  return 0
}

function topicText(
  topic: TopicObject & { readonly partitions: Awaited<ReturnType<Client['admin']['partitions']>> }
): string {
  const row = rowOfObject(topic)
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

/** `name=value` texts as an object. @throws USAGE */
export function settingsOf(option: string, texts: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const text of texts) {
    const at = text.indexOf('=')
    if (at < 1) {
      throw new MillraceError(
        'USAGE',
        `${option} ${text}: expected was NAME=VALUE, as in retention.ms=3600000; correct it`
      )
    }
    settings[text.slice(0, at)] = text.slice(at + 1)
  }
  return settings
}
