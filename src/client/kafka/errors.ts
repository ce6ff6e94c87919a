// Errors of the Kafka client in the words of this package.
import { MillraceError } from '../../base/index.ts'
import {
  groupNotEmpty,
  groupRebalanced,
  groupUnknown,
  producerFenced,
  topicUnknown
} from '../errors.ts'

/** What a call was about, for its sentence. */
export interface CallContext {
  /** As in "creating topic orders". */
  readonly doing: string
  readonly topic?: string
  readonly group?: string
  readonly transactionalId?: string | null
  readonly bootstrap?: readonly string[]
  /** The right that it takes, in the words of access rules. Default `describe`. */
  readonly operation?: string
  /** Names of topics by the ids with which they were asked for. */
  readonly topicNames?: ReadonlyMap<string, string>
}

interface Leaf {
  readonly message: string
  /** What the server says itself: with names and values, where the library has only the meaning of a code. */
  readonly serverErrorMessage?: string | null
  readonly apiId?: string
  readonly code?: string
  readonly canRetry?: boolean
  /** Where in the response it stands, as in `/topics/0`. */
  readonly path?: string
}

/** Runs a call of the library and gives its error as ours. */
export async function asOurs<T>(context: CallContext, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw fromKafka(error, context)
  }
}

/** The error of this package that stands for one of the library. */
export function fromKafka(error: unknown, context: CallContext): MillraceError {
  if (error instanceof MillraceError) return error
  const leaves = leavesOf(error)
  for (const leaf of leaves) {
    const { apiId } = leaf
    const known =
      apiId === undefined
        ? unknownTopic(leaf.message, context, error)
        : apiId.endsWith(REFUSED)
          ? accessDenied(leaf, context, error)
          : knownError(apiId, said(leaf), context, error)
    if (known !== null) return known
  }
  if (leaves.some(leaf => leaf.code === 'PLT_KFK_AUTHENTICATION')) {
    return new MillraceError(
      'AUTHENTICATION_FAILED',
      `${context.doing}: the cluster does not take this user: ${sentence(leaves)}; expected were a name and a ` +
        'password that it knows; correct the profile',
      { cause: error }
    )
  }
  if (leaves.some(isNetwork)) return unreachable(leaves, context, error)
  return new MillraceError(
    'REQUEST_FAILED',
    `${context.doing} failed: ${sentence(leaves)}; expected was that it is possible; see what the cluster logs`,
    { cause: error, retriable: leaves.every(leaf => leaf.canRetry === true) }
  )
}

/** Codes of the protocol that errors of the library carry. */
export function apiIdsOf(error: unknown): readonly string[] {
  return leavesOf(error).flatMap(leaf => leaf.apiId ?? [])
}

function unreachable(
  leaves: readonly Leaf[],
  { doing, bootstrap }: CallContext,
  cause: unknown
): MillraceError {
  const where = bootstrap === undefined ? 'the cluster' : bootstrap.join(', ')
  const mend = leaves.some(({ message }) => message === 'Connection closed')
    ? 'this one ends connections, as servers do that want TLS or a login: give the profile --tls or --sasl'
    : 'start it, or correct address and TLS settings of the profile'
  return new MillraceError(
    'CLUSTER_UNREACHABLE',
    `${doing}: ${where} cannot be reached: ${sentence(leaves)}; expected was a server of Kafka's protocol; ` +
      mend,
    { retriable: !leaves.some(({ code = '' }) => CERTIFICATE.test(code)), cause }
  )
}

function unknownTopic(message: string, context: CallContext, cause: unknown): MillraceError | null {
  const name = /^Unknown topic (\S+)\.$/.exec(message)?.[1]
  return name === undefined
    ? null
    : topicUnknown(name === 'unknown' ? (context.topic ?? name) : name, cause)
}

/** The one resource of the kind `cluster`. */
const CLUSTER_NAME = 'kafka-cluster'

const TOPIC_INVALID = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_REPLICA_ASSIGNMENT'
])
const FENCED = new Set([
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'TRANSACTION_COORDINATOR_FENCED'
])
const REBALANCED = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH'
])

