// The words of access control: who, what may be done, to what. Kafka's, and those of dataflows and functions.
import { MillraceError } from '../base/index.ts'

/** Who asks, once it is known, as Kafka writes it: `User:ana`, `User:CN=ana,O=Acme`. */
export type Principal = string

/** Everybody who need not say who they are. */
export const ANONYMOUS: Principal = 'User:ANONYMOUS'
/** In a rule: every principal. */
export const EVERYBODY: Principal = 'User:*'
/** In a rule: every resource of a kind, or every host. */
export const ANY = '*'
/** The one resource of the kind `cluster`. */
export const CLUSTER_NAME = 'kafka-cluster'

/** Kinds of resources. Names: a topic's, a group's, a dataflow's, a function's `namespace/type`, a transactional id. */
export const RESOURCE_KINDS = [
  'topic',
  'group',
  'cluster',
  'transactional-id',
  'dataflow',
  'function'
] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

/** What may be done. `invoke`: send a function a message; `query`: read the state of dataflows and functions. */
export const OPERATIONS = [
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'cluster-action',
  'describe-configs',
  'alter-configs',
  'idempotent-write',
  'invoke',
  'query'
] as const
export type Operation = (typeof OPERATIONS)[number]

/** What can be done to each kind: other rules are refused, as they would never count. */
export const OPERATIONS_OF: Readonly<Record<ResourceKind, readonly Operation[]>> = {
  topic: [
    'read',
    'write',
    'create',
    'delete',
    'alter',
    'describe',
    'describe-configs',
    'alter-configs'
  ],
  group: ['read', 'delete', 'describe', 'describe-configs', 'alter-configs'],
  cluster: [
    'create',
    'alter',
    'describe',
    'cluster-action',
    'describe-configs',
    'alter-configs',
    'idempotent-write'
  ],
  'transactional-id': ['write', 'describe'],
  dataflow: ['create', 'delete', 'alter', 'describe', 'query'],
  function: ['invoke', 'query', 'describe']
}

/** Operations that a permission for another one includes (as Kafka's authorizers have it). A denial includes none. */
export const INCLUDED_IN: Readonly<Partial<Record<Operation, readonly Operation[]>>> = {
  describe: ['read', 'write', 'delete', 'alter', 'invoke', 'query'],
  'describe-configs': ['alter-configs']
}

const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/
const PRINCIPAL_LENGTH_MAX = 512
const NAME_LENGTH_MAX = 512
/** Nothing that a terminal or a log line takes for more than text. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u

/** The principal of a user. */
export function principalOf(user: string): Principal {
  return `User:${user}`
}

/** @throws SECURITY_NAME unless a name of a user is 1 to 128 of A-Z a-z 0-9 . _ @ + -, the first a letter or digit */
export function checkUserName(name: string): void {
  if (USER_NAME.test(name)) return
  throw new MillraceError(
    'SECURITY_NAME',
    `${JSON.stringify(name.slice(0, 140))} cannot be the name of a user; expected were 1 to 128 of ` +
      'A-Z a-z 0-9 . _ @ + -, the first a letter or digit; choose such a name'
  )
}

/** @throws SECURITY_NAME unless it is `User:` and a name without control characters */
export function checkPrincipal(principal: string): void {
  const isGood =
    principal.startsWith('User:') &&
    principal.length > 'User:'.length &&
    principal.length <= PRINCIPAL_LENGTH_MAX &&
    PRINTABLE.test(principal)
  if (isGood) return
  throw new MillraceError(
    'SECURITY_NAME',
    `${JSON.stringify(principal.slice(0, 140))} is no principal; expected was User:NAME, as in User:ana, ` +
      'User:CN=ana,O=Acme or User:* for everybody'
  )
}

/**
 * The address of a client as rules and the audit log name it. A listener on all addresses of IPv6 sees those of IPv4 as
 * `::ffff:10.0.0.7`: a rule for 10.0.0.7 means the same client.
 */
export function clientAddress(socket: { readonly remoteAddress?: string | undefined }): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
}

/** Whether a text may name a resource or a host in a rule, or a group or transactional id of a client. */
export function isPlainName(name: string): boolean {
  return name.length > 0 && name.length <= NAME_LENGTH_MAX && PRINTABLE.test(name)
}
