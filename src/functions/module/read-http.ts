// Reads our own HTTP components: messages in at a path, responses out.
import {
  quoted,
  readSection,
  type ReadContext,
  type ScalarNode,
  type Section,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import type { HttpEgressPlan, HttpIngressPlan, HttpPath } from './plan.ts'
import { readDuration, readTargets, readTypeName } from './read-parts.ts'
import type { ReadComponent } from './read-topics.ts'
import { HTTP_EGRESS, HTTP_INGRESS, IDEMPOTENCY } from './sections.ts'

const TIMEOUT_MS_DEFAULT = 30_000
const BODY_BYTES_MAX_DEFAULT = 1024 * 1024
const WINDOW_MS_DEFAULT = 24 * 3_600_000
const KEYS_MAX_DEFAULT = 100_000
const ID = '{id}'
/** Words that mean themselves in every URL. */
const LITERAL = /^[A-Za-z0-9._~-]+$/
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *; *[\w-]+=("[^"\\\r\n]*"|[\w!#$&^.+-]+))*$/

/** `io.millrace.http.v1/ingress`. */
export function readHttpIngress(
  context: ReadContext,
  node: TreeNode,
  at: Span
): ReadComponent<HttpIngressPlan> | null {
  const section = readSection(context, node, HTTP_INGRESS, at)
  if (section === null) return null
  const idNode = section.scalar('id')
  const id = readTypeName(context, idNode, 'an ingress id')
  const path = readPath(context, section.scalar('path'))
  const valueType = readTypeName(context, section.scalar('valueType'), 'a valueType')
  const targets = readTargets(context, section)
  const mode = section.text('mode') === 'request-reply' ? 'request-reply' : 'one-way'
  const timeoutMs = readDuration(context, section, 'timeout', { fallbackMs: TIMEOUT_MS_DEFAULT })
  const replyContentType = readMediaType(context, section.scalar('replyContentType'))
  const idempotency = readIdempotency(context, section)
  if (mode === 'request-reply' && targets.length > 1) {
    const message = `a request with a reply goes to one function, but there are ${targets.length} targets`
    const hint = 'Keep one target that tells the others, or use mode: one-way.'
    context.report.error('TARGETS_TOO_MANY', section.keySpan('targets'), message, hint)
  }
  if (id === null || idNode === null || path === null || valueType === null) return null
  const plan: HttpIngressPlan = {
    kind: 'http',
    id,
    port: section.number('port'),
    path,
    valueType,
    targets,
    mode,
    timeoutMs,
    bodyBytesMax: section.number('maxBodyBytes') ?? BODY_BYTES_MAX_DEFAULT,
    replyContentType,
    idempotency,
    at: context.report.position(idNode)
  }
  return { plan, at: idNode }
}

/** `io.millrace.http.v1/egress`. */
export function readHttpEgress(
  context: ReadContext,
  node: TreeNode,
  at: Span
): ReadComponent<HttpEgressPlan> | null {
  const idNode = readSection(context, node, HTTP_EGRESS, at)?.scalar('id') ?? null
  const id = readTypeName(context, idNode, 'an egress id')
  if (id === null || idNode === null) return null
  return { plan: { kind: 'http', id, at: context.report.position(idNode) }, at: idNode }
}

function readPath(context: ReadContext, node: ScalarNode | null): HttpPath | null {
  if (node === null) return null
  const { text } = node
  const segments = text
    .slice(1)
    .split('/')
    .map(segment => (segment === ID ? null : segment))
  const ids = segments.filter(segment => segment === null).length
  const isSound = segments.every(
    segment => segment === null || (LITERAL.test(segment) && segment !== '.' && segment !== '..')
  )
  if (text.startsWith('/') && isSound && ids === 1) return { text, segments }
  const message =
    `a path must begin with "/" and hold the segment {id} once beside words of a–z, A–Z, 0–9, ".", "_", "~" ` +
    `and "-", but is ${quoted(text)}`
  context.report.error('HTTP_PATH', node, message, 'For example /orders/{id}.')
  return null
}

function readMediaType(context: ReadContext, node: ScalarNode | null): string {
  if (node === null || MEDIA_TYPE.test(node.text)) return node?.text ?? 'application/json'
  const message = `"replyContentType" must be a media type, but is ${quoted(node.text)}`
  context.report.error('WRONG_VALUE', node, message, 'For example application/json.')
  return node.text
}

function readIdempotency(context: ReadContext, parent: Section): HttpIngressPlan['idempotency'] {
  const node = parent.value('idempotency')
  const section =
    node === null ? null : readSection(context, node, IDEMPOTENCY, parent.keySpan('idempotency'))
  return {
    windowMs: readDuration(context, section, 'window', { fallbackMs: WINDOW_MS_DEFAULT }),
    keysMax: section?.number('keys') ?? KEYS_MAX_DEFAULT
  }
}
