// Administration of a data directory: the log's own calls, and the broker's where groups are concerned.
import { BROKER_TOPIC, MillraceError } from '../../base/index.ts'
import { describeConfig, ERROR_CODES, specOfConfigs } from '../../kafka/index.ts'
import type { Log, Topic, TopicSpec } from '../../log/index.ts'
import type {
  ClusterFacts,
  ConfigFacts,
  DriverAdmin,
  GroupFacts,
  Isolation,
  MemberFacts,
  NewTopic,
  OffsetQuery,
  PartitionOffset,
  TopicFacts,
  TopicPartition
} from '../driver.ts'
import { groupNotEmpty, groupUnknown } from '../errors.ts'
import { byTopic, describedMembers } from '../places.ts'
import type { Host } from './host.ts'
import { checkPartition, configInvalid, knownTopic, NODE_ID, visibleTopic } from './topics.ts'

const NO_MEMBER = -1

/** Asks and changes what a data directory has. */
export class EmbeddedAdmin implements DriverAdmin {
  readonly #host: Host
  readonly #folder: string

  constructor(host: Host, folder: string) {
    this.#host = host
    this.#folder = folder
  }

  cluster(): Promise<ClusterFacts> {
    const node = { id: NODE_ID, host: 'this process', port: 0, rack: null }
    return Promise.resolve({ id: this.#folder, controller: NODE_ID, nodes: [node] })
  }

  async topics(internal: boolean): Promise<readonly TopicFacts[]> {
    return (await this.#log.listTopics({ internal })).map(factsOf)
  }

  async topic(name: string): Promise<TopicFacts> {
    return factsOf(await knownTopic(this.#log, name))
  }

  async createTopic({ name, partitions, replicas, configs }: NewTopic): Promise<void> {
    if (replicas !== null && replicas !== 1) {
      throw configInvalid(name, `${replicas} replicas; a data directory has one node, so use 1`)
    }
    const changes = changesOf(name, configs)
    await this.#log.createTopic(name, { ...changes, partitions: partitions ?? 1 })
  }

  async deleteTopic(name: string): Promise<void> {
    const topic = await knownTopic(this.#log, name)
    if (name === BROKER_TOPIC) {
      throw new MillraceError(
        'TOPIC_INTERNAL',
        `topic ${name} has the groups, users, tokens and access rules of this data directory, so it stays; ` +
          'expected was another one; delete what is in it with millrace group, user, token and acl'
      )
    }
    if (!this.#host.hasBroker || topic.spec.internal) return await this.#log.deleteTopic(name)
    const broker = await this.#host.broker()
    const { responses } = await broker.call('DeleteTopics', 5, { topicNames: [name] })
    const { errorCode, errorMessage } = responses[0]!
    if (errorCode !== ERROR_CODES.NONE)
      throw refused(`deleting topic ${name}`, errorCode, errorMessage)
  }

  async addPartitions(name: string, total: number): Promise<void> {
    const { spec } = await visibleTopic(this.#log, name)
    if (total <= spec.partitions) {
      throw new MillraceError(
        'TOPIC_INVALID',
        `topic ${name} has ${spec.partitions} partitions and ${total} were asked for; expected were more; ` +
          'partitions are never removed'
      )
    }
    await this.#log.alterTopic(name, { partitions: total })
  }

  async configs(name: string): Promise<readonly ConfigFacts[]> {
    const configs = describeConfig((await knownTopic(this.#log, name)).spec)
    return configs.map(({ name: config, value, isDefault, isFixed }) => {
      return { name: config, value, isDefault, isFixed }
    })
  }

  async alterConfigs(
    name: string,
    changes: Readonly<Record<string, string | null>>
  ): Promise<void> {
    await visibleTopic(this.#log, name)
    await this.#log.alterTopic(name, changesOf(name, changes))
  }

  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    for (const { topic, partition, offset } of before) {
      const found = await visibleTopic(this.#log, topic)
      checkPartition(found, partition)
      const { endOffset } = found.status.partitions[partition]!
      if (offset > endOffset || offset < 0) {
        throw new MillraceError(
          'OFFSET_OUT_OF_RANGE',
          `${topic}/${partition} ends at ${endOffset} and records before ${offset} were to be deleted; ` +
            'expected was an offset up to the end; correct it'
        )
      }
      await this.#log.deleteRecords(topic, partition, offset)
    }
  }

  async sizes(topics: readonly string[]): Promise<(partition: TopicPartition) => number | null> {
    const found = new Map<string, Topic>()
    for (const name of topics) found.set(name, await knownTopic(this.#log, name))
    return ({ topic, partition }) => found.get(topic)?.status.partitions[partition]?.bytes ?? null
  }

  async offsets(queries: readonly OffsetQuery[], isolation: Isolation): Promise<readonly number[]> {
    const log = this.#host.view(isolation)
    const offsets: number[] = []
    for (const { topic, partition, at } of queries) {
      const found = await knownTopic(log, topic)
      checkPartition(found, partition)
      const { startOffset, endOffset } = found.status.partitions[partition]!
      if (at === 'beginning') offsets.push(startOffset)
      else if (at === 'end') offsets.push(endOffset)
      else offsets.push(await log.offsetForTime(topic, partition, at.timeMs))
    }
    return offsets
  }

  async groups(): Promise<readonly GroupFacts[]> {
    if (!this.#host.hasBroker) {
      const names = await this.#log.listGroups()
      return names.map(name => ({ name, state: 'Empty', type: 'classic' }))
    }
    const broker = await this.#host.broker()
    const { groups } = await broker.call('ListGroups', 5, {})
    return groups.map(({ groupId, groupState, groupType }) => {
      return { name: groupId, state: groupState, type: groupType }
    })
  }

  async members(group: string): Promise<readonly MemberFacts[]> {
    await this.#checkGroup(group)
    if (!this.#host.hasBroker) return []
    const broker = await this.#host.broker()
    const { groups } = await broker.call('ConsumerGroupDescribe', 0, { groupIds: [group] })
    return describedMembers(groups)
  }

  async deleteGroup(group: string): Promise<void> {
    await this.#checkGroup(group)
    const broker = await this.#host.broker()
    const { results } = await broker.call('DeleteGroups', 2, { groupsNames: [group] })
    checkGroupCode(group, results[0]!.errorCode, 'deleting')
  }

  async positions(group: string): Promise<readonly PartitionOffset[]> {
    const positions = await this.#log.positions(group)
    return positions.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
  }

  async setPositions(
    group: string,
    positions: readonly (TopicPartition & { readonly offset: number | null })[]
  ): Promise<void> {
    for (const { topic, partition } of positions) {
      checkPartition(await visibleTopic(this.#log, topic), partition)
    }
    const broker = await this.#host.broker()
    const kept = positions.flatMap(({ offset, ...place }) =>
      offset === null ? [] : [{ ...place, offset }]
    )
    if (kept.length > 0) {
      const { topics } = await broker.call('OffsetCommit', 9, {
        groupId: group,
        generationIdOrMemberEpoch: NO_MEMBER,
        memberId: '',
        topics: byTopic(kept, ({ partition, offset }) => {
          return { partitionIndex: partition, committedOffset: offset }
        })
      })
      for (const { errorCode } of topics.flatMap(each => each.partitions)) {
        checkGroupCode(group, errorCode, 'setting positions of')
      }
    }
    const removed = positions.filter(each => each.offset === null)
    if (removed.length === 0) return
    const { errorCode, topics } = await broker.call('OffsetDelete', 0, {
      groupId: group,
      topics: byTopic(removed, ({ partition }) => ({ partitionIndex: partition }))
    })
    const codes = [errorCode, ...topics.flatMap(each => each.partitions.map(p => p.errorCode))]
    for (const code of codes) checkGroupCode(group, code, 'removing positions of')
  }

  get #log(): Log {
    return this.#host.view('committed')
  }

  async #checkGroup(group: string): Promise<void> {
    if (!(await this.groups()).some(each => each.name === group)) throw groupUnknown(group)
  }
}

function factsOf({ name, spec, status }: Topic): TopicFacts {
  return {
    name,
    internal: spec.internal,
    partitions: status.partitions.map(({ partition, damage }) => ({
      partition,
      leader: damage === null ? NODE_ID : null,
      replicas: [NODE_ID],
      inSync: damage === null ? [NODE_ID] : [],
      offline: [],
      damage
    }))
  }
}

/** @throws CONFIG_INVALID */
function changesOf(
  topic: string,
  configs: Readonly<Record<string, string | null>>
): Partial<TopicSpec> {
  const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const spec = specOfConfigs(entries)
  if ('problem' in spec) throw configInvalid(topic, spec.problem)
  return spec.changes
}

function checkGroupCode(group: string, code: number, doing: string): void {
  if (code === ERROR_CODES.NONE) return
  if (code === ERROR_CODES.GROUP_ID_NOT_FOUND) throw groupUnknown(group)
  const BUSY: readonly number[] = [
    ERROR_CODES.NON_EMPTY_GROUP,
    ERROR_CODES.UNKNOWN_MEMBER_ID,
    ERROR_CODES.ILLEGAL_GENERATION,
    ERROR_CODES.STALE_MEMBER_EPOCH,
    ERROR_CODES.GROUP_SUBSCRIBED_TO_TOPIC
  ]
  if (BUSY.includes(code)) throw groupNotEmpty(group)
  throw refused(`${doing} group ${group}`, code, null)
}

function refused(what: string, code: number, message: string | null): MillraceError {
  const name = Object.entries(ERROR_CODES).find(([, value]) => value === code)?.[0] ?? String(code)
  return new MillraceError(
    'REQUEST_REFUSED',
    `${what} was refused: ${name}${message === null ? '' : `, ${message}`}; expected was that it is possible; ` +
      'check names, and that nobody else uses it'
  )
}
