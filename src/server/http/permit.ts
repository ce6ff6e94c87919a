// Whether a request to a component may do what it asks: the same question as the API's, for routes of applications.
import type { Operation, ResourceKind, Security } from '../../security/index.ts'
import { forbidden, identityOf } from './api/identity.ts'
import type { Connected } from './exchange.ts'

/** Asks for each name; null: everybody who reaches this machine may. @throws 401, 403 */
export function permit(
  security: Security | null,
  { env }: Connected,
  operation: Operation,
  kind: ResourceKind,
  names: readonly string[]
): void {
  if (security === null) return
  const identity = identityOf(security, env.incoming)
  const denied = names.find(name => !security.allows(identity, operation, kind, name))
  if (denied !== undefined) throw forbidden(identity.principal, operation, kind, denied)
}