function knownError(
  apiId: string,
  message: string,
  context: CallContext,
  cause: unknown
): MillraceError | null {
  const { doing, topic, group } = context
  const ours = (code: string, expected: string): MillraceError => {
    // Servers of millrace say it better.
    const rest = message.includes('expected') ? '' : `; expected was ${expected}`
    return new MillraceError(code, `${doing} was refused (${apiId}): ${message}${rest}`, { cause })
  }
  if (apiId.startsWith('UNKNOWN_TOPIC') && topic !== undefined) return topicUnknown(topic, cause)
  if (apiId === 'TOPIC_ALREADY_EXISTS') return ours('TOPIC_EXISTS', 'a new name; choose another')
  if (TOPIC_INVALID.has(apiId)) return ours('TOPIC_INVALID', 'what the cluster allows; correct it')
  if (apiId === 'INVALID_CONFIG')
    return ours('CONFIG_INVALID', 'a known name and value; correct it')
  if (apiId === 'OFFSET_OUT_OF_RANGE')
    return ours('OFFSET_OUT_OF_RANGE', 'one that the partition has')
  if (/^(MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE)$/.test(apiId)) {
    return ours('RECORD_TOO_LARGE', "at most the topic's max.message.bytes; send less or raise it")
  }
  if (FENCED.has(apiId)) return producerFenced(context.transactionalId ?? null, cause)
  if (group === undefined) return null
  if (apiId === 'GROUP_ID_NOT_FOUND') return groupUnknown(group)
  if (/^(NON_EMPTY_GROUP|GROUP_SUBSCRIBED_TO_TOPIC)$/.test(apiId))
    return groupNotEmpty(group, cause)
  return REBALANCED.has(apiId) ? groupRebalanced(group, cause) : null
}

function leavesOf(error: unknown): Leaf[] {
  const { errors, cause } = error as { readonly errors?: unknown; readonly cause?: unknown }
  if (Array.isArray(errors) && errors.length > 0) return errors.flatMap(leavesOf)
  const leaf = error as Leaf
  if (cause === undefined || cause === null || leaf.apiId !== undefined) return [leaf]
  return [leaf, ...leavesOf(cause)]
}

const REFUSED = '_AUTHORIZATION_FAILED'

/** The details have the right that is missing: `operation`, `kind` and, where it is known, `name`. */
function accessDenied(leaf: Leaf, context: CallContext, cause: unknown): MillraceError {
  const { doing, topic, group, transactionalId } = context
  const code = leaf.apiId!.slice(0, -REFUSED.length)
  let operation = context.operation ?? 'describe'
  let kind = code.toLowerCase().replaceAll('_', '-')
  let name: string | null | undefined = refusedTopic(leaf, context, cause) ?? topic
  // Who may write to some topic may have an id to do so (KIP-679), so that is what is missing.
  if (kind === 'cluster' && operation === 'write' && topic !== undefined) kind = 'topic'
  else if (kind === 'cluster') name = CLUSTER_NAME
  else if (kind === 'group') name = group
  else if (kind === 'transactional-id') name = transactionalId
  if (kind === 'group' && operation === 'write') operation = 'read'
  return new MillraceError(
    'ACCESS_DENIED',
    `${doing} was refused (${leaf.apiId}); expected was a user who may ${operation} the ${kind} ` +
      `${name ?? 'in question'}; have an administrator allow it`,
    { cause, details: { operation, kind, ...(name == null ? {} : { name }) } }
  )
}

/** The topic of a refusal in a response about several; null: it is not said. */
function refusedTopic({ path }: Leaf, { topicNames }: CallContext, cause: unknown): string | null {
  const place = /^\/(\w+)\/(\d+)/.exec(path ?? '')
  const { response } = cause as { readonly response?: Readonly<Record<string, unknown>> }
  const list = response?.[place?.[1] ?? '']
  if (place === null || !Array.isArray(list)) return null
  const entry = list[Number(place[2])] as { readonly name?: unknown; readonly topicId?: unknown }
  if (typeof entry?.name === 'string') return entry.name
  return (typeof entry?.topicId === 'string' ? topicNames?.get(entry.topicId) : null) ?? null
}

/** Certificates that are not trusted now will not be so at the next try. */
const CERTIFICATE = /CERT|^UNABLE_TO_|^ERR_TLS_/
const NETWORK = /^(PLT_KFK_NETWORK|PLT_KFK_TIMEOUT|E[A-Z]{4,}|ERR_TLS_.*|ERR_SSL_.*|.*CERT.*)$/

function isNetwork({ code }: Leaf): boolean {
  return code !== undefined && NETWORK.test(code)
}

/** Each thing that went wrong once. */
function sentence(leaves: readonly Leaf[]): string {
  const all = new Set(leaves.map(said).filter(text => text !== ''))
  return [...all].slice(0, 3).join('; ') || 'no reason is given'
}

function said({ message, serverErrorMessage }: Leaf): string {
  return (serverErrorMessage || message).replace(/\.$/, '')
}
