// What handlers ask before they do anything: whether the caller may.
import { CLUSTER_NAME, type Operation, type ResourceKind } from '../../../security/index.ts'
import { ERROR_CODES } from '../../wire/index.ts'
import type { BrokerContext, Caller } from '../context.ts'
import { refusal, type Outcome } from '../error-of.ts'
import { operationBits } from './rule-codes.ts'

/** Kinds of resources that the protocol knows. */
type KafkaKind = Exclude<ResourceKind, 'dataflow' | 'function'>

/** Codes for who may not do what they ask. */
const DENIALS: Readonly<Record<KafkaKind, number>> = {
  topic: ERROR_CODES.TOPIC_AUTHORIZATION_FAILED,
  group: ERROR_CODES.GROUP_AUTHORIZATION_FAILED,
  cluster: ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED,
  'transactional-id': ERROR_CODES.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
}

/** What people are told beside such a code. */
export const DENIED = 'the access rules do not allow it'

/** What an answer says of allowed operations when nobody asked (KIP-430). */
const OPERATIONS_NOT_ASKED = -(2 ** 31)

/** Whether the caller may; a denial is noted. */
export function may(
  { security }: BrokerContext,
  { identity }: Caller,
  operation: Operation,
  kind: ResourceKind,
  name: string
): boolean {
  return security.allows(identity, operation, kind, name)
}

/** The same as a code of the protocol: 0 when the caller may. */
export function denialOf(
  context: BrokerContext,
  caller: Caller,
  operation: Operation,
  kind: KafkaKind,
  name: string
): number {
  return may(context, caller, operation, kind, name) ? ERROR_CODES.NONE : DENIALS[kind]
}

/** The same of the cluster. */
export function denialOfCluster(
  context: BrokerContext,
  caller: Caller,
  operation: Operation
): number {
  return denialOf(context, caller, operation, 'cluster', CLUSTER_NAME)
}

/**
 * Why users and rules may not be looked at or changed; null when they may. Where nobody has to log in they are changed
 * on the server's machine only: whoever reaches the server could lock everybody out of its next start.
 */
export function securityRefusal(
  { security }: BrokerContext,
  { identity }: Caller,
  operation: 'describe' | 'alter'
): Outcome | null {
  if (!security.isRequired) {
    const message =
      'nobody has to log in here, so there are no access rules and no users to look at; make the first user on the ' +
      'machine of the server: millrace user add NAME --super'
    return refusal(ERROR_CODES.SECURITY_DISABLED, message)
  }
  if (security.allowsCluster(identity, operation)) return null
  const message = `${identity.principal} may not ${operation} the cluster`
  return refusal(ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED, message)
}

/** Whether the caller may see it; nothing is noted: for what lists leave out. */
export function maySee(
  { security }: BrokerContext,
  { identity }: Caller,
  kind: ResourceKind,
  name: string
): boolean {
  return security.mightAllow(identity, 'describe', kind, name)
}

/** Whether the caller may make a topic: any, or this one. */
export function mayCreateTopic(context: BrokerContext, caller: Caller, topic: string): boolean {
  const mayAny = context.security.mightAllow(caller.identity, 'create', 'cluster', CLUSTER_NAME)
  return mayAny || may(context, caller, 'create', 'topic', topic)
}

/** What the caller may do, as an answer says it. */
export function operationsFor(
  { security }: BrokerContext,
  { identity }: Caller,
  isAsked: boolean,
  kind: ResourceKind,
  name: string
): number {
  if (!isAsked) return OPERATIONS_NOT_ASKED
  return operationBits(security.operations(identity, kind, name))
}

/** The same of the cluster; nothing is said to those who may not look at it. */
export function clusterOperationsFor(
  context: BrokerContext,
  caller: Caller,
  isAsked: boolean
): number {
  if (isAsked && !maySee(context, caller, 'cluster', CLUSTER_NAME)) return 0
  return operationsFor(context, caller, isAsked, 'cluster', CLUSTER_NAME)
}
