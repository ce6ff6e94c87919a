// Reads how requests are sent: both transports with their defaults.
import { FUNCTION_PAYLOAD_BYTES_MAX } from '../../base/index.ts'
import {
  nearestWord,
  quoted,
  readSection,
  type ReadContext,
  type ScalarNode,
  type Section,
  type SectionSpec
} from '../../dataflow/index.ts'
import type { TlsPlan, TransportPlan } from './plan.ts'
import { readDuration } from './read-parts.ts'
import { TIMEOUTS_ASYNC, TIMEOUTS_OKHTTP, TRANSPORT_ASYNC, TRANSPORT_OKHTTP } from './sections.ts'

const OKHTTP = 'io.statefun.transports.v1/okhttp'
const ASYNC = 'io.statefun.transports.v1/async'
const MINUTE_MS = 60_000
const POOL_SIZE = 1024

type Okhttp = Extract<TransportPlan, { kind: 'okhttp' }>

/** The section `transport` of an endpoint of v2. */
export function readTransport(context: ReadContext, endpoint: Section): TransportPlan {
  const node = endpoint.value('transport')
  if (node === null) return ASYNC_DEFAULT
  const at = endpoint.keySpan('transport')
  if (node.kind !== 'map') {
    readSection(context, node, TRANSPORT_ASYNC, at)
    return ASYNC_DEFAULT
  }
  const type = node.entries.find(entry => entry.key === 'type')?.value
  const name = type?.kind === 'scalar' ? type.text : ASYNC
  if (name === OKHTTP) {
    const section = readSection(context, node, TRANSPORT_OKHTTP, at)
    return section === null ? ASYNC_DEFAULT : readOkhttp(context, section)
  }
  if (name !== ASYNC) {
    const nearest = nearestWord(name, [OKHTTP, ASYNC]) ?? ASYNC
    const message = `there is no transport ${quoted(name)}; there are ${ASYNC} and ${OKHTTP}`
    context.report.error('UNKNOWN_KIND', type!, message, `Did you mean "${nearest}"?`)
    return ASYNC_DEFAULT
  }
  const section = readSection(context, node, TRANSPORT_ASYNC, at)
  return section === null ? ASYNC_DEFAULT : readAsync(context, section)
}

/** The okhttp transport whose timeouts stand in `parent`. */
export function readOkhttp(context: ReadContext, parent: Section): Okhttp {
  const section = timeoutsOf(context, parent, TIMEOUTS_OKHTTP)
  return checkedOkhttp(context, section, {
    kind: 'okhttp',
    callMs: readDuration(context, section, 'call', { fallbackMs: MINUTE_MS }),
    connectMs: readDuration(context, section, 'connect', { fallbackMs: 10_000 }),
    readMs: readDuration(context, section, 'read', { fallbackMs: 10_000 }),
    writeMs: readDuration(context, section, 'write', { fallbackMs: 10_000 })
  })
}

/** The okhttp transport of a 2.x function, which has flat keys. */
export function readOkhttp2(context: ReadContext, section: Section): Okhttp {
  return checkedOkhttp(context, section, {
    kind: 'okhttp',
    callMs: readDuration(context, section, 'timeout', { fallbackMs: MINUTE_MS }),
    connectMs: readDuration(context, section, 'connectTimeout', { fallbackMs: 10_000 }),
    readMs: readDuration(context, section, 'readTimeout', { fallbackMs: 10_000 }),
    writeMs: readDuration(context, section, 'writeTimeout', { fallbackMs: 10_000 })
  })
}

/** Parts of a call that were written may not be longer than the call; those that were not give way. */
function checkedOkhttp(context: ReadContext, section: Section | null, plan: Okhttp): Okhttp {
  const { callMs } = plan
  for (const [key, partMs] of [
    ['connect', plan.connectMs],
    ['read', plan.readMs],
    ['write', plan.writeMs]
  ] as const) {
    const node = section?.scalar(key) ?? section?.scalar(`${key}Timeout`) ?? null
    if (node === null || partMs <= callMs) continue
    const message = `the part ${quoted(key)} may take ${partMs} ms, but the whole call only ${callMs} ms`
    context.report.error('TIMEOUT_ORDER', node, message, 'Raise the call or lower the part.')
  }
  return {
    ...plan,
    connectMs: Math.min(plan.connectMs, callMs),
    readMs: Math.min(plan.readMs, callMs),
    writeMs: Math.min(plan.writeMs, callMs)
  }
}

