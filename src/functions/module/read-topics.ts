// Reads ingresses and egresses of topics, of a Kafka cluster or the engine's own.
import {
  quoted,
  readSection,
  startOf,
  type ReadContext,
  type ScalarNode,
  type Section,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import { parseStartupDate } from './durations.ts'
import type {
  AddressPlan,
  PartitionOffset,
  RoutedTopic,
  StartupPlan,
  TopicEgressPlan,
  TopicIngressPlan
} from './plan.ts'
import {
  checkTopicName,
  readDuration,
  readPairs,
  readProperties,
  readTargets,
  readWords,
  readTypeName,
  spanOf
} from './read-parts.ts'
import {
  DELIVERY,
  ROUTED_TOPIC,
  ROUTED_TOPIC_2,
  STARTUP,
  topicEgress,
  topicIngress
} from './sections.ts'

/** How a layout says the things that differ. */
export interface TopicOptions {
  /** The id when it stands outside the section; absent: in it. */
  readonly id?: ScalarNode
  readonly hasAddress: boolean
  /** Whether topics say `typeUrl` (2.x) instead of `valueType`. */
  readonly isOld?: boolean
}

/** An ingress or egress with the place of its id, for later findings. */
export interface ReadComponent<P> {
  readonly plan: P
  readonly at: Span
}

/** An ingress of topics; null after a finding that leaves nothing of it. */
export function readTopicIngress(
  context: ReadContext,
  node: TreeNode,
  at: Span,
  options: TopicOptions
): ReadComponent<TopicIngressPlan> | null {
  const { hasAddress, isOld = false } = options
  const spec = topicIngress({ hasId: options.id === undefined, hasAddress })
  const section = readSection(context, node, spec, at)
  if (section === null) return null
  const idNode = options.id ?? section.scalar('id')
  const id = readTypeName(context, idNode, 'an ingress id')
  const topics = section
    .items('topics')
    .flatMap(item => readRoutedTopic(context, item, section.keySpan('topics'), isOld) ?? [])
  checkTopics(context, section, topics)
  const startup = readStartup(context, section)
  const plan = {
    kind: 'topic' as const,
    address: readAddress(context, section),
    consumerGroupId: section.text('consumerGroupId'),
    topics,
    autoOffsetReset:
      section.text('autoOffsetResetPosition') === 'earliest'
        ? ('earliest' as const)
        : ('latest' as const),
    startup,
    properties: readProperties(context, section)
  }
  if (id === null || idNode === null) return null
  return { plan: { ...plan, id, at: context.report.position(idNode) }, at: idNode }
}

function checkTopics(context: ReadContext, section: Section, topics: readonly RoutedTopic[]): void {
  const { report } = context
  if (section.value('topics') !== null && section.items('topics').length === 0) {
    report.error('WRONG_VALUE', section.keySpan('topics'), 'an ingress needs at least one topic')
  }
  const names = new Set<string>()
  for (const { topic } of topics) {
    if (names.has(topic)) {
      const message = `the topic ${quoted(topic)} is in this ingress twice`
      report.error(
        'NAME_DUPLICATE',
        section.keySpan('topics'),
        message,
        'List all its targets once.'
      )
    }
    names.add(topic)
  }
}

function readRoutedTopic(
  context: ReadContext,
  node: TreeNode,
  at: Span,
  isOld: boolean
): RoutedTopic | null {
  const section = readSection(
    context,
    node,
    isOld ? ROUTED_TOPIC_2 : ROUTED_TOPIC,
    spanOf(node, at)
  )
  if (section === null) return null
  const name = section.scalar('topic')
  const typeNode = section.scalar(isOld ? 'typeUrl' : 'valueType')
  // A type URL of 2.x may have more than one slash.
  const valueType = isOld
    ? (typeNode?.text ?? null)
    : readTypeName(context, typeNode, 'a valueType')
  const targets = readTargets(context, section)
  if (name !== null && !checkTopicName(context, name)) return null
  if (name === null || valueType === null || targets.length === 0) return null
  return { topic: name.text, valueType, targets, at: context.report.position(name) }
}

function readAddress(context: ReadContext, section: Section): AddressPlan | null {
  const node = section.scalar('address')
  return node === null ? null : { text: node.text, at: context.report.position(node) }
}

function readStartup(context: ReadContext, parent: Section): StartupPlan {
  const none: StartupPlan = { kind: 'latest' }
  const node = parent.value('startupPosition')
  if (node === null) return none
  const section = readSection(context, node, STARTUP, parent.keySpan('startupPosition'))
  const kind = section?.text('type') as StartupPlan['kind'] | null | undefined
  if (section === null || kind === null || kind === undefined) return none
  for (const [key, owner] of [
    ['offsets', 'specific-offsets'],
    ['date', 'date']
  ] as const) {
    if (kind === owner || section.value(key) === null) continue
    const message = `"${key}" belongs to the type ${owner}, but the type is ${kind}`
    context.report.error('KEY_MISPLACED', section.keySpan(key), message)
  }
  if (kind === 'specific-offsets') return readOffsets(context, section)
  return kind === 'date' ? readDate(context, section) : { kind }
}

function readOffsets(context: ReadContext, section: Section): StartupPlan {
  const { report } = context
  const offsets: PartitionOffset[] = []
  for (const { key, value, span } of readPairs(context, section, 'offsets')) {
    const match = /^([^/]+)\/(\d{1,9})$/.exec(key)
    const offset = value.value
    if (match === null) {
      const message = `${quoted(key)} must be "topic/partition"`
      report.error('WRONG_VALUE', span, message, 'For example names/0: 120.')
    } else if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) {
      const message = `the offset of ${key} must be a whole number from 0, but is ${quoted(value.text)}`
      report.error('WRONG_VALUE', spanOf(value, span), message)
    } else offsets.push({ topic: match[1]!, partition: Number(match[2]), offset })
  }
  if (section.items('offsets').length === 0) {
    const at = section.keySpan('offsets')
    const message = 'the type specific-offsets needs "offsets" with at least one entry'
    report.error('MISSING_KEY', at, message, 'For example offsets: [ { names/0: 120 } ]')
  }
  return { kind: 'specific-offsets', offsets }
}

