// Checks the names that users choose: of types, services, states, topics and the dataflow itself.
import { TOPIC_NAME_LENGTH_MAX, TOPIC_PREFIX_RESERVED } from '../../base/index.ts'
import { toKebab } from '../names.ts'
import type { Span } from '../report.ts'
import type { ReadContext } from '../sections/section.ts'
import { quoted, type Entry, type ScalarNode } from '../yaml/tree.ts'

const NAME_LENGTH_MAX = 100
/** Words that are properties of the accessor object itself, or of every JavaScript object. */
const STATE_NAMES_RESERVED: ReadonlySet<string> = new Set([
  'get',
  'set',
  'update',
  'delete',
  'has',
  'at',
  'entries',
  'then',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'toLocaleString',
  'propertyIsEnumerable'
])

/** The kebab-case form of a type's, service's or state's name; null after a finding. */
export function checkName(
  context: ReadContext,
  entry: Entry,
  what: 'type' | 'service' | 'state' | 'function' | 'schedule'
): string | null {
  const { key, keySpan } = entry
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(key) || key.length > NAME_LENGTH_MAX) {
    const message =
      `the name of a ${what} must be 1 to ${NAME_LENGTH_MAX} letters, digits and hyphens, ` +
      `beginning with a letter, but is ${quoted(key)}`
    context.report.error('NAME_INVALID', keySpan, message)
    return null
  }
  return toKebab(key)
}

/** Refuses names of states that `ctx.state` could not have as properties. */
export function checkStateProperty(context: ReadContext, property: string, span: Span): void {
  if (!STATE_NAMES_RESERVED.has(property)) return
  const message = `a state cannot be called ${quoted(property)}: ctx.state.${property} would mean something else`
  context.report.error('NAME_RESERVED', span, message, 'Choose another name.')
}

/** Refuses names that the log does not take. */
export function checkTopicName(context: ReadContext, name: string, span: Span): void {
  const { report } = context
  if (
    !/^[A-Za-z0-9._-]+$/.test(name) ||
    name.length > TOPIC_NAME_LENGTH_MAX ||
    name === '.' ||
    name === '..'
  ) {
    const message =
      `the name of a topic must be 1 to ${TOPIC_NAME_LENGTH_MAX} letters, digits, dots, ` +
      `hyphens and underscores, but is ${quoted(name)}`
    report.error('TOPIC_NAME', span, message)
  } else if (name.startsWith(TOPIC_PREFIX_RESERVED)) {
    report.error(
      'TOPIC_NAME',
      span,
      `names of topics that begin with "${TOPIC_PREFIX_RESERVED}" are kept for the runtime`
    )
  }
}

/** Refuses what cannot identify a dataflow. */
export function checkMetaName(
  context: ReadContext,
  node: ScalarNode,
  what: 'name' | 'namespace'
): void {
  if (/^[a-z][a-z0-9]*([-_.][a-z0-9]+)*$/.test(node.text) && node.text.length <= NAME_LENGTH_MAX)
    return
  const message =
    `meta.${what} must be lower-case letters, digits and hyphens, beginning with a ` +
    `letter, but is ${quoted(node.text)}`
  const kebab = toKebab(node.text)
  context.report.error(
    'NAME_INVALID',
    node,
    message,
    /^[a-z]/.test(kebab) ? `For example ${kebab}` : null
  )
}

/** Refuses versions that are not three numbers. */
export function checkMetaVersion(context: ReadContext, node: ScalarNode): void {
  if (/^\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.+-]{1,60})?$/.test(node.text)) return
  const message = `meta.version must be three numbers as in 1.2.3, but is ${quoted(node.text)}`
  context.report.error('WRONG_VALUE', node, message)
}