const NO_TLS: TlsPlan = {
  trustCacerts: null,
  clientCert: null,
  clientKey: null,
  clientKeyPassword: null
}
const ASYNC_DEFAULT: TransportPlan = {
  kind: 'async',
  callMs: 2 * MINUTE_MS,
  connectMs: 20_000,
  poolTtlMs: 15_000,
  poolSize: POOL_SIZE,
  payloadBytesMax: FUNCTION_PAYLOAD_BYTES_MAX,
  tls: NO_TLS
}

function readAsync(context: ReadContext, section: Section): TransportPlan {
  const flat = {
    callMs: readDuration(context, section, 'call', { fallbackMs: 2 * MINUTE_MS }),
    connectMs: readDuration(context, section, 'connect', { fallbackMs: 20_000 })
  }
  // The object is there for files of the okhttp transport: it wins over the flat keys and has its own defaults.
  const object = timeoutsOf(context, section, TIMEOUTS_ASYNC)
  const timeouts =
    object === null
      ? flat
      : {
          callMs: readDuration(context, object, 'call', { fallbackMs: MINUTE_MS }),
          connectMs: readDuration(context, object, 'connect', { fallbackMs: 10_000 })
        }
  return {
    kind: 'async',
    ...timeouts,
    poolTtlMs: readDuration(context, section, 'pool_ttl', { fallbackMs: 15_000 }),
    poolSize: section.number('pool_size') ?? POOL_SIZE,
    payloadBytesMax: section.number('payload_max_bytes') ?? FUNCTION_PAYLOAD_BYTES_MAX,
    tls: readTls(context, section)
  }
}

function readTls(context: ReadContext, section: Section): TlsPlan {
  const { report } = context
  const cert = section.scalar('client_cert')
  const key = section.scalar('client_key')
  const password = section.scalar('client_key_password')
  if ((cert === null) !== (key === null)) {
    const [there, absent] =
      cert === null ? ['client_key', 'client_cert'] : ['client_cert', 'client_key']
    const message = `"${there}" is of no use without "${absent}"`
    report.error('TLS_FILES', section.keySpan(there!), message, 'Give both or neither.')
  } else if (password !== null && key === null) {
    const message = '"client_key_password" is of no use without "client_key"'
    report.error('TLS_FILES', section.keySpan('client_key_password'), message, 'Remove it.')
  }
  return {
    trustCacerts: fileOf(context, section.scalar('trust_cacerts')),
    clientCert: fileOf(context, cert),
    clientKey: fileOf(context, key),
    clientKeyPassword: fileOf(context, password)
  }
}

/** A path; `file:` URLs become absolute ones, `classpath:` is where the module file lies. */
function fileOf(context: ReadContext, node: ScalarNode | null): string | null {
  if (node === null) return null
  const { text } = node
  if (text.startsWith('classpath:')) return text.slice('classpath:'.length).replace(/^\/+/, '')
  if (!text.startsWith('file:')) return text
  const path = pathOf(text)
  if (path !== null) return path
  const message = `${quoted(text)} names no file of this machine`
  context.report.error('WRONG_URL', node, message, 'For example file:///etc/tls/ca.pem.')
  return null
}

/** The path of a `file:` URL; null when it is another machine's or not UTF-8. */
function pathOf(text: string): string | null {
  const url = URL.parse(text)
  if (url === null || (url.hostname !== '' && url.hostname !== 'localhost')) return null
  try {
    return decodeURIComponent(url.pathname)
  } catch {
    return null
  }
}

function timeoutsOf(context: ReadContext, parent: Section, spec: SectionSpec): Section | null {
  const node = parent.value('timeouts')
  return node === null ? null : readSection(context, node, spec, parent.keySpan('timeouts'))
}
