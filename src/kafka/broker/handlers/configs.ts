// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs: configurations of topics; those of the node are only told.
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import { NODE_ID, type BrokerContext, type Caller, type Handler } from '../context.ts'
import { distinct } from '../distinct.ts'
import { DONE, outcomeOfError, refusal, type Outcome } from '../error-of.ts'
import { DENIED, denialOf, denialOfCluster } from '../security/permission.ts'
import { CHANGEABLE, describeConfig, specOfConfigs } from '../topic-configs.ts'

const TOPIC = 2
const BROKER = 4
const SOURCE = { dynamicTopic: 1, default: 5, staticBroker: 4 } as const
const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const
const STRING_TYPE = 2

type ConfigAnswer = Sparse<ResponseOf<'DescribeConfigs'>['results'][number]>
interface Change {
  readonly name: string
  readonly value: string | null
}

/** Answers DescribeConfigs. */
export const handleDescribeConfigs: Handler<'DescribeConfigs'> = async (
  context,
  request,
  caller
) => {
  const results: ConfigAnswer[] = []
  const resources = distinct(
    request.resources,
    ({ resourceType, resourceName }) => `${resourceType}:${resourceName}`
  )
  for (const { resourceType, resourceName, configurationKeys } of resources) {
    const denied = deniedBy(context, caller, 'describe-configs', resourceType, resourceName)
    const found: ConfigAnswer = denied ?? (await configsOf(context, resourceType, resourceName))
    const { configs = [], ...rest } = found
    const wanted = configs.filter(
      ({ name }) => configurationKeys === null || configurationKeys.includes(name ?? '')
    )
    const shown = request.includeDocumentation
      ? wanted
      : wanted.map(config => ({ ...config, documentation: null }))
    results.push({ resourceType, resourceName, ...rest, configs: shown })
  }
  return { results }
}

/** Why the caller may not look at or change a resource's configuration; null when it may. */
function deniedBy(
  context: BrokerContext,
  caller: Caller,
  operation: 'describe-configs' | 'alter-configs',
  type: number,
  name: string
): Outcome | null {
  const errorCode =
    type === TOPIC
      ? denialOf(context, caller, operation, 'topic', name)
      : denialOfCluster(context, caller, operation)
  return errorCode === ERROR_CODES.NONE ? null : refusal(errorCode, DENIED)
}

async function configsOf(
  context: BrokerContext,
  type: number,
  name: string
): Promise<ConfigAnswer> {
  if (type === BROKER) {
    if (name !== '' && name !== String(NODE_ID)) {
      const message = `there is no node ${name}; the only one is ${NODE_ID}`
      return refusal(ERROR_CODES.INVALID_REQUEST, message)
    }
    return { configs: brokerConfigs(context) }
  }
  if (type !== TOPIC) {
    const message = `resources of type ${type} have no configuration; topics (2) and nodes (4) do`
    return refusal(ERROR_CODES.INVALID_REQUEST, message)
  }
  const topic = await context.topics.describe(name)
  if (topic === null) {
    return refusal(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`)
  }
  return {
    configs: describeConfig(topic.spec).map(config => ({
      name: config.name,
      value: config.value,
      readOnly: config.isFixed,
      isDefault: config.isDefault,
      configSource: config.isDefault ? SOURCE.default : SOURCE.dynamicTopic,
      configType: STRING_TYPE,
      documentation: config.doc
    }))
  }
}

function brokerConfigs(context: BrokerContext): NonNullable<ConfigAnswer['configs']> {
  const values = {
    'auto.create.topics.enable': String(context.settings.autoCreateTopics),
    'num.partitions': String(context.settings.partitions),
    'default.replication.factor': '1',
    'broker.id': String(NODE_ID)
  }
  return Object.entries(values).map(([name, value]) => ({
    name,
    value,
    readOnly: true,
    configSource: SOURCE.staticBroker,
    configType: STRING_TYPE,
    documentation: 'Set when the server is started.'
  }))
}

/** Answers AlterConfigs: what is not named goes back to its default. */
export const handleAlterConfigs: Handler<'AlterConfigs'> = async (context, request, caller) => {
  const responses = []
  for (const resource of request.resources) {
    const names = new Set(resource.configs.map(config => config.name))
    const back = CHANGEABLE.filter(name => !names.has(name))
    const changes = [...resource.configs, ...back.map(name => ({ name, value: null }))]
    responses.push(await alter(context, caller, resource, changes, request.validateOnly))
  }
  return { responses }
}

/** Answers IncrementalAlterConfigs. There are no lists among the configurations, so nothing to append to. */
export const handleIncrementalAlterConfigs: Handler<'IncrementalAlterConfigs'> = async (
  context,
  request,
  caller
) => {
  const responses = []
  for (const resource of request.resources) {
    const changes = changesOf(resource.configs)
    responses.push(await alter(context, caller, resource, changes, request.validateOnly))
  }
  return { responses }
}

/** The changes that are asked for, or what is wrong with them. */
function changesOf(
  configs: RequestOf<'IncrementalAlterConfigs'>['resources'][number]['configs']
): readonly Change[] | Outcome {
  const changes: Change[] = []
  for (const { name, value, configOperation } of configs) {
    if (configOperation === OPERATION.delete) changes.push({ name, value: null })
    else if (configOperation !== OPERATION.set) {
      const message =
        'append and subtract are for lists, and no configuration is one; set the value'
      return refusal(ERROR_CODES.INVALID_CONFIG, message)
    } else if (value === null) {
      const message = `${name} is set to nothing; expected a value; delete it for the default`
      return refusal(ERROR_CODES.INVALID_REQUEST, message)
    } else changes.push({ name, value })
  }
  return changes
}

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
}

/** What became of changes of a resource. */
async function alter(
  context: BrokerContext,
  caller: Caller,
  { resourceType, resourceName }: Resource,
  changes: readonly Change[] | Outcome,
  isTrial: boolean
): Promise<Resource & Outcome> {
  const outcome =
    deniedBy(context, caller, 'alter-configs', resourceType, resourceName) ??
    (await alterTopic(context, resourceType, resourceName, changes, isTrial))
  return { resourceType, resourceName, ...outcome }
}

async function alterTopic(
  context: BrokerContext,
  type: number,
  name: string,
  changes: readonly Change[] | Outcome,
  isTrial: boolean
): Promise<Outcome> {
  if ('errorCode' in changes) return changes
  if (type !== TOPIC) {
    return refusal(ERROR_CODES.INVALID_REQUEST, 'only configurations of topics (2) can be changed')
  }
  if ((await context.topics.describe(name)) === null) {
    return refusal(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`)
  }
  const spec = specOfConfigs(changes)
  if ('problem' in spec) return refusal(ERROR_CODES.INVALID_CONFIG, spec.problem)
  try {
    if (!isTrial && Object.keys(spec.changes).length > 0)
      await context.log.alterTopic(name, spec.changes)
    context.topics.forget(name)
    return DONE
  } catch (error) {
    return outcomeOfError(error)
  }
}