function readDate(context: ReadContext, section: Section): StartupPlan {
  const node = section.scalar('date')
  const timestampMs = node === null ? null : parseStartupDate(node.text)
  if (timestampMs !== null) return { kind: 'date', timestampMs }
  const form = 'yyyy-MM-dd HH:mm:ss.SSS Z'
  const message =
    node === null
      ? `the type date needs "date: ${form}"`
      : `${quoted(node.text)} is no date of the form ${form}`
  const code = node === null ? 'MISSING_KEY' : 'WRONG_VALUE'
  const at = node ?? section.keySpan('type')
  context.report.error(code, at, message, 'For example 2026-01-31 12:00:00.000 +0000.')
  return { kind: 'latest' }
}

/** An egress into topics; null after a finding that leaves nothing of it. */
export function readTopicEgress(
  context: ReadContext,
  node: TreeNode,
  at: Span,
  options: TopicOptions
): ReadComponent<TopicEgressPlan> | null {
  const { hasAddress } = options
  const spec = topicEgress({ hasId: options.id === undefined, hasAddress })
  const section = readSection(context, node, spec, at)
  if (section === null) return null
  const idNode = options.id ?? section.scalar('id')
  const id = readTypeName(context, idNode, 'an egress id')
  const plan = {
    kind: 'topic' as const,
    address: readAddress(context, section),
    ...readEgressTopics(context, section),
    ...readDelivery(context, section),
    properties: readProperties(context, section)
  }
  if (id === null || idNode === null) return null
  return { plan: { ...plan, id, at: context.report.position(idNode) }, at: idNode }
}

/** Nothing without the key; names that are none are findings. */
function readEgressTopics(context: ReadContext, section: Section): Pick<TopicEgressPlan, 'topics'> {
  if (section.value('topics') === null) return {}
  const words = readWords(context, section, 'topics')
  if (section.items('topics').length === 0) {
    const message = '"topics" must name at least one topic'
    context.report.error('WRONG_VALUE', section.keySpan('topics'), message, 'Or leave it out.')
  }
  return { topics: words.filter(word => checkTopicName(context, word)).map(word => word.text) }
}

function readDelivery(
  context: ReadContext,
  parent: Section
): Pick<TopicEgressPlan, 'delivery' | 'transactionTimeoutMs'> {
  const node = parent.value('deliverySemantic')
  const at = parent.keySpan('deliverySemantic')
  const section = node === null ? null : readSection(context, node, DELIVERY, at)
  if (section === null) return { delivery: 'at-least-once', transactionTimeoutMs: null }
  const delivery = (section.text('type') ?? 'at-least-once') as TopicEgressPlan['delivery']
  const isGiven = section.value('transactionTimeout') !== null
  const written = readDuration(context, section, 'transactionTimeout', { fallbackMs: 0 })
  const timeoutMs = section.number('transactionTimeoutMillis') ?? (isGiven ? written : null)
  if (timeoutMs !== null && delivery !== 'exactly-once') {
    const key = isGiven ? 'transactionTimeout' : 'transactionTimeoutMillis'
    const message = `"${key}" belongs to the type exactly-once, but the type is ${delivery}`
    context.report.warning('KEY_MISPLACED', startOf(section.keySpan(key)), message)
    return { delivery, transactionTimeoutMs: null }
  }
  return { delivery, transactionTimeoutMs: timeoutMs }
}
