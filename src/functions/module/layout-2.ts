// Reads the layouts of 2.x: functions with their states in the file, and the README's list of functions alone.
import {
  kindOf,
  quoted,
  readSection,
  type ListNode,
  type ReadContext,
  type ScalarNode,
  type Section,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import { NO_EXPIRATION, parseTypeName, type Expiration } from '../sdk/index.ts'
import type { Components } from './components.ts'
import { itemsOf } from './layout-3-0.ts'
import type { EndpointPlan, ModuleState } from './plan.ts'
import { refuseKind } from './read-component.ts'
import { readBatchMax, readDuration, readTypeName, spanOf } from './read-parts.ts'
import { readTopicEgress, readTopicIngress } from './read-topics.ts'
import { readOkhttp2 } from './read-transport.ts'
import { readUrl } from './read-url.ts'
import {
  FUNCTION_2,
  FUNCTION_2_FLAT,
  META_AND_SPEC,
  META_OF_FUNCTION,
  META_OF_IO,
  MODULE_SPEC_2,
  STATE_2,
  wrapped
} from './sections.ts'

const INGRESS = 'statefun.kafka.io/routable-protobuf-ingress'
const INGRESS_WITH_ROUTER = 'statefun.kafka.io/protobuf-ingress'
const EGRESS = 'statefun.kafka.io/generic-egress'

/** Reads `module.spec` of a file of 1.0 or 2.0. */
export function readModule2(components: Components, module: Section): void {
  const { context } = components
  const node = module.value('spec')
  const spec =
    node === null ? null : readSection(context, node, MODULE_SPEC_2, module.keySpan('spec'))
  if (spec === null) return
  readFunctions(components, spec.items('functions'), spec.keySpan('functions'))
  for (const { meta, body, at } of itemsOf(components, spec, 'ingress', META_OF_IO)) {
    const type = meta.scalar('type')
    const id = meta.scalar('id')
    if (type === null) continue
    if (type.text === INGRESS_WITH_ROUTER) refuseRouter(context, type, quoted(type.text))
    else if (type.text !== INGRESS) refuseKind(components, type, [INGRESS])
    else if (id !== null) {
      const options = { id, hasAddress: true, isOld: true }
      components.addIngress(readTopicIngress(context, body, at, options))
    }
  }
  if (spec.items('routers').length > 0) refuseRouter(context, spec.keySpan('routers'), '"routers"')
  for (const { meta, body, at } of itemsOf(components, spec, 'egress', META_OF_IO)) {
    const type = meta.scalar('type')
    const id = meta.scalar('id')
    if (type === null) continue
    if (type.text !== EGRESS) refuseKind(components, type, [EGRESS])
    else if (id !== null) {
      components.addEgress(readTopicEgress(context, body, at, { id, hasAddress: true }))
    }
  }
}

function refuseRouter(context: ReadContext, at: Span, what: string): void {
  const message = `${what} parses messages by a descriptor set, which millrace does not read`
  const hint = `Use ${INGRESS}: the record’s key is the function’s id.`
  context.report.error('KIND_UNAVAILABLE', at, message, hint)
}

/** Reads the README's form: a document that is just the list of functions. */
export function readFunctionList(components: Components, list: ListNode): void {
  readFunctions(components, list.items, list)
}

function readFunctions(components: Components, items: readonly TreeNode[], at: Span): void {
  for (const item of items) {
    const { context } = components
    const outer = readSection(context, item, wrapped('function'), spanOf(item, at))
    const node = outer?.value('function') ?? null
    if (outer === null || node === null) continue
    const isFlat = node.kind !== 'map' || !node.entries.some(entry => entry.key === 'meta')
    const read = isFlat ? readFlat : readNested
    read(components, node, outer.keySpan('function'))
  }
}

function readFlat(components: Components, node: TreeNode, at: Span): void {
  const section = readSection(components.context, node, FUNCTION_2_FLAT, at)
  if (section !== null) addFunction(components, section, section)
}

function readNested(components: Components, node: TreeNode, at: Span): void {
  const { context } = components
  const section = readSection(context, node, META_AND_SPEC, at)
  const metaNode = section?.value('meta') ?? null
  const specNode = section?.value('spec') ?? null
  if (section === null || metaNode === null || specNode === null) return
  const meta = readSection(context, metaNode, META_OF_FUNCTION, section.keySpan('meta'))
  const spec = readSection(context, specNode, FUNCTION_2, section.keySpan('spec'))
  if (meta !== null && spec !== null) addFunction(components, meta, spec)
}

function addFunction(components: Components, meta: Section, spec: Section): void {
  const { context } = components
  const kind = meta.scalar('kind')
  const typeNode = meta.scalar('type')
  if (kind !== null && kind.text !== 'http') refuseFunctionKind(components, kind)
  const type = readTypeName(context, typeNode, 'a function’s type')
  const urlNode = spec.scalar('endpoint')
  const url = urlNode === null ? null : readUrl(context, urlNode)
  const states = readStates(context, spec)
  const transport = readOkhttp2(context, spec)
  const parts = type === null ? null : parseTypeName(type)
  if (parts === null || url === null || typeNode === null) return
  const { namespace, name } = parts
  const plan: EndpointPlan = {
    functions: { kind: 'type', namespace, name },
    url,
    protocol: '2.x',
    states,
    maxNumBatchRequests: readBatchMax(spec),
    transport,
    at: context.report.position(typeNode)
  }
  components.addEndpoint({ plan, at: typeNode })
}

function refuseFunctionKind(components: Components, kind: ScalarNode): void {
  if (kind.text !== 'grpc') {
    refuseKind(components, kind, ['http'])
    return
  }
  const message = 'the kind "grpc" was announced for 2.x, but no version of StateFun had it'
  components.context.report.error('KIND_UNAVAILABLE', kind, message, 'Use http.')
}

/** Names, or names with expirations, as 1.0 and 2.0 have them. */
function readStates(context: ReadContext, spec: Section): ModuleState[] {
  const states = new Map<string, ModuleState>()
  for (const item of spec.items('states')) {
    const span = spanOf(item, spec.keySpan('states'))
    const state = readState(context, item, span)
    if (state === null) continue
    if (states.has(state.name)) {
      const message = `the state ${quoted(state.name)} is there twice`
      context.report.error('NAME_DUPLICATE', span, message)
    }
    states.set(state.name, state)
  }
  return [...states.values()]
}

function readState(context: ReadContext, item: TreeNode, span: Span): ModuleState | null {
  if (item.kind === 'scalar' && item.value !== null && item.text !== '') {
    return { name: item.text, expiration: NO_EXPIRATION }
  }
  if (item.kind !== 'map') {
    const message = `a state must be a name or a mapping, but is ${kindOf(item)}`
    context.report.error('WRONG_KIND', span, message)
    return null
  }
  const section = readSection(context, item, STATE_2, span)
  const name = section?.text('name') ?? null
  if (section === null || name === null) return null
  return { name, expiration: readExpiration(context, section) }
}

function readExpiration(context: ReadContext, section: Section): Expiration {
  const durationMs = readDuration(context, section, 'expireAfter', { fallbackMs: 0 })
  if (durationMs === 0) return NO_EXPIRATION
  const mode = section.text('expireMode') === 'after-write' ? 'after-write' : 'after-invoke'
  return { mode, durationMs }
}
