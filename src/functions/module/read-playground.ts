// Reads the playground's components: HTTP in, polling out.
import { readSection, type ReadContext, type Span, type TreeNode } from '../../dataflow/index.ts'
import {
  PLAYGROUND_EGRESS_ID,
  PLAYGROUND_INGRESS_ID,
  type PlaygroundEgressPlan,
  type PlaygroundIngressPlan
} from './plan.ts'
import { checkTopicName, readWords } from './read-parts.ts'
import type { ReadComponent } from './read-topics.ts'
import { PLAYGROUND_EGRESS, PLAYGROUND_INGRESS } from './sections.ts'

/** `io.statefun.playground.v1/ingress`. */
export function readPlaygroundIngress(
  context: ReadContext,
  node: TreeNode,
  at: Span
): ReadComponent<PlaygroundIngressPlan> | null {
  const section = readSection(context, node, PLAYGROUND_INGRESS, at)
  const port = section?.number('port') ?? null
  if (port === null) return null
  const position = context.report.position(at)
  return { plan: { kind: 'playground', id: PLAYGROUND_INGRESS_ID, port, at: position }, at }
}

/** `io.statefun.playground.v1/egress`. */
export function readPlaygroundEgress(
  context: ReadContext,
  node: TreeNode,
  at: Span
): ReadComponent<PlaygroundEgressPlan> | null {
  const section = readSection(context, node, PLAYGROUND_EGRESS, at)
  if (section === null) return null
  const port = section.number('port')
  const topics = readWords(context, section, 'topics')
    .filter(word => checkTopicName(context, word))
    .map(word => word.text)
  if (port === null) return null
  const position = context.report.position(at)
  return { plan: { kind: 'playground', id: PLAYGROUND_EGRESS_ID, port, topics, at: position }, at }
}
