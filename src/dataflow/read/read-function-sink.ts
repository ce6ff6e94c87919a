// Reads sinks of `type: function`.
import type { Span } from '../report.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { FUNCTION_SINK } from '../sections/service-sections.ts'
import { quoted, valueAt, type TreeNode } from '../yaml/tree.ts'
import type { IoModel } from './model.ts'
import { readBranch } from './read-conditions.ts'
import { readPlacedFunction, readSteps } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'

/** As for addresses of functions everywhere. */
const TYPE_NAME_LENGTH_MAX = 400

/** Whether a sink says that it is a function. */
export function isFunctionSink(item: TreeNode): boolean {
  const type = valueAt(item, 'type')
  return type?.kind === 'scalar' && type.text === 'function'
}

/** Reads one; nothing after a finding that leaves no target. */
export function readFunctionSink(
  context: ReadContext,
  types: TypeTable,
  item: TreeNode,
  at: Span
): IoModel[] {
  const section = readSection(context, item, FUNCTION_SINK, at)
  if (section === null) return []
  const node = section.scalar('function')
  const typename = typeNameOf(context, section, 'function')
  const valueType = typeNameOf(context, section, 'value-type')
  const assignId = readPlacedFunction(context, types, section, 'assign-id')
  const steps = readSteps(context, types, section, 'transforms')
  if (node === null || typename === null) return []
  return [
    {
      topic: `function ${typename}`,
      topicSpan: node,
      steps: assignId === null ? steps : [...steps, assignId],
      target: {
        typename,
        valueType:
          valueType === null ? null : { text: valueType, span: section.scalar('value-type')! },
        assignsId: section.value('assign-id') !== null
      },
      ...readBranch(context, section),
      at: node
    }
  ]
}

/** A typename: two parts with one slash between them. */
function typeNameOf(context: ReadContext, section: Section, key: string): string | null {
  const node = section.scalar(key)
  if (node === null) return null
  const { text } = node
  if (/^[^/\s]+\/[^/\s]+$/.test(text) && text.length <= TYPE_NAME_LENGTH_MAX) return text
  const message = `"${key}" must be a namespace and a name with one "/" between them, but is ${quoted(text)}`
  context.report.error('TYPE_NAME', node, message, 'For example example/account.')
  return null
}
