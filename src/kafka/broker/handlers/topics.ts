// CreateTopics, DeleteTopics, CreatePartitions: topics of the log, with the errors of a Kafka broker.
import { PARTITIONS_MAX } from '../../../base/index.ts'
import { checkTopicName, type Topic } from '../../../log/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { NODE_ID, type BrokerContext, type Caller, type Handler } from '../context.ts'
import { distinct, repeated } from '../distinct.ts'
import { DONE, outcomeOfError, refusal, type Outcome } from '../error-of.ts'
import { DENIED, denialOf, mayCreateTopic, maySee } from '../security/permission.ts'
import { describeConfig, specOfConfigs } from '../topic-configs.ts'
import { isReserved, type TopicLookUps } from '../topics.ts'

type NewTopic = RequestOf<'CreateTopics'>['topics'][number]
type CreatedTopic = Sparse<ResponseOf<'CreateTopics'>['topics'][number]>
type NewPartitions = RequestOf<'CreatePartitions'>['topics'][number]
const DEFAULT_COUNT = -1
const NAMED_TWICE = refusal(ERROR_CODES.INVALID_REQUEST, 'the topic is named twice; name it once')

/** Answers CreateTopics. Replication is 1: there is one node. */
export const handleCreateTopics: Handler<'CreateTopics'> = async (context, request, caller) => {
  const twice = repeated(request.topics, topic => topic.name)
  const topics: CreatedTopic[] = []
  for (const asked of distinct(request.topics, topic => topic.name)) {
    if (twice.has(asked.name)) topics.push(refused(asked.name, NAMED_TWICE))
    else if (mayCreateTopic(context, caller, asked.name)) {
      const created = await createTopic(context, asked, request.validateOnly)
      topics.push(withoutSecrets(context, caller, created))
    } else topics.push(refused(asked.name, refusal(ERROR_CODES.TOPIC_AUTHORIZATION_FAILED, DENIED)))
  }
  return { topics }
}

/** Configurations are told to those only who may look at them (KIP-525). */
function withoutSecrets(
  { security }: BrokerContext,
  { identity }: Caller,
  created: CreatedTopic
): CreatedTopic {
  const isShown = security.mightAllow(identity, 'describe-configs', 'topic', created.name ?? '')
  if (isShown || created.configs === undefined) return created
  const topicConfigErrorCode = ERROR_CODES.TOPIC_AUTHORIZATION_FAILED
  const hidden = { numPartitions: -1, replicationFactor: -1, configs: null, topicConfigErrorCode }
  return { ...created, ...hidden }
}

const refused = (name: string, why: Outcome): CreatedTopic => {
  return { name, ...why, numPartitions: -1, replicationFactor: -1 }
}

async function createTopic(
  context: BrokerContext,
  asked: NewTopic,
  isTrial: boolean
): Promise<CreatedTopic> {
  const { name } = asked
  const fault = faultOf(asked)
  if (fault !== null) return refused(name, fault)
  const count = asked.assignments.length > 0 ? asked.assignments.length : asked.numPartitions
  const partitions = count === DEFAULT_COUNT ? context.settings.partitions : count
  const spec = specOfConfigs(asked.configs)
  if ('problem' in spec) return refused(name, refusal(ERROR_CODES.INVALID_CONFIG, spec.problem))
  try {
    if (isTrial) {
      checkTopicName(name)
      const isThere = (await context.topics.describe(name)) !== null
      const exists = refusal(ERROR_CODES.TOPIC_ALREADY_EXISTS, `${name} exists`)
      if (isThere) return refused(name, exists)
      return { name, numPartitions: partitions, replicationFactor: 1 }
    }
    const topic = await context.log.createTopic(name, { ...spec.changes, partitions })
    return describeCreated(context, context.topics.note(topic))
  } catch (error) {
    return refused(name, outcomeOfError(error))
  }
}

function faultOf(asked: NewTopic): Outcome | null {
  const { name, numPartitions, replicationFactor, assignments } = asked
  if (isReserved(name)) {
    const message = `${name} begins as names that are kept for what the engine stores; use another`
    return refusal(ERROR_CODES.INVALID_TOPIC_EXCEPTION, message)
  }
  if (assignments.length > PARTITIONS_MAX) return tooMany(assignments.length)
  if (assignments.length > 0) {
    const isHere = assignments.every(each => isThisNode(each.brokerIds))
    const indexes = assignments.map(each => each.partitionIndex).toSorted((a, b) => a - b)
    const isWhole = indexes.every((index, at) => index === at)
    const message = `partitions from 0 on, each on node ${NODE_ID} alone, were expected`
    return isHere && isWhole ? null : refusal(ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, message)
  }
  if (numPartitions !== DEFAULT_COUNT && (numPartitions < 1 || numPartitions > PARTITIONS_MAX)) {
    return tooMany(numPartitions)
  }
  if (replicationFactor !== DEFAULT_COUNT && replicationFactor !== 1) {
    const message = `replication factor ${replicationFactor}; there is one node: use 1 or −1`
    return refusal(ERROR_CODES.INVALID_REPLICATION_FACTOR, message)
  }
  return null
}

