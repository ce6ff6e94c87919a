// Reads what several components share: typenames, durations, lists of words, client properties.
import {
  kindOf,
  quoted,
  startOf,
  type ReadContext,
  type ScalarNode,
  type Section,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import { parseTypeName } from '../sdk/index.ts'
import { parseFlinkDuration } from './durations.ts'

/** Length of a topic's name and the characters in it are Kafka's own. */
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/

/** The span of a node, or of what holds it when the node is empty. */
export function spanOf(node: TreeNode, at: Span): Span {
  return node.end > node.start ? node : startOf(at)
}

/** A typename `namespace/name`; null after a finding. */
export function readTypeName(
  context: ReadContext,
  node: ScalarNode | null,
  what: string
): string | null {
  if (node === null) return null
  if (parseTypeName(node.text) !== null) return node.text
  const message = `${what} must be "namespace/name" with exactly one "/", but is ${quoted(node.text)}`
  context.report.error('TYPE_NAME', node, message, 'For example example/greeter.')
  return null
}

/** Whether a word can name a topic; a finding if not. */
export function checkTopicName(context: ReadContext, node: ScalarNode): boolean {
  if (TOPIC_NAME.test(node.text) && node.text !== '.' && node.text !== '..') return true
  const message = `${quoted(node.text)} is no topic name: expected 1 to 249 of a–z, A–Z, 0–9, ".", "_" and "-"`
  context.report.error('TOPIC_NAME', node, message)
  return false
}

/** What {@link readDuration} is told beside the key. */
export interface DurationOptions {
  readonly fallbackMs: number
  /** Smallest duration; default 1. */
  readonly minMs?: number
}

/** A duration in milliseconds, or the fallback when it is absent or wrong. */
export function readDuration(
  context: ReadContext,
  section: Section | null,
  key: string,
  { fallbackMs, minMs = 1 }: DurationOptions
): number {
  const node = section?.scalar(key) ?? null
  if (node === null) return fallbackMs
  const durationMs = parseFlinkDuration(node.text)
  if (durationMs !== null && durationMs >= minMs) return durationMs
  const least = minMs === 0 ? '' : ' above 0'
  const message = `"${key}" must be a duration${least} such as 15min or 20s, but is ${kindOf(node)}`
  const hint = 'One number and one of d, h, min, s, ms; without a unit it is milliseconds.'
  context.report.error('WRONG_VALUE', spanOf(node, section!.keySpan(key)), message, hint)
  return fallbackMs
}

/** A list of scalars, each once; others are reported. */
export function readWords(context: ReadContext, section: Section, key: string): ScalarNode[] {
  const words = new Map<string, ScalarNode>()
  for (const item of section.items(key)) {
    const span = spanOf(item, section.keySpan(key))
    if (item.kind !== 'scalar' || item.text === '' || item.value === null) {
      const message = `an item of "${key}" must be a word, but is ${kindOf(item)}`
      context.report.error('WRONG_KIND', span, message)
    } else if (words.has(item.text)) {
      context.report.error('NAME_DUPLICATE', span, `${quoted(item.text)} is in "${key}" twice`)
    } else words.set(item.text, item)
  }
  return [...words.values()]
}

/** The function types of `targets`; at least one, or a finding. */
export function readTargets(context: ReadContext, section: Section): string[] {
  const words = readWords(context, section, 'targets')
  if (section.value('targets') !== null && section.items('targets').length === 0) {
    const message = '"targets" must name at least one function type'
    context.report.error('WRONG_VALUE', section.keySpan('targets'), message)
  }
  return words.flatMap(word => readTypeName(context, word, 'a target') ?? [])
}

/** A list of mappings with one entry each, such as `properties` and `offsets`. */
export function readPairs(
  context: ReadContext,
  section: Section,
  key: string
): { key: string; value: ScalarNode; span: Span }[] {
  const pairs: { key: string; value: ScalarNode; span: Span }[] = []
  const seen = new Set<string>()
  for (const item of section.items(key)) {
    const span = spanOf(item, section.keySpan(key))
    const entry = item.kind === 'map' && item.entries.length === 1 ? item.entries[0] : undefined
    if (entry?.value.kind !== 'scalar') {
      const message = `an item of "${key}" must be one "key: value", but is ${kindOf(item)}`
      context.report.error('WRONG_KIND', span, message, 'Begin each pair with "- ".')
    } else if (seen.has(entry.key)) {
      context.report.error('DUPLICATE_KEY', entry.keySpan, `${quoted(entry.key)} is there twice`)
    } else {
      seen.add(entry.key)
      pairs.push({ key: entry.key, value: entry.value, span: entry.keySpan })
    }
  }
  return pairs
}

/** Client settings as texts. */
export function readProperties(context: ReadContext, section: Section): Record<string, string> {
  const pairs = readPairs(context, section, 'properties')
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.text]))
}

/** The number of `maxNumBatchRequests`; null is "any number". */
export function readBatchMax(section: Section): number | null {
  const count = section.number('maxNumBatchRequests') ?? 1000
  return count > 0 ? count : null
}
