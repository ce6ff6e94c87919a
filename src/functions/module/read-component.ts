// Reads one component by its kind, in the layout of one document per component.
import {
  nearestWord,
  quoted,
  readSection,
  type ScalarNode,
  type Span,
  type TreeNode
} from '../../dataflow/index.ts'
import type { Components } from './components.ts'
import { readApplication } from './read-application.ts'
import { readEndpointV1, readEndpointV2 } from './read-endpoint.ts'
import { readHttpEgress, readHttpIngress } from './read-http.ts'
import { spanOf } from './read-parts.ts'
import { readPlaygroundEgress, readPlaygroundIngress } from './read-playground.ts'
import { readTopicEgress, readTopicIngress } from './read-topics.ts'
import { COMPONENT } from './sections.ts'

type Reader = (components: Components, spec: TreeNode, at: Span) => void

const CLUSTER = { hasAddress: true }
const OWN = { hasAddress: false }

/** Every kind that can run. */
const READERS: Readonly<Record<string, Reader>> = {
  'io.statefun.endpoints.v2/http': (to, spec, at) =>
    to.addEndpoint(readEndpointV2(to.context, spec, at)),
  'io.statefun.endpoints.v1/http': (to, spec, at) =>
    to.addEndpoint(readEndpointV1(to.context, spec, at)),
  'io.statefun.kafka.v1/ingress': (to, spec, at) =>
    to.addIngress(readTopicIngress(to.context, spec, at, CLUSTER)),
  'io.statefun.kafka.v1/egress': (to, spec, at) =>
    to.addEgress(readTopicEgress(to.context, spec, at, CLUSTER)),
  'io.millrace.application.v1': (to, spec, at) =>
    to.setApplication(readApplication(to.context, spec, at)),
  'io.millrace.topic.v1/ingress': (to, spec, at) =>
    to.addIngress(readTopicIngress(to.context, spec, at, OWN)),
  'io.millrace.topic.v1/egress': (to, spec, at) =>
    to.addEgress(readTopicEgress(to.context, spec, at, OWN)),
  'io.millrace.http.v1/ingress': (to, spec, at) =>
    to.addIngress(readHttpIngress(to.context, spec, at)),
  'io.millrace.http.v1/egress': (to, spec, at) =>
    to.addEgress(readHttpEgress(to.context, spec, at)),
  'io.statefun.playground.v1/ingress': (to, spec, at) =>
    to.addIngress(readPlaygroundIngress(to.context, spec, at)),
  'io.statefun.playground.v1/egress': (to, spec, at) =>
    to.addEgress(readPlaygroundEgress(to.context, spec, at))
}
const KINESIS = /kinesis/
/** What is certainly no endpoint, however it goes on. */
const OTHER_KIND = /\/(in|e)gres|application/
/** Every kind that is known. */
export const KINDS: readonly string[] = [
  ...Object.keys(READERS),
  'io.statefun.kinesis.v1/ingress',
  'io.statefun.kinesis.v1/egress'
]

/** Reads a document `{ kind, spec }`. */
export function readComponent(components: Components, node: TreeNode): void {
  const section = readSection(components.context, node, COMPONENT)
  const kind = section?.scalar('kind') ?? null
  const spec = section?.value('spec') ?? null
  if (section === null || kind === null) {
    components.hasAllEndpoints = false
    return
  }
  const reader = Object.hasOwn(READERS, kind.text) ? READERS[kind.text] : undefined
  if (!OTHER_KIND.test(kind.text))
    components.hasAllEndpoints &&= reader !== undefined && spec !== null
  if (reader === undefined) refuseKind(components, kind, KINDS)
  else if (spec !== null) reader(components, spec, spanOf(spec, section.keySpan('spec')))
}

/** Says why a kind does not run, and which one was perhaps meant. */
export function refuseKind(
  components: Components,
  kind: ScalarNode,
  kinds: readonly string[]
): void {
  const { report } = components.context
  if (KINESIS.test(kind.text)) {
    const [own, word] = kind.text.includes('egress')
      ? ['io.millrace.topic.v1/egress', 'egress']
      : ['io.millrace.topic.v1/ingress', 'ingress']
    const message = `${quoted(kind.text)} needs Amazon Kinesis, which millrace does not speak`
    const hint =
      `Use ${own}: streams become topics of the engine. To keep Kinesis, let a bridge copy the stream ` +
      `into Kafka and use io.statefun.kafka.v1/${word}.`
    report.error('KIND_UNAVAILABLE', kind, message, hint)
    return
  }
  const nearest = nearestWord(kind.text, kinds)
  const known = kinds.length === 1 ? `There is only ${kinds[0]}.` : `There are ${kinds.join(', ')}.`
  const hint = nearest === null ? known : `Did you mean "${nearest}"?`
  report.error('UNKNOWN_KIND', kind, `there is no kind ${quoted(kind.text)}`, hint)
}
