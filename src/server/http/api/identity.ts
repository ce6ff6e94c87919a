// Who asks over HTTP, and what callers are told who may not.
import type { IncomingMessage } from 'node:http'

import type { Identity, Operation, ResourceKind, Security } from '../../../security/index.ts'
import { HttpError } from '../errors.ts'

/** Who a request is from. @throws 401 it must say so and does not, or with a token that is no good */
export function identityOf(security: Security, incoming: IncomingMessage): Identity {
  const { authorization } = incoming.headers
  const identity = security.bearer(authorization, incoming.socket.remoteAddress ?? '')
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
  const message = `${principal} may not ${operation} the ${kind} ${name}; expected a rule that allows it`
  return new HttpError(403, 'FORBIDDEN', message)
}
