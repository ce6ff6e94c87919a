// Reads what the application is called, and how often its functions try.
import {
  quoted,
  readSection,
  type ReadContext,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import type { ApplicationPlan } from './plan.ts'
import { readDuration } from './read-parts.ts'
import { APPLICATION } from './sections.ts'

/** It stands in names of topics, together with others. */
const NAME_LENGTH_MAX = 100

/** The application with the place of its name; null after a finding. */
export function readApplication(
  context: ReadContext,
  node: TreeNode,
  at: Span
): { plan: ApplicationPlan; at: Span } | null {
  const section = readSection(context, node, APPLICATION, at)
  const name = section?.scalar('name') ?? null
  const retries = {
    retries: section?.number('retries') ?? 0,
    backoffMs: readDuration(context, section, 'backoff', { fallbackMs: 100 }),
    backoffMaxMs: readDuration(context, section, 'backoffMax', { fallbackMs: 10_000 })
  }
  if (name === null) return null
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name.text) && name.text.length <= NAME_LENGTH_MAX) {
    return { plan: { name: name.text, retries, at: context.report.position(name) }, at: name }
  }
  const message =
    `the name of an application must be up to ${NAME_LENGTH_MAX} lower-case letters, digits and hyphens, ` +
    `beginning with a letter, but is ${quoted(name.text)}`
  context.report.error('NAME_INVALID', name, message)
  return null
}