const isThisNode = (nodes: readonly number[]): boolean => nodes.length === 1 && nodes[0] === NODE_ID

const tooMany = (count: number): Outcome =>
  refusal(ERROR_CODES.INVALID_PARTITIONS, `${count} partitions; expected 1 to ${PARTITIONS_MAX}`)

function describeCreated(context: BrokerContext, topic: Topic): CreatedTopic {
  return {
    name: topic.name,
    topicId: context.topics.idOf(topic),
    numPartitions: topic.spec.partitions,
    replicationFactor: 1,
    configs: describeConfig(topic.spec).map(({ name, value, isDefault }) => {
      return { name, value, readOnly: false, configSource: isDefault ? 5 : 1, isSensitive: false }
    })
  }
}

/** Answers DeleteTopics, by name or by id. */
export const handleDeleteTopics: Handler<'DeleteTopics'> = async (
  context,
  request,
  caller,
  version
) => {
  const asked: readonly { readonly name: string | null; readonly topicId?: string }[] =
    version < 6 ? request.topicNames.map(name => ({ name })) : request.topics
  const lookUps = context.topics.lookUps()
  const responses = []
  for (const { name, topicId } of asked) {
    responses.push(await deleteTopic(context, caller, lookUps, { name, topicId: topicId ?? null }))
  }
  return { responses }
}

async function deleteTopic(
  context: BrokerContext,
  caller: Caller,
  lookUps: TopicLookUps,
  { name, topicId }: { readonly name: string | null; readonly topicId: string | null }
): Promise<Sparse<ResponseOf<'DeleteTopics'>['responses'][number]>> {
  const known = name ?? (topicId === null ? null : await lookUps.nameOf(topicId))
  const id = topicId === null ? {} : { topicId }
  if (known === null) return { name, ...id, errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID }
  const errorCode = denialOf(context, caller, 'delete', 'topic', known)
  if (errorCode !== ERROR_CODES.NONE) {
    const isNamed = name !== null || maySee(context, caller, 'topic', known)
    return { name: isNamed ? known : null, ...id, errorCode, errorMessage: DENIED }
  }
  const topic = await context.topics.describe(known)
  if (topic === null) {
    return { name: known, ...id, errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION }
  }
  try {
    await context.log.deleteTopic(known)
    context.topics.forget(known)
    // A later topic of this name has other records.
    const changes = new Map([
      ...context.producers.forgetTopic(known),
      ...context.transactions.forgetTopic(known)
    ])
    if (changes.size > 0) await context.store.change(changes)
    return { name: known, topicId: context.topics.idOf(topic) }
  } catch (error) {
    return { name: known, ...id, ...outcomeOfError(error) }
  }
}

/** Answers CreatePartitions. */
export const handleCreatePartitions: Handler<'CreatePartitions'> = async (
  context,
  request,
  caller
) => {
  const twice = repeated(request.topics, topic => topic.name)
  const results = []
  for (const asked of distinct(request.topics, topic => topic.name)) {
    const { name } = asked
    const errorCode = denialOf(context, caller, 'alter', 'topic', name)
    const outcome = twice.has(name)
      ? NAMED_TWICE
      : errorCode === ERROR_CODES.NONE
        ? await addPartitions(context, asked, request.validateOnly)
        : refusal(errorCode, DENIED)
    results.push({ name, ...outcome })
  }
  return { results }
}

async function addPartitions(
  context: BrokerContext,
  { name, count, assignments }: NewPartitions,
  isTrial: boolean
): Promise<Outcome> {
  const topic = await context.topics.describe(name)
  if (topic === null) {
    return refusal(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`)
  }
  const now = topic.spec.partitions
  if (count <= now || count > PARTITIONS_MAX) {
    const expected = `more than the ${now} of now and at most ${PARTITIONS_MAX}`
    return refusal(ERROR_CODES.INVALID_PARTITIONS, `${count} partitions; expected ${expected}`)
  }
  const nodes = assignments ?? []
  const isHere = nodes.length === count - now && nodes.every(each => isThisNode(each.brokerIds))
  if (nodes.length > 0 && !isHere) {
    const message = `${count - now} new partitions, each on node ${NODE_ID} alone, were expected`
    return refusal(ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, message)
  }
  try {
    if (!isTrial) await context.log.alterTopic(name, { partitions: count })
    context.topics.forget(name)
    return DONE
  } catch (error) {
    return outcomeOfError(error)
  }
}
