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
}

interface Leaf {
  readonly message: string
  /** What the server says itself: with names and values, where the library has only the meaning of a code. */
  readonly serverErrorMessage?: string | null
  readonly apiId?: string
  readonly code?: string
  readonly canRetry?: boolean
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
  return new MillraceError(
    'CLUSTER_UNREACHABLE',
    `${doing}: ${where} cannot be reached: ${sentence(leaves)}; expected was a server of Kafka's protocol; ` +
      'start it, or correct address and TLS settings of the profile',
    { retriable: !leaves.some(({ code = '' }) => CERTIFICATE.test(code)), cause }
  )
}

function unknownTopic(message: string, context: CallContext, cause: unknown): MillraceError | null {
  const name = /^Unknown topic (\S+)\.$/.exec(message)?.[1]
  return name === undefined
    ? null
    : topicUnknown(name === 'unknown' ? (context.topic ?? name) : name, cause)
}

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
  if (apiId.endsWith('_AUTHORIZATION_FAILED')) {
    return ours('ACCESS_DENIED', 'a user who may; have an administrator allow it')
  }
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
