// Reads what the application is called.
import {
  quoted,
  readSection,
  type ReadContext,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import type { ApplicationPlan } from './plan.ts'
import { APPLICATION } from './sections.ts'

/** It stands in names of topics, together with others. */
const NAME_LENGTH_MAX = 100

/** The name with its place; null after a finding. */
export function readApplication(
  context: ReadContext,
  node: TreeNode,
  at: Span
): { plan: ApplicationPlan; at: Span } | null {
  const name = readSection(context, node, APPLICATION, at)?.scalar('name') ?? null
  if (name === null) return null
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name.text) && name.text.length <= NAME_LENGTH_MAX) {
    return { plan: { name: name.text, at: context.report.position(name) }, at: name }
  }
  const message =
    `the name of an application must be up to ${NAME_LENGTH_MAX} lower-case letters, digits and hyphens, ` +
    `beginning with a letter, but is ${quoted(name.text)}`
  context.report.error('NAME_INVALID', name, message)
  return null
}
