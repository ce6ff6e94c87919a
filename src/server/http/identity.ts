// Who asks over HTTP, and what callers are told who may not.
import type { IncomingMessage } from 'node:http'

import { clientAddress, grantCommand } from '../../security/index.ts'
import type { Identity, Operation, ResourceKind, Security } from '../../security/index.ts'
import { HttpError } from './errors.ts'
import type { Connected } from './exchange.ts'

/** Who a request is from. @throws 401 it must say so and does not, or with a token that is no good */
export function identityOf(security: Security, incoming: IncomingMessage): Identity {
  const { authorization } = incoming.headers
  const identity = security.bearer(authorization, clientAddress(incoming.socket))
  if (identity !== null) return identity
  const message =
    authorization === undefined
      ? 'the request does not say who it is from; expected the header Authorization: Bearer with a token'
      : 'the token is not good, or not any more; expected one that was made on this server and is not over'
  throw new HttpError(401, 'UNAUTHENTICATED', message, {
    headers: { 'www-authenticate': 'Bearer' }
  })
}

/** The error of what a caller may not do. */
export function forbidden(
  principal: string,
  operation: Operation,
  kind: ResourceKind,
  name: string
): HttpError {
  const message =
    `${principal} may not ${operation} the ${kind} ${name}; expected a rule that allows it, and none that denies it; ` +
    `an administrator adds one by: ${grantCommand(principal, { operation, kind, name })}`
  return new HttpError(403, 'FORBIDDEN', message, {
    details: { principal, operation, kind, name }
  })
}

/** @throws 401, 403 unless the caller may send messages to all of the functions */
export function checkInvoke(
  security: Security,
  { env }: Connected,
  typenames: readonly string[]
): void {
  const identity = identityOf(security, env.incoming)
  for (const name of typenames) {
    if (security.allows(identity, 'invoke', 'function', name)) continue
    throw forbidden(identity.principal, 'invoke', 'function', name)
  }
}

/** @throws 401, 403 unless the caller may read the topic */
export function checkRead(security: Security, { env }: Connected, topic: string): void {
  const identity = identityOf(security, env.incoming)
  if (!security.allows(identity, 'read', 'topic', topic)) {
    throw forbidden(identity.principal, 'read', 'topic', topic)
  }
}
