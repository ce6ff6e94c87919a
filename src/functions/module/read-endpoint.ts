// Reads endpoints of 3.x: which functions, where, and how they are reached.
import {
  quoted,
  readSection,
  type ReadContext,
  type ScalarNode,
  type Section,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import { parseTypeName } from '../sdk/index.ts'
import type { EndpointPlan, FunctionPattern, TransportPlan } from './plan.ts'
import { readBatchMax } from './read-parts.ts'
import { readOkhttp, readTransport } from './read-transport.ts'
import { readUrl } from './read-url.ts'
import { ENDPOINT_V1, ENDPOINT_V2 } from './sections.ts'

/** An endpoint with the place of its function pattern, for later findings. */
export interface ReadEndpoint {
  readonly plan: EndpointPlan
  readonly at: Span
}

/** `io.statefun.endpoints.v1/http`: always okhttp. */
export function readEndpointV1(
  context: ReadContext,
  node: TreeNode,
  at: Span
): ReadEndpoint | null {
  const section = readSection(context, node, ENDPOINT_V1, at)
  return section === null ? null : readEndpoint(context, section, readOkhttp(context, section))
}

/** `io.statefun.endpoints.v2/http`. */
export function readEndpointV2(
  context: ReadContext,
  node: TreeNode,
  at: Span
): ReadEndpoint | null {
  const section = readSection(context, node, ENDPOINT_V2, at)
  return section === null ? null : readEndpoint(context, section, readTransport(context, section))
}

function readEndpoint(
  context: ReadContext,
  section: Section,
  transport: TransportPlan
): ReadEndpoint | null {
  const pattern = section.scalar('functions')
  const functions = pattern === null ? null : readPattern(context, pattern)
  const urlNode = section.scalar('urlPathTemplate')
  const url = urlNode === null ? null : readUrl(context, urlNode)
  const maxNumBatchRequests = readBatchMax(section)
  if (functions === null || url === null || pattern === null) return null
  const at = context.report.position(pattern)
  const plan: EndpointPlan = {
    functions,
    url,
    protocol: '3.x',
    states: [],
    maxNumBatchRequests,
    transport,
    at
  }
  return { plan, at: pattern }
}

function readPattern(context: ReadContext, node: ScalarNode): FunctionPattern | null {
  const parts = parseTypeName(node.text)
  if (parts !== null && !parts.namespace.includes('*')) {
    const { namespace, name } = parts
    if (name === '*') return { kind: 'namespace', namespace }
    if (!name.includes('*')) return { kind: 'type', namespace, name }
  }
  const message = `"functions" must be a function type or a namespace with "/*", but is ${quoted(node.text)}`
  context.report.error('TYPE_NAME', node, message, 'For example example/greeter or example/*.')
  return null
}
