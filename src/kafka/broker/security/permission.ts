// What handlers ask before they do anything: whether the caller may.
import { CLUSTER_NAME, type Operation, type ResourceKind } from '../../../security/index.ts'
import type { BrokerContext, Caller } from '../context.ts'
import { operationBits } from './rule-codes.ts'

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

/** The same of the cluster. */
export function mayOfCluster(
  { security }: BrokerContext,
  { identity }: Caller,
  operation: Operation
): boolean {
  return security.allowsCluster(identity, operation)
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
