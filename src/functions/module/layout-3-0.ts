// Reads the layout of 3.0: one document, version "3.0", components in lists.
import { readSection, type Section, type SectionSpec, type Span } from '../../dataflow/index.ts'
import type { Components } from './components.ts'
import { readEndpointV1 } from './read-endpoint.ts'
import { refuseKind } from './read-component.ts'
import { spanOf } from './read-parts.ts'
import { readTopicEgress, readTopicIngress } from './read-topics.ts'
import { META_AND_SPEC, META_OF_ENDPOINT, META_OF_IO, MODULE_SPEC_3, wrapped } from './sections.ts'

const INGRESS_TYPES = ['io.statefun.kafka/ingress', 'io.statefun.kinesis/ingress']
const EGRESS_TYPES = ['io.statefun.kafka/egress', 'io.statefun.kinesis/egress']

/** Reads `module.spec` of a file of 3.0. */
export function readModule3(components: Components, module: Section): void {
  const { context } = components
  const node = module.value('spec')
  const spec =
    node === null ? null : readSection(context, node, MODULE_SPEC_3, module.keySpan('spec'))
  if (spec === null) return
  for (const { meta, body, at } of itemsOf(components, spec, 'endpoint', META_OF_ENDPOINT)) {
    const kind = meta.scalar('kind')
    if (kind === null) continue
    if (kind.text === 'http') components.addEndpoint(readEndpointV1(context, body, at))
    else refuseKind(components, kind, ['http'])
  }
  for (const { meta, body, at } of itemsOf(components, spec, 'ingress', META_OF_IO)) {
    const type = meta.scalar('type')
    const id = meta.scalar('id')
    if (type !== null && type.text !== INGRESS_TYPES[0]) refuseKind(components, type, INGRESS_TYPES)
    else if (type !== null && id !== null) {
      components.addIngress(readTopicIngress(context, body, at, { id, hasAddress: true }))
    }
  }
  for (const { meta, body, at } of itemsOf(components, spec, 'egress', META_OF_IO)) {
    const type = meta.scalar('type')
    const id = meta.scalar('id')
    if (type !== null && type.text !== EGRESS_TYPES[0]) refuseKind(components, type, EGRESS_TYPES)
    else if (type !== null && id !== null) {
      components.addEgress(readTopicEgress(context, body, at, { id, hasAddress: true }))
    }
  }
}

/** A component of a list: what it is, and its settings. */
export interface ListedComponent {
  readonly meta: Section
  readonly body: NonNullable<ReturnType<Section['value']>>
  readonly at: Span
}

const PLURALS = { endpoint: 'endpoints', ingress: 'ingresses', egress: 'egresses' } as const

/** The items of a list in which each wraps `{ meta, spec }` under one word. */
export function itemsOf(
  components: Components,
  spec: Section,
  word: keyof typeof PLURALS,
  metaSpec: SectionSpec
): ListedComponent[] {
  const { context } = components
  const list = PLURALS[word]
  return spec.items(list).flatMap(item => {
    const outer = readSection(context, item, wrapped(word), spanOf(item, spec.keySpan(list)))
    const node = outer?.value(word) ?? null
    if (outer === null || node === null) return []
    const inner = readSection(context, node, META_AND_SPEC, outer.keySpan(word))
    const metaNode = inner?.value('meta') ?? null
    const body = inner?.value('spec') ?? null
    if (inner === null || metaNode === null || body === null) return []
    const meta = readSection(context, metaNode, metaSpec, inner.keySpan('meta'))
    return meta === null ? [] : [{ meta, body, at: spanOf(body, inner.keySpan('spec')) }]
  })
}
